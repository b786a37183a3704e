/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * file.bpf.h - what a task asks of a file, as operations; for the hooks of file.bpf.c and for trace.bpf.c.
 */
#ifndef CORDON_FILE_BPF_H
#define CORDON_FILE_BPF_H

#include "condemned.bpf.h"
#include "environment.bpf.h"
#include "name.bpf.h"

static __always_inline bool file_is_setid(umode_t mode)
{
	/* A setgid bit without execution is a kind of lock, and on folders it is honest. */
	return (mode & S_ISUID) || (mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP);
}

/* Linux's numbers: null, zero, full, random, urandom; tty, ptmx; pseudo-terminals. Writing there changes
 * nothing of anybody's. */
static __always_inline bool file_is_harmless_device(__u32 rdev)
{
	__u32 major = rdev >> 20, minor = rdev & 0xfffff;

	if (major == 1)
		return minor == 3 || minor == 5 || (minor >= 7 && minor <= 9);
	if (major == 5)
		return minor == 0 || minor == 2;
	return major >= 136 && major <= 143;
}

/* Pipes, sockets, devices such as /dev/null, and what has no name any more: nobody finds there what is written. */
static __always_inline bool file_is_pseudo(struct inode *inode)
{
	__u32 type = BPF_CORE_READ(inode, i_mode) & S_IFMT;

	if (type == S_IFCHR)
		return file_is_harmless_device(BPF_CORE_READ(inode, i_rdev));
	return type != S_IFBLK && type != S_IFDIR && origin_is_memory(inode);
}

static __always_inline __u32 file_traits(struct inode *inode)
{
	__u32 traits = 0, type;

	if (!inode)
		return traits;
	type = BPF_CORE_READ(inode, i_mode) & S_IFMT;
	if (type == S_IFDIR)
		traits |= CORDON_TRAIT_FOLDER;
	if (type == S_IFREG && BPF_CORE_READ(inode, i_nlink) > 1)
		traits |= CORDON_TRAIT_LINKED;
	return traits;
}

/* Names that are protected wherever they stand, in the project and the home: `.env`, `*.pem`. */
CORDON_GLOBAL int file_find_name(struct cordon_label *label, struct file_request *request)
{
	struct cordon_name_key key = {};
	struct cordon_zone_val *val;
	struct object_hit *hit;
	struct dentry *dentry;

	if (!label || !request)
		return 0;
	hit = &request->hit;
	dentry = request->dentry;
	if (hit->zone == CORDON_ZONE_TOOL && label->role == CORDON_ROLE_PROJECT) {
		__u64 suffix = object_suffix_hash((__u64)dentry);

		if (hit->name == HASH_EASY_INSTALL || suffix == HASH_EGG_LINK || suffix == HASH_WRITE_TEST)
			request->traits |= CORDON_TRAIT_EDITABLE;
	}
	if (hit->zone != CORDON_ZONE_PROJECT && hit->zone != CORDON_ZONE_PRIVATE)
		return 0;
	key.parent = CORDON_NAME_ANYWHERE;
	key.session = label->session;
	key.name = hit->name;
	val = key.name ? bpf_map_lookup_elem(&zone_names, &key) : NULL;
	if (!val) {
		key.name = object_suffix_hash((__u64)dentry);
		val = key.name ? bpf_map_lookup_elem(&zone_names, &key) : NULL;
	}
	if (!val)
		return 0;
	/* For the finding and for grants it lies where it lies. */
	hit->zone = val->zone;
	hit->classes = val->classes;
	request->traits |= CORDON_TRAIT_NAMED;
	return 0;
}

static __always_inline bool file_is_write(const struct file_request *request)
{
	if (request->kind == CORDON_OP_OPEN)
		return (request->access & CORDON_ACCESS_WRITE) != 0;
	return request->kind != CORDON_OP_LINK;
}

/* The place of a file in request->hit, its traits in request->traits. */
CORDON_GLOBAL int file_find(struct cordon_label *label, struct file_request *request)
{
	struct object_hit *hit;
	struct dentry *dentry;
	struct inode *inode;
	int found = 0;

	if (!label || !request)
		return 0;
	hit = &request->hit;
	dentry = request->dentry;
	inode = BPF_CORE_READ(dentry, d_inode);
	if (BPF_CORE_READ(dentry, d_sb, s_magic) == PROC_SUPER_MAGIC)
		found = object_find_procfs((__u64)dentry, label, hit);
	if (!found) {
		object_find((__u64)dentry, label->session, hit);
		/* Only one package was let in there. */
		if (hit->zone == CORDON_ZONE_CACHE && hit->package && hit->package != label->package)
			hit->zone = CORDON_ZONE_TOOL;
		made_resolve(label, hit);
	}
	if (inode && (hit->zone == CORDON_ZONE_NONE || made_is_shared(hit)) && file_is_pseudo(inode))
		hit->zone = CORDON_ZONE_PSEUDO;
	if (hit->zone == CORDON_ZONE_OWN && hit->since && hit->package != CORDON_PACKAGE_ANY &&
	    (hit->package != label->package || hit->modules))
		hit->zone = CORDON_ZONE_OTHER;
	/* What lies in a node_modules counts as unpacked: none comes about with its files already in it. */
	if (hit->zone == CORDON_ZONE_OWN && request->moved && hit->name == HASH_NODE_MODULES && label->role == CORDON_ROLE_PACKAGE)
		hit->zone = CORDON_ZONE_OTHER;
	request->traits |= file_traits(inode);
	/* They are about changes, and about what installers read: package code reads too much for two names to be looked at. */
	if (label->role > CORDON_ROLE_ROOT && (file_is_write(request) || !cordon_is_confined(label->role)))
		request->traits |= name_traits((__u64)dentry, hit->name);
	return 0;
}

