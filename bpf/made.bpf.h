/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * made.bpf.h - whose an entry of a shared folder is: temporary folders and caches, where every task makes entries.
 *
 * The walk (object.bpf.h) ends at such a folder; who made the entry that it came by is looked up by parent and name, and
 * by inode number and generation, so that a file of the same name that came later is nobody's. Installers' entries are kept too: they
 * are OTHER to package code, and the controller hands over to a package only what an installer made.
 */
#ifndef CORDON_MADE_BPF_H
#define CORDON_MADE_BPF_H

#include "emit.bpf.h"

static __always_inline bool made_is_shared(const struct object_hit *hit)
{
	return (hit->zone == CORDON_ZONE_TEMP || hit->zone == CORDON_ZONE_CACHE) && hit->parent;
}

/* Of such a folder, or one that made_resolve() has found to be the task's own in there. */
static __always_inline bool made_is_entry(const struct object_hit *hit)
{
	return made_is_shared(hit) || (hit->zone == CORDON_ZONE_OWN && hit->parent && !hit->since);
}

/* Tells two files that have the same number one after the other. Of overlayfs, which numbers its files as its layers do,
 * that of the layer's file: what is made lies in the upper one. */
static __always_inline __u32 inode_generation(struct inode *inode, __u64 magic)
{
	struct ovl_inode *ovl;
	struct dentry *upper;

	if (magic != OVERLAYFS_SUPER_MAGIC || !bpf_core_field_exists(struct ovl_inode, __upperdentry))
		return BPF_CORE_READ(inode, i_generation);
	ovl = (void *)inode - bpf_core_field_offset(struct ovl_inode, vfs_inode);
	upper = BPF_CORE_READ(ovl, __upperdentry);
	return upper ? BPF_CORE_READ(upper, d_inode, i_generation) : 0;
}

/* Gives 0 where the name does not fit: what is cut could be another's. */
static __always_inline int made_key_fill(struct cordon_made_key *key, __u64 parent, struct dentry *child, __u32 session)
{
	long len;

	__builtin_memset(key, 0, sizeof(*key));
	key->parent = parent;
	key->session = session;
	len = bpf_probe_read_kernel_str(key->name, sizeof(key->name), BPF_CORE_READ(child, d_name.name));
	return len > 1 && len < (long)sizeof(key->name);
}

/*
 * Takes: the hit of a walk that ended at a shared folder. Changes its zone to OWN or OTHER where the entry below that
 * folder has an owner.
 */
CORDON_GLOBAL int made_resolve(struct cordon_label *label, struct object_hit *hit)
{
	struct cordon_made_key key;
	struct cordon_made *made;
	struct dentry *child;
	struct inode *inode;
	__u32 generation;
	__u64 ino;

	if (!label || !hit || !made_is_shared(hit) || !hit->child)
		return 0;
	child = (void *)hit->child;
	inode = BPF_CORE_READ(child, d_inode);
	/* No inode: the name is about to be made. */
	if (!inode || !made_key_fill(&key, hit->parent, child, label->session))
		return 0;
	made = bpf_map_lookup_elem(&made_entries, &key);
	if (!made)
		return 0;
	ino = BPF_CORE_READ(inode, i_ino);
	generation = inode_generation(inode, BPF_CORE_READ(inode, i_sb, s_magic));
	if (!made->ino) {
		made->generation = generation;
		made->ino = ino;
	} else if (made->ino != ino || made->generation != generation) {
		return 0;
	}
	hit->zone = made->role == label->role && made->package == label->package && cordon_is_confined(made->role) ?
			CORDON_ZONE_OWN : CORDON_ZONE_OTHER;
	/* Code of another package may have written it: no evidence for what lies there. */
	hit->package = cordon_is_confined(made->role) ? cordon_package_number(made->role, made->package) : 0;
	hit->met |= 1u << hit->zone;
	return 0;
}

/*
 * The task makes the entry `hit->child` of a shared folder, or moves something there (`address`: of its inode, 0: there
 * is none yet).
 * Gives 0, or 1 where that could not be noted and the task is package code: it must not make what is nobody's.
 */
CORDON_GLOBAL int made_note(struct cordon_label *label, struct object_hit *hit, __u64 address)
{
	struct inode *inode = (void *)address;
	struct cordon_made made = {};
	struct cordon_made_key key;

	if (!label || !hit || !hit->child || label->role <= CORDON_ROLE_ROOT)
		return 0;
	made.package = label->package;
	made.role = label->role;
	/* Overlayfs may have to copy it to another layer for that, so there it is seen when it has moved. */
	if (inode && BPF_CORE_READ(inode, i_sb, s_magic) != OVERLAYFS_SUPER_MAGIC) {
		made.ino = BPF_CORE_READ(inode, i_ino);
		made.generation = BPF_CORE_READ(inode, i_generation);
	}
	if (made_key_fill(&key, hit->parent, (void *)hit->child, label->session) &&
	    !bpf_map_update_elem(&made_entries, &key, &made, BPF_ANY))
		return 0;
	emit_count_lost(label->session, CORDON_RULE_FILE_OUTSIDE);
	return cordon_is_confined(label->role);
}

/* The entry goes, or moves away. */
CORDON_GLOBAL int made_forget(struct cordon_label *label, __u64 parent, __u64 child)
{
	struct cordon_made_key key;

	if (!label || !child || !parent)
		return 0;
	if (made_key_fill(&key, parent, (void *)child, label->session))
		bpf_map_delete_elem(&made_entries, &key);
	return 0;
}

#endif
