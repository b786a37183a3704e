/* SPDX-License-Identifier: Apache-2.0 */
/*
 * program.h - what one exec started: path and arguments, as the kernel saw them.
 */
#ifndef CORDON_SESSION_PROGRAM_H
#define CORDON_SESSION_PROGRAM_H

#include "wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an exec started, shared by all forks of it. Counted: owned by the processes that run it or ran it before. */
struct program {
	unsigned int refs;
	bool truncated; /* args did not fit into the record */
	uint64_t time;	/* CLOCK_MONOTONIC ns of the exec */
	char *path;	/* as given to execve */
	char *args;	/* NUL between arguments and at the end */
	size_t args_len;
	char *exe; /* set by the caller from facts, NULL: not known */
	char *cwd; /* the same */
};

/* Takes: a record that was checked for its size. NULL: out of memory. */
struct program *program_new(const struct cordon_record_exec *record);
struct program *program_ref(struct program *program);
void program_unref(struct program *program);

/* The text of argument `index`, NULL where there are fewer (or it was cut). */
const char *program_arg(const struct program *program, size_t index);

#endif
