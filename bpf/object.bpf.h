/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * object.bpf.h - which protected place a file lies in: a walk over its dentries, by inode address and by (parent, name).
 *
 * Objects, not strings: symlinks, bind mounts, chroots, /proc/self/root and descriptors all end at the same dentry, and a
 * hard link at the same inode. The walk follows d_parent to the root of the file system, through mount points' bottoms;
 * roots of file systems mounted below a protected folder are keys of their own. See ../shared/design.md, section 4.
 */
#ifndef CORDON_OBJECT_BPF_H
#define CORDON_OBJECT_BPF_H

#include "task.bpf.h"

struct object_hit {
	__u32 zone; /* enum cordon_zone */
	__u32 classes;
	__u32 object;
	__u32 below; /* components between the entry and the file */
	/* The nearest entry of a kind that is not judged so far. */
	__u32 around;
	__u32 around_object;
	__u32 around_below;
	__u32 named; /* 1: protected by its name alone; object and below are those of the place around it */
};

struct object_walk {
	struct dentry *dentry;
	__u64 names[CORDON_CHAIN_MAX]; /* hashes: [0] of the current dentry, then of those below it */
	__u32 session;
	__u32 finished;
	struct object_hit hit;
};

/* Hash of the dentry's name, 0 where it is longer than any protected name: 0 is no hash of a name that anyone picks. */
CORDON_GLOBAL __u64 object_name_hash(__u64 address)
{
	struct dentry *dentry = (void *)address;
	char name[CORDON_NAME_LEN];
	const unsigned char *from = BPF_CORE_READ(dentry, d_name.name);
	long len = bpf_probe_read_kernel_str(name, sizeof(name), from);
	__u64 hash = CORDON_HASH_START;
	int i;

	/* A read that fails gives no name; one that fills the buffer may be cut. */
	if (len <= 1 || len >= CORDON_NAME_LEN)
		return 0;
	for (i = 0; i < CORDON_NAME_LEN; i++) {
		if (!name[i])
			break;
		hash = cordon_hash_step(hash, (unsigned char)name[i]);
	}
	return hash;
}

/* Entries of the kinds that are judged so far; the walk goes on past the others. */
static __always_inline bool object_counts(const struct cordon_zone_val *val)
{
	return val->zone != CORDON_ZONE_NONE && val->zone <= CORDON_ZONE_DEEP;
}

static __always_inline void object_note_around(struct object_walk *walk, const struct cordon_zone_val *val, __u32 below)
{
	if (walk->hit.around)
		return;
	walk->hit.around = val->zone;
	walk->hit.around_object = val->object;
	walk->hit.around_below = below;
}

static __always_inline void object_take_hit(struct object_walk *walk, const struct cordon_zone_val *val, __u32 below)
{
	walk->hit.zone = val->zone;
	walk->hit.classes = val->classes;
	walk->hit.object = val->object;
	walk->hit.below = below;
	walk->finished = 1;
}

/* Looks for the names below `parent`: the current dentry's, and where that is a folder that was missing when the lists
 * were learned, those below it. Gives 1 where one is protected. */
static __noinline int object_match_names(struct object_walk *walk, __u64 parent, __u32 depth)
{
	struct cordon_zone_val *around = NULL;
	struct cordon_name_key key = {};
	__u32 below = 0;
	int hit = 0;
	int k;

	if (!walk)
		return 0;
	key.parent = parent;
	key.session = walk->session;
	for (k = 0; k < CORDON_CHAIN_MAX; k++) {
		struct cordon_zone_val *val;

		key.name = walk->names[k];
		if (!key.name)
			break;
		val = bpf_map_lookup_elem(&zone_names, &key);
		if (!val)
			break;
		/* What lies deeper is nearer to the file: ~/.cargo, and ~/.cargo/credentials. */
		if (object_counts(val)) {
			object_take_hit(walk, val, depth - k);
			hit = 1;
		} else if (val->zone) {
			around = val;
			below = depth - k;
		}
		if (!val->next)
			break;
		key.parent = val->next;
	}
	if (!hit && around)
		object_note_around(walk, around, below);
	return hit;
}

static long object_walk_step(__u32 depth, struct object_walk *walk)
{
	struct dentry *dentry = walk->dentry;
	struct dentry *parent = BPF_CORE_READ(dentry, d_parent);
	struct cordon_zone_key key = {};
	struct cordon_zone_val *val;
	int k;

	key.inode = (__u64)BPF_CORE_READ(dentry, d_inode);
	key.session = walk->session;
	/* A name that is about to be made has no inode yet. */
	if (key.inode) {
		val = bpf_map_lookup_elem(&zones, &key);
		if (val && object_counts(val)) {
			object_take_hit(walk, val, depth);
			return 1;
		}
		if (val)
			object_note_around(walk, val, depth);
	}
	if (!parent || parent == dentry) {
		walk->finished = 1;
		return 1;
	}
	for (k = CORDON_CHAIN_MAX - 1; k > 0; k--)
		walk->names[k] = walk->names[k - 1];
	walk->names[0] = object_name_hash((__u64)dentry);
	if (object_match_names(walk, (__u64)BPF_CORE_READ(parent, d_inode), depth))
		return 1;
	walk->dentry = parent;
	return 0;
}

