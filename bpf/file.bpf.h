/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * file.bpf.h - what a task asks of a file, as operations; for the hooks of file.bpf.c and for trace.bpf.c.
 */
#ifndef CORDON_FILE_BPF_H
#define CORDON_FILE_BPF_H

#include "emit.bpf.h"

/* An operation on a file. The dentry comes in memory: a global function takes no kernel pointer as an argument, and what
 * is read from memory is a number to the verifier. */
struct file_request {
	struct dentry *dentry;
	__u32 kind;   /* enum cordon_op_kind */
	__u32 access; /* CORDON_ACCESS_* */
	__u32 backend;
	__u32 pad;
};

CORDON_GLOBAL __u32 file_judge(struct cordon_label *label, struct file_request *request)
{
	struct ask_object object = {};
	struct cordon_op op = {};
	struct object_hit hit = {};
	struct dentry *dentry;
	int found = 0;

	if (!label || !request)
		return CORDON_ANSWER_EPERM;
	dentry = request->dentry;
	if (BPF_CORE_READ(dentry, d_sb, s_magic) == PROC_SUPER_MAGIC)
		found = object_find_procfs((__u64)dentry, label, &hit);
	if (!found)
		object_find((__u64)dentry, label->session, &hit);
	/* An installer reads certificates by such names, and its own settings. */
	if (!hit.zone && cordon_is_confined(label->role))
		object_find_named((__u64)dentry, label->session, &hit);
	if (!hit.zone)
		return CORDON_ANSWER_PASS;
	op.kind = request->kind;
	op.zone = hit.zone;
	op.classes = hit.classes;
	op.access = request->access;
	if (hit.named) {
		op.traits = CORDON_TRAIT_NAMED;
		op.met = 1u << hit.around;
	}
	object.dentry = dentry;
	object.object = hit.object;
	object.below = hit.below;
	return ask(label, &op, &object, request->backend);
}

static __always_inline __u32 file_ask(struct cordon_label *label, __u32 kind, struct dentry *dentry, __u32 access, __u32 backend)
{
	struct file_request request = { .dentry = dentry, .kind = kind, .access = access, .backend = backend };

	return file_judge(label, &request);
}

/* Whether `name`'s last bytes are those of an archive that installers unpack. */
static __always_inline bool file_is_archive_name(const char *name, __u32 len)
{
	const char *end;

	if (len < 5 || len >= CORDON_PATH_LEN)
		return false;
	end = name + (len - 4);
	/* .whl .zip .tgz .tar | .gz .xz .bz2 .zst behind .tar, .gem, .crate */
	return (end[0] == '.' && end[1] == 'w' && end[2] == 'h' && end[3] == 'l') ||
	       (end[0] == '.' && end[1] == 'z' && end[2] == 'i' && end[3] == 'p') ||
	       (end[0] == '.' && end[1] == 't' && end[2] == 'g' && end[3] == 'z') ||
	       (end[0] == '.' && end[1] == 't' && end[2] == 'a' && end[3] == 'r') ||
	       (end[0] == '.' && end[1] == 'g' && end[2] == 'e' && end[3] == 'm') ||
	       (end[0] == '.' && end[1] == 'b' && end[2] == 'z' && end[3] == '2') ||
	       (end[1] == '.' && end[2] == 'g' && end[3] == 'z') || (end[1] == '.' && end[2] == 'x' && end[3] == 'z') ||
	       (end[0] == 'r' && end[1] == 'a' && end[2] == 't' && end[3] == 'e');
}

/* An installer reads an archive: what it installs next comes from it. The name alone; a verdict is the gate's. */
CORDON_GLOBAL int file_note_archive(struct cordon_label *label, __u64 address)
{
	struct dentry *dentry = (void *)address;
	struct task_struct *task = (void *)bpf_get_current_task();
	struct cordon_record_archive *record;
	struct cordon_session *session;
	char tail[8] = {};
	const unsigned char *name;
	void *ring;
	__u32 len;

	if (!label || !label->session)
		return 0;
	name = BPF_CORE_READ(dentry, d_name.name);
	len = BPF_CORE_READ(dentry, d_name.len);
	if (len < 5 || len >= CORDON_PATH_LEN)
		return 0;
	bpf_probe_read_kernel(tail + 1, 4, name + len - 4);
	tail[0] = 'x';
	if (!file_is_archive_name(tail, 5))
		return 0;
	session = task_session(label);
	ring = emit_ring(label->session);
	record = ring ? bpf_ringbuf_reserve(ring, sizeof(*record), 0) : NULL;
	if (!record) {
		emit_count_lost(label->session, CORDON_RULE_NONE);
		return 0;
	}
	emit_head(&record->head, CORDON_RECORD_ARCHIVE, sizeof(*record), BPF_CORE_READ(task, group_leader), label,
		  session ? session->level : 0);
	bpf_probe_read_kernel_str(record->name, sizeof(record->name), name);
	bpf_probe_read_kernel_str(record->parent, sizeof(record->parent), BPF_CORE_READ(dentry, d_parent, d_name.name));
	bpf_ringbuf_submit(record, 0);
	return 0;
}

/* open, openat, openat2, open_by_handle_at, exec, io_uring: all that opens, but O_PATH, which opens nothing. */
static __always_inline __u32 file_ask_open(struct cordon_label *label, struct file *file, __u32 backend)
{
	fmode_t mode = BPF_CORE_READ(file, f_mode);
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);
	__u32 access = 0, answer;

	if (mode & FMODE_READ)
		access |= CORDON_ACCESS_READ;
	if (mode & FMODE_WRITE)
		access |= CORDON_ACCESS_WRITE;
	answer = file_ask(label, CORDON_OP_OPEN, dentry, access, backend);
	if (label->role == CORDON_ROLE_INSTALLER && answer == CORDON_ANSWER_PASS && !(mode & FMODE_WRITE))
		file_note_archive(label, (__u64)dentry);
	return answer;
}

#endif