/* Asks the judge about what was found. Apart from the finding, whose walk needs the stack that this takes. */
CORDON_GLOBAL __u32 file_answer(struct cordon_label *label, struct file_request *request, __u32 origin)
{
	struct ask_object object = {};
	struct cordon_op op = {};

	if (!label || !request)
		return CORDON_ANSWER_EPERM;
	op.kind = request->kind;
	op.zone = request->hit.zone;
	op.classes = request->hit.classes;
	op.depth = request->hit.depth;
	op.met = request->hit.met;
	op.traits = request->traits;
	op.access = request->access & (CORDON_ACCESS_READ | CORDON_ACCESS_WRITE);
	op.origin = origin;
	object.dentry = request->dentry;
	object.object = request->hit.object;
	object.package = request->traits & CORDON_TRAIT_CONDEMNED ? request->hit.package : 0;
	return ask(label, &op, &object, request->backend);
}

CORDON_GLOBAL __u32 file_judge(struct cordon_label *label, struct file_request *request)
{
	if (!label || !request)
		return CORDON_ANSWER_EPERM;
	if (layer_is_worked_on((__u64)request->dentry)) {
		request->hit.zone = CORDON_ZONE_DEEP; /* which says nothing good of what lies there */
		return CORDON_ANSWER_PASS;
	}
	file_find(label, request);
	if (file_is_write(request) && request->hit.write_zone)
		request->hit.zone = request->hit.write_zone;
	if (cordon_is_confined(label->role))
		file_find_name(label, request);
	condemned_mark(label, request);
	if (!request->hit.zone && (!file_is_write(request) || label->role <= CORDON_ROLE_ROOT))
		return CORDON_ANSWER_PASS;
	/* It sees no folder being made in a temporary one, so it cannot say whose it is. */
	if (request->backend == CORDON_BACKEND_TRACE && made_is_shared(&request->hit))
		request->hit.zone = CORDON_ZONE_OWN;
	return file_answer(label, request, 0);
}

static __always_inline __u32 file_ask(struct cordon_label *label, __u32 kind, struct dentry *dentry, __u32 access, __u32 backend)
{
	struct file_request request = { .dentry = dentry, .kind = kind, .access = access, .backend = backend };

	return file_judge(label, &request);
}

/* Modes, owners, times, flags, extended attributes. */
static __always_inline __u32 file_change(struct cordon_label *label, struct dentry *dentry, __u32 kind, __u32 backend)
{
	struct file_request request = { .dentry = dentry, .kind = kind, .access = CORDON_ACCESS_WRITE, .backend = backend };
	__u32 answer = file_judge(label, &request);

	if (answer == CORDON_ANSWER_PASS)
		origin_keep(label, (__u64)BPF_CORE_READ(dentry, d_inode), &request.hit);
	return answer;
}

/* An installer reads an archive: what it installs next comes from it. The name alone; a verdict is the gate's. */
CORDON_GLOBAL int file_note_archive(struct cordon_label *label, __u64 address)
{
	struct dentry *dentry = (void *)address;
	struct cordon_record_archive *record;
	struct cordon_session *session;
	const unsigned char *name;
	void *ring;

	if (!label || !label->session || !gate_is_archive(address))
		return 0;
	name = BPF_CORE_READ(dentry, d_name.name);
	session = task_session(label);
	ring = emit_ring(label->session);
	record = ring ? bpf_ringbuf_reserve(ring, sizeof(*record), 0) : NULL;
	if (!record) {
		emit_count_lost(label->session, CORDON_RULE_NONE);
		return 0;
	}
	emit_head(&record->head, EMIT_KIND(CORDON_RECORD_ARCHIVE, record), emit_leader(), label, session ? session->level : 0);
	bpf_probe_read_kernel_str(record->name, sizeof(record->name), name);
	bpf_probe_read_kernel_str(record->parent, sizeof(record->parent), BPF_CORE_READ(dentry, d_parent, d_name.name));
	bpf_ringbuf_submit(record, 0);
	return 0;
}

