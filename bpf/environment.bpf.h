/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * environment.bpf.h - the gate's second line: files that an installer puts into an environment come from an artifact that
 * passed. Whatever way an archive takes that the gate does not know of, this is where it ends.
 */
#ifndef CORDON_ENVIRONMENT_BPF_H
#define CORDON_ENVIRONMENT_BPF_H

#include "gate.bpf.h"

/* What python writes beside the modules that it imports itself, and the list that pip until 23.0 keeps of what setup.py has
 * installed: neither is anything that can be imported. */
static __always_inline bool environment_is_beside(struct dentry *dentry)
{
	return object_name_hash((__u64)BPF_CORE_READ(dentry, d_parent)) == HASH_PYCACHE ||
	       object_name_hash((__u64)dentry) == HASH_INSTALLED_FILES;
}

/* A new file, or a new name of one: the request's dentry. */
CORDON_GLOBAL __u32 environment_create(struct cordon_label *label, struct file_request *request)
{
	struct dentry *dentry;

	if (!label || !request)
		return CORDON_ANSWER_EPERM;
	if (label->role != CORDON_ROLE_INSTALLER || (label->reads & CORDON_READS_PASSED))
		return CORDON_ANSWER_PASS;
	dentry = request->dentry;
	if (!gate_is_named(label, (__u64)dentry, CORDON_GATE_CREATE) || environment_is_beside(dentry))
		return CORDON_ANSWER_PASS;
	return gate_refuse(label, request, CORDON_ARTIFACT_MISSING);
}

#endif
