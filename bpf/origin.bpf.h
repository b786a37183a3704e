/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * origin.bpf.h - where the bytes of a file come from: system, unpacked, built, dropped, memory.
 *
 * Mostly the place tells: where package code may not write, what lies there is the system's or the installer's. Within a
 * package's own tree time does: what was changed before the tree was handed over is unpacked. Beyond that only favourable
 * evidence is kept, in `origins`: written by a linker alone. What nothing is known of is dropped.
 *
 * The one piece of evidence against a file, `tainted`, is for the places that would speak for it: a mapping changes
 * content without a time (tmpfs). Where it cannot be kept the opening is refused, so it is never missing.
 */
#ifndef CORDON_ORIGIN_BPF_H
#define CORDON_ORIGIN_BPF_H

#include "made.bpf.h"

static __always_inline bool origin_is_trace(void)
{
	struct cordon_state *st = guard_state();

	return st && st->backend == CORDON_BACKEND_TRACE;
}

static __always_inline __u64 origin_ctime(struct inode *inode)
{
	struct inode___ctime3 *new = (void *)inode;
	struct inode___ctime2 *mid = (void *)inode;
	struct inode___ctime *old = (void *)inode;

	if (bpf_core_field_exists(new->i_ctime_sec)) /* bit 31: somebody has asked for it */
		return (__u64)BPF_CORE_READ(new, i_ctime_sec) * 1000000000ULL + (BPF_CORE_READ(new, i_ctime_nsec) & 0x7fffffff);
	if (bpf_core_field_exists(mid->__i_ctime))
		return (__u64)BPF_CORE_READ(mid, __i_ctime.tv_sec) * 1000000000ULL + BPF_CORE_READ(mid, __i_ctime.tv_nsec);
	return (__u64)BPF_CORE_READ(old, i_ctime.tv_sec) * 1000000000ULL + BPF_CORE_READ(old, i_ctime.tv_nsec);
}

/* Gives CORDON_VOLUME_UNKNOWN too where the file system's module came after our programs, which then do not know its types. */
static __always_inline __u64 origin_volume(struct inode *inode, __u64 magic)
{
	struct btrfs_inode *btrfs;

	if (magic == OVERLAYFS_SUPER_MAGIC && !bpf_core_field_exists(struct ovl_inode, __upperdentry))
		return CORDON_VOLUME_UNKNOWN;
	if (magic != BTRFS_SUPER_MAGIC)
		return 0;
	if (!bpf_core_field_exists(struct btrfs_inode, vfs_inode))
		return CORDON_VOLUME_UNKNOWN;
	btrfs = (void *)inode - bpf_core_field_offset(struct btrfs_inode, vfs_inode);
	return BPF_CORE_READ(btrfs, root, root_key.objectid);
}

CORDON_GLOBAL int origin_key_fill(struct cordon_origin_key *key, __u64 address, __u32 session)
{
	struct inode *inode = (void *)address;
	__u64 magic = BPF_CORE_READ(inode, i_sb, s_magic);

	if (!key)
		return 0;
	key->inode = (__u64)inode;
	key->ino = BPF_CORE_READ(inode, i_ino);
	key->volume = origin_volume(inode, magic);
	key->generation = inode_generation(inode, magic);
	key->session = session;
	return 0;
}

static __always_inline void origin_key(struct cordon_origin_key *key, struct inode *inode, __u32 session)
{
	origin_key_fill(key, (__u64)inode, session);
}

/* Under the super block: an inode that was evicted and read again has another address. And under the number that it has
 * itself: overlayfs copies a file to another layer after it was opened for writing. */
static __always_inline void origin_taint_key(struct cordon_origin_key *key, struct inode *inode, __u32 session)
{
	origin_key(key, inode, session);
	key->inode = (__u64)BPF_CORE_READ(inode, i_sb);
	key->generation = BPF_CORE_READ(inode, i_generation);
}

/* A file that has no name in any folder, or lies in no file system that one can look into. */
static __always_inline bool origin_is_memory(struct inode *inode)
{
	return !BPF_CORE_READ(inode, i_nlink) || (BPF_CORE_READ(inode, i_sb, s_flags) & SB_NOUSER);
}

/* Whether the place alone says that nobody of an install can have written there since the session began. */
static __always_inline bool origin_is_foreign_place(__u32 zone)
{
	return zone != CORDON_ZONE_OWN && zone != CORDON_ZONE_OTHER && zone != CORDON_ZONE_TEMP && zone != CORDON_ZONE_CACHE &&
	       zone != CORDON_ZONE_PROJECT && zone != CORDON_ZONE_DEEP;
}

