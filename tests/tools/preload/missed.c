/* SPDX-License-Identifier: Apache-2.0 */
/*
 * missed.c - for LD_PRELOAD: a program of cordon never runs, as a kernel that preempts tracepoints may skip it for a moment.
 * It is loaded as one that does nothing, and attached all the same. For tests/limits.
 *
 *   MISSED=cordon_exit    the name of its program, of which the kernel keeps 15 bytes
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* r0 = 0; exit */
static const struct bpf_insn nothing[] = {
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
	{ .code = BPF_JMP | BPF_EXIT },
};

static long call(long number, const long args[6])
{
	register long r10 __asm__("r10") = args[3], r8 __asm__("r8") = args[4], r9 __asm__("r9") = args[5];
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(args[0]), "S"(args[1]), "d"(args[2]), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	if (result >= 0 || result < -4095)
		return result;
	errno = (int)-result;
	return -1;
}

/* libbpf's way into the kernel. */
long syscall(long number, ...)
{
	const char *missed = getenv("MISSED");
	union bpf_attr copy = { 0 };
	long args[6];
	va_list list;

	va_start(list, number);
	for (int i = 0; i < 6; i++)
		args[i] = va_arg(list, long);
	va_end(list);
	if (missed && number == SYS_bpf && (int)args[0] == BPF_PROG_LOAD) {
		memcpy(&copy, (void *)args[1], (size_t)args[2] < sizeof(copy) ? (size_t)args[2] : sizeof(copy));
		if (!strncmp(copy.prog_name, missed, sizeof(copy.prog_name) - 1)) {
			copy.insns = (uintptr_t)nothing;
			copy.insn_cnt = 2;
			copy.func_info_cnt = copy.line_info_cnt = 0;
			args[1] = (long)&copy;
		}
	}
	return call(number, args);
}
