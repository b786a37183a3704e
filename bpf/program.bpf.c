/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * program.bpf.c - what may run: programs at exec, and files that are mapped executable (ld.so, dlopen, plugins, mprotect).
 */
#include "program.bpf.h"
#include "hook.bpf.h"

char _license[] SEC("license") = "Dual BSD/GPL";

#define PROT_READ 1
#define PROT_EXEC 4
#define READ_IMPLIES_EXEC 0x0400000

static __always_inline bool program_is_executable(unsigned long prot)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return (prot & PROT_EXEC) || ((prot & PROT_READ) && (BPF_CORE_READ(task, personality) & READ_IMPLIES_EXEC));
}

static __always_inline __u32 program_map(struct cordon_label *label, struct file *file, unsigned long prot)
{
	if (!file)
		return CORDON_ANSWER_PASS;
	if (!program_is_executable(prot))
		return gate_read(label, file, REFUSING);
	return program_ask_map(label, file, task_is_in_exec(), REFUSING);
}

/* Called again for the interpreter of a script, and for ld.so only as a mapping. */
CORDON_HOOK2(exec, "bprm_check_security", (struct linux_binprm * bprm), "security_bprm_check", (struct linux_binprm * bprm),
	     program_ask_exec(label, bprm, REFUSING))

/* Behind the module that works out what the file gives. fmod_ret comes before it: exec.bpf.c looks there, as on trace. */
SEC("?lsm/bprm_creds_from_file")
int BPF_PROG(cordon_l_credentials, struct linux_binprm *bprm, struct file *file, int ret)
	HOOK_BODY(program_ask_credentials(label, bprm, REFUSING))

CORDON_HOOK2(mmap, "mmap_file", (struct file * file, unsigned long reqprot, unsigned long prot, unsigned long flags),
	     "security_mmap_file", (struct file * file, unsigned long prot, unsigned long flags), program_map(label, file, prot))

CORDON_HOOK(mprotect, "file_mprotect", (struct vm_area_struct * vma, unsigned long reqprot, unsigned long prot),
	    program_map(label, BPF_CORE_READ(vma, vm_file), prot))