/*
 * 0, and the verifier does not know it. Before 6.7 it follows the callback of bpf_loop() once only, with the state that the
 * caller left: were the names above the first known to be 0, it would take the look-ups of those for dead code and remove
 * them [seen: 6.1 did not follow missing folders].
 */
static volatile __u64 object_zero;

/* Takes: a dentry, the session. Gives: the deepest protected place on the way to the root in *hit. */
CORDON_GLOBAL int object_find(__u64 dentry, __u32 session, struct object_hit *hit)
{
	struct object_walk walk = {};
	int k;

	if (!hit)
		return 0;
	for (k = 0; k < CORDON_CHAIN_MAX; k++)
		walk.names[k] = object_zero;
	walk.dentry = (void *)dentry;
	walk.session = session;
	bpf_loop(CORDON_WALK_MAX, object_walk_step, &walk, 0);
	if (!walk.finished)
		walk.hit.zone = CORDON_ZONE_DEEP;
	*hit = walk.hit;
	return 0;
}

/* `.env`, `*.pem`: names that are secrets in a project and in a home, where no list names a nearer place. Gives 1 for one. */
CORDON_GLOBAL int object_find_named(__u64 address, __u32 session, struct object_hit *hit)
{
	struct dentry *dentry = (void *)address;
	const unsigned char *from = BPF_CORE_READ(dentry, d_name.name);
	struct cordon_name_key key = { .parent = CORDON_NAME_ANYWHERE };
	__u64 whole = CORDON_HASH_START, suffix = 0;
	struct cordon_zone_val *val;
	char name[CORDON_NAME_LEN];
	long len;
	int i;

	if (!hit || (hit->around != CORDON_ZONE_PROJECT && hit->around != CORDON_ZONE_PRIVATE))
		return 0;
	/* A longer name begins as no protected one does, and its end is found all the same. */
	len = BPF_CORE_READ(dentry, d_name.len);
	if (len >= CORDON_NAME_LEN)
		from += len - (CORDON_NAME_LEN - 1);
	len = bpf_probe_read_kernel_str(name, sizeof(name), from);
	if (len <= 1)
		return 0;
	for (i = 0; i < CORDON_NAME_LEN; i++) {
		if (!name[i])
			break;
		if (name[i] == '.')
			suffix = CORDON_HASH_START;
		whole = cordon_hash_step(whole, (unsigned char)name[i]);
		if (suffix)
			suffix = cordon_hash_step(suffix, (unsigned char)name[i]);
	}
	key.session = session;
	key.name = whole;
	val = bpf_map_lookup_elem(&zone_names, &key);
	if (!val) {
		key.name = suffix;
		val = bpf_map_lookup_elem(&zone_names, &key);
	}
	if (!val || !object_counts(val))
		return 0;
	hit->zone = val->zone;
	hit->classes = val->classes;
	hit->object = hit->around_object;
	hit->below = hit->around_below;
	hit->named = 1;
	return 1;
}

/*
 * /proc/PID/environ, mem, cmdline: protected by name, unless the process is the reader's own or of its own package.
 * A thread's entry (/proc/PID/task/TID) of a thread that leads no process has no label and counts as another's.
 */
CORDON_GLOBAL int object_find_procfs(__u64 address, struct cordon_label *me, struct object_hit *hit)
{
	struct dentry *dentry = (void *)address;
	struct inode *inode = BPF_CORE_READ(dentry, d_inode);
	struct proc_inode *proc = (void *)inode - bpf_core_field_offset(struct proc_inode, vfs_inode);
	struct cordon_name_key key = {};
	struct cordon_zone_val *val;
	struct cordon_label *other;
	struct pid *pid;
	__u64 target;

	if (!me || !hit)
		return 0;
	key.parent = CORDON_NAME_PROCFS;
	key.name = object_name_hash((__u64)dentry);
	key.session = me->session;
	val = bpf_map_lookup_elem(&zone_names, &key);
	if (!val)
		return 0;
	pid = BPF_CORE_READ(proc, pid);
	if (!pid) /* /proc/cmdline: the kernel's own */
		return 0;
	target = (__u32)BPF_CORE_READ(pid, numbers[0].nr);
	if (target == bpf_get_current_pid_tgid() >> 32)
		return 0;
	other = bpf_map_lookup_elem(&labels, &target);
	if (other && other->session == me->session) {
		if (me->role != CORDON_ROLE_PACKAGE && me->role != CORDON_ROLE_PROJECT)
			return 0;
		if (other->role == me->role && other->package == me->package && me->package)
			return 0;
	}
	hit->zone = val->zone;
	hit->classes = val->classes;
	hit->object = val->object;
	hit->below = 0;
	return 1;
}

#endif
