/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * kernel.bpf.h - every kernel structure and field that cordon reads, and nothing else: this file is the whole kernel
 * surface. Offsets are relocated at load against the running kernel's BTF (CO-RE), so order and gaps do not matter here.
 *
 * Names that changed, and what stands in for them: struct file's f_path and dentry's d_name sit in unions from 6.18 on;
 * a plain access relocates all the same [tried, reference/kernel.md section 5].
 */
#ifndef CORDON_KERNEL_BPF_H
#define CORDON_KERNEL_BPF_H

#include <linux/types.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include <stdbool.h>
#include <stddef.h>

#ifndef NULL
#define NULL ((void *)0)
#endif

typedef unsigned short umode_t;
typedef unsigned int fmode_t;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	int counter;
} atomic_t;

struct pid_namespace;

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct hlist_node {
	struct hlist_node *next;
};

struct hlist_head {
	struct hlist_node *first;
};

struct xarray {
	void *xa_head;
};

struct xa_node {
	unsigned char shift;
	void *slots[64];
};

struct idr {
	struct xarray idr_rt;
};

struct pid_namespace {
	struct idr idr; /* its processes by number */
};

struct pid {
	unsigned int level;
	struct hlist_head tasks[4]; /* by PIDTYPE_* */
	struct upid numbers[1];
};

struct signal_struct {
	atomic_t live; /* threads that have not begun to exit */
	int nr_threads;
	struct pid *pids[4]; /* by PIDTYPE_* */
};

/* Two words of 32 bits up to 6.2, one of 64 from 6.3 on: read as bytes, on little-endian machines they are the same. */
typedef struct {
	__u64 val;
} kernel_cap_t;

typedef struct {
	unsigned int val;
} kuid_t;

struct cred {
	kuid_t euid;
	kernel_cap_t cap_permitted, cap_effective;
};

struct mm_struct {
	unsigned long arg_start, arg_end, env_end;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct thread_info {
	__u32 status; /* x86: TS_COMPAT */
};

struct completion;

struct task_struct {
	struct thread_info thread_info;
	int pid, tgid;
	struct task_struct *group_leader, *real_parent;
	struct signal_struct *signal;
	struct mm_struct *mm;
	struct pid *thread_pid;
	struct files_struct *files;
	unsigned int flags, personality; /* PF_* */
	unsigned int in_execve : 1;
	const struct cred *cred, *real_cred; /* differ where the kernel put others on for a call */
	struct hlist_node pid_links[4];
	struct completion *vfork_done; /* set while a vfork child has not exec'ed */
};

struct super_block {
	unsigned int s_dev;
	unsigned long s_magic, s_flags;
};

typedef long long time64_t;

struct timespec64 {
	time64_t tv_sec;
	long tv_nsec;
};

struct inode {
	umode_t i_mode;
	kuid_t i_uid;
	struct super_block *i_sb;
	unsigned long i_ino;
	unsigned int i_nlink;
	__u32 i_generation;
	__u32 i_rdev;
	atomic_t i_writecount;
	void *i_private;
};

/* A plain number, then an enum, from 6.19 on that in a struct. The bit moves: the enums tell where it is; before them it is 13
 * in kernels whose number has 32 bits (6.12), else 14. */
struct inode___state {
	__u32 i_state;
};
struct inode___state1 {
	enum { INODE_STATE_SOME } i_state;
};
struct inode_state_flags {
	enum { INODE_STATE_ANY } __state;
};
struct inode___state2 {
	struct inode_state_flags i_state;
};
enum inode_state_flags_enum {
	I_OVL_INUSE = 1,
};
enum inode_state_flags_t {
	I_OVL_INUSE___t = 1,
};
#define I_OVL_INUSE_32 (1u << 13)
#define I_OVL_INUSE_64 (1u << 14)

/* Where the time of change lies: until 6.5, from 6.6, from 6.11 on. */
struct inode___ctime {
	struct timespec64 i_ctime;
};
struct inode___ctime2 {
	struct timespec64 __i_ctime;
};
struct inode___ctime3 {
	time64_t i_ctime_sec;
	__u32 i_ctime_nsec;
};

struct iattr {
	unsigned int ia_valid;
};
/* What the calls that set times say; of what else changes times on the way nobody asks. */
#define ATTR_TIMES_SET (1u << 16)
#define ATTR_TOUCH (1u << 17)

struct qstr {
	__u32 len;
	const unsigned char *name;
};

struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
	struct super_block *d_sb;
};

