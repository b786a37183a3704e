/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * file.bpf.c - the file hooks of lsm and fmod_ret: opening, and the ways to give a file another name or place first.
 */
#include "file.bpf.h"
#include "hook.bpf.h"

char _license[] SEC("license") = "Dual BSD/GPL";

/* A new name below a folder: the new dentry has no inode yet, so the walk begins at its name. */
static __always_inline __u32 file_create(struct cordon_label *label, struct dentry *dentry)
{
	return file_ask(label, CORDON_OP_CREATE, dentry, CORDON_ACCESS_WRITE, REFUSING);
}

/* A link is a second name of a secret; a new name in our folders is tampering. */
static __always_inline __u32 file_link(struct cordon_label *label, struct dentry *from, struct dentry *to)
{
	__u32 answer = file_ask(label, CORDON_OP_LINK, from, CORDON_ACCESS_READ, REFUSING);

	return answer == CORDON_ANSWER_PASS ? file_create(label, to) : answer;
}

/* What is moved away loses its place; what is moved over one takes it. */
static __always_inline __u32 file_rename(struct cordon_label *label, struct dentry *from, struct dentry *to)
{
	__u32 answer = file_ask(label, CORDON_OP_RENAME, from, CORDON_ACCESS_READ, REFUSING);

	return answer == CORDON_ANSWER_PASS ? file_create(label, to) : answer;
}

static __always_inline __u32 file_remove(struct cordon_label *label, struct dentry *dentry)
{
	return file_ask(label, CORDON_OP_REMOVE, dentry, CORDON_ACCESS_WRITE, REFUSING);
}

/* Not called for O_PATH: such a descriptor reads nothing, and opening it again comes here. */
CORDON_HOOK(open, "file_open", (struct file * file), file_ask_open(label, file, REFUSING))

CORDON_HOOK(link, "inode_link", (struct dentry * old_dentry, struct inode *dir, struct dentry *new_dentry),
	    file_link(label, old_dentry, new_dentry))

CORDON_HOOK2(rename, "inode_rename",
	     (struct inode * old_dir, struct dentry *old_dentry, struct inode *new_dir, struct dentry *new_dentry),
	     "security_inode_rename",
	     (struct inode * old_dir, struct dentry *old_dentry, struct inode *new_dir, struct dentry *new_dentry,
	      unsigned int flags),
	     file_rename(label, old_dentry, new_dentry))

CORDON_HOOK(unlink, "inode_unlink", (struct inode * dir, struct dentry *dentry), file_remove(label, dentry))
CORDON_HOOK(rmdir, "inode_rmdir", (struct inode * dir, struct dentry *dentry), file_remove(label, dentry))
CORDON_HOOK(create, "inode_create", (struct inode * dir, struct dentry *dentry, umode_t mode), file_create(label, dentry))
CORDON_HOOK(mkdir, "inode_mkdir", (struct inode * dir, struct dentry *dentry, umode_t mode), file_create(label, dentry))
CORDON_HOOK(symlink, "inode_symlink", (struct inode * dir, struct dentry *dentry, const char *old_name),
	    file_create(label, dentry))
/* truncate(2) opens nothing. */
CORDON_HOOK(truncate, "path_truncate", (struct path * path),
	    file_ask(label, CORDON_OP_OPEN, path->dentry, CORDON_ACCESS_WRITE, REFUSING))
