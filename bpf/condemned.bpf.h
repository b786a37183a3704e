/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * condemned.bpf.h - what a condemned package has made, for installers that would take it into use. That its own tasks end is
 * task.bpf.h's.
 */
#ifndef CORDON_CONDEMNED_BPF_H
#define CORDON_CONDEMNED_BPF_H

#include "wait.bpf.h"

/*
 * Marks the request where it is for a file that a condemned package made, or could write in a folder that was handed over to
 * it: a wheel that it has built is not installed. Folders are not asked for: what is left of it must be there for its
 * installer to clear away.
 */
CORDON_GLOBAL int condemned_mark(struct cordon_label *label, struct file_request *request)
{
	struct object_hit *hit;
	struct dentry *dentry;

	if (!label || !request || label->role == CORDON_ROLE_ROOT || cordon_is_confined(label->role))
		return 0;
	hit = &request->hit;
	dentry = request->dentry;
	if ((hit->zone != CORDON_ZONE_OWN && hit->zone != CORDON_ZONE_OTHER) || !hit->package ||
	    hit->package == CORDON_PACKAGE_ANY || !(request->access & CORDON_ACCESS_READ))
		return 0;
	if ((BPF_CORE_READ(dentry, d_inode, i_mode) & S_IFMT) != S_IFREG)
		return 0;
	if (package_is_condemned(label->session, hit->package))
		request->traits |= CORDON_TRAIT_CONDEMNED;
	return 0;
}

#endif
