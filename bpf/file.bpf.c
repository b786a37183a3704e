/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * file.bpf.c - the file hooks of lsm and fmod_ret: opening, and the ways to give a file another name or place first.
 */
#include "file.bpf.h"
#include "hook.bpf.h"

char _license[] SEC("license") = "Dual BSD/GPL";

/* A new name below a folder: the new dentry has no inode yet, so the walk begins at its name. An entry of a shared
 * folder is the task's from here on. `address`: the inode that gets the name, 0: something new. What is
 * there already may stay, where it is a folder with something in it: who has the name is seen afterwards. Inline: one call
 * more, and the way to the last look-up of the walk is deeper than the verifier goes. */
static __always_inline __u32 file_name(struct cordon_label *label, struct file_request *request, __u64 address)
{
	__u32 answer;

	request->access = CORDON_ACCESS_WRITE;
	request->traits = 0;
	request->moved = address != 0;
	__builtin_memset(&request->hit, 0, sizeof(request->hit));
	answer = file_judge(label, request);
	if (answer == CORDON_ANSWER_PASS && request->hit.depth == 1 && made_is_entry(&request->hit) &&
	    made_note(label, &request->hit, request->kind == CORDON_OP_RENAME ? 0 : address))
		return CORDON_ANSWER_EPERM;
	return answer;
}

/* `file`: what an installer puts into an environment that way is held to its artifacts. */
static __always_inline __u32 file_create(struct cordon_label *label, struct dentry *dentry, bool file)
{
	struct file_request request = { .dentry = dentry, .kind = CORDON_OP_CREATE, .backend = REFUSING };
	__u32 answer = file_name(label, &request, 0);

	return file && answer == CORDON_ANSWER_PASS ? environment_create(label, &request) : answer;
}

/* What would give its holder rights of somebody else, or is a door to a device. */
static __always_inline __u32 file_create_mode(struct cordon_label *label, struct dentry *dentry, umode_t mode)
{
	__u32 type = mode & S_IFMT;

	if (type == S_IFCHR || type == S_IFBLK || file_is_setid(mode))
		return file_ask(label, CORDON_OP_SETID, dentry, CORDON_ACCESS_WRITE, REFUSING);
	return file_create(label, dentry, true);
}

/* A link is a second name of a secret; a new name in our folders is tampering. One request for both, for the stack. What is
 * kept for a link that is refused in the end is true all the same. */
static __always_inline __u32 file_link(struct cordon_label *label, struct dentry *from, struct dentry *to)
{
	struct file_request request = { .dentry = from, .kind = CORDON_OP_LINK, .access = CORDON_ACCESS_READ, .backend = REFUSING };
	struct inode *inode = BPF_CORE_READ(from, d_inode);
	__u32 answer = file_judge(label, &request);

	if (answer != CORDON_ANSWER_PASS)
		return answer;
	origin_keep(label, (__u64)inode, &request.hit);
	request.dentry = to;
	request.kind = CORDON_OP_CREATE;
	answer = file_name(label, &request, (__u64)inode);
	return answer == CORDON_ANSWER_PASS ? environment_create(label, &request) : answer;
}

/* What is moved away loses its place; what is moved over one takes it, and what was there is gone, or moved the other way
 * round. */
static __always_inline __u32 file_rename(struct cordon_label *label, struct dentry *from, struct dentry *to)
{
	struct file_request request = { .dentry = from, .kind = CORDON_OP_RENAME, .access = CORDON_ACCESS_READ, .backend = REFUSING };
	struct inode *inode = BPF_CORE_READ(from, d_inode);
	__u64 parent, child;
	__u32 answer;

	request.to = to;
	answer = gate_rename(label, &request);
	if (answer != CORDON_ANSWER_PASS)
		return answer;
	request.moved = 1;
	__builtin_memset(&request.hit, 0, sizeof(request.hit));
	answer = file_judge(label, &request);
	if (answer != CORDON_ANSWER_PASS)
		return answer;
	origin_keep(label, (__u64)inode, &request.hit);
	parent = request.hit.depth == 1 ? request.hit.parent : 0;
	child = request.hit.child;
	request.dentry = to;
	request.kind = BPF_CORE_READ(to, d_inode) ? CORDON_OP_RENAME : CORDON_OP_CREATE;
	answer = file_name(label, &request, (__u64)inode);
	if (answer == CORDON_ANSWER_PASS && request.kind == CORDON_OP_CREATE)
		made_forget(label, parent, child);
	return answer;
}

