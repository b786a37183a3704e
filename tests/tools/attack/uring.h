/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uring.h - one operation through io_uring by raw system calls: its hooks run in the kernel's own path, where no
 * system call entry of connect(2), sendto(2) or openat(2) is ever seen.
 */
#ifndef ATTACK_URING_H
#define ATTACK_URING_H

#include "outcome.h"

#include <fcntl.h>
#include <linux/io_uring.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>

/* A machine may have io_uring switched off by sysctl: that is no refusal of the guard's. */
static int uring_switched_off(void)
{
	FILE *file = fopen("/proc/sys/kernel/io_uring_disabled", "re");
	int value = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%d", &value) != 1)
		value = 0;
	fclose(file);
	return value != 0;
}

/* Takes: one filled entry. Gives: the completion's result, in *ret_res; 0, or an outcome where there is no ring. */
static int uring_do(const struct io_uring_sqe *entry, int *ret_res)
{
	struct io_uring_params params = { 0 };
	unsigned char *sq, *cq;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqe;
	unsigned int *tail, head;
	size_t sq_size, cq_size;
	int fd, outcome = 0;

	fd = (int)syscall(SYS_io_uring_setup, 1, &params);
	if (fd < 0) {
		int error = errno; /* the question below may fail too */

		return error == ENOSYS || uring_switched_off() ? unavailable(error) : -error;
	}
	sq_size = params.sq_off.array + params.sq_entries * sizeof(unsigned int);
	cq_size = params.cq_off.cqes + params.cq_entries * sizeof(*cqe);
	sq = mmap(NULL, sq_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQ_RING);
	cq = mmap(NULL, cq_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_CQ_RING);
	sqes = mmap(NULL, params.sq_entries * sizeof(*sqes), PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQES);
	if (sq == MAP_FAILED || cq == MAP_FAILED || sqes == MAP_FAILED) {
		outcome = -errno; /* where a ring cannot be refused at its setup, its mapping is */
		goto out;
	}
	sqes[0] = *entry;
	((unsigned int *)(sq + params.sq_off.array))[0] = 0;
	tail = (unsigned int *)(sq + params.sq_off.tail);
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0) {
		outcome = -errno;
		goto out;
	}
	head = *(unsigned int *)(cq + params.cq_off.head) & *(unsigned int *)(cq + params.cq_off.ring_mask);
	cqe = (struct io_uring_cqe *)(cq + params.cq_off.cqes) + head;
	*ret_res = cqe->res;
out:
	close(fd);
	return outcome;
}

static int uring_connect(int fd, const void *addr, size_t len, int *ret_res)
{
	struct io_uring_sqe entry = { .opcode = IORING_OP_CONNECT, .fd = fd, .addr = (uintptr_t)addr, .off = len };

	return uring_do(&entry, ret_res);
}

static int uring_sendmsg(int fd, const void *msg, int *ret_res)
{
	struct io_uring_sqe entry = { .opcode = IORING_OP_SENDMSG, .fd = fd, .addr = (uintptr_t)msg, .len = 1 };

	return uring_do(&entry, ret_res);
}

static int uring_open(const char *path, int flags, int *ret_res)
{
	struct io_uring_sqe entry = { .opcode = IORING_OP_OPENAT,
				      .fd = AT_FDCWD,
				      .addr = (uintptr_t)path,
				      .len = 0644,
				      .open_flags = (uint32_t)flags };

	return uring_do(&entry, ret_res);
}

#endif
