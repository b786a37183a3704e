/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * cgroup.bpf.c - the network half of the trace backend: programs on the session's cgroup2, which can refuse a call.
 *
 * They follow the socket's cgroup and not the caller's, so trace.bpf.c looks at sockets from elsewhere. A socket of this
 * cgroup may be used by a task outside the session, which has no label and goes through.
 */
#include "net.bpf.h"

char _license[] SEC("license") = "Dual BSD/GPL";

/* What these programs return. */
#define CGROUP_REFUSE 0
#define CGROUP_PASS 1

static __always_inline int cgroup_answer(__u32 answer)
{
	return answer == CORDON_ANSWER_PASS ? CGROUP_PASS : CGROUP_REFUSE;
}

static __always_inline int cgroup_ask(struct bpf_sock_addr *ctx, __u32 kind)
{
	struct cordon_label *label = task_label();
	struct ask_object object = {};
	struct cordon_op op = {};

	if (!label)
		return CGROUP_PASS;
	op.kind = kind;
	op.family = ctx->family;
	op.type = ctx->type;
	op.protocol = ctx->protocol;
	op.port = bpf_ntohs(ctx->user_port);
	if (ctx->user_family == CORDON_AF_INET6 && ctx->family == CORDON_AF_INET6) {
		__u32 words[4] = { ctx->user_ip6[0], ctx->user_ip6[1], ctx->user_ip6[2], ctx->user_ip6[3] };

		__builtin_memcpy(op.addr, words, 16);
	} else {
		__u32 word = ctx->user_ip4;

		cordon_addr_from_v4(op.addr, (const __u8 *)&word);
	}
	return cgroup_answer(ask(label, &op, &object, CORDON_BACKEND_LSM));
}

SEC("?cgroup/connect4")
int cordon_connect4(struct bpf_sock_addr *ctx)
{
	return cgroup_ask(ctx, CORDON_OP_CONNECT);
}

SEC("?cgroup/connect6")
int cordon_connect6(struct bpf_sock_addr *ctx)
{
	return cgroup_ask(ctx, CORDON_OP_CONNECT);
}

SEC("?cgroup/sendmsg4")
int cordon_sendmsg4(struct bpf_sock_addr *ctx)
{
	return cgroup_ask(ctx, CORDON_OP_SEND);
}

SEC("?cgroup/sendmsg6")
int cordon_sendmsg6(struct bpf_sock_addr *ctx)
{
	return cgroup_ask(ctx, CORDON_OP_SEND);
}

SEC("?cgroup/bind4")
int cordon_bind4(struct bpf_sock_addr *ctx)
{
	return cgroup_ask(ctx, CORDON_OP_BIND);
}

SEC("?cgroup/bind6")
int cordon_bind6(struct bpf_sock_addr *ctx)
{
	return cgroup_ask(ctx, CORDON_OP_BIND);
}
