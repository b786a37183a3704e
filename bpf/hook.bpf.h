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
 * In the twin the arguments are numbers to the verifier: what they point at is read by BPF_CORE_READ() there, so in all
 * bodies. Its label is a copy that has CORDON_LABEL_TWIN. ask() knows what that means; a body that has effects beside
 * ask() leaves them out then, since fmod_ret has had them, or the task ends anyway.
 *
 * Each use of these macros begins its line: that is how Makefile finds them, for the list in twins.h.
 */
#ifndef CORDON_HOOK_BPF_H
#define CORDON_HOOK_BPF_H

#include "emit.bpf.h"
#include "twin.bpf.h"

#define HOOK_ARGS(...) __VA_ARGS__

#define HOOK_BODY(call)                                     \
	{                                                   \
		struct cordon_label *label;                 \
		int error;                                  \
                                                            \
		if (ret)                                    \
			return ret;                         \
		label = task_label();                       \
		if (!label)                                 \
			return 0;                           \
		error = task_admit(label);                  \
		if (error)                                  \
			return admit_errno(error);          \
		return answer_errno(call);                  \
	}

/* The operation once more, from the registers that twin.bpf.c has put into twin->args. */
#define CORDON_TWIN(verb, function_args, call)                                                        \
	static __always_inline __u32 twin_args_##verb(unsigned long long *ctx, HOOK_ARGS function_args)    \
	{                                                                                             \
		struct cordon_label *label = &((struct twin *)ctx)->label;                            \
                                                                                                      \
		return call;                                                                          \
	}                                                                                             \
	CORDON_GLOBAL __u32 twin_##verb(struct twin *twin)                                            \
	{                                                                                             \
		unsigned long long *ctx = (void *)twin;                                               \
                                                                                                      \
		if (!twin)                                                                            \
			return CORDON_ANSWER_KILL;                                                    \
		_Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wint-conversion\"") return \
			twin_args_##verb(___bpf_ctx_cast(HOOK_ARGS function_args));                    \
		_Pragma("GCC diagnostic pop")                                                         \
	}

/* `ret` is the argument behind the hook's own; so `args` must name all of them in both forms. */
#define CORDON_HOOK2(verb, hook, lsm_args, function, mod_args, call)                                      \
	SEC("?lsm/" hook) int BPF_PROG(cordon_l_##verb, HOOK_ARGS lsm_args, int ret) HOOK_BODY(call)         \
	SEC("?fmod_ret/" function) int BPF_PROG(cordon_m_##verb, HOOK_ARGS mod_args, int ret) HOOK_BODY(call) \
	CORDON_TWIN(verb, mod_args, call)

#define CORDON_HOOK(verb, hook, args, call) CORDON_HOOK2(verb, hook, args, "security_" hook, args, call)

/* For hooks that grew arguments over time (bpf: `kernel` in 6.17): the answer of an earlier program is not looked at,
 * which can only refuse too much. */
#define HOOK_BODY_NO_RET(call)     \
	{                          \
		const int ret = 0; \
		HOOK_BODY(call)    \
	}
#define CORDON_HOOK_NO_RET(verb, hook, args, call)                                                \
	SEC("?lsm/" hook) int BPF_PROG(cordon_l_##verb, HOOK_ARGS args) HOOK_BODY_NO_RET(call)       \
	SEC("?fmod_ret/security_" hook) int BPF_PROG(cordon_m_##verb, HOOK_ARGS args) HOOK_BODY_NO_RET(call) \
	CORDON_TWIN(verb, args, call)

/* What the bodies tell ask(): both can refuse a call. */
#define REFUSING CORDON_BACKEND_LSM

#endif
