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

/* The name service cache, which glibc asks before anything else, and does without where it is not there. It resolves host
 * names, so it is no socket to let through. */
static __always_inline bool broker_is_nscd(struct dentry *dentry)
{
	struct dentry *parent = BPF_CORE_READ(dentry, d_parent);

	return broker_name(dentry) == BROKER_NAME("socket") && broker_name(parent) == BROKER_NAME("nscd") &&
	       broker_is_of_root(dentry);
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
	__u32 backend;
	__u32 pad;
};

CORDON_GLOBAL __u32 broker_judge(struct cordon_label *label, struct broker_request *request)
{
	struct cordon_op op = { .kind = CORDON_OP_BROKER, .family = CORDON_AF_UNIX };
	struct ask_object object = {};
	struct file_request file = { .kind = CORDON_OP_OPEN };
	struct unix_sock *peer;
	struct sock *witness;
	struct dentry *dentry;
	struct pid *pid;

	if (!label || !request)
		return CORDON_ANSWER_EPERM;
	if (label->role == CORDON_ROLE_ROOT)
		return CORDON_ANSWER_PASS;
	peer = (void *)request->peer;
	/* One end of a socketpair: whoever holds the other was given it. */
	if (!peer || !BPF_CORE_READ(peer, addr))
		return CORDON_ANSWER_PASS;
	op.type = BPF_CORE_READ(peer, sk.sk_type);
	witness = request->witness;
	pid = BPF_CORE_READ(witness, sk_peer_pid);
	if (pid) {
		object.target = BPF_CORE_READ(pid, numbers[0].nr);
		op.kin = kin_is_own(label, object.target);
	}
	dentry = BPF_CORE_READ(peer, path.dentry);
	if (dentry) {
		if (op.type == CORDON_SOCK_DGRAM && broker_is_syslog(dentry))
			return CORDON_ANSWER_PASS;
		file.dentry = dentry;
		file_find(label, &file);
		op.zone = broker_is_nscd(dentry) ? CORDON_ZONE_HIDDEN : file.hit.zone;
		op.classes = file.hit.classes;
		object.dentry = dentry;
		object.object = file.hit.object;
		if (file.hit.zone == CORDON_ZONE_OWN)
			op.kin = 1;
	}
	return ask(label, &op, &object, request->backend);
}

static __always_inline __u32 broker_ask(struct cordon_label *label, struct sock *peer, struct sock *witness,
					__u32 backend)
{
	struct broker_request request = { .peer = peer, .witness = witness, .backend = backend };

	return broker_judge(label, &request);
}

#endif
