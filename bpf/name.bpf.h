/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * name.bpf.h - what a file's own name says of it, wherever it lies: read by python when it starts, bytecode.
 */
#ifndef CORDON_NAME_BPF_H
#define CORDON_NAME_BPF_H

#include "object.bpf.h"

/* Eight letters of a name as the number that a read of them gives. */
#define NAME_SITECUST 0x7473756365746973ULL
#define NAME_USERCUST 0x7473756372657375ULL
#define NAME_OMIZE 0x657a696d6fULL
#define NAME_PTH 0x6874702eULL
#define NAME_START 0x74726174732eULL

/* What python reads before the first line of its user's program: *.pth, *.start (3.15, PEP 829), and the modules
 * sitecustomize and usercustomize, in whatever form: a file of source or bytecode, a library, a folder and what is in it. */
CORDON_GLOBAL int name_is_startup(__u64 address)
{
	struct dentry *dentry = (void *)address;
	const unsigned char *name = BPF_CORE_READ(dentry, d_name.name);
	__u32 len = BPF_CORE_READ(dentry, d_name.len);
	__u64 head[2] = {}, tail = 0;

	if (len > 4 && !bpf_probe_read_kernel(&tail, 4, name + len - 4) && tail == NAME_PTH)
		return 1;
	if (len > 6 && !bpf_probe_read_kernel(&tail, 6, name + len - 6) && tail == NAME_START)
		return 1;
	/* 13 letters, and the dot or the end. */
	if (len < 13 || bpf_probe_read_kernel(head, 14, name))
		return 0;
	return (head[0] == NAME_SITECUST || head[0] == NAME_USERCUST) && (head[1] & 0xffffffffffULL) == NAME_OMIZE &&
	       (!(head[1] >> 40) || head[1] >> 40 == '.');
}

/* Bytecode in __pycache__ is only looked at beside its source, so it is that which counts. */
CORDON_GLOBAL __u32 name_traits(__u64 dentry, __u64 name)
{
	__u64 parent = (__u64)BPF_CORE_READ((struct dentry *)dentry, d_parent);

	if (name == HASH_PYCACHE || object_name_hash(parent) == HASH_PYCACHE)
		return CORDON_TRAIT_BYTECODE;
	return name_is_startup(dentry) || name_is_startup(parent) ? CORDON_TRAIT_STARTUP : 0;
}

#endif