/*
 * An installer starts python, as uv and nested pips do, and that reads a start-up file of this session: what it says would
 * run with the installer's rights. The controller looks first; what it does not let pass is not there the second time. Trace
 * cannot stop in front of a call; what runs there as package code is held to the rules of that.
 */
CORDON_GLOBAL __u32 file_read_startup(struct cordon_label *label, struct file_request *request)
{
	struct cordon_session *session;
	struct dentry *dentry;
	struct inode *inode;

	if (!label || !request)
		return CORDON_ANSWER_EPERM;
	if (!(request->traits & CORDON_TRAIT_STARTUP) || cordon_is_confined(label->role) ||
	    request->backend == CORDON_BACKEND_TRACE)
		return CORDON_ANSWER_PASS;
	dentry = request->dentry;
	inode = BPF_CORE_READ(dentry, d_inode);
	session = task_session(label);
	if (session && origin_ctime(inode) < session->began)
		return CORDON_ANSWER_PASS;
	if (wait_for_look(label, request, CORDON_RULE_FILE_STARTUP))
		return CORDON_ANSWER_AGAIN;
	return wait_was_looked_at(label, request) ? CORDON_ANSWER_PASS : CORDON_ANSWER_EPERM;
}

/* What an opening that is allowed leaves to be known. Gives the answer: what cannot be kept is refused. */
CORDON_GLOBAL __u32 file_opened(struct cordon_label *label, struct file_request *request, __u32 fresh)
{
	struct dentry *dentry;
	struct inode *inode;

	if (!label || !request)
		return CORDON_ANSWER_EPERM;
	dentry = request->dentry;
	inode = BPF_CORE_READ(dentry, d_inode);
	if (label->role <= CORDON_ROLE_ROOT || (BPF_CORE_READ(inode, i_mode) & S_IFMT) != S_IFREG)
		return CORDON_ANSWER_PASS;
	if (!(request->access & CORDON_ACCESS_WRITE)) {
		if (label->role == CORDON_ROLE_INSTALLER)
			file_note_archive(label, (__u64)dentry);
		origin_note_read(label, (__u64)inode, &request->hit);
		return file_read_startup(label, request);
	}
	/* What has no name may get one, which trace does not see. */
	if ((request->hit.zone == CORDON_ZONE_PSEUDO && request->backend != CORDON_BACKEND_TRACE) ||
	    !origin_note_write(label, (__u64)inode, &request->hit, fresh))
		return CORDON_ANSWER_PASS;
	emit_count_lost(label->session, CORDON_RULE_EXEC_DROPPED);
	return CORDON_ANSWER_EPERM;
}

/* Until 6.7 the layer's file that overlayfs opens has the name of the file that was asked for, and comes here behind it: one
 * writer more, with another inode than the name's. Nobody else makes such files. */
static __always_inline bool file_is_behind(struct file *file, struct dentry *dentry)
{
	return BPF_CORE_READ(dentry, d_sb, s_magic) == OVERLAYFS_SUPER_MAGIC &&
	       BPF_CORE_READ(file, f_inode) != BPF_CORE_READ(dentry, d_inode);
}

/* open, openat, openat2, open_by_handle_at, exec, io_uring: all that opens, but O_PATH, which opens nothing. */
static __always_inline __u32 file_ask_open(struct cordon_label *label, struct file *file, __u32 backend)
{
	fmode_t mode = BPF_CORE_READ(file, f_mode);
	bool fresh = (mode & FMODE_CREATED) || (BPF_CORE_READ(file, f_flags) & O_TRUNC);
	struct file_request request = { .kind = CORDON_OP_OPEN, .backend = backend };
	__u32 answer;

	request.dentry = BPF_CORE_READ(file, f_path.dentry);
	if (mode & FMODE_READ)
		request.access |= CORDON_ACCESS_READ;
	/* O_TRUNC empties a file that is opened for reading only, too. */
	if ((mode & FMODE_WRITE) || fresh)
		request.access |= CORDON_ACCESS_WRITE;
	if (file_is_behind(file, request.dentry) || layer_is_worked_on((__u64)request.dentry))
		return CORDON_ANSWER_PASS;
	answer = file_judge(label, &request);
	/* Here and not in file_opened(), for the stack that a way so deep would take. */
	if (answer == CORDON_ANSWER_PASS)
		answer = gate_open(label, &request);
	/* The call is not made again there: this was the opening, and the making. */
	if (answer == CORDON_ANSWER_AGAIN && (backend == CORDON_BACKEND_TRACE || (label->reads & CORDON_READS_TWIN)))
		file_note_archive(label, (__u64)request.dentry);
	if (answer == CORDON_ANSWER_PASS && backend == CORDON_BACKEND_TRACE && (mode & FMODE_CREATED))
		answer = environment_create(label, &request);
	return answer == CORDON_ANSWER_PASS ? file_opened(label, &request, fresh) : answer;
}

#endif
