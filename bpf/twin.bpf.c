/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * twin.bpf.c - looks again where fmod_ret may have been skipped: on preemptible kernels, and there alone.
 *
 * The kernel skips a tracing program for every task of a CPU while another one is preempted inside it (`active` in
 * __bpf_prog_enter_recur()). What an fmod_ret program refuses never enters the body of its security_* function; so the
 * loader puts a kprobe on the first instruction of that body. What comes by without fmod_ret's mark in `seen` is judged
 * here, and where it is to be refused its process ends. An honest refusal does not come by.
 *
 * The programs of kprobes are skipped too: while bpf(2) changes a map on that CPU, even if preempted there
 * (`bpf_prog_active` in trace_call_bpf()). So the kprobes' own program does nothing, and these two sit on the functions
 * by which kprobes call their users. They are tracing programs as well, but the kernel disables preemption before it gets
 * there and lets no kprobe nest: nobody is ever preempted inside of them, so they are never skipped. Their
 * recursion_misses, which `cordon doctor` prints, are the proof.
 *
 * Which of the two is called the kernel decides: opt where it has replaced the breakpoint by a jump, aggr where not. The
 * loader registers two kprobes at each address, since one alone needs not come by aggr.
 */
#include "hook.bpf.h"
#include "syscall.bpf.h"

char _license[] SEC("license") = "Dual BSD/GPL";

/* The one place where a map for each processor will do: nothing else of a processor runs while this does. On the stack it
 * would leave the bodies too little (6.1: 512 bytes for all calls together). */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct twin);
} twin_scratch SEC(".maps");

/* The hooks' bodies are in their own files. */
#define TWIN(verb) __u32 twin_##verb(struct twin *twin);
#include "twins.h"
#undef TWIN

static __always_inline __u32 twin_judge(__u32 which, struct twin *twin)
{
	switch (which) {
#define TWIN(verb)         \
	case TWIN_##verb: \
		return twin_##verb(twin);
#include "twins.h"
#undef TWIN
	default:
		return CORDON_ANSWER_KILL;
	}
}

static __always_inline int twin_run(struct kprobe *probe, struct pt_regs *regs)
{
	struct cordon_label *label = task_label();
	__u64 *first, key = (__u64)probe->addr;
	__u32 *which, answer, zero = 0;
	struct twin *twin;
	__u8 flags;

	if (!label)
		return 0;
	which = bpf_map_lookup_elem(&twins, &key);
	twin = bpf_map_lookup_elem(&twin_scratch, &zero);
	if (!which || !twin)
		return 0;
	key = twin_key(*which);
	first = bpf_map_lookup_elem(&seen, &key);
	if (first) {
		/* Not of another call: fmod_ret had passed one that a third program then refused. */
		bool same = (__u32)*first == (__u32)FUNC_ARG1(regs); /* an int has no upper half */

		bpf_map_delete_elem(&seen, &key);
		if (same)
			return 0;
	}
	twin->args[0] = FUNC_ARG1(regs);
	twin->args[1] = FUNC_ARG2(regs);
	twin->args[2] = FUNC_ARG3(regs);
	twin->args[3] = FUNC_ARG4(regs);
	twin->args[4] = FUNC_ARG5(regs);
	twin->args[5] = FUNC_ARG6(regs);
	twin->label = *label;
	flags = twin->label.flags;
	twin->label.reads |= CORDON_READS_TWIN;
	answer = flags & CORDON_LABEL_DOOMED ? CORDON_ANSWER_KILL : twin_judge(*which, twin);
	/* Only what the body has changed: the controller may have written to the label meanwhile. */
	if (twin->label.flags != flags)
		label->flags = twin->label.flags;
	if (answer != CORDON_ANSWER_PASS) {
		/* Where the signal cannot be sent now, the next hook does it. */
		if (bpf_send_signal(SIGKILL))
			label->flags |= CORDON_LABEL_DOOMED;
	} else if (label->flags & CORDON_LABEL_HELD) {
		/* Woken by somebody else, see task_admit(): this call is one that anybody may make. */
		bpf_send_signal(SIGSTOP);
	}
	return 0;
}

SEC("?fentry/opt_pre_handler")
int BPF_PROG(cordon_k_opt, struct kprobe *probe, struct pt_regs *regs)
{
	return twin_run(probe, regs);
}

SEC("?fentry/aggr_pre_handler")
int BPF_PROG(cordon_k_aggr, struct kprobe *probe, struct pt_regs *regs)
{
	return twin_run(probe, regs);
}

/* Keeps a kprobe in place: what is pinned is its link. 0: no sample is taken. */
SEC("?kprobe")
int cordon_k_probe(void *ctx)
{
	return 0;
}
