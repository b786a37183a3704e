// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * probe.bpf.c - the kernel's build of the judge and of argument recognition, to be run by tests with BPF_PROG_TEST_RUN.
 *
 * Not loaded by default ("?"): a guard has no use for it. Neither program reads or changes any state.
 */
#include "probe.h"

#include <bpf/bpf_helpers.h>

char _license[] SEC("license") = "Dual BSD/GPL";

SEC("?syscall")
int cordon_judge_test(struct cordon_probe_judge *ctx)
{
	/* Copies: the judge's code is inlined and may compute addresses, which the context does not allow. */
	struct cordon_op op = ctx->op;
	__u32 rule = cordon_rule_of(&op);
	__u32 action = cordon_action_of(&op, rule, ctx->policy, ctx->granted);

	ctx->rule = rule;
	ctx->action = action;
	ctx->answer = cordon_answer_of(action, ctx->mode);
	if (ctx->backend == CORDON_BACKEND_TRACE)
		ctx->answer = cordon_answer_of_trace(rule, action, ctx->answer);
	ctx->strength = cordon_strength(rule, ctx->backend);
	ctx->condemns = cordon_condemns(action, ctx->mode, op.role);
	return 0;
}

/*
 * A function of its own that is not static: the verifier takes its argument for memory of that size, as a ring record
 * is, and not for the context, which may be read at constant offsets only.
 */
__attribute__((noinline)) int cordon_argv_probe(struct cordon_probe_argv *in)
{
	struct cordon_features f;
	struct cordon_args args;

	if (!in)
		return 1;
	cordon_argv_exe(&f, in->path, in->path_len);
	if (in->interpreter) {
		args.bytes = in->args;
		args.len = in->args_len;
		args.truncated = in->truncated;
		cordon_argv_scan(&f, in->interpreter, in->codes, &args);
	}
	in->features = f;
	return 0;
}

SEC("?syscall")
int cordon_argv_test(struct cordon_probe_argv *ctx)
{
	return cordon_argv_probe(ctx);
}