struct vfsmount {
	struct super_block *mnt_sb;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct file {
	struct inode *f_inode;
	struct path f_path;
	fmode_t f_mode;
	unsigned int f_flags;
	void *private_data;
};

#include "kernel_fs.bpf.h"

struct vm_area_struct {
	struct file *vm_file;
};

struct proc_inode {
	struct pid *pid;
	struct inode vfs_inode;
};

struct linux_binprm {
	struct file *file; /* what is about to run */
	char buf[4];       /* its first bytes; [256] there */
	const char *filename; /* as given to execve */
	const char *interp;   /* what runs: for a script its interpreter */
	struct cred *cred;    /* what it will have */
	unsigned int secureexec : 1; /* it has more than before, once that is known */
};

struct in6_addr {
	__u8 bytes[16]; /* never relocated: read as a whole */
} __attribute__((aligned(4)));

struct kernfs_node {
	__u64 id;
};

struct cgroup {
	struct kernfs_node *kn;
};

struct sock_cgroup_data {
	struct cgroup *cgroup;
};

struct sock_common {
	unsigned short skc_family;
	__be16 skc_dport;
	__u16 skc_num; /* local port, host order */
	__be32 skc_daddr;
	struct in6_addr skc_v6_daddr;
};

struct sock {
	struct sock_common __sk_common;
	__u16 sk_type, sk_protocol;
	struct sock_cgroup_data sk_cgrp_data;
	struct pid *sk_peer_pid; /* of a listening unix socket: who called listen() */
};

struct unix_address {
	int len;
};

struct unix_sock {
	struct sock sk;
	struct unix_address *addr; /* NULL: no name */
	struct path path;          /* of a name in the file system */
	struct sock *peer;
};

struct socket {
	short type;
	struct sock *sk;
};

struct msghdr {
	void *msg_name;
	int msg_namelen;
};

struct kprobe {
	void *addr;
};

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	__u32 fd;
	struct file *file;
};

struct bpf_iter__bpf_map {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
};

struct bpf_iter__bpf_prog {
	struct bpf_iter_meta *meta;
	struct bpf_prog *prog;
};

struct bpf_link {
	__u32 id;
};

struct bpf_iter__bpf_link {
	struct bpf_iter_meta *meta;
	struct bpf_link *link;
};

struct bpf_map {
	__u32 id;
	char name[16];
};

struct bpf_prog_aux {
	__u32 id;
	char name[16];
};

struct bpf_prog {
	struct bpf_prog_aux *aux;
};

#pragma clang attribute pop

/* User-space ABI: fixed layouts, not relocated. The port stands at the same place in both. */
struct user_sockaddr {
	unsigned short family;
	__be16 port;
	union {
		__u8 in4[4];
		struct {
			__be32 flowinfo;
			__u8 addr[16];
		} in6;
	};
};
_Static_assert(offsetof(struct user_sockaddr, in4) == 4 && offsetof(struct user_sockaddr, in6.addr) == 8, "sockaddr");

/* Just as big as an IPv4 address has to be for the kernel to take its family, port and address. */
#define SOCKADDR_IN_LEN 8
#define SOCKADDR_IN6_LEN 24

#define EPERM 1
#define ENOENT 2
#define EAGAIN 11
#define ENOSYS 38
#define ERESTARTNOINTR 513

#define SIGKILL 9
#define SIGSTOP 19

#define S_IFMT 0170000
#define S_IFSOCK 0140000
#define S_IFREG 0100000
#define FMODE_READ 1
#define FMODE_WRITE 2
#define FMODE_CREATED 0x100000
#define O_TRUNC 01000
#define SB_NOUSER (1UL << 31) /* inside the kernel only: pipes, sockets, memfds */
#define S_IFCHR 0020000
#define S_IFBLK 0060000
#define S_IFDIR 0040000
#define S_ISUID 0004000
#define S_ISGID 0002000
#define S_IXGRP 0000010
#define MAY_WRITE 2
#define MAY_READ 4
#define PF_EXITING 0x00000004
#define PF_IO_WORKER 0x00000010
#define CLONE_THREAD 0x00010000
#define PTRACE_MODE_ATTACH 2
#define PIDTYPE_PID 0
#define PIDTYPE_TGID 1
#define PIDTYPE_PGID 2
#define PROC_SUPER_MAGIC 0x9fa0

#endif
