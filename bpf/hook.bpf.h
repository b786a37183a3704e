/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * hook.bpf.h - one body, three wrappers: lsm/HOOK, fmod_ret/security_HOOK, and the twin of the latter (twin.bpf.c).
 *
 * Programs are off ("?") until the loader has chosen a backend: `cordon_l_x` belong to lsm, `cordon_m_x` to fmod_ret
 * (it modifies a return value), `cordon_t_x` to trace, `cordon_x` to all.
 *
 * `call` is evaluated with the `label` of a task that task_admit() let through, and the hook's arguments; it gives an enum
 * cordon_answer. An earlier program's refusal stands.
 *
 * The twin evaluates it where fmod_ret was skipped, and only there, so effects beside the answer come once. In it the
 * arguments are numbers to the verifier: what they point at is read by BPF_CORE_READ() there, so in all bodies. Its label
 * is a copy that has CORDON_READS_TWIN; what the body changes in it is kept.
 *
 * Each use of these macros begins its line: that is how Makefile finds them, for the list in twins.h.
 */
#ifndef CORDON_HOOK_BPF_H
#define CORDON_HOOK_BPF_H

#include "admit.bpf.h"
#include "twin.bpf.h"

#define HOOK_ARGS(...) __VA_ARGS__

static __always_inline __u64 twin_key(__u32 which)
{
	return (__u64)which << 32 | (__u32)bpf_get_current_pid_tgid();
}

/* For the twin of a call that fmod_ret lets pass. Gives 1 where it cannot be told. */
static __always_inline int twin_note_seen(__u32 which, __u64 first)
{
	struct cordon_state *st = guard_state();
	__u64 key = twin_key(which);

	return st && st->twins && bpf_map_update_elem(&seen, &key, &first, BPF_ANY);
}

/* `note`: 1 where the answer of a call that passes cannot be left to its twin. */
#define HOOK_BODY_NOTE(call, note)                                      \
	{                                                               \
		struct cordon_label *label;                             \
		__u32 answer;                                           \
		int error;                                              \
                                                                        \
		if (ret)                                                \
			return ret;                                     \
		label = task_label();                                   \
		if (!label)                                             \
			return 0;                                       \
		error = task_admit(label);                              \
		if (error)                                              \
			return admit_errno(error);                      \
		answer = call;                                          \
		if (answer == CORDON_ANSWER_PASS && (note))             \
			answer = CORDON_ANSWER_EPERM;                   \
		if (answer == CORDON_ANSWER_KILL)                       \
			bpf_send_signal(SIGKILL);                       \
		return answer_errno(answer);                            \
	}

#define HOOK_BODY(call) HOOK_BODY_NOTE(call, 0)
#define HOOK_BODY_TWIN(verb, call) HOOK_BODY_NOTE(call, twin_note_seen(TWIN_##verb, ctx[0]))

/* `ret` is the argument behind the hook's own; so `args` must name all of them in both forms. */
#define CORDON_HOOK2(verb, hook, lsm_args, function, mod_args, call)                                      \
	SEC("?lsm/" hook) int BPF_PROG(cordon_l_##verb, HOOK_ARGS lsm_args, int ret) HOOK_BODY(call)         \
	SEC("?fmod_ret/" function) int BPF_PROG(cordon_m_##verb, HOOK_ARGS mod_args, int ret) HOOK_BODY_TWIN(verb, call) \
	CORDON_TWIN(verb, mod_args, call)

#define CORDON_HOOK(verb, hook, args, call) CORDON_HOOK2(verb, hook, args, "security_" hook, args, call)

/* For hooks that grew arguments over time (bpf: `kernel` in 6.17): the answer of an earlier program is not looked at,
 * which can only refuse too much. */
#define HOOK_NO_RET(body)          \
	{                          \
		const int ret = 0; \
		body               \
	}
#define CORDON_HOOK_NO_RET(verb, hook, args, call)                                                               \
	SEC("?lsm/" hook) int BPF_PROG(cordon_l_##verb, HOOK_ARGS args) HOOK_NO_RET(HOOK_BODY(call))              \
	SEC("?fmod_ret/security_" hook) int BPF_PROG(cordon_m_##verb, HOOK_ARGS args) HOOK_NO_RET(HOOK_BODY_TWIN(verb, call)) \
	CORDON_TWIN(verb, args, call)

/* What the bodies tell ask(): both can refuse a call. */
#define REFUSING CORDON_BACKEND_LSM

#endif
