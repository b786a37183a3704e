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

/* The hooks' programs, of hook.bpf.h. Written at load, in the order of twins.h. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, TWIN_COUNT);
	__type(key, __u32);
	__type(value, __u32);
} twin_opts SEC(".maps"), twin_aggrs SEC(".maps");

/* Gives: the hook whose program has to look, -1: none has. Its operation is in twin_calls then. */
static __always_inline int twin_prepare(struct kprobe *probe, struct pt_regs *regs)
{
	struct cordon_label *label = task_label();
	__u64 *first, key = (__u64)probe->addr;
	struct twin_call *call;
	__u32 *which;

	if (!label)
		return -1;
	which = bpf_map_lookup_elem(&twins, &key);
	call = twin_call_get();
	if (!which || !call)
		return -1;
	key = twin_key(*which);
	first = bpf_map_lookup_elem(&seen, &key);
	if (first) {
		/* Not of another call: fmod_ret had passed one that a third program then refused. */
		bool same = (__u32)*first == (__u32)FUNC_ARG1(regs); /* an int has no upper half */

		bpf_map_delete_elem(&seen, &key);
		if (same)
			return -1;
	}
	call->args[0] = FUNC_ARG1(regs);
	call->args[1] = FUNC_ARG2(regs);
	call->args[2] = FUNC_ARG3(regs);
	call->args[3] = FUNC_ARG4(regs);
	call->args[4] = FUNC_ARG5(regs);
	call->args[5] = FUNC_ARG6(regs);
	call->label = *label;
	call->flags = call->label.flags;
	call->label.reads |= CORDON_READS_TWIN;
	if (task_is_doomed(label) || task_is_unseen(label)) {
		bpf_send_signal(SIGKILL);
		return -1;
	}
	return (int)*which;
}

SEC("?fentry/opt_pre_handler")
int BPF_PROG(cordon_twin_opt, struct kprobe *probe, struct pt_regs *regs)
{
	int which = twin_prepare(probe, regs);

	if (which < 0)
		return 0;
	bpf_tail_call(ctx, &twin_opts, which);
	bpf_send_signal(SIGKILL); /* no program there: nobody has judged */
	return 0;
}

SEC("?fentry/aggr_pre_handler")
int BPF_PROG(cordon_twin_aggr, struct kprobe *probe, struct pt_regs *regs)
{
	int which = twin_prepare(probe, regs);

	if (which < 0)
		return 0;
	bpf_tail_call(ctx, &twin_aggrs, which);
	bpf_send_signal(SIGKILL);
	return 0;
}

/* Keeps a kprobe in place: what is pinned is its link. 0: no sample is taken. */
SEC("?kprobe")
int cordon_twin_probe(void *ctx)
{
	return 0;
}
