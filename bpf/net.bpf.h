/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * net.bpf.h - what a task asks of the network, as operations; for the hooks of net.bpf.c and for trace.bpf.c.
 */
#ifndef CORDON_NET_BPF_H
#define CORDON_NET_BPF_H

#include "emit.bpf.h"

#include <bpf/bpf_endian.h>

/*
 * Puts family, address and port of a socket address into the operation. `len` is what the task said it is long: the
 * kernel refuses shorter ones than it needs, so a family alone is judged with address zero.
 * IPv4 sockets take AF_UNSPEC for AF_INET in sends, so it is read like one; judge.h decides what that means.
 */
static __always_inline void net_take_addr(struct cordon_op *op, const struct user_sockaddr *addr, int len)
{
	op->family = addr->family;
	if (addr->family == CORDON_AF_INET6 && len >= SOCKADDR_IN6_LEN) {
		op->port = bpf_ntohs(addr->port);
		__builtin_memcpy(op->addr, addr->in6.addr, 16);
	} else if (addr->family != CORDON_AF_INET6 && len >= SOCKADDR_IN_LEN) {
		op->port = bpf_ntohs(addr->port);
		cordon_addr_from_v4(op->addr, addr->in4);
	}
}

/* Family, type and protocol of a socket that exists. */
static __always_inline __u32 net_take_socket(struct cordon_op *op, struct socket *sock)
{
	struct sock *sk = BPF_CORE_READ(sock, sk);

	op->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	op->type = BPF_CORE_READ(sk, sk_type);
	op->protocol = BPF_CORE_READ(sk, sk_protocol);
	return op->family;
}

/* The peer of a connected socket. Gives 0 where it has none: then a send without an address fails by itself. */
static __always_inline int net_take_peer(struct cordon_op *op, struct socket *sock)
{
	struct sock *sk = BPF_CORE_READ(sock, sk);
	__be32 v4;

	op->port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	if (!op->port)
		return 0;
	if (op->family == CORDON_AF_INET6) {
		bpf_probe_read_kernel(op->addr, 16, &sk->__sk_common.skc_v6_daddr);
	} else {
		v4 = BPF_CORE_READ(sk, __sk_common.skc_daddr);
		cordon_addr_from_v4(op->addr, (const __u8 *)&v4);
	}
	return 1;
}

static __always_inline __u32 net_ask_socket(struct cordon_label *label, int family, int type, int protocol, __u32 backend)
{
	struct ask_object object = {};
	struct cordon_op op = { .kind = CORDON_OP_SOCKET };

	op.family = family;
	op.type = type & CORDON_SOCK_TYPE_MASK;
	op.protocol = protocol;
	return ask(label, &op, &object, backend);
}

/* connect(2) and bind(2): `kind` says which. */
static __always_inline __u32 net_ask_addr(struct cordon_label *label, __u32 kind, struct socket *sock,
					  const struct user_sockaddr *addr, int len, __u32 backend)
{
	struct ask_object object = {};
	struct cordon_op op = {};

	op.kind = kind;
	if (!cordon_is_inet(net_take_socket(&op, sock)))
		return CORDON_ANSWER_PASS;
	net_take_addr(&op, addr, len);
	return ask(label, &op, &object, backend);
}

/* Any send. `addr` NULL: to the connected peer, who may have been connected by somebody outside the install. */
static __always_inline __u32 net_ask_send(struct cordon_label *label, struct socket *sock, const struct user_sockaddr *addr,
					  int len, __u32 backend)
{
	struct ask_object object = {};
	struct cordon_op op = { .kind = CORDON_OP_SEND };
	__u32 family = net_take_socket(&op, sock);

	if (!cordon_is_inet(family))
		return CORDON_ANSWER_PASS;
	if (addr) {
		net_take_addr(&op, addr, len);
		op.family = family;
	} else if (!net_take_peer(&op, sock)) {
		return CORDON_ANSWER_PASS;
	}
	return ask(label, &op, &object, backend);
}

static __always_inline __u32 net_ask_listen(struct cordon_label *label, struct socket *sock, __u32 backend)
{
	struct ask_object object = {};
	struct cordon_op op = { .kind = CORDON_OP_LISTEN };
	struct sock *sk = BPF_CORE_READ(sock, sk);

	if (!cordon_is_inet(net_take_socket(&op, sock)))
		return CORDON_ANSWER_PASS;
	op.port = BPF_CORE_READ(sk, __sk_common.skc_num);
	return ask(label, &op, &object, backend);
}

#endif
