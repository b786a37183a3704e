/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * broker.bpf.h - unix sockets: whom a task talks to, and whether that one is its own; for the hooks of broker.bpf.c and
 * for trace.bpf.c.
 *
 * docker, D-Bus, ssh-agent, X11 and their kin act for whoever asks them, outside the session. Who listens says the socket
 * itself (it keeps the process that called listen()), else the place of its file.
 */
#ifndef CORDON_BROKER_BPF_H
#define CORDON_BROKER_BPF_H

#include "file.bpf.h"
#include "kin.bpf.h"

/* A name of at most seven letters as the kernel stores it, NUL included. */
#define BROKER_NAME(text) (*(const __u64 *)(const char[8]){ text })

static __always_inline __u64 broker_name(struct dentry *dentry)
{
	__u64 name = 0;

	bpf_probe_read_kernel_str(&name, sizeof(name), BPF_CORE_READ(dentry, d_name.name));
	return name;
}

static __always_inline bool broker_is_of_root(struct dentry *dentry)
{
	return BPF_CORE_READ(dentry, d_inode, i_uid.val) == 0;
}

/* syslog(3): a datagram to /dev/log, which no answer comes back from. */
static __always_inline bool broker_is_syslog(struct dentry *dentry)
{
	__u64 name = broker_name(dentry);

	return (name == BROKER_NAME("log") || name == BROKER_NAME("dev-log")) && broker_is_of_root(dentry);
}

struct broker_request {
	struct sock *peer;    /* in memory, so a number to the verifier */
	struct sock *witness; /* knows who listens: the listening socket, after a connect the caller's own */
	struct file_request file; /* of the socket's name, where it has one in a file system */
};

/* Apart from the question, whose stack the walk to the file's place would not leave room for. */
CORDON_GLOBAL int broker_find(struct cordon_label *label, struct broker_request *request)
{
	struct unix_sock *peer;

	if (!label || !request)
		return 0;
	peer = (void *)request->peer;
	request->file.dentry = BPF_CORE_READ(peer, path.dentry);
	return request->file.dentry ? file_find(label, &request->file) : 0;
}

CORDON_GLOBAL __u32 broker_answer(struct cordon_label *label, struct broker_request *request)
{
	struct cordon_op op = { .kind = CORDON_OP_BROKER, .family = CORDON_AF_UNIX };
	struct ask_object object = {};
	struct dentry *dentry;
	struct sock *sock;
	struct pid *pid;

	if (!label || !request)
		return CORDON_ANSWER_EPERM;
	sock = request->peer;
	op.type = BPF_CORE_READ(sock, sk_type);
	sock = request->witness;
	pid = BPF_CORE_READ(sock, sk_peer_pid);
	if (pid) {
		object.target = BPF_CORE_READ(pid, numbers[0].nr);
		op.kin = kin_is_own(label, object.target);
	}
	dentry = request->file.dentry;
	if (dentry) {
		if (op.type == CORDON_SOCK_DGRAM && broker_is_syslog(dentry))
			return CORDON_ANSWER_PASS;
		op.zone = request->file.hit.zone;
		op.classes = request->file.hit.classes;
		object.dentry = dentry;
		object.object = request->file.hit.object;
		if (request->file.hit.zone == CORDON_ZONE_OWN)
			op.kin = 1;
	}
	return ask(label, &op, &object, request->file.backend);
}

static __always_inline __u32 broker_ask(struct cordon_label *label, struct sock *peer, struct sock *witness, __u32 backend)
{
	struct broker_request request = { .peer = peer, .witness = witness };

	/* A peer without a name is one end of a socketpair: whoever holds the other was given it. */
	if (label->role == CORDON_ROLE_ROOT || !peer || !BPF_CORE_READ((struct unix_sock *)peer, addr))
		return CORDON_ANSWER_PASS;
	request.file.kind = CORDON_OP_OPEN;
	request.file.backend = backend;
	broker_find(label, &request);
	return broker_answer(label, &request);
}

#endif
