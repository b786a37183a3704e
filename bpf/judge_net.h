/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * judge_net.h - which rule speaks about sockets: a part of judge.h, which includes it.
 */
#ifndef CORDON_JUDGE_NET_H
#define CORDON_JUDGE_NET_H

CORDON_INLINE int cordon_is_inet(__u32 family)
{
	return family == CORDON_AF_INET || family == CORDON_AF_INET6;
}

/* Sockets that a build may have: local ones, TCP and UDP (whose use is judged again), and the routing netlink that
 * getaddrinfo asks for the machine's addresses. */
CORDON_INLINE int cordon_family_is_plain(const struct cordon_op *op)
{
	if (op->family == CORDON_AF_UNIX)
		return 1;
	if (op->family == CORDON_AF_NETLINK)
		return op->protocol == CORDON_NETLINK_ROUTE;
	if (!cordon_is_inet(op->family))
		return 0;
	if (op->type == CORDON_SOCK_STREAM)
		return op->protocol == 0 || op->protocol == CORDON_IPPROTO_TCP;
	if (op->type == CORDON_SOCK_DGRAM)
		return op->protocol == 0 || op->protocol == CORDON_IPPROTO_UDP;
	return 0; /* raw, SCTP, MPTCP, ping sockets */
}

CORDON_INLINE __u32 cordon_rule_of_net(const struct cordon_op *op)
{
	switch (op->kind) {
	case CORDON_OP_SOCKET:
		return cordon_family_is_plain(op) ? CORDON_RULE_NONE : CORDON_RULE_NET_FAMILY;
	case CORDON_OP_CONNECT:
		/* AF_UNSPEC dissolves an association; every other family has no business being connected and was
		 * refused when its socket was made. */
		return cordon_is_inet(op->family) ? CORDON_RULE_NET_CONNECT : CORDON_RULE_NONE;
	case CORDON_OP_SEND:
		/* UDP takes an AF_UNSPEC address for an IPv4 one, so a send is judged by the socket's family. */
		return cordon_is_inet(op->family) ? CORDON_RULE_NET_SEND : CORDON_RULE_NONE;
	case CORDON_OP_BIND:
		/* Port 0 asks for any free port: resolvers and clients do that, and it takes listen() to serve. */
		return cordon_is_inet(op->family) && op->port ? CORDON_RULE_NET_LISTEN : CORDON_RULE_NONE;
	case CORDON_OP_LISTEN:
		return cordon_is_inet(op->family) ? CORDON_RULE_NET_LISTEN : CORDON_RULE_NONE;
	default:
		return CORDON_RULE_NONE;
	}
}

#endif
