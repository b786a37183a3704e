/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * program.bpf.h - a file is about to be run or mapped executable: by its origin; for program.bpf.c, exec.bpf.c, trace.bpf.c.
 */
#ifndef CORDON_PROGRAM_BPF_H
#define CORDON_PROGRAM_BPF_H

#include "file.bpf.h"

/* cordon_hash() of the names of tools; tests/unit/test_text.c compares. */
#define HASH_LD 0x8ad4407b5540b9dULL
#define HASH_LD_BFD 0xb6376f74a10da703ULL
#define HASH_LD_GOLD 0xad81d54a24c35917ULL
#define HASH_LD_LLD 0x83b4697484db5837ULL
#define HASH_LLD 0x125b62191db93ed3ULL
#define HASH_MOLD 0xd591ca2c434c8adULL
#define HASH_STRIP 0x5e6cbcad84fd6531ULL
#define HASH_OBJCOPY 0xcd4a1c4fcad73c27ULL
#define HASH_PATCHELF 0xea6fad5118dd59daULL

static __always_inline bool program_is_elf(const char magic[4])
{
	return magic[0] == 0x7f && magic[1] == 'E' && magic[2] == 'L' && magic[3] == 'F';
}

/* In file_request.access: the call cannot be made a second time, so nobody is asked. */
#define PROGRAM_FINAL 0x100

/* Gives enum cordon_answer, or CORDON_ANSWER_AGAIN. */
CORDON_GLOBAL __u32 program_judge(struct cordon_label *label, struct file_request *request)
{
	struct dentry *dentry;
	__u32 origin;

	if (!label || !request)
		return CORDON_ANSWER_EPERM;
	if (label->role <= CORDON_ROLE_ROOT)
		return CORDON_ANSWER_PASS;
	file_find(label, request);
	/* A file of a layer whose own name is not known: what may be written is no system's. */
	if (request->kind == CORDON_OP_MAP && !request->hit.zone && layer_holds((__u64)request->dentry))
		request->hit.zone = CORDON_ZONE_DEEP;
	dentry = request->dentry;
	origin = origin_of(label, (__u64)BPF_CORE_READ(dentry, d_inode), &request->hit);
	/* A linker with somebody else's code in it is none. */
	if (request->kind == CORDON_OP_MAP && (label->flags & (CORDON_LABEL_LINKER | CORDON_LABEL_KEEPER)) &&
	    (origin != CORDON_ORIGIN_SYSTEM || !origin_is_foreign_place(request->hit.zone)))
		label->flags &= ~(CORDON_LABEL_LINKER | CORDON_LABEL_KEEPER);
	/* It may be a copy of one that is good. */
	if (origin == CORDON_ORIGIN_DROPPED && !(request->traits & CORDON_TRAIT_SCRIPT) && cordon_is_confined(label->role) &&
	    request->access != PROGRAM_FINAL && wait_for_look(label, request, CORDON_RULE_EXEC_DROPPED))
		return CORDON_ANSWER_AGAIN;
	return file_answer(label, request, origin);
}

static __always_inline void program_request(struct file_request *request, struct linux_binprm *bprm, __u32 backend)
{
	struct file *file = BPF_CORE_READ(bprm, file);
	char magic[4] = {};

	request->kind = CORDON_OP_EXEC;
	request->backend = backend;
	request->dentry = BPF_CORE_READ(file, f_path.dentry);
	bpf_core_read(magic, sizeof(magic), &bprm->buf);
	if (!program_is_elf(magic))
		request->traits |= CORDON_TRAIT_SCRIPT;
	if (file_is_setid(BPF_CORE_READ(file, f_inode, i_mode)))
		request->traits |= CORDON_TRAIT_SETID;
}

static __always_inline __u32 program_ask_exec(struct cordon_label *label, struct linux_binprm *bprm, __u32 backend)
{
	struct file_request request = {};

	program_request(&request, bprm, backend);
	return program_judge(label, &request);
}

