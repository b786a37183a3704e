/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * guard.bpf.c - cordon protects itself from the tasks of its sessions, root ones too; and the iter programs by which the
 * controller learns what cannot be learned from outside: labels, kernel addresses.
 *
 * hook and why: bpf, bpf_map, bpf_prog (our maps and programs by pin or id), sb_umount (the file system of the pins).
 * Signals to controller and supervisor, and their memory, are proc.bpf.c's; files are file.bpf.c's: the pin directory,
 * state and policy are a zone.
 */
#include "file.bpf.h"
#include "hook.bpf.h"
#include "system.bpf.h"

char _license[] SEC("license") = "Dual BSD/GPL";

static __always_inline __u32 guard_ask(struct cordon_label *label, __u32 kind)
{
	struct ask_object object = {};
	struct cordon_op op = {};

	op.kind = kind;
	op.guard = 1;
	return ask(label, &op, &object, REFUSING);
}

static __always_inline __u32 guard_ask_object(struct cordon_label *label, __u32 kind, const void *address)
{
	__u64 key = (__u64)address;

	if (!bpf_map_lookup_elem(&guard_objects, &key))
		return CORDON_ANSWER_PASS;
	return guard_ask(label, kind);
}

/* All of bpf(2) is kernel.bpf. What could be one of our pins or links is tampering: links have no hook of their own, and
 * while a tracing link cannot be detached or replaced, a cgroup's can. */
static __always_inline __u32 guard_bpf(struct cordon_label *label, int cmd)
{
	if (label->role == CORDON_ROLE_ROOT)
		return CORDON_ANSWER_PASS;
	if (guard_is_bpf_cmd(cmd))
		return guard_ask(label, CORDON_OP_BPF);
	return system_ask(label, CORDON_WHAT_BPF, REFUSING);
}

static __always_inline __u32 guard_umount(struct cordon_label *label, struct vfsmount *mnt)
{
	__u32 answer = guard_ask_object(label, CORDON_OP_UMOUNT, BPF_CORE_READ(mnt, mnt_sb));

	return answer == CORDON_ANSWER_PASS ? system_ask(label, CORDON_WHAT_MOUNT, REFUSING) : answer;
}

CORDON_HOOK_NO_RET(bpf, "bpf", (int cmd), guard_bpf(label, cmd))
CORDON_HOOK(bpf_map, "bpf_map", (struct bpf_map * map, unsigned int fmode), guard_ask_object(label, CORDON_OP_BPF, map))
CORDON_HOOK(bpf_prog, "bpf_prog", (struct bpf_prog * prog), guard_ask_object(label, CORDON_OP_BPF, prog))
CORDON_HOOK(umount, "sb_umount", (struct vfsmount * mnt, int flags), guard_umount(label, mnt))

/* Of a process's first thread; where the table was full, it lies under that one's address still. */
static __always_inline struct cordon_label *guard_label_of(struct task_struct *task)
{
	__u64 key = (__u32)task->tgid, address = (__u64)task;
	struct cordon_label *label = bpf_map_lookup_elem(&labels, &key);

	return label ? label : bpf_map_lookup_elem(&labels, &address);
}

/* Labels or enrols the process that the iterator is pointed at (by pidfd), as `request` says. A controller's pids are
 * not the kernel's in a pid namespace, and a label must never land on another process of the same number. */
SEC("?iter/task")
int cordon_request(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct cordon_label *label;
	struct cordon_request *req;
	struct cordon_guard guard = {};
	__u32 zero = 0;
	__u64 key;

	if (!task || task->tgid != task->pid)
		return 0;
	req = bpf_map_lookup_elem(&request, &zero);
	if (!req)
		return 0;
	req->done++;
	req->tgid = task->tgid;
	req->level = BPF_CORE_READ(task, thread_pid, level);
	key = req->tgid;
	if (req->verb == CORDON_REQUEST_LABEL) {
		req->error = bpf_map_update_elem(&labels, &key, &req->label, BPF_NOEXIST);
		if (!req->error)
			task_count(req->label.session, 1);
	} else if (req->verb == CORDON_REQUEST_WHO) {
		label = guard_label_of(task);
		__builtin_memset(&req->label, 0, sizeof(req->label));
		if (label)
			req->label = *label;
	} else if (req->verb == CORDON_REQUEST_GUARD) {
		guard.session = req->label.session;
		guard.level = req->level;
		guard.pid = task_pid_at(task, req->level);
		req->error = bpf_map_update_elem(&guards, &req->tgid, &guard, BPF_ANY);
	}
	return 0;
}

