/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attack.c - performs exactly one technique and says on stdout how it ended.
 *
 *   attack [thread|fork|vfork|daemon|exec]... TECHNIQUE [ARGS]
 *
 * Output is one line: `allowed`, `refused ERRNO`, `killed` (a child of ours was), `unavailable ERRNO` (this machine
 * cannot do it, guard or not) or `broken ERRNO` (the test's own preparation failed). A process that is ended says
 * nothing; its parent knows by the signal. Exit status 2: usage.
 *
 * Everything is inert: closed loopback ports, decoys, processes and files that the caller names.
 * The words before the technique choose which task does it: a label has to follow all of them.
 */
#include "attack/attr.h"
#include "attack/exec.h"
#include "attack/file.h"
#include "attack/guard.h"
#include "attack/name.h"
#include "attack/net.h"
#include "attack/outcome.h"
#include "attack/proc.h"
#include "attack/system.h"

#include <pthread.h>

static int run(char **argv);

static void *in_thread(void *argv)
{
	return (void *)(intptr_t)run(argv);
}

static int by_thread(char **argv)
{
	void *outcome;
	pthread_t thread;
	int r = pthread_create(&thread, NULL, in_thread, argv);

	if (r)
		return broken(r);
	pthread_join(thread, &outcome);
	return (int)(intptr_t)outcome;
}

/* What came through the pipe; nothing came where the writer was ended. */
static int outcome_from(int fd)
{
	int outcome;

	if (read(fd, &outcome, sizeof(outcome)) != sizeof(outcome))
		outcome = OUTCOME_KILLED;
	close(fd);
	return outcome;
}

static void outcome_to(int fd, int outcome)
{
	_exit(write(fd, &outcome, sizeof(outcome)) == sizeof(outcome) ? 0 : 1);
}

static int by_fork(char **argv)
{
	int ends[2], outcome;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) || (child = fork()) < 0)
		return -errno;
	if (child == 0)
		outcome_to(ends[1], run(argv));
	close(ends[1]);
	outcome = outcome_from(ends[0]);
	waitpid(child, NULL, 0);
	return outcome;
}

/* The child runs in our memory while we stand still: what it leaves in `outcome` is what we find. */
static int by_vfork(char **argv)
{
	volatile int outcome = OUTCOME_KILLED;
	pid_t child = vfork();

	if (child < 0)
		return -errno;
	if (child == 0) {
		outcome = run(argv);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	return outcome;
}

/* Double fork and a session of its own: when the technique runs, its parent is init (or the next subreaper). */
static int by_daemon(char **argv)
{
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) || (child = fork()) < 0)
		return -errno;
	if (child == 0) {
		pid_t parent = setsid();

		if (fork() != 0)
			_exit(0);
		while (getppid() == parent)
			usleep(1000);
		outcome_to(ends[1], run(argv));
	}
	close(ends[1]);
	waitpid(child, NULL, 0);
	return outcome_from(ends[0]);
}

/* The reverse of outcome_print(). */
static int outcome_parse(const char *line)
{
	char word[16], name[32];
	int fields = sscanf(line, "%15s %31s", word, name);

	if (fields == 1)
		return strcmp(word, "allowed") ? OUTCOME_KILLED : 0;
	for (int error = 1; fields == 2 && error < 256; error++) {
		if (!strerrorname_np(error) || strcmp(strerrorname_np(error), name))
			continue;
		if (!strcmp(word, "refused"))
			return -error;
		return strcmp(word, "unavailable") ? broken(error) : unavailable(error);
	}
	return OUTCOME_KILLED; /* it said nothing: it was ended */
}

/* A program start of its own, by a child. */
static int by_exec(char **argv)
{
	char line[64] = "";
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) || (child = fork()) < 0)
		return -errno;
	if (child == 0) {
		dup2(ends[1], 1);
		execv("/proc/self/exe", argv - 1);
		outcome_print(-errno);
		_exit(0);
	}
	close(ends[1]);
	if (read(ends[0], line, sizeof(line) - 1) < 0)
		return broken(errno);
	close(ends[0]);
	waitpid(child, NULL, 0);
	return outcome_parse(line);
}

static const struct {
	const char *name;
	int (*run)(char **argv);
} ways[] = {
	{ "thread", by_thread }, { "fork", by_fork }, { "vfork", by_vfork },
	{ "daemon", by_daemon }, { "exec", by_exec },
};

static const struct technique *const tables[] = {
	net_techniques,	 file_techniques,  guard_techniques, write_techniques,
	name_techniques, attr_techniques,  child_techniques, exec_techniques,
	proc_techniques, system_techniques,
};

static void usage(void)
{
	fprintf(stderr, "usage: attack [thread|fork|vfork|daemon|exec]... TECHNIQUE [ARGS]\n");
	exit(2);
}

static int run(char **argv)
{
	int argc = 0;

	if (!argv[0])
		usage();
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (!strcmp(argv[0], ways[i].name))
			return ways[i].run(argv + 1);
	while (argv[argc + 1])
		argc++;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (const struct technique *t = tables[i]; t->name; t++)
			if (!strcmp(argv[0], t->name) && (argc == t->argc || t->argc < 0))
				return t->run(argv + 1);
	usage();
	return 0;
}

int main(int argc, char **argv)
{
	(void)argc;
	outcome_print(run(argv + 1));
	return 0;
}
