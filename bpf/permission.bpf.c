/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * permission.bpf.c - reads and writes of what is open: sendfile and splice to a socket, before 6.8; archives that an installer
 * reads, which must be what there was a verdict on.
 */
#include "gate.bpf.h"
#include "hook.bpf.h"
#include "net.bpf.h"

char _license[] SEC("license") = "Dual BSD/GPL";

static __always_inline bool permission_is_asked(umode_t mode, int mask)
{
	mode &= S_IFMT;
	return (mode == S_IFSOCK && (mask & MAY_WRITE)) || (mode == S_IFREG && (mask & MAY_READ));
}

static __always_inline __u32 permission_ask(struct cordon_label *label, struct file *file, int mask)
{
	umode_t mode = BPF_CORE_READ(file, f_inode, i_mode);

	if (!permission_is_asked(mode, mask))
		return CORDON_ANSWER_PASS;
	if ((mode & S_IFMT) == S_IFREG)
		return gate_read(label, file, REFUSING);
	return net_ask_send(label, BPF_CORE_READ(file, private_data), NULL, 0, REFUSING);
}

/* Everybody's reads and writes come here: most leave after two loads. */
SEC("?lsm/file_permission")
int BPF_PROG(cordon_l_permission, struct file *file, int mask, int ret)
{
	if (!permission_is_asked(file->f_inode->i_mode, mask))
		return ret;
	HOOK_BODY(permission_ask(label, file, mask))
}

SEC("?fmod_ret/security_file_permission")
int BPF_PROG(cordon_m_permission, struct file *file, int mask, int ret)
{
	if (!permission_is_asked(file->f_inode->i_mode, mask))
		return ret;
	HOOK_BODY_TWIN(permission, permission_ask(label, file, mask))
}

CORDON_TWIN(permission, (struct file * file, int mask), permission_ask(label, file, mask))
