/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop.c - does one thing over and over and prints what it costs: nanoseconds of CPU an operation, as one number. Not
 * of the clock on the wall, since others use the machine too.
 *
 *   loop open|exec|connect MILLISECONDS
 *
 * open: open and close the file `data` of the current folder. exec: fork, start /bin/true, wait. connect: a TCP socket
 * to port 9 of this machine, where nobody listens. Status 1: the operation did not do what it should; 2: usage.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Looking at the clock costs as much as a small operation, so it is looked at once in so many. */
#define OPEN_BATCH 256
#define CONNECT_BATCH 16

static int op_open(void)
{
	int fd = open("data", O_RDONLY | O_CLOEXEC);

	return fd < 0 || close(fd) ? -1 : 0;
}

/* vfork within posix_spawn: what is measured is the program start and not the copying of our memory. */
static int op_exec(void)
{
	static char *const argv[] = { "true", NULL };
	static char *const envp[] = { NULL };
	int status;
	pid_t child;

	if (posix_spawn(&child, "/bin/true", NULL, NULL, argv, envp))
		return -1;
	return waitpid(child, &status, 0) == child && status == 0 ? 0 : -1;
}

static int op_connect(void)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(9),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int r;

	if (fd < 0)
		return -1;
	r = connect(fd, (struct sockaddr *)&address, sizeof(address));
	/* Somebody who listens there would make it another measurement. */
	r = r == -1 && errno == ECONNREFUSED ? 0 : -1;
	close(fd);
	return r;
}

static const struct loop {
	const char *name;
	int (*op)(void);
	long batch;
} loops[] = {
	{ "open", op_open, OPEN_BATCH },
	{ "exec", op_exec, 1 },
	{ "connect", op_connect, CONNECT_BATCH },
};

static long long now(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static long long of_children(void)
{
	struct rusage usage;

	getrusage(RUSAGE_CHILDREN, &usage);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000LL +
	       (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000LL;
}

static long long spent(void)
{
	return now(CLOCK_PROCESS_CPUTIME_ID) + of_children();
}

static int measure(const struct loop *loop, long long duration)
{
	long long begin, used, done = 0;

	/* Once for the caches. */
	if (loop->op())
		goto broken;
	begin = now(CLOCK_MONOTONIC);
	used = spent();
	do {
		for (long i = 0; i < loop->batch; i++)
			if (loop->op())
				goto broken;
		done += loop->batch;
	} while (now(CLOCK_MONOTONIC) - begin < duration);
	printf("%lld\n", (spent() - used) / done);
	return 0;
broken:
	fprintf(stderr, "loop: %s: %s\n", loop->name, strerror(errno));
	return 1;
}

int main(int argc, char **argv)
{
	long milliseconds = argc == 3 ? strtol(argv[2], NULL, 10) : 0;

	for (size_t i = 0; milliseconds > 0 && i < sizeof(loops) / sizeof(loops[0]); i++)
		if (!strcmp(argv[1], loops[i].name))
			return measure(&loops[i], milliseconds * 1000000LL);
	fputs("usage: loop open|exec|connect MILLISECONDS\n", stderr);
	return 2;
}
