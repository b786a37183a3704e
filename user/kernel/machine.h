/* SPDX-License-Identifier: Apache-2.0 */
/* machine.h - what this kernel says of itself, for doctor and for kernel_weakness(). Never a reason to choose a backend:
 * that is tried. */
#ifndef CORDON_KERNEL_MACHINE_H
#define CORDON_KERNEL_MACHINE_H

#include <stdbool.h>

#define MACHINE_VERSION(a, b, c) (((a) << 16) + ((b) << 8) + ((c) > 255 ? 255 : (c)))

struct machine {
	char release[128];
	unsigned int version; /* MACHINE_VERSION() */
	char preempt[32];     /* "none", "voluntary", "lazy", "full", "rt", "unknown" */
	bool preempts;        /* a running BPF program may be preempted by another task */
	char lockdown[32];    /* "none", "integrity", "confidentiality", "unavailable" */
	char lsms[256];       /* the active list, "" : cannot be read */
	bool lsm_bpf;         /* bpf is in it */
	bool btf;             /* /sys/kernel/btf/vmlinux is there */
	bool bpffs;           /* mounted on /sys/fs/bpf */
	bool cgroup2;
};

void machine_read(struct machine *ret);

#endif
