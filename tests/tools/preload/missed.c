/* SPDX-License-Identifier: Apache-2.0 */
/*
 * missed.c - for LD_PRELOAD: programs of cordon never run, as a kernel that preempts tracepoints may skip one for a moment.
 * They are loaded as such that do nothing, and attached all the same. For tests/limits.
 *
 *   MISSED=cordon_exit,cordon_exec    their names, of each of which the kernel keeps 15 bytes
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <stdbool.h>
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

static bool is_missed(const char *name)
{
	const char *list = getenv("MISSED"), *at = list ? strstr(list, name) : NULL;

	return *name && at && (at == list || at[-1] == ',') && strchr(",", at[strlen(name)]);
}

/* libbpf's way into the kernel. */
long syscall(long number, ...)
{
	union bpf_attr copy = { 0 };
	long args[6];
	va_list list;

	va_start(list, number);
	for (int i = 0; i < 6; i++)
		args[i] = va_arg(list, long);
	va_end(list);
	if (number == SYS_bpf && (int)args[0] == BPF_PROG_LOAD) {
		memcpy(&copy, (void *)args[1], (size_t)args[2] < sizeof(copy) ? (size_t)args[2] : sizeof(copy));
		if (is_missed(copy.prog_name)) {
			copy.insns = (uintptr_t)nothing;
			copy.insn_cnt = 2;
			copy.func_info_cnt = copy.line_info_cnt = 0;
			args[1] = (long)&copy;
		}
	}
	return call(number, args);
}
