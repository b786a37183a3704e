/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * syscall.bpf.h - registers: system call numbers and arguments, for the trace backend, and a function's, for twins.
 */
#ifndef CORDON_SYSCALL_BPF_H
#define CORDON_SYSCALL_BPF_H

#if defined(__TARGET_ARCH_x86)

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct pt_regs {
	unsigned long r10, r9, r8, ax, cx, dx, si, di, orig_ax;
};
#pragma clang attribute pop

#define SYS_ARG1(regs) BPF_CORE_READ(regs, di)
#define SYS_ARG2(regs) BPF_CORE_READ(regs, si)
#define SYS_ARG3(regs) BPF_CORE_READ(regs, dx)
#define SYS_ARG4(regs) BPF_CORE_READ(regs, r10)
#define SYS_ARG5(regs) BPF_CORE_READ(regs, r8)
#define SYS_ARG6(regs) BPF_CORE_READ(regs, r9)
#define SYS_NUMBER(regs) BPF_CORE_READ(regs, orig_ax)
/* The call has no result yet: its entry has put -ENOSYS there. */
#define SYS_IS_ON(regs) ((long)BPF_CORE_READ(regs, orig_ax) >= 0 && (long)BPF_CORE_READ(regs, ax) == -ENOSYS)

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
#define NR_ioctl 16
#define NR_writev 20
#define NR_sendfile 40
#define NR_socket 41
#define NR_connect 42
#define NR_sendto 44
#define NR_sendmsg 46
#define NR_bind 49
#define NR_listen 50
#define NR_socketpair 53
#define NR_clone 56
#define NR_kill 62
#define NR_rename 82
#define NR_rmdir 84
#define NR_creat 85
#define NR_unlink 87
#define NR_ptrace 101
#define NR_rt_sigqueueinfo 129
#define NR_setpriority 141
#define NR_sched_setparam 142
#define NR_sched_setscheduler 144
#define NR_pivot_root 155
#define NR_adjtimex 159
#define NR_chroot 161
#define NR_acct 163
#define NR_settimeofday 164
#define NR_mount 165
#define NR_umount2 166
#define NR_swapon 167
#define NR_swapoff 168
#define NR_reboot 169
#define NR_sethostname 170
#define NR_setdomainname 171
#define NR_iopl 172
#define NR_ioperm 173
#define NR_init_module 175
#define NR_delete_module 176
#define NR_tkill 200
#define NR_sched_setaffinity 203
#define NR_clock_settime 227
#define NR_tgkill 234
#define NR_kexec_load 246
#define NR_ioprio_set 251
#define NR_migrate_pages 256
#define NR_openat 257
#define NR_unlinkat 263
#define NR_renameat 264
#define NR_unshare 272
#define NR_splice 275
#define NR_move_pages 279
#define NR_rt_tgsigqueueinfo 297
#define NR_perf_event_open 298
#define NR_prlimit64 302
#define NR_open_by_handle_at 304
#define NR_clock_adjtime 305
#define NR_sendmmsg 307
#define NR_setns 308
#define NR_process_vm_readv 310
#define NR_process_vm_writev 311
#define NR_finit_module 313
#define NR_sched_setattr 314
#define NR_renameat2 316
#define NR_kexec_file_load 320
#define NR_bpf 321
#define NR_pidfd_send_signal 424
#define NR_io_uring_setup 425
#define NR_io_uring_enter 426
#define NR_open_tree 428
#define NR_move_mount 429
#define NR_fsopen 430
#define NR_fsconfig 431
#define NR_fsmount 432
#define NR_fspick 433
#define NR_pidfd_open 434
#define NR_clone3 435
#define NR_openat2 437
#define NR_pidfd_getfd 438
#define NR_mount_setattr 442

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
/* The call has no result yet: that would lie where its first argument still is. */
#define SYS_IS_ON(regs) (BPF_CORE_READ(regs, syscallno) >= 0 && BPF_CORE_READ(regs, regs[0]) == BPF_CORE_READ(regs, orig_x0))

#define FUNC_ARG1(r) ((r)->regs[0])
#define FUNC_ARG2(r) ((r)->regs[1])
#define FUNC_ARG3(r) ((r)->regs[2])
#define FUNC_ARG4(r) ((r)->regs[3])
#define FUNC_ARG5(r) ((r)->regs[4])
#define FUNC_ARG6(r) ((r)->regs[5])

#define TS_COMPAT 0 /* 32-bit tasks are told apart by their own numbers' absence here */
#define X32_BIT 0

/* Numbers above 100000: system calls that arm64 does not have. */
#define NR_ioctl 29
#define NR_ioprio_set 30
#define NR_unlinkat 35
#define NR_renameat 38
#define NR_umount2 39
#define NR_mount 40
#define NR_pivot_root 41
#define NR_chroot 51
#define NR_openat 56
#define NR_write 64
#define NR_writev 66
#define NR_sendfile 71
#define NR_splice 76
#define NR_acct 89
#define NR_unshare 97
#define NR_kexec_load 104
#define NR_init_module 105
#define NR_delete_module 106
#define NR_clock_settime 112
#define NR_ptrace 117
#define NR_sched_setparam 118
#define NR_sched_setscheduler 119
#define NR_sched_setaffinity 122
#define NR_kill 129
#define NR_tkill 130
#define NR_tgkill 131
#define NR_rt_sigqueueinfo 138
#define NR_setpriority 140
#define NR_reboot 142
#define NR_sethostname 161
#define NR_setdomainname 162
#define NR_settimeofday 170
#define NR_adjtimex 171
#define NR_socket 198
#define NR_socketpair 199
#define NR_bind 200
#define NR_listen 201
#define NR_connect 203
#define NR_sendto 206
#define NR_sendmsg 211
#define NR_clone 220
#define NR_swapon 224
#define NR_swapoff 225
#define NR_migrate_pages 238
#define NR_move_pages 239
#define NR_rt_tgsigqueueinfo 240
#define NR_perf_event_open 241
#define NR_prlimit64 261
#define NR_open_by_handle_at 265
#define NR_clock_adjtime 266
#define NR_setns 268
#define NR_sendmmsg 269
#define NR_process_vm_readv 270
#define NR_process_vm_writev 271
#define NR_finit_module 273
#define NR_sched_setattr 274
#define NR_renameat2 276
#define NR_bpf 280
#define NR_kexec_file_load 294
#define NR_pidfd_send_signal 424
#define NR_io_uring_setup 425
#define NR_io_uring_enter 426
#define NR_open_tree 428
#define NR_move_mount 429
#define NR_fsopen 430
#define NR_fsconfig 431
#define NR_fsmount 432
#define NR_fspick 433
#define NR_pidfd_open 434
#define NR_clone3 435
#define NR_openat2 437
#define NR_pidfd_getfd 438
#define NR_mount_setattr 442
#define NR_open 100001
#define NR_creat 100002
#define NR_unlink 100003
#define NR_rmdir 100004
#define NR_rename 100005
#define NR_iopl 100006
#define NR_ioperm 100007

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
#define PTRACE_TRACEME 0
#define PTRACE_ATTACH 16
#define PTRACE_SEIZE 0x4206

#endif