/* By the name that it was asked for, where what is mapped is a layer's. */
static __always_inline struct dentry *program_mapped_dentry(struct file *file)
{
	struct backing_file *backing = (void *)file;
	fmode_t mode = BPF_CORE_READ(file, f_mode);

	if (bpf_core_field_exists(backing->user_path) && (mode & FMODE_BACKING) && (mode & FMODE_NOACCOUNT))
		return BPF_CORE_READ(backing, user_path.dentry);
	return BPF_CORE_READ(file, f_path.dentry);
}

/*
 * A file with capabilities gives them as a setuid bit gives root. They are known when the kernel has worked out the new
 * credentials; root has all of them already, and gets back what it gave up from any program.
 */
static __always_inline bool program_gains(struct linux_binprm *bprm)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	const struct cred *now = BPF_CORE_READ(task, cred), *then = BPF_CORE_READ(bprm, cred);
	__u64 has = 0, gets = ~0ULL;

	if (!BPF_CORE_READ(now, euid.val))
		return false;
	bpf_core_read(&has, sizeof(has), &now->cap_permitted);
	bpf_core_read(&gets, sizeof(gets), &then->cap_permitted);
	return gets & ~has;
}

/* The same when it has happened. */
static __always_inline bool program_has_gained(struct linux_binprm *bprm)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	const struct cred *now = BPF_CORE_READ(task, cred);
	__u64 has = 0;

	bpf_core_read(&has, sizeof(has), &now->cap_permitted);
	return BPF_CORE_READ_BITFIELD_PROBED(bprm, secureexec) && BPF_CORE_READ(now, euid.val) && has;
}

static __always_inline __u32 program_ask_credentials(struct cordon_label *label, struct linux_binprm *bprm, __u32 backend)
{
	struct file_request request = { .access = PROGRAM_FINAL };

	if (label->role <= CORDON_ROLE_ROOT || !program_gains(bprm))
		return CORDON_ANSWER_PASS;
	program_request(&request, bprm, backend);
	request.traits |= CORDON_TRAIT_SETID;
	return program_judge(label, &request);
}

static __always_inline __u32 program_ask_map(struct cordon_label *label, struct file *file, bool final, __u32 backend)
{
	struct file_request request = { .kind = CORDON_OP_MAP, .backend = backend, .access = final ? PROGRAM_FINAL : 0 };

	request.dentry = program_mapped_dentry(file);
	return program_judge(label, &request);
}

/* Names of those that write programs, and of those that change them and keep what they are; from the last '-' on, as in
 * x86_64-linux-gnu-ld.bfd and rust-lld. */
static __always_inline __u32 program_tool_flag(__u64 hash)
{
	switch (hash) {
	case HASH_LD:
	case HASH_LD_BFD:
	case HASH_LD_GOLD:
	case HASH_LD_LLD:
	case HASH_LLD:
	case HASH_MOLD:
		return CORDON_LABEL_LINKER;
	case HASH_STRIP:
	case HASH_OBJCOPY:
	case HASH_PATCHELF:
		return CORDON_LABEL_KEEPER;
	default:
		return 0;
	}
}

/* At exec: whether the task is a linker from here on. Only where nobody of an install can have made the program. */
CORDON_GLOBAL int program_note_tool(struct cordon_label *label, struct file_request *request)
{
	struct dentry *dentry;
	__u32 flag;

	if (!label || !request)
		return 0;
	label->flags &= ~(CORDON_LABEL_LINKER | CORDON_LABEL_KEEPER);
	if (!cordon_is_confined(label->role))
		return 0;
	dentry = request->dentry;
	flag = program_tool_flag(object_tail_hash((__u64)dentry));
	if (!flag)
		return 0;
	file_find(label, request);
	if (origin_is_foreign_place(request->hit.zone) &&
	    origin_of(label, (__u64)BPF_CORE_READ(dentry, d_inode), &request->hit) == CORDON_ORIGIN_SYSTEM)
		label->flags |= flag;
	return 0;
}

#endif