/* Whether the file was there before the session, and is not what temporary folders and builds are emptied of. */
static __always_inline bool file_counts_for_flood(struct file_request *request, __u64 began)
{
	__u32 zone = request->hit.zone;
	struct dentry *dentry = request->dentry;
	struct inode *inode = BPF_CORE_READ(dentry, d_inode);

	if (zone == CORDON_ZONE_OWN || zone == CORDON_ZONE_OTHER || zone == CORDON_ZONE_TEMP || zone == CORDON_ZONE_CACHE ||
	    zone == CORDON_ZONE_PSEUDO)
		return false;
	return inode && origin_ctime(inode) < began;
}

static __always_inline __u64 file_flood_bound(__u32 role)
{
	return role == CORDON_ROLE_PACKAGE ? CORDON_FLOOD_PACKAGE :
	       role == CORDON_ROLE_PROJECT ? CORDON_FLOOD_PROJECT : CORDON_FLOOD_OTHERS;
}

/* One more removal: of too many, the answer. Installers and helpers are only told about, once. */
CORDON_GLOBAL __u32 file_flood(struct cordon_label *label, struct file_request *request)
{
	struct cordon_op op = { .kind = CORDON_OP_KERNEL, .what = CORDON_WHAT_FILES };
	struct ask_object object = {};
	struct cordon_session *session;
	__u64 key, one = 1, *count, seen;

	if (!label || !request)
		return CORDON_ANSWER_EPERM;
	if (label->role <= CORDON_ROLE_ROOT)
		return CORDON_ANSWER_PASS;
	session = task_session(label);
	if (!session || !file_counts_for_flood(request, session->began))
		return CORDON_ANSWER_PASS;
	key = (__u64)label->session << 32 | label->role;
	count = bpf_map_lookup_elem(&removals, &key);
	if (!count) {
		if (bpf_map_update_elem(&removals, &key, &one, BPF_NOEXIST))
			emit_count_lost(label->session, CORDON_RULE_FLOOD_FILES);
		return CORDON_ANSWER_PASS;
	}
	seen = *count;
	__sync_fetch_and_add(count, 1);
	if (seen < file_flood_bound(label->role) || (seen > file_flood_bound(label->role) && !cordon_is_confined(label->role)))
		return CORDON_ANSWER_PASS;
	object.dentry = request->dentry;
	object.object = request->hit.object;
	op.depth = request->hit.depth;
	return ask(label, &op, &object, request->backend);
}

/* `empty`: it is a folder, which goes only where it is empty. Nobody knows that yet, and who is told no goes on in there: its
 * entry stays, for a folder of its number. */
static __always_inline __u32 file_remove(struct cordon_label *label, struct dentry *dentry, bool empty)
{
	struct file_request request = { .dentry = dentry, .kind = CORDON_OP_REMOVE, .access = CORDON_ACCESS_WRITE, .backend = REFUSING };
	__u32 answer = file_judge(label, &request), flood = file_flood(label, &request);

	if (flood != CORDON_ANSWER_PASS)
		return flood;
	if (answer == CORDON_ANSWER_PASS) {
		origin_forget(label, (__u64)BPF_CORE_READ(dentry, d_inode));
		if (!empty)
			made_forget(label, request.hit.depth == 1 ? request.hit.parent : 0, request.hit.child);
	}
	return answer;
}

static __always_inline __u32 file_chmod(struct cordon_label *label, struct dentry *dentry, umode_t mode)
{
	__u32 type = BPF_CORE_READ(dentry, d_inode, i_mode) & S_IFMT;

	return file_change(label, dentry, type == S_IFREG && file_is_setid(mode) ? CORDON_OP_SETID : CORDON_OP_ATTR, REFUSING);
}

