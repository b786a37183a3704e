/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uring.c - an installer, by the name that a test gives it, that opens and reads through io_uring: one command a line on stdin,
 * one answer a line on stdout, as tests/gate/installer.py.
 *
 *	open FILE       open(2); the descriptor is kept
 *	inline FILE     IORING_OP_OPENAT, begun within io_uring_enter(2)
 *	worker FILE     the same, by a worker
 *	polled FILE     the same, by the thread that watches the ring
 *	linked FILE     the same, behind the read of a pipe: it is made on the way out of write(2)
 *	read            IORING_OP_READ of what is kept
 *
 * Answers: "ok", or the name of an errno, or the number where it has none.
 */
#include "attack/uring.h"

#include <string.h>
#include <time.h>

#define LINKED_MS 3000

static int kept = -1;

static void answer(int result)
{
	if (result >= 0)
		puts("ok");
	else if (strerrorname_np(-result))
		puts(strerrorname_np(-result));
	else
		printf("%d\n", result);
	fflush(stdout);
}

/* Gives what the completion has, or a negative outcome. */
static int open_in(const char *path, unsigned int setup, unsigned char flags)
{
	struct io_uring_sqe entry = uring_open_entry(path, O_RDONLY | O_CLOEXEC);
	int result = -1, outcome;

	entry.flags = flags;
	outcome = uring_do_in(&entry, setup, &result);
	if (outcome)
		return outcome > 0 ? -ENOSYS : outcome;
	if (result >= 0)
		close(result);
	return result;
}

/* The opening waits for the read of the pipe, and that for a byte. */
static int open_linked(const char *path)
{
	struct io_uring_sqe entries[2] = { [1] = uring_open_entry(path, O_RDONLY | O_CLOEXEC) };
	const struct timespec step = { .tv_nsec = 1000000 };
	unsigned int *tail;
	struct uring ring;
	int outcome, ends[2];
	char byte = 'x';

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	entries[0] = (struct io_uring_sqe){ .opcode = IORING_OP_READ, .fd = ends[0], .addr = (uintptr_t)&byte, .len = 1,
					    .flags = IOSQE_IO_LINK };
	outcome = uring_open_ring(&ring, 2, 0);
	if (outcome)
		return outcome > 0 ? -ENOSYS : outcome;
	outcome = uring_submit(&ring, entries, 2, 0);
	if (!outcome && write(ends[1], &byte, 1) != 1)
		outcome = -errno;
	tail = (unsigned int *)(ring.cq + ring.params.cq_off.tail);
	for (int i = 0; !outcome && i < LINKED_MS && __atomic_load_n(tail, __ATOMIC_ACQUIRE) < 2; i++)
		nanosleep(&step, NULL);
	if (!outcome)
		outcome = __atomic_load_n(tail, __ATOMIC_ACQUIRE) < 2 ? -ETIMEDOUT : uring_result(&ring, 1);
	close(ring.fd);
	close(ends[0]);
	close(ends[1]);
	return outcome;
}

static int read_kept(void)
{
	char bytes[4];
	struct io_uring_sqe entry = { .opcode = IORING_OP_READ, .fd = kept, .addr = (uintptr_t)bytes, .len = sizeof(bytes) };
	int result = -1, outcome = uring_do(&entry, &result);

	return outcome ? outcome : result;
}

static int open_kept(const char *path)
{
	if (kept >= 0)
		close(kept);
	kept = open(path, O_RDONLY | O_CLOEXEC);
	return kept < 0 ? -errno : 0;
}

static int step(const char *verb, const char *path)
{
	if (!strcmp(verb, "open"))
		return open_kept(path);
	if (!strcmp(verb, "inline"))
		return open_in(path, 0, 0);
	if (!strcmp(verb, "worker"))
		return open_in(path, 0, IOSQE_ASYNC);
	if (!strcmp(verb, "polled"))
		return open_in(path, IORING_SETUP_SQPOLL, 0);
	if (!strcmp(verb, "linked"))
		return open_linked(path);
	return strcmp(verb, "read") ? -EINVAL : read_kept();
}

int main(void)
{
	char line[4096];

	puts("ready");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		char *path;

		line[strcspn(line, "\n")] = '\0';
		path = strchr(line, '\t');
		if (path)
			*path++ = '\0';
		answer(step(line, path ? path : ""));
	}
	return 0;
}