static __always_inline __u32 origin_of_place(struct inode *inode, const struct object_hit *hit, __u64 began)
{
	__u64 changed = origin_ctime(inode);

	switch (hit->zone) {
	case CORDON_ZONE_OWN:
		return hit->since && changed < hit->since ? CORDON_ORIGIN_UNPACKED : CORDON_ORIGIN_DROPPED;
	case CORDON_ZONE_OTHER:
		if (hit->since)
			return changed < hit->since || hit->modules ? CORDON_ORIGIN_UNPACKED : CORDON_ORIGIN_DROPPED;
		return hit->package ? CORDON_ORIGIN_DROPPED : CORDON_ORIGIN_UNPACKED;
	case CORDON_ZONE_PROJECT:
		if (changed < began)
			return CORDON_ORIGIN_SYSTEM;
		return hit->modules ? CORDON_ORIGIN_UNPACKED : CORDON_ORIGIN_DROPPED;
	case CORDON_ZONE_TEMP:
	case CORDON_ZONE_CACHE:
	case CORDON_ZONE_DEEP:
		return CORDON_ORIGIN_DROPPED;
	default:
		return changed < began ? CORDON_ORIGIN_SYSTEM : CORDON_ORIGIN_UNPACKED;
	}
}

/*
 * trace sees no chmod, no link and no folder being made: neither times nor makers tell it anything. It keeps evidence
 * against all that package code opens for writing, and what is new and without such evidence is the installer's. Where that
 * could not be kept any more, nothing is.
 */
static __always_inline __u32 origin_of_untainted(struct inode *inode, const struct object_hit *hit,
						 const struct cordon_session *session)
{
	bool foreign = origin_is_foreign_place(hit->zone);

	if (!session || (!foreign && session->blind))
		return CORDON_ORIGIN_DROPPED;
	if (origin_ctime(inode) >= session->began)
		return CORDON_ORIGIN_UNPACKED;
	/* In a temporary folder since before: somebody left it there. */
	if (hit->zone == CORDON_ZONE_TEMP || hit->zone == CORDON_ZONE_CACHE || hit->zone == CORDON_ZONE_DEEP)
		return CORDON_ORIGIN_DROPPED;
	return CORDON_ORIGIN_SYSTEM;
}

/* Gives: enum cordon_origin of the file behind `address`, an inode, whose place is `hit`. */
CORDON_GLOBAL __u32 origin_of(struct cordon_label *label, __u64 address, struct object_hit *hit)
{
	struct inode *inode = (void *)address;
	struct cordon_origin_key key = {};
	struct cordon_origin_val *val;
	struct cordon_session *session;

	if (!label || !hit)
		return CORDON_ORIGIN_DROPPED;
	if (origin_is_memory(inode))
		return CORDON_ORIGIN_MEMORY;
	origin_key(&key, inode, label->session);
	val = key.volume != CORDON_VOLUME_UNKNOWN ? bpf_map_lookup_elem(&origins, &key) : NULL;
	if (val)
		return val->origin;
	origin_taint_key(&key, inode, label->session);
	if (bpf_map_lookup_elem(&tainted, &key))
		return CORDON_ORIGIN_DROPPED;
	session = task_session(label);
	if (origin_is_trace())
		return origin_of_untainted(inode, hit, session);
	return origin_of_place(inode, hit, session ? session->began : 0);
}

/* Who has the layer's file below an inode of overlayfs open for writing: mapping it keeps that one open, and not the file
 * that was asked for. Where that cannot be told it is somebody. */
static __always_inline int origin_layer_writers(struct inode *inode)
{
	struct ovl_inode *ovl;
	struct dentry *upper;

	if (BPF_CORE_READ(inode, i_sb, s_magic) != OVERLAYFS_SUPER_MAGIC)
		return 0;
	if (!bpf_core_field_exists(struct ovl_inode, __upperdentry))
		return 1;
	ovl = (void *)inode - bpf_core_field_offset(struct ovl_inode, vfs_inode);
	upper = BPF_CORE_READ(ovl, __upperdentry);
	/* None: a file of a layer that is only read. */
	return upper ? BPF_CORE_READ(upper, d_inode, i_writecount.counter) : 0;
}

static __always_inline bool origin_is_written(struct inode *inode)
{
	return BPF_CORE_READ(inode, i_writecount.counter) > 0 || origin_layer_writers(inode) > 0;
}

/* A linker is the only one who has the file open for writing. The layer's is opened after the hook. */
static __always_inline bool origin_is_sole_writer(struct inode *inode)
{
	return BPF_CORE_READ(inode, i_writecount.counter) == 1 && origin_layer_writers(inode) <= 0;
}

