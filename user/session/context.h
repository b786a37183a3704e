/* SPDX-License-Identifier: Apache-2.0 */
/*
 * context.h - what the steps of decide.h share: the task at hand, its starter, and questions about places.
 */
#ifndef CORDON_SESSION_CONTEXT_H
#define CORDON_SESSION_CONTEXT_H

#include "session/decide.h"

struct context {
	const struct decide_session *session;
	struct process *process;
	const struct facts *facts;
	struct process *starter;	   /* the process that ran what called execve */
	const struct program *by;	   /* what called execve */
	const struct installer *installer; /* of the starter's label; NULL: none */
	struct recognise_input input;	   /* of the new program, its arguments whole */
	struct recognised recognised;
	int recognised_as; /* what recognise_argv() gave */
};

void context_init(struct context *c, const struct decide_session *session, const struct decide_input *input);

/* The script, module or code of the new program; NULL: none. */
const char *context_value(const struct context *c);
/* The path of its script, absolute, a new string; NULL: it has none. */
char *context_script(const struct context *c);

/* What an installer was asked to do: the words behind its own name, and that name. */
struct words {
	const char *name; /* "uv", "npx-cli.js", for a module its name; NULL: cannot be told */
	const char *args; /* NUL between, `len` bytes */
	size_t len;
};

/* Gives: 0 and *ret, pointing into `program`; -ENOENT: it is none that the table knows. */
int program_words(const struct recognise_table *table, const struct program *program, struct words *ret);

/* The script that an installer was started as, and which one it is; NULL: it was started in another way. */
const char *program_script(const struct recognise_table *table, const struct program *program, int *ret_installer);

/* Whether `path` is `folder` or lies below it. Text only: both without symbolic links. */
bool path_is_under(const char *path, const char *folder);
/* Whether a component of `path` matches one of these patterns of fnmatch(3). */
bool path_has_component(const char *path, const char *const *patterns, size_t count);

/* CLOCK_REALTIME ns. */
int64_t time_of_stat(const struct timespec *time);
/* When the installer was started, CLOCK_REALTIME ns; 0: not known. */
int64_t context_since(const struct context *c);

#endif
