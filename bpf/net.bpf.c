/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * net.bpf.c - the network hooks of lsm and fmod_ret.
 *
 * connect alone is not enough: unconnected UDP and TCP Fast Open reach only socket_sendmsg, and sendfile to a socket only
 * file_permission before 6.8 [tried, reference/kernel.md section 3]. io_uring comes through the same hooks.
 */
#include "hook.bpf.h"
#include "net.bpf.h"

char _license[] SEC("license") = "Dual BSD/GPL";

/* Copies a socket address that the kernel has taken over from the task already. */
static __always_inline void net_read_addr(struct user_sockaddr *to, const void *from, int len)
{
	__builtin_memset(to, 0, sizeof(*to));
	if (len >= SOCKADDR_IN6_LEN)
		bpf_probe_read_kernel(to, SOCKADDR_IN6_LEN, from);
	else if (len >= SOCKADDR_IN_LEN)
		bpf_probe_read_kernel(to, SOCKADDR_IN_LEN, from);
	else if (len >= (int)sizeof(to->family))
		bpf_probe_read_kernel(&to->family, sizeof(to->family), from);
}

static __always_inline __u32 net_addr(struct cordon_label *label, __u32 kind, struct socket *sock, const void *address, int len)
{
	struct user_sockaddr addr;

	net_read_addr(&addr, address, len);
	return net_ask_addr(label, kind, sock, &addr, len, REFUSING);
}

static __always_inline __u32 net_sendmsg(struct cordon_label *label, struct socket *sock, struct msghdr *msg)
{
	const void *name = BPF_CORE_READ(msg, msg_name);
	int len = BPF_CORE_READ(msg, msg_namelen);
	struct user_sockaddr addr;

	if (!name)
		return net_ask_send(label, sock, NULL, 0, REFUSING);
	net_read_addr(&addr, name, len);
	return net_ask_send(label, sock, &addr, len, REFUSING);
}

/* Kernel-made sockets (`kern`) are not the task's doing. */
CORDON_HOOK(socket, "socket_create", (int family, int type, int protocol, int kern),
	    kern ? CORDON_ANSWER_PASS : net_ask_socket(label, family, type, protocol, REFUSING))

CORDON_HOOK(connect, "socket_connect", (struct socket * sock, void *address, int addrlen),
	    net_addr(label, CORDON_OP_CONNECT, sock, address, addrlen))

CORDON_HOOK(bind, "socket_bind", (struct socket * sock, void *address, int addrlen),
	    net_addr(label, CORDON_OP_BIND, sock, address, addrlen))

CORDON_HOOK(listen, "socket_listen", (struct socket * sock, int backlog), net_ask_listen(label, sock, REFUSING))

CORDON_HOOK(sendmsg, "socket_sendmsg", (struct socket * sock, struct msghdr *msg, int size), net_sendmsg(label, sock, msg))
