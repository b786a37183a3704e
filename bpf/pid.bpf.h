/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * pid.bpf.h - who has a number: the kernel's own tree of them, read as it stands.
 */
#ifndef CORDON_PID_BPF_H
#define CORDON_PID_BPF_H

#include "kernel.bpf.h"
#include "judge.h"

/* 22 bits of a number, 6 in each level of the tree. */
#define PID_LEVELS 5
#define PID_NAMESPACES_MAX 32 /* one in the other */

/* An entry of an IDR is a node (tagged 2), or what was stored. */
static __always_inline bool pid_is_node(unsigned long entry)
{
	return (entry & 3) == 2 && entry > 4096;
}

/* The pid namespace, `level` deep, that the current task is in; the machine's is 0. 0: there is none. */
CORDON_GLOBAL __u64 pid_namespace_at(__u32 level)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct pid *own = BPF_CORE_READ(task, thread_pid);
	struct pid_namespace *ns = NULL;

	if (!own || level > PID_NAMESPACES_MAX || level > BPF_CORE_READ(own, level))
		return 0;
	bpf_probe_read_kernel(&ns, sizeof(ns), (void *)own + bpf_core_field_offset(struct pid, numbers) +
			      level * bpf_core_type_size(struct upid) + bpf_core_field_offset(struct upid, ns));
	return (__u64)ns;
}

/* The struct pid of a number in the namespace at `address`, as a number. 0: there is none. */
CORDON_GLOBAL __u64 pid_find(__u64 address, __u32 nr)
{
	struct pid_namespace *ns = (void *)address;
	unsigned long entry = (unsigned long)BPF_CORE_READ(ns, idr.idr_rt.xa_head);
	int i;

	for (i = 0; i < PID_LEVELS && pid_is_node(entry); i++) {
		struct xa_node *node = (void *)(entry - 2);
		__u32 shift = BPF_CORE_READ(node, shift) & 31;

		/* Beyond the tree's height. */
		if (!i && nr >> shift > 63)
			return 0;
		bpf_probe_read_kernel(&entry, sizeof(entry),
				      (void *)node + bpf_core_field_offset(struct xa_node, slots) +
					      (nr >> shift & 63) * sizeof(void *));
	}
	return !i || (entry & 3) ? 0 : entry;
}

#endif
