/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * wait.bpf.h - a task is stopped until the controller has looked at a file: whether a program of unknown origin is a copy
 * of a good one, whether a start-up file that an installer has just written has a known form. Its call is made once more.
 */
#ifndef CORDON_WAIT_BPF_H
#define CORDON_WAIT_BPF_H

#include "origin.bpf.h"

/* An operation on a file, and what was found out about it. The dentry comes in memory: a global function takes no kernel
 * pointer as an argument, and what is read from memory is a number to the verifier. */
struct file_request {
	struct dentry *dentry;
	struct dentry *to; /* of what gets another name: that one */
	__u32 kind;   /* enum cordon_op_kind */
	__u32 access; /* CORDON_ACCESS_* */
	__u32 backend;
	__u32 traits; /* CORDON_TRAIT_* that the caller knows of; the others are added */
	__u32 moved;  /* 1: with all that it holds */
	struct object_hit hit;
};

/* Whether the controller has looked at the file as it is now, and left it where it was. */
CORDON_GLOBAL int wait_was_looked_at(struct cordon_label *label, struct file_request *request)
{
	struct cordon_origin_key key = {};
	struct dentry *dentry;
	struct inode *inode;
	__u64 *looked_at;

	if (!label || !request)
		return 0;
	dentry = request->dentry;
	inode = BPF_CORE_READ(dentry, d_inode);
	origin_key(&key, inode, label->session);
	looked_at = bpf_map_lookup_elem(&compares, &key);
	return looked_at && *looked_at == origin_ctime(inode);
}

/* trace, and a twin: the call is not made again. */
static __always_inline bool wait_is_final(struct cordon_label *label, struct file_request *request)
{
	return request->backend == CORDON_BACKEND_TRACE || (label->reads & CORDON_READS_TWIN);
}

/* Whether the task may be stopped for the controller: behind the call (trace, a twin), or in front of one that can be made
 * again. */
static __always_inline bool wait_can_stop(struct cordon_label *label, struct file_request *request)
{
	return request->backend == CORDON_BACKEND_TRACE || task_can_repeat();
}

/* Fills a record for the controller: which file, as it is now, and the names above it. */
CORDON_GLOBAL int wait_fill(struct cordon_record_program *record, struct cordon_label *label, struct file_request *request,
			    struct cordon_origin_key *key)
{
	struct dentry *dentry;
	int i;

	if (!record || !label || !request || !key)
		return 0;
	dentry = request->dentry;
	record->key = *key;
	record->changed = origin_ctime(BPF_CORE_READ(dentry, d_inode));
	record->object = request->hit.object;
	record->depth = request->hit.depth;
	record->names = 0;
	record->kind = request->kind;
	record->final = wait_is_final(label, request);
	record->polls = 0;
	record->device = BPF_CORE_READ(dentry, d_sb, s_dev);
	for (i = 0; i < CORDON_PROGRAM_NAMES && dentry; i++) {
		struct dentry *parent = BPF_CORE_READ(dentry, d_parent);

		if (!parent || parent == dentry)
			break;
		bpf_probe_read_kernel_str(record->name[i], CORDON_PROGRAM_NAME_LEN, BPF_CORE_READ(dentry, d_name.name));
		record->names = i + 1;
		dentry = parent;
	}
	return 0;
}

/* Gives 1 where the task was stopped, and the call will be made once more; 0: the controller has looked at this state of
 * the file before, or cannot, or the call cannot be made again. `rule`: for what counts as lost. */
CORDON_GLOBAL int wait_for_look(struct cordon_label *label, struct file_request *request, __u32 rule)
{
	struct cordon_record_program *record;
	struct cordon_origin_key key = {};
	struct cordon_session *session;
	struct dentry *dentry;
	void *ring;

	if (!label || !request || !label->session)
		return 0;
	session = task_session(label);
	if (!session || !session_is_alive(session, label->session) || wait_was_looked_at(label, request))
		return 0;
	if (!wait_can_stop(label, request))
		return 0;
	dentry = request->dentry;
	origin_key(&key, BPF_CORE_READ(dentry, d_inode), label->session);
	ring = emit_ring(label->session);
	record = ring ? bpf_ringbuf_reserve(ring, sizeof(*record), 0) : NULL;
	if (!record) {
		emit_count_lost(label->session, rule);
		return 0;
	}
	emit_head(&record->head, EMIT_KIND(CORDON_RECORD_PROGRAM, record), emit_leader(), label, session->level);
	wait_fill(record, label, request, &key);
	/* To the thread: another one's that is on its way already would take this one's place, and not stop this call. */
	if (bpf_send_signal_thread(SIGSTOP)) {
		bpf_ringbuf_discard(record, 0);
		return 0;
	}
	bpf_ringbuf_submit(record, 0);
	return 1;
}

#endif