/* The processes of a session: what is left when its command has ended. */
SEC("?iter/task")
int cordon_tasks(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct cordon_task_entry entry = {};
	struct cordon_request *req;
	struct cordon_label *label;
	__u32 zero = 0;

	if (!task || task->tgid != task->pid)
		return 0;
	req = bpf_map_lookup_elem(&request, &zero);
	label = guard_label_of(task);
	if (!req || !label || label->session != req->label.session)
		return 0;
	entry.tgid = task->tgid;
	entry.pid = task_pid_at(task, req->level);
	entry.label = *label;
	bpf_seq_write(ctx->meta->seq, &entry, sizeof(entry));
	return 0;
}

/* Inode and super block addresses of the descriptors of the process that the iterator is pointed at. An O_PATH
 * descriptor reaches no hook, so learning a place does not open it. */
SEC("?iter/task_file")
int cordon_inodes(struct bpf_iter__task_file *ctx)
{
	struct cordon_inode_entry entry = {};
	struct file *file = ctx->file;

	if (!ctx->task || !file)
		return 0;
	entry.fd = ctx->fd;
	entry.inode = (__u64)file->f_inode;
	entry.super = (__u64)file->f_inode->i_sb;
	entry.magic = file->f_inode->i_sb->s_magic;
	bpf_seq_write(ctx->meta->seq, &entry, sizeof(entry));
	return 0;
}

/* Origin of the file behind one descriptor of the controller, by the same code that decides on it. */
SEC("?iter/task_file")
int cordon_origins(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file_request wanted = {};
	struct cordon_question *question;
	struct file *file = ctx->file;
	struct cordon_label label;
	struct cordon_guard *guard;
	__u32 tgid, session;
	__u64 inode;

	if (!task || !file)
		return 0;
	tgid = task->tgid;
	guard = bpf_map_lookup_elem(&guards, &tgid);
	if (!guard)
		return 0;
	session = guard->session;
	question = bpf_map_lookup_elem(&questions, &session);
	if (!question || question->fd != ctx->fd || question->label.session != session)
		return 0;
	label = question->label;
	inode = (__u64)BPF_CORE_READ(file, f_inode);
	wanted.dentry = BPF_CORE_READ(file, f_path.dentry);
	file_find(&label, &wanted);
	question->origin = origin_of(&label, inode, &wanted.hit);
	origin_key(&question->key, (struct inode *)inode, session);
	question->changed = origin_ctime((struct inode *)inode);
	question->written = origin_is_written((struct inode *)inode);
	question->done = 1;
	return 0;
}

static __always_inline void guard_learn(const void *object, __u64 id)
{
	__u32 *known = bpf_map_lookup_elem(&guard_ids, &id);
	__u64 address = (__u64)object;
	__u32 zero = 0, one = 1;
	struct cordon_request *req;
	int error;

	if (!known)
		return;
	if (*known == CORDON_ID_GONE) {
		bpf_map_delete_elem(&guard_objects, &address);
		return;
	}
	error = bpf_map_update_elem(&guard_objects, &address, &one, BPF_ANY);
	req = error ? bpf_map_lookup_elem(&request, &zero) : NULL;
	if (req)
		req->error = error;
}

SEC("?iter/bpf_map")
int cordon_maps(struct bpf_iter__bpf_map *ctx)
{
	struct bpf_map *map = ctx->map;

	if (map)
		guard_learn(map, map->id);
	return 0;
}

SEC("?iter/bpf_prog")
int cordon_progs(struct bpf_iter__bpf_prog *ctx)
{
	struct bpf_prog *prog = ctx->prog;

	if (prog)
		guard_learn(prog, 1ULL << 32 | prog->aux->id);
	return 0;
}

SEC("?iter/bpf_link")
int cordon_links(struct bpf_iter__bpf_link *ctx)
{
	struct bpf_link *link = ctx->link;

	if (link)
		guard_learn(link, 1ULL << 33 | link->id);
	return 0;
}
