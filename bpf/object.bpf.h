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

#include "hashes.h"
#include "task.bpf.h"

/* What the way up from a file says of it. */
struct object_hit {
	__u8 zone;    /* enum cordon_zone of the nearest entry */
	__u8 modules; /* there is a node_modules in between: another package's */
	__u16 depth;  /* components between the entry and the file */
	__u32 met;    /* 1 << zone of every entry */
	__u32 classes;
	__u32 object;
	__u32 package; /* whose it is: a label's number, or cordon_package_number() of who made it */
	__u32 write_zone; /* what that entry is to those who change it, NONE: `zone` too */
	__u64 since;
	__u64 name;   /* hash of the file's own name, 0: too long */
	__u64 parent; /* kernel address of the entry, where that is an inode, */
	__u64 child;  /* and of the dentry just below it */
};

struct object_walk {
	struct dentry *dentry;
	struct dentry *below;          /* the one before */
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

/* Of the way along a name. */
struct object_end {
	char name[CORDON_NAME_LEN];
	__u64 start; /* the hash behind a mark */
	__u64 hash;
	__u32 mark;
	__u32 seen;
};

/* One byte of a name; gives 1 at its end. A global function for the reasons that object_step() has: as a plain loop this
 * was half of what the verifier walked through in each of some twenty programs. */
CORDON_GLOBAL int object_end_step(struct object_end *end, __u32 at)
{
	__u32 c;

	if (!end || at >= CORDON_NAME_LEN)
		return 1;
	c = (unsigned char)end->name[at];
	if (!c)
		return 1;
	end->hash = c == end->mark ? end->start : cordon_hash_step(end->hash, (unsigned char)c);
	end->seen |= c == end->mark;
	return 0;
}

static long object_end_walk(__u32 at, struct object_end *end)
{
	return object_end_step(end, at) ? 1 : 0;
}

/* Hash of the end of a name, from the last `mark` on (`with`: with it). 0: no mark where one is `needed`. */
CORDON_GLOBAL __u64 object_end_hash(__u64 address, __u32 mark, __u32 with, __u32 needed)
{
	struct dentry *dentry = (void *)address;
	struct object_end end = { .hash = CORDON_HASH_START, .mark = mark };
	const unsigned char *from = BPF_CORE_READ(dentry, d_name.name);
	__u32 len = BPF_CORE_READ(dentry, d_name.len);

	end.start = with ? cordon_hash_step(CORDON_HASH_START, mark) : CORDON_HASH_START;
	/* The end of a long name is enough. */
	if (len >= CORDON_NAME_LEN)
		from += len - (CORDON_NAME_LEN - 1);
	if (bpf_probe_read_kernel_str(end.name, sizeof(end.name), from) <= 1)
		return 0;
	bpf_loop(CORDON_NAME_LEN, object_end_walk, &end, 0);
	return needed && !end.seen ? 0 : end.hash;
}

static __always_inline __u64 object_suffix_hash(__u64 dentry)
{
	return object_end_hash(dentry, '.', 1, 1);
}

static __always_inline __u64 object_tail_hash(__u64 dentry)
{
	return object_end_hash(dentry, '-', 0, 0);
}

/* The nearest entry counts; all of them are remembered by their kind. */
CORDON_GLOBAL int object_take(struct object_walk *walk, struct cordon_zone_val *val, __u32 depth)
{
	if (!walk || !val)
		return 0;
	if (val->zone < 32)
		walk->hit.met |= 1u << val->zone;
	if (walk->hit.zone && walk->hit.depth <= depth)
		return 0;
	walk->hit.zone = val->zone;
	walk->hit.write_zone = val->write_zone;
	walk->hit.classes = val->classes;
	walk->hit.object = val->object;
	walk->hit.package = val->package;
	walk->hit.since = val->since;
	walk->hit.depth = depth;
	walk->hit.parent = walk->hit.child = 0;
	return 0;
}

/* Looks for the names below `parent`: the current dentry's, and where that is a folder that was missing when the lists
 * were learned, those below it. */
CORDON_GLOBAL int object_match_names(struct object_walk *walk, __u64 parent, __u32 depth)
{
	struct cordon_name_key key = {};
	int k;

	if (!walk)
		return 0;
	key.parent = parent;
	key.session = walk->session;
	for (k = 0; k < CORDON_CHAIN_MAX; k++) {
		struct cordon_zone_val *val;

		key.name = walk->names[k];
		if (!key.name)
			return 0;
		val = bpf_map_lookup_elem(&zone_names, &key);
		if (!val)
			return 0;
		/* What lies deeper is nearer to the file: ~/.cargo, and ~/.cargo/credentials. */
		if (val->zone)
			object_take(walk, val, depth - k);
		if (!val->next)
			return 0;
		key.parent = val->next;
	}
	return 0;
}

/* One step up. A global function, so that the verifier looks at it once, and not along every way through the steps before;
 * and so that it knows nothing of what is in *walk: until 6.6 it follows the callback of bpf_loop() once only, with the
 * state that the caller left, and takes what that state does not lead to for dead code. Gives 1 at the root. */
CORDON_GLOBAL int object_step(struct object_walk *walk, __u32 depth)
{
	struct cordon_zone_key key = {};
	struct dentry *dentry, *parent;
	struct cordon_zone_val *val;
	int k;

	if (!walk)
		return 1;
	dentry = walk->dentry;
	parent = BPF_CORE_READ(dentry, d_parent);
	key.inode = (__u64)BPF_CORE_READ(dentry, d_inode);
	key.session = walk->session;
	/* A name that is about to be made has no inode yet. */
	if (key.inode) {
		val = bpf_map_lookup_elem(&zones, &key);
		if (val) {
			bool nearest = !walk->hit.zone;

			object_take(walk, val, depth);
			if (nearest) {
				walk->hit.parent = key.inode;
				walk->hit.child = (__u64)walk->below;
			}
		}
	}
	if (!parent || parent == dentry) {
		walk->finished = 1;
		return 1;
	}
	for (k = CORDON_CHAIN_MAX - 1; k > 0; k--)
		walk->names[k] = walk->names[k - 1];
	walk->names[0] = object_name_hash((__u64)dentry);
	if (depth == 0)
		walk->hit.name = walk->names[0];
	/* Tools keep their own things in node_modules/.cache. */
	if (depth > 0 && !walk->hit.zone && walk->names[0] == HASH_NODE_MODULES && walk->names[1] != HASH_DOT_CACHE)
		walk->hit.modules = 1;
	object_match_names(walk, (__u64)BPF_CORE_READ(parent, d_inode), depth);
	walk->below = dentry;
	walk->dentry = parent;
	return 0;
}

static long object_walk_step(__u32 depth, struct object_walk *walk)
{
	return object_step(walk, depth) ? 1 : 0;
}

/* Takes: a dentry, the session. Gives: what the way to the root of its file system says in *hit. */
CORDON_GLOBAL int object_find(__u64 dentry, __u32 session, struct object_hit *hit)
{
	struct object_walk walk = {};

	if (!hit)
		return 0;
	walk.dentry = (void *)dentry;
	walk.session = session;
	bpf_loop(CORDON_WALK_MAX, object_walk_step, &walk, 0);
	if (!walk.finished)
		walk.hit.zone = CORDON_ZONE_DEEP;
	*hit = walk.hit;
	return 0;
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
	pid = BPF_CORE_READ(proc, pid);
	if (!pid) /* /proc/cmdline, /proc/sys: the kernel's own */
		return 0;
	target = (__u32)BPF_CORE_READ(pid, numbers[0].nr);
	if (target == bpf_get_current_pid_tgid() >> 32) {
		hit->zone = CORDON_ZONE_PSEUDO;
		return 1;
	}
	key.parent = CORDON_NAME_PROCFS;
	key.name = object_name_hash((__u64)dentry);
	key.session = me->session;
	val = bpf_map_lookup_elem(&zone_names, &key);
	if (!val)
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
	hit->depth = 0;
	return 1;
}

#endif
