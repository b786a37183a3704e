/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * system.bpf.c - the hooks of lsm and fmod_ret on what a task asks of the kernel itself. bpf(2) and umount(2) are
 * guard.bpf.c's, where the guard's own come first.
 *
 * Most ways to mount, to make a namespace and to change the machine have no hook of their own (mount_setattr, fsmount,
 * unshare(CLONE_NEWNS)): all ask for a capability, so the call that asks says which rule it is.
 */
#include "file.bpf.h"
#include "hook.bpf.h"
#include "system.bpf.h"

char _license[] SEC("license") = "Dual BSD/GPL";

#define CAP_OPT_NOAUDIT 2

/* The system call that the task is in: -1 where its number is of another table, or where it is in none (io_uring's
 * workers). */
static __always_inline long system_call(struct task_struct *task)
{
	struct pt_regs *regs = (void *)bpf_task_pt_regs(task);

	if (TS_COMPAT && (BPF_CORE_READ(task, thread_info.status) & TS_COMPAT))
		return -1;
	return SYS_NUMBER(regs);
}

/* What a capability is asked for; NONE where a hook that knows more comes behind it in the same call. */
static __always_inline __u32 system_what(int cap, long nr)
{
	switch (nr) {
	case NR_bpf:
	case NR_perf_event_open:
	case NR_umount2:
		return CORDON_WHAT_NONE;
	case NR_ioctl: /* TIOCSTI as root */
		break;
	case NR_mount:
	case NR_pivot_root:
	case NR_chroot:
	case NR_open_tree:
	case NR_move_mount:
	case NR_fsopen:
	case NR_fsconfig:
	case NR_fsmount:
	case NR_fspick:
	case NR_mount_setattr:
		return CORDON_WHAT_MOUNT;
	case NR_clone:
	case NR_clone3:
	case NR_unshare:
	case NR_setns:
		return CORDON_WHAT_NAMESPACE;
	}
	return cap == CAP_SYS_MODULE ? CORDON_WHAT_MODULE : CORDON_WHAT_CAPABILITY;
}

/*
 * A use of a capability that the task has. Not its own doing: credentials that the kernel put on for the length of a call
 * (overlayfs works with its mounter's, a container's build asks for SYS_ADMIN there all the time), and questions about
 * other tasks. What is asked without audit only chooses between two answers that both are allowed.
 */
static __always_inline __u32 system_capable(struct cordon_label *label, const struct cred *cred, int cap, unsigned int opts)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	__u64 held = 0;
	__u32 what;

	if (cap < 0 || cap > 63 || !(SYSTEM_CAPS >> cap & 1) || (opts & CAP_OPT_NOAUDIT))
		return CORDON_ANSWER_PASS;
	if (BPF_CORE_READ(task, cred) != cred || BPF_CORE_READ(task, real_cred) != cred)
		return CORDON_ANSWER_PASS;
	/* Where it has none the kernel says no, and nothing was used. */
	bpf_probe_read_kernel(&held, sizeof(held), &cred->cap_effective);
	if (!(held >> cap & 1))
		return CORDON_ANSWER_PASS;
	what = system_what(cap, system_call(task));
	return what ? system_ask_about(label, what, cap + 1, REFUSING) : CORDON_ANSWER_PASS;
}

/* "[io_uring]", the name of the inode of every ring. */
static __always_inline __u32 system_anon(struct cordon_label *label, const struct qstr *name)
{
	static const char ring[] = "[io_uring]";
	char text[sizeof(ring)] = {};
	int i;

	bpf_probe_read_kernel_str(text, sizeof(text), BPF_CORE_READ(name, name));
	for (i = 0; i < (int)sizeof(ring); i++)
		if (text[i] != ring[i])
			return CORDON_ANSWER_PASS;
	return system_ask(label, CORDON_WHAT_IO_URING, REFUSING);
}

CORDON_HOOK(capable, "capable", (const struct cred *cred, void *ns, int cap, unsigned int opts),
	    system_capable(label, cred, cap, opts))

/* Its arguments changed: none is looked at. No build measures others, and what it measures of others can be their
 * stack. */
CORDON_HOOK_NO_RET(perf, "perf_event_open", (void *first), system_ask(label, CORDON_WHAT_BPF, REFUSING))

CORDON_HOOK(mount, "sb_mount",
	    (const char *dev_name, const struct path *path, const char *type, unsigned long flags, void *data),
	    system_ask(label, CORDON_WHAT_MOUNT, REFUSING))

CORDON_HOOK2(userns, "userns_create", (const struct cred *cred), "security_create_user_ns", (const struct cred *cred),
	     system_ask(label, CORDON_WHAT_NAMESPACE, REFUSING))

CORDON_HOOK(anon, "inode_init_security_anon",
	    (struct inode * inode, const struct qstr *name, const struct inode *context_inode), system_anon(label, name))

static __always_inline __u32 system_ioctl(struct cordon_label *label, struct file *file, unsigned int cmd)
{
	if (system_is_injection(cmd))
		return system_ask(label, CORDON_WHAT_TTY, REFUSING);
	return file_change(label, BPF_CORE_READ(file, f_path.dentry), CORDON_OP_ATTR, REFUSING);
}

/* Everybody's ioctls come here: all but a few leave after some comparisons. `_compat` is there by 6.8. */
#define SYSTEM_IOCTL_PROGRAM(name, section)                                                            \
	SEC(section)                                                                                   \
	int BPF_PROG(name, struct file *file, unsigned int cmd, unsigned long arg, int ret)            \
	{                                                                                              \
		if (!system_is_injection(cmd) && !system_is_chattr(cmd))                               \
			return ret;                                                                    \
		HOOK_BODY(system_ioctl(label, file, cmd))                                              \
	}

#define SYSTEM_IOCTL(verb, hook)                                      \
	SYSTEM_IOCTL_PROGRAM(cordon_l_##verb, "?lsm/" hook)            \
	SYSTEM_IOCTL_PROGRAM(cordon_m_##verb, "?fmod_ret/security_" hook)

SYSTEM_IOCTL(ioctl, "file_ioctl")
SYSTEM_IOCTL(ioctl_compat, "file_ioctl_compat")
