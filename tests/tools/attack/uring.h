/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uring.h - operations through io_uring by raw system calls: its hooks run in the kernel's own path, where no system call
 * entry of connect(2), sendto(2) or openat(2) is ever seen.
 */
#ifndef ATTACK_URING_H
#define ATTACK_URING_H

#include "outcome.h"

#include <fcntl.h>
#include <linux/io_uring.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>

struct uring {
	int fd;
	struct io_uring_params params;
	unsigned char *sq, *cq;
	struct io_uring_sqe *sqes;
};

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

/* Takes: room for so many entries, IORING_SETUP_*. Gives: 0 and a ring, to be closed by its fd; or an outcome. */
static int uring_open_ring(struct uring *ring, unsigned int entries, unsigned int flags)
{
	const struct io_uring_params *p = &ring->params;

	*ring = (struct uring){ .params.flags = flags };
	ring->fd = (int)syscall(SYS_io_uring_setup, entries, &ring->params);
	if (ring->fd < 0) {
		int error = errno; /* the question below may fail too */

		return error == ENOSYS || uring_switched_off() ? unavailable(error) : -error;
	}
	ring->sq = mmap(NULL, p->sq_off.array + p->sq_entries * sizeof(unsigned int), PROT_READ | PROT_WRITE, MAP_SHARED,
			ring->fd, IORING_OFF_SQ_RING);
	ring->cq = mmap(NULL, p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe), PROT_READ | PROT_WRITE, MAP_SHARED,
			ring->fd, IORING_OFF_CQ_RING);
	ring->sqes = mmap(NULL, p->sq_entries * sizeof(*ring->sqes), PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd,
			  IORING_OFF_SQES);
	if (ring->sq == MAP_FAILED || ring->cq == MAP_FAILED || ring->sqes == MAP_FAILED) {
		int outcome = -errno; /* where a ring cannot be refused at its setup, its mapping is */

		close(ring->fd);
		return outcome;
	}
	return 0;
}

/* Hands over the entries, of which there are as many as the ring has room for; waits for so many completions. */
static int uring_submit(struct uring *ring, const struct io_uring_sqe *entries, unsigned int count, unsigned int wait)
{
	unsigned int *tail = (unsigned int *)(ring->sq + ring->params.sq_off.tail);
	unsigned int flags = (wait ? IORING_ENTER_GETEVENTS : 0) |
			     (ring->params.flags & IORING_SETUP_SQPOLL ? IORING_ENTER_SQ_WAKEUP : 0);

	for (unsigned int i = 0; i < count; i++) {
		ring->sqes[i] = entries[i];
		((unsigned int *)(ring->sq + ring->params.sq_off.array))[i] = i;
	}
	__atomic_store_n(tail, *tail + count, __ATOMIC_RELEASE);
	return syscall(SYS_io_uring_enter, ring->fd, count, wait, flags, NULL, 0) < 0 ? -errno : 0;
}

/* Gives: the result of the completion of that number, from 0. */
static int uring_result(const struct uring *ring, unsigned int at)
{
	unsigned int head = (*(unsigned int *)(ring->cq + ring->params.cq_off.head) + at) &
			    *(unsigned int *)(ring->cq + ring->params.cq_off.ring_mask);

	return ((struct io_uring_cqe *)(ring->cq + ring->params.cq_off.cqes))[head].res;
}

/* Takes: one filled entry. Gives: the completion's result, in *ret_res; 0, or an outcome where there is no ring. */
static int uring_do_in(const struct io_uring_sqe *entry, unsigned int flags, int *ret_res)
{
	struct uring ring;
	int outcome = uring_open_ring(&ring, 1, flags);

	if (outcome)
		return outcome;
	outcome = uring_submit(&ring, entry, 1, 1);
	if (!outcome)
		*ret_res = uring_result(&ring, 0);
	close(ring.fd);
	return outcome;
}

static inline int uring_do(const struct io_uring_sqe *entry, int *ret_res)
{
	return uring_do_in(entry, 0, ret_res);
}

static inline int uring_connect(int fd, const void *addr, size_t len, int *ret_res)
{
	struct io_uring_sqe entry = { .opcode = IORING_OP_CONNECT, .fd = fd, .addr = (uintptr_t)addr, .off = len };

	return uring_do(&entry, ret_res);
}

static inline int uring_sendmsg(int fd, const void *msg, int *ret_res)
{
	struct io_uring_sqe entry = { .opcode = IORING_OP_SENDMSG, .fd = fd, .addr = (uintptr_t)msg, .len = 1 };

	return uring_do(&entry, ret_res);
}

static struct io_uring_sqe uring_open_entry(const char *path, int flags)
{
	return (struct io_uring_sqe){
		.opcode = IORING_OP_OPENAT,
		.fd = AT_FDCWD,
		.addr = (uintptr_t)path,
		.len = 0644,
		.open_flags = (uint32_t)flags,
	};
}

static inline int uring_open(const char *path, int flags, int *ret_res)
{
	const struct io_uring_sqe entry = uring_open_entry(path, flags);

	return uring_do(&entry, ret_res);
}

#endif
