/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * layer.bpf.h - what overlayfs does on its layers, which the hooks are called for too.
 */
#ifndef CORDON_LAYER_BPF_H
#define CORDON_LAYER_BPF_H

#include "object.bpf.h"

static __always_inline __u64 layer_mark(void)
{
	struct inode___state *old = NULL;

	if (bpf_core_enum_value_exists(enum inode_state_flags_enum, I_OVL_INUSE))
		return bpf_core_enum_value(enum inode_state_flags_enum, I_OVL_INUSE);
	if (bpf_core_enum_value_exists(enum inode_state_flags_t, I_OVL_INUSE___t))
		return bpf_core_enum_value(enum inode_state_flags_t, I_OVL_INUSE___t);
	return bpf_core_field_size(old->i_state) == sizeof(__u32) ? I_OVL_INUSE_32 : I_OVL_INUSE_64;
}

static __always_inline bool layer_is_root(struct inode *inode)
{
	struct inode___state2 *new = (void *)inode;
	struct inode___state1 *mid = (void *)inode;
	struct inode___state *old = (void *)inode;

	if (bpf_core_field_exists(new->i_state))
		return BPF_CORE_READ(new, i_state.__state) & layer_mark();
	if (bpf_core_field_exists(mid->i_state))
		return BPF_CORE_READ(mid, i_state) & layer_mark();
	return BPF_CORE_READ(old, i_state) & layer_mark();
}

/* Global for the reason that object_step() has. */
CORDON_GLOBAL int layer_up(struct object_walk *walk)
{
	struct dentry *dentry, *parent;

	if (!walk)
		return 1;
	dentry = walk->dentry;
	parent = BPF_CORE_READ(dentry, d_parent);
	if (layer_is_root(BPF_CORE_READ(dentry, d_inode)))
		walk->finished = 1;
	walk->dentry = parent;
	return walk->finished || !parent || parent == dentry;
}

static long layer_step(__u32 depth, struct object_walk *walk)
{
	return layer_up(walk) ? 1 : 0;
}

/* Whether it lies in a layer that an overlayfs has taken. */
CORDON_GLOBAL int layer_holds(__u64 dentry)
{
	struct object_walk walk = {};

	walk.dentry = (void *)dentry;
	bpf_loop(CORDON_WALK_MAX, layer_step, &walk, 0);
	return walk.finished;
}

/*
 * Overlayfs carries out on its upper layer what was judged on itself, and the hooks are called for that too. It does so
 * with the credentials of who mounted it, in a folder that it has marked as taken: whoever names that layer himself has
 * his own credentials, and who has others (a core dump) is not below such a folder.
 */
CORDON_GLOBAL int layer_is_worked_on(__u64 dentry)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	if (BPF_CORE_READ(task, cred) == BPF_CORE_READ(task, real_cred))
		return 0;
	return layer_holds(dentry);
}

#endif
