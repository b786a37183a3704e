/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hammer.c - does one thing as often as it can in several processes at once, all on one processor, so that they preempt
 * each other within the kernel, and counts what came of it.
 *
 *   hammer open|connect WORKERS TIMES SECONDS TARGET   ends after TIMES in all, or SECONDS
 *   hammer update SECONDS                              changes a BPF map of its own with bpf(2)
 *
 * TARGET: a file; a port of this machine, over UDP, which sends nothing. Prints one line of JSON: `tried` is the sum of
 * `passed`, `refused` (EPERM, EACCES or ENOENT), `failed` (any other errno) and `ended` (the worker was killed at it, and
 * has been replaced). Status 2: usage.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORKERS_MAX 64

/* Shared by the workers; each worker writes its own line of the table, so that nothing is lost when it is killed. */
struct tally {
	volatile long started; /* operations that were begun, of all workers */
	struct {
		volatile long passed, refused, failed;
		char pad[40];
	} of[WORKERS_MAX];
};

struct work {
	const char *target;
	bool connects;
	long workers, times;
	time_t end;
	struct tally *tally;
};

static time_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec;
}

static int op_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 || close(fd) ? errno : 0;
}

static int op_connect(int fd, const char *port)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};

	return connect(fd, (struct sockaddr *)&to, sizeof(to)) ? errno : 0;
}

static void worker(const struct work *work, long nr)
{
	int fd = work->connects ? socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) : -1;
	struct tally *tally = work->tally;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* A call is counted as begun right before it: a worker that is killed, is killed at one. */
	while (now() < work->end && __sync_add_and_fetch(&tally->started, 1) <= work->times) {
		int error = work->connects ? op_connect(fd, work->target) : op_open(work->target);

		if (!error)
			tally->of[nr].passed++;
		else if (error == EPERM || error == EACCES || error == ENOENT)
			tally->of[nr].refused++;
		else
			tally->of[nr].failed++;
	}
	_exit(0);
}

static pid_t worker_start(const struct work *work, long nr)
{
	pid_t pid = fork();

	if (!pid)
		worker(work, nr);
	return pid;
}

static int hammer(const struct work *work)
{
	long passed = 0, refused = 0, failed = 0, ended = 0;
	pid_t pids[WORKERS_MAX] = { 0 };
	long left = 0;
	int status;
	pid_t pid;

	for (long i = 0; i < work->workers; i++) {
		pids[i] = worker_start(work, i);
		left += pids[i] > 0;
	}
	while (left && (pid = wait(&status)) > 0) {
		left--;
		if (!WIFSIGNALED(status))
			continue;
		ended++;
		for (long i = 0; i < work->workers; i++) {
			if (pids[i] != pid || now() >= work->end || work->tally->started >= work->times)
				continue;
			pids[i] = worker_start(work, i);
			left += pids[i] > 0;
		}
	}
	for (long i = 0; i < work->workers; i++) {
		passed += work->tally->of[i].passed;
		refused += work->tally->of[i].refused;
		failed += work->tally->of[i].failed;
	}
	printf("{\"tried\": %ld, \"passed\": %ld, \"refused\": %ld, \"failed\": %ld, \"ended\": %ld}\n",
	       passed + refused + failed + ended, passed, refused, failed, ended);
	return 0;
}

/* Big values: the longer an update takes, the likelier it is preempted in the middle. */
static int update(time_t seconds)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_HASH, .key_size = 4, .value_size = 4096, .max_entries = 64 };
	static char value[4096];
	time_t end = now() + seconds;
	uint32_t key = 0;
	long done = 0;
	int map = (int)syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));

	if (map < 0) {
		perror("hammer: cannot create a map");
		return 1;
	}
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)map;
	attr.key = (uintptr_t)&key;
	attr.value = (uintptr_t)value;
	while (now() < end) {
		key = (uint32_t)done % 64;
		if (syscall(SYS_bpf, BPF_MAP_UPDATE_ELEM, &attr, sizeof(attr))) {
			perror("hammer: cannot update a map");
			return 1;
		}
		done++;
	}
	printf("{\"updates\": %ld}\n", done);
	return 0;
}

/* All on the first processor that we may use. */
static void stay_together(void)
{
	cpu_set_t all, one;

	CPU_ZERO(&one);
	if (sched_getaffinity(0, sizeof(all), &all))
		return;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &all))
			continue;
		CPU_SET(cpu, &one);
		sched_setaffinity(0, sizeof(one), &one);
		return;
	}
}

int main(int argc, char **argv)
{
	struct work work = { 0 };

	stay_together();
	if (argc == 3 && !strcmp(argv[1], "update"))
		return update(strtol(argv[2], NULL, 10));
	if (argc != 6 || (strcmp(argv[1], "open") != 0 && strcmp(argv[1], "connect") != 0)) {
		fputs("usage: hammer open|connect WORKERS TIMES SECONDS TARGET | hammer update SECONDS\n", stderr);
		return 2;
	}
	work.connects = !strcmp(argv[1], "connect");
	work.workers = strtol(argv[2], NULL, 10);
	work.times = strtol(argv[3], NULL, 10);
	work.end = now() + strtol(argv[4], NULL, 10);
	work.target = argv[5];
	if (work.workers < 1 || work.workers > WORKERS_MAX)
		return 2;
	work.tally = mmap(NULL, sizeof(*work.tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (work.tally == MAP_FAILED)
		return 1;
	return hammer(&work);
}