static __always_inline int origin_taint(struct cordon_label *label, struct inode *inode)
{
	struct cordon_origin_key key = {};
	struct cordon_session *session;
	__u32 one = 1;

	origin_taint_key(&key, inode, label->session);
	if (!bpf_map_update_elem(&tainted, &key, &one, BPF_ANY))
		return 0;
	if (!origin_is_trace())
		return 1;
	/* An opening cannot be refused there. */
	session = task_session(label);
	if (session)
		session->blind = 1;
	emit_count_lost(label->session, CORDON_RULE_EXEC_DROPPED);
	return 0;
}

/*
 * The task opens a regular file for writing and may do so. `fresh`: it is new, or is emptied by this.
 * Gives 0, or 1 where what has to be known of it afterwards cannot be kept.
 */
CORDON_GLOBAL int origin_note_write(struct cordon_label *label, __u64 address, struct object_hit *hit, __u32 fresh)
{
	struct inode *inode = (void *)address;
	struct cordon_origin_val built = { .origin = CORDON_ORIGIN_BUILT };
	struct cordon_origin_val *val;
	struct cordon_origin_key key = {};

	if (!label || !hit)
		return 1;
	origin_key(&key, inode, label->session);
	built.tgid = bpf_get_current_pid_tgid() >> 32;
	if (label->flags & CORDON_LABEL_LINKER) {
		val = bpf_map_lookup_elem(&origins, &key);
		/* Opened a second time by the one that writes it. */
		if (val && (val->tgid == built.tgid || (label->flags & CORDON_LABEL_KEEPER)) && origin_is_sole_writer(inode))
			return 0;
		if (fresh && origin_is_sole_writer(inode)) {
			if (bpf_map_update_elem(&origins, &key, &built, BPF_ANY))
				emit_count_lost(label->session, CORDON_RULE_EXEC_DROPPED);
			return 0;
		}
	}
	bpf_map_delete_elem(&origins, &key);
	if (!cordon_is_confined(label->role))
		return 0;
	/* What counts as dropped anyway needs no evidence, unless it may be moved to a place that speaks for it: with the
	 * folder that it lies in, to below a node_modules; and on trace, which sees no name change, anywhere. */
	if (label->role == CORDON_ROLE_PACKAGE && !hit->modules && !origin_is_trace() &&
	    origin_of(label, address, hit) == CORDON_ORIGIN_DROPPED)
		return 0;
	return origin_taint(label, inode);
}

/* A tool that keeps origins (strip) has to read what it keeps: a changed copy of a system program is nothing built. Once it
 * reads something whose origin is not good, what it writes from now on is not either. */
CORDON_GLOBAL int origin_note_read(struct cordon_label *label, __u64 address, struct object_hit *hit)
{
	__u32 origin;

	if (!label || !hit || !(label->flags & CORDON_LABEL_KEEPER))
		return 0;
	origin = origin_of(label, address, hit);
	if (origin == CORDON_ORIGIN_BUILT || origin == CORDON_ORIGIN_UNPACKED)
		label->flags |= CORDON_LABEL_LINKER;
	else if (origin != CORDON_ORIGIN_SYSTEM)
		label->flags &= ~(CORDON_LABEL_LINKER | CORDON_LABEL_KEEPER);
	return 0;
}

/* The last name of a file goes. What has another one keeps its record; what is left behind costs an entry only. */
CORDON_GLOBAL int origin_forget(struct cordon_label *label, __u64 address)
{
	struct inode *inode = (void *)address;
	struct cordon_origin_key key = {};

	if (!label || !inode || label->role <= CORDON_ROLE_ROOT || BPF_CORE_READ(inode, i_nlink) > 1)
		return 0;
	origin_key(&key, inode, label->session);
	bpf_map_delete_elem(&origins, &key);
	/* It may be another file's. */
	if (key.volume == CORDON_VOLUME_UNKNOWN)
		return 0;
	origin_taint_key(&key, inode, label->session);
	bpf_map_delete_elem(&tainted, &key);
	return 0;
}

/* Before a name, a mode or a link of it changes, which changes its time too: what is unpacked stays so. */
CORDON_GLOBAL int origin_keep(struct cordon_label *label, __u64 address, struct object_hit *hit)
{
	struct cordon_origin_val kept = { .origin = CORDON_ORIGIN_UNPACKED };
	struct inode *inode = (void *)address;
	struct cordon_origin_key key = {};

	if (!label || !hit || !inode || !cordon_is_confined(label->role))
		return 0;
	if ((BPF_CORE_READ(inode, i_mode) & S_IFMT) != S_IFREG)
		return 0;
	if (origin_of(label, address, hit) != CORDON_ORIGIN_UNPACKED)
		return 0;
	origin_key(&key, inode, label->session);
	/* It may be there already. */
	if (bpf_map_update_elem(&origins, &key, &kept, BPF_NOEXIST) && !bpf_map_lookup_elem(&origins, &key))
		emit_count_lost(label->session, CORDON_RULE_EXEC_DROPPED);
	return 0;
}

#endif
