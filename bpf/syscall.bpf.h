/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * syscall.bpf.h - registers: system call numbers and arguments, for the trace backend, and a function's, for twins.
 */
#ifndef CORDON_SYSCALL_BPF_H
#define CORDON_SYSCALL_BPF_H

#if defined(__TARGET_ARCH_x86)

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct pt_regs {
	unsigned long r10, r9, r8, cx, dx, si, di, orig_ax;
};
#pragma clang attribute pop

#define SYS_ARG1(regs) BPF_CORE_READ(regs, di)
#define SYS_ARG2(regs) BPF_CORE_READ(regs, si)
#define SYS_ARG3(regs) BPF_CORE_READ(regs, dx)
#define SYS_ARG4(regs) BPF_CORE_READ(regs, r10)
#define SYS_ARG5(regs) BPF_CORE_READ(regs, r8)
#define SYS_ARG6(regs) BPF_CORE_READ(regs, r9)
#define SYS_NUMBER(regs) BPF_CORE_READ(regs, orig_ax)

#define FUNC_ARG1(regs) ((regs)->di)
#define FUNC_ARG2(regs) ((regs)->si)
#define FUNC_ARG3(regs) ((regs)->dx)
#define FUNC_ARG4(regs) ((regs)->cx)
#define FUNC_ARG5(regs) ((regs)->r8)
#define FUNC_ARG6(regs) ((regs)->r9)

#define TS_COMPAT 2
#define X32_BIT 0x40000000

#define NR_write 1
#define NR_open 2
#define NR_writev 20
#define NR_sendfile 40
#define NR_socket 41
#define NR_connect 42
#define NR_sendto 44
#define NR_sendmsg 46
#define NR_bind 49
#define NR_listen 50
#define NR_socketpair 53
#define NR_kill 62
#define NR_rename 82
#define NR_rmdir 84
#define NR_creat 85
#define NR_unlink 87
#define NR_ptrace 101
#define NR_rt_sigqueueinfo 129
#define NR_umount2 166
#define NR_tkill 200
#define NR_tgkill 234
#define NR_openat 257
#define NR_unlinkat 263
#define NR_renameat 264
#define NR_splice 275
#define NR_open_by_handle_at 304
#define NR_sendmmsg 307
#define NR_process_vm_readv 310
#define NR_process_vm_writev 311
#define NR_renameat2 316
#define NR_bpf 321
#define NR_pidfd_send_signal 424
#define NR_io_uring_setup 425
#define NR_pidfd_open 434
#define NR_openat2 437

#elif defined(__TARGET_ARCH_arm64)

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct pt_regs {
	__u64 regs[31];
	int syscallno;
	__u64 orig_x0;
};
#pragma clang attribute pop

#define SYS_ARG1(regs) BPF_CORE_READ(regs, orig_x0)
#define SYS_ARG2(regs) BPF_CORE_READ(regs, regs[1])
#define SYS_ARG3(regs) BPF_CORE_READ(regs, regs[2])
#define SYS_ARG4(regs) BPF_CORE_READ(regs, regs[3])
#define SYS_ARG5(regs) BPF_CORE_READ(regs, regs[4])
#define SYS_ARG6(regs) BPF_CORE_READ(regs, regs[5])
#define SYS_NUMBER(regs) BPF_CORE_READ(regs, syscallno)

#define FUNC_ARG1(r) ((r)->regs[0])
#define FUNC_ARG2(r) ((r)->regs[1])
#define FUNC_ARG3(r) ((r)->regs[2])
#define FUNC_ARG4(r) ((r)->regs[3])
#define FUNC_ARG5(r) ((r)->regs[4])
#define FUNC_ARG6(r) ((r)->regs[5])

#define TS_COMPAT 0 /* 32-bit tasks are told apart by their own numbers' absence here */
#define X32_BIT 0

/* arm64 has no open, creat, unlink, rmdir, rename: numbers that no system call has. */
#define NR_open 100001
#define NR_creat 100002
#define NR_unlink 100003
#define NR_rmdir 100004
#define NR_rename 100005
#define NR_unlinkat 35
#define NR_renameat 38
#define NR_umount2 39
#define NR_openat 56
#define NR_write 64
#define NR_writev 66
#define NR_sendfile 71
#define NR_splice 76
#define NR_ptrace 117
#define NR_kill 129
#define NR_tkill 130
#define NR_tgkill 131
#define NR_rt_sigqueueinfo 138
#define NR_socket 198
#define NR_socketpair 199
#define NR_bind 200
#define NR_listen 201
#define NR_connect 203
#define NR_sendto 206
#define NR_sendmsg 211
#define NR_open_by_handle_at 265
#define NR_sendmmsg 269
#define NR_process_vm_readv 270
#define NR_process_vm_writev 271
#define NR_renameat2 276
#define NR_bpf 280
#define NR_pidfd_send_signal 424
#define NR_io_uring_setup 425
#define NR_pidfd_open 434
#define NR_openat2 437

#else
#error "no system call table for this architecture"
#endif

/* User-space layouts of the 64-bit ABI. */
struct user_msghdr {
	__u64 name;
	__u32 namelen;
	__u32 pad;
	__u64 iov, iovlen, control, controllen;
	__u32 flags, pad2;
};

struct user_mmsghdr {
	struct user_msghdr hdr;
	__u32 len, pad;
};

#define MSG_FASTOPEN 0x20000000
#define PTRACE_ATTACH 16
#define PTRACE_SEIZE 0x4206

#endif
