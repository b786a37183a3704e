/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * cgroup.bpf.c - the network half of the trace backend: programs on the session's cgroup2, which can refuse a call.
 *
 * They follow the socket's cgroup and not the caller's, so trace.bpf.c looks at sockets from elsewhere. A socket of this
 * cgroup may be used by a task outside the session, which has no label and goes through.
 */
#define TASK_NO_SIGNALS
#include "net.bpf.h"

char _license[] SEC("license") = "Dual BSD/GPL";

/* What these programs return. */
#define CGROUP_REFUSE 0
#define CGROUP_PASS 1

static __always_inline int cgroup_answer(__u32 answer)
{
	return answer == CORDON_ANSWER_PASS ? CGROUP_PASS : CGROUP_REFUSE;
}

/* A task without a label: of somebody else, or of the session and there was no room for its label. */
static __always_inline int cgroup_answer_unlabelled(void)
{
	__u64 cgroup = bpf_get_current_cgroup_id();

	return bpf_map_lookup_elem(&cgroups, &cgroup) ? CGROUP_REFUSE : CGROUP_PASS;
}

/* `words` is the address as the context has it: only the fields of its own family may be read, each as a whole. */
static __always_inline int cgroup_ask(struct bpf_sock_addr *ctx, __u32 kind, const __u32 *words, __u32 count)
{
	struct cordon_label *label = task_label();
	struct ask_object object = {};
	struct cordon_op op = {};

	if (!label)
		return cgroup_answer_unlabelled();
	op.kind = kind;
	op.family = ctx->family;
	op.type = ctx->type;
	op.protocol = ctx->protocol;
	op.port = bpf_ntohs(ctx->user_port);
	if (count == 4)
		__builtin_memcpy(op.addr, words, 16);
	else
		cordon_addr_from_v4(op.addr, (const __u8 *)words);
	return cgroup_answer(ask(label, &op, &object, CORDON_BACKEND_LSM));
}

static __always_inline int cgroup_ask4(struct bpf_sock_addr *ctx, __u32 kind)
{
	__u32 word = ctx->user_ip4;

	return cgroup_ask(ctx, kind, &word, 1);
}

static __always_inline int cgroup_ask6(struct bpf_sock_addr *ctx, __u32 kind)
{
	volatile __u32 *from = ctx->user_ip6; /* two reads in one are no access that the context allows */
	__u32 words[4];

	words[0] = from[0];
	words[1] = from[1];
	words[2] = from[2];
	words[3] = from[3];
	return cgroup_ask(ctx, kind, words, 4);
}

SEC("?cgroup/connect4")
int cordon_connect4(struct bpf_sock_addr *ctx)
{
	return cgroup_ask4(ctx, CORDON_OP_CONNECT);
}

SEC("?cgroup/connect6")
int cordon_connect6(struct bpf_sock_addr *ctx)
{
	return cgroup_ask6(ctx, CORDON_OP_CONNECT);
}

SEC("?cgroup/sendmsg4")
int cordon_sendmsg4(struct bpf_sock_addr *ctx)
{
	return cgroup_ask4(ctx, CORDON_OP_SEND);
}

SEC("?cgroup/sendmsg6")
int cordon_sendmsg6(struct bpf_sock_addr *ctx)
{
	return cgroup_ask6(ctx, CORDON_OP_SEND);
}

SEC("?cgroup/bind4")
int cordon_bind4(struct bpf_sock_addr *ctx)
{
	return cgroup_ask4(ctx, CORDON_OP_BIND);
}

SEC("?cgroup/bind6")
int cordon_bind6(struct bpf_sock_addr *ctx)
{
	return cgroup_ask6(ctx, CORDON_OP_BIND);
}