/* utimensat(2) and its kin. Modes, owners and sizes have hooks of their own, and what they change beside is not asked for. */
static __always_inline __u32 file_times(struct cordon_label *label, struct dentry *dentry, struct iattr *attr)
{
	if (!(BPF_CORE_READ(attr, ia_valid) & (ATTR_TIMES_SET | ATTR_TOUCH)))
		return CORDON_ANSWER_PASS;
	return file_change(label, dentry, CORDON_OP_ATTR, REFUSING);
}

/* Capabilities of a program are an attribute of its file. */
static __always_inline __u32 file_xattr(struct cordon_label *label, struct dentry *dentry, const char *name)
{
	char text[32] = {};
	__u64 hash = CORDON_HASH_START;
	__u32 kind;
	int i;

	bpf_probe_read_kernel_str(text, sizeof(text), name);
	for (i = 0; i < (int)sizeof(text); i++) {
		if (!text[i])
			break;
		hash = cordon_hash_step(hash, (unsigned char)text[i]);
	}
	kind = hash == HASH_CAPABILITY ? CORDON_OP_SETID : CORDON_OP_ATTR;
	return file_change(label, dentry, kind, REFUSING);
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

CORDON_HOOK(unlink, "inode_unlink", (struct inode * dir, struct dentry *dentry), file_remove(label, dentry, false))
CORDON_HOOK(rmdir, "inode_rmdir", (struct inode * dir, struct dentry *dentry), file_remove(label, dentry, true))
CORDON_HOOK(create, "inode_create", (struct inode * dir, struct dentry *dentry, umode_t mode),
	    file_create_mode(label, dentry, mode))
CORDON_HOOK(mkdir, "inode_mkdir", (struct inode * dir, struct dentry *dentry, umode_t mode),
	    file_create(label, dentry, false))
CORDON_HOOK(symlink, "inode_symlink", (struct inode * dir, struct dentry *dentry, const char *old_name),
	    file_create(label, dentry, false))
CORDON_HOOK(mknod, "inode_mknod", (struct inode * dir, struct dentry *dentry, umode_t mode, unsigned int dev),
	    file_create_mode(label, dentry, mode))
CORDON_HOOK(chmod, "path_chmod", (struct path * path, umode_t mode), file_chmod(label, BPF_CORE_READ(path, dentry), mode))
CORDON_HOOK_NO_RET(chown, "path_chown", (struct path * path),
		   file_change(label, BPF_CORE_READ(path, dentry), CORDON_OP_ATTR, REFUSING))
CORDON_HOOK_NO_RET(xattr, "inode_setxattr", (void *idmap, struct dentry *dentry, const char *name),
		   file_xattr(label, dentry, name))
CORDON_HOOK_NO_RET(unxattr, "inode_removexattr", (void *idmap, struct dentry *dentry, const char *name),
		   file_xattr(label, dentry, name))
CORDON_HOOK_NO_RET(acl, "inode_set_acl", (void *idmap, struct dentry *dentry),
		   file_change(label, dentry, CORDON_OP_ATTR, REFUSING))

/* The hook had no first argument until some version between 6.8 and 6.11, when the function had one: the loader counts
 * them, and takes one of the two. */
CORDON_HOOK(times, "inode_setattr", (void *idmap, struct dentry *dentry, struct iattr *attr), file_times(label, dentry, attr))
SEC("?lsm/inode_setattr")
int BPF_PROG(cordon_l_times_two, struct dentry *dentry, struct iattr *attr, int ret)
	HOOK_BODY(file_times(label, dentry, attr))

/* chattr(1)'s flags, from 6.17 on, by file_setattr(2) and by ioctl; before that the latter is system.bpf.c's. */
CORDON_HOOK_NO_RET(fileattr, "inode_file_setattr", (struct dentry * dentry), file_change(label, dentry, CORDON_OP_ATTR, REFUSING))

/* truncate(2) opens nothing; ftruncate(2), which came here too until 6.1, may have its descriptor from somebody else. */
CORDON_HOOK(truncate, "path_truncate", (struct path * path),
	    file_ask(label, CORDON_OP_OPEN, BPF_CORE_READ(path, dentry), CORDON_ACCESS_WRITE, REFUSING))
CORDON_HOOK(ftruncate, "file_truncate", (struct file * file),
	    file_ask(label, CORDON_OP_OPEN, BPF_CORE_READ(file, f_path.dentry), CORDON_ACCESS_WRITE, REFUSING))
