/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * broker.bpf.c - the hooks of lsm and fmod_ret on unix sockets: connecting to one that listens, and datagrams.
 */
#include "broker.bpf.h"
#include "hook.bpf.h"

char _license[] SEC("license") = "Dual BSD/GPL";

static __always_inline __u32 broker_send(struct cordon_label *label, struct socket *other)
{
	struct sock *peer = BPF_CORE_READ(other, sk);

	return broker_ask(label, peer, peer, REFUSING);
}

CORDON_HOOK(unix_connect, "unix_stream_connect", (struct sock * sock, struct sock *other, struct sock *newsk),
	    broker_ask(label, other, other, REFUSING))
/* connect() of a datagram socket too. */
CORDON_HOOK(unix_send, "unix_may_send", (struct socket * sock, struct socket *other),
	    broker_send(label, other))
