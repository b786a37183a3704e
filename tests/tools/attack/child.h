/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child.h - another program does it: starting one, and telling from what it says how it went.
 *
 * Programs say in words what their system calls gave. LC_ALL is left as it is: tests set it to C or C.UTF-8.
 */
#ifndef ATTACK_CHILD_H
#define ATTACK_CHILD_H

#include "outcome.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#define CHILD_NO_PROGRAM 99

struct child {
	char said[65536]; /* stdout and stderr, with NUL */
	int status;	  /* as waitpid() gives it */
};

/* Takes: argv, a descriptor to execute or -1: by PATH. Gives: 0, or broken(). */
static int child_run_fd(char *const *argv, int program, struct child *child)
{
	size_t len = 0;
	int ends[2];
	ssize_t n;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) || (pid = fork()) < 0)
		return broken(errno);
	if (pid == 0) {
		dup2(ends[1], 1);
		dup2(ends[1], 2);
		if (program < 0)
			execvp(argv[0], argv);
		else
			fexecve(program, argv, environ);
		dprintf(2, "%s\n", strerror(errno));
		_exit(errno == ENOENT ? CHILD_NO_PROGRAM : 126);
	}
	close(ends[1]);
	/* To its end: most write their complaint in pieces. What does not fit is read and dropped. */
	while ((n = read(ends[0], child->said + len, sizeof(child->said) - 1 - len)) > 0)
		len += len + (size_t)n < sizeof(child->said) - 1 ? (size_t)n : 0;
	close(ends[0]);
	child->said[len] = '\0';
	return n < 0 || waitpid(pid, &child->status, 0) < 0 ? broken(errno) : 0;
}

static int child_run(char *const *argv, struct child *child)
{
	return child_run_fd(argv, -1, child);
}

/* A shell or a compiler driver whose child was ended says so and ends by itself. */
static int child_outcome(const struct child *child)
{
	int code = WIFEXITED(child->status) ? WEXITSTATUS(child->status) : -1;

	if (WIFSIGNALED(child->status) && WTERMSIG(child->status) == SIGKILL)
		return OUTCOME_KILLED;
	if (code == 128 + SIGKILL || strstr(child->said, "Killed") || strstr(child->said, "SIGKILL"))
		return OUTCOME_KILLED;
	/* The last is the dynamic linker's, which gives no errno. */
	if (strstr(child->said, "not permitted") || strstr(child->said, "failed to map segment"))
		return -EPERM;
	if (code == 0)
		return 0;
	if (code == CHILD_NO_PROGRAM)
		return unavailable(ENOENT);
	if (strstr(child->said, "not supported") || strstr(child->said, "Inappropriate ioctl"))
		return unavailable(EOPNOTSUPP);
	fputs(child->said, stderr);
	return broken(ENOEXEC);
}

/* PROGRAM ARGUMENTS... */
static int child_technique(char **args)
{
	static struct child child;
	int r = child_run(args, &child);

	return r ? r : child_outcome(&child);
}

/* For preparations: a list of words that ends with NULL. Gives: 0 where it ended well. */
static int child_quietly(char *const *argv)
{
	static struct child child;
	int r = child_run(argv, &child);

	return r ? r : child_outcome(&child);
}

#define RUN(...) child_quietly((char *const[]){ __VA_ARGS__, NULL })

static const struct technique child_techniques[] = {
	{ "child", -1, child_technique },
	{ 0 },
};

#endif
