/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * twin.bpf.h - the programs that judge again what fmod_ret has not seen; twin.bpf.c says when, and jumps to them.
 *
 * They take their operation from `twin_calls` and leave the stack to the body, as in the other two forms of a hook: what
 * the verifier takes there, it takes here.
 */
#ifndef CORDON_TWIN_BPF_H
#define CORDON_TWIN_BPF_H

#include "emit.bpf.h"

/* Index in the tables of programs; every use of a macro of hook.bpf.h that makes a twin. */
enum {
#define TWIN(verb) TWIN_##verb,
#include "twins.h"
#undef TWIN
	TWIN_COUNT,
};

struct twin_call {
	__u64 args[6];             /* first, for ___bpf_ctx_cast() of bpf_tracing.h */
	struct cordon_label label; /* a copy, marked */
	__u32 flags;               /* of the label before */
	__u32 pad;
};

/* The one place where a map for each processor will do: twin.bpf.c runs without preemption, and never within itself. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct twin_call);
} twin_calls __weak SEC(".maps");

static __always_inline struct twin_call *twin_call_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&twin_calls, &zero);
}

/* What comes of it: the call goes on already, so it can only be ended. */
static __always_inline int twin_finish(struct twin_call *call, __u32 answer)
{
	struct cordon_label *label = task_label();

	if (!label)
		return 0;
	/* Only what the body has changed: the controller may have written to the label meanwhile. */
	if (call->label.flags != (__u8)call->flags)
		label->flags = call->label.flags;
	if (answer == CORDON_ANSWER_AGAIN)
		return 0; /* stopped behind the call: the controller wakes it, or ends it */
	if (answer != CORDON_ANSWER_PASS) {
		/* Where the signal cannot be sent now, the next hook does it. */
		if (bpf_send_signal(SIGKILL))
			label->flags |= CORDON_LABEL_DOOMED;
	} else if (label->flags & CORDON_LABEL_HELD) {
		/* Woken by somebody else, see task_admit(): this call is one that anybody may make. */
		bpf_send_signal_thread(SIGSTOP);
	}
	return 0;
}

#define TWIN_ARGS(...) __VA_ARGS__

#define TWIN_PROGRAM(name, function, verb, function_args)                                                     \
	SEC("?fentry/" function) int name(unsigned long long *unused)                                         \
	{                                                                                                     \
		struct twin_call *twin = twin_call_get();                                                     \
		unsigned long long *ctx = (void *)twin;                                                       \
		__u32 answer;                                                                                 \
                                                                                                              \
		if (!twin)                                                                                    \
			return 0;                                                                             \
		_Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wint-conversion\"") answer = \
			twin_##verb(___bpf_ctx_cast(TWIN_ARGS function_args));                                \
		_Pragma("GCC diagnostic pop") return twin_finish(twin, answer);                               \
	}

/* The operation once more: one program for each of the two that jump, since the kernel lets none jump to a program of
 * another function. */
#define CORDON_TWIN(verb, function_args, call)                                                                \
	static __always_inline __u32 twin_##verb(unsigned long long *ctx, TWIN_ARGS function_args)            \
	{                                                                                                     \
		struct cordon_label *label = &((struct twin_call *)ctx)->label;                               \
                                                                                                              \
		return call;                                                                                  \
	}                                                                                                     \
	TWIN_PROGRAM(cordon_k_##verb, "opt_pre_handler", verb, function_args)                                 \
	TWIN_PROGRAM(cordon_j_##verb, "aggr_pre_handler", verb, function_args)

#endif
