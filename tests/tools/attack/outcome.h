/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outcome.h - how one technique ended, as one number that also fits through a pipe.
 *
 *   0                        allowed: the kernel did it
 *   -errno                   refused
 *   OUTCOME_UNAVAILABLE | e  this machine cannot do it at all (no such family, no io_uring): says nothing of a guard
 *   OUTCOME_KILLED           the process that did it is gone
 *   OUTCOME_BROKEN | e       the test's own preparation failed; never mistaken for a refusal
 */
#ifndef ATTACK_OUTCOME_H
#define ATTACK_OUTCOME_H

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define OUTCOME_UNAVAILABLE (1 << 16)
#define OUTCOME_KILLED (1 << 17)
#define OUTCOME_BROKEN (1 << 18)

/* A descriptor that the driver may hand over: a socket or an open file, made outside the session. */
#define HANDED_FD 9

struct technique {
	const char *name;
	int argc; /* arguments after the name, -1: as many as there are */
	int (*run)(char **args);
};

static inline int unavailable(int error)
{
	return OUTCOME_UNAVAILABLE | error;
}

static inline int broken(int error)
{
	return OUTCOME_BROKEN | error;
}

/* What a system call gave: its value or -1 with errno. */
static inline int outcome_of(long ret)
{
	return ret < 0 ? -errno : 0;
}

static inline void outcome_print(int outcome)
{
	const char *name = strerrorname_np(outcome < 0 ? -outcome : outcome & 0xffff);

	if (outcome == 0)
		puts("allowed");
	else if (outcome < 0)
		printf("refused %s\n", name);
	else if (outcome & OUTCOME_UNAVAILABLE)
		printf("unavailable %s\n", name);
	else if (outcome & OUTCOME_KILLED)
		puts("killed");
	else
		printf("broken %s\n", name);
	fflush(stdout);
}

#endif
