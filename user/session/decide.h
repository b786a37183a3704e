/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decide.h - who a task is that the kernel stopped at its exec.
 *
 * The kernel stops each program that an installer or a helper starts, and from `root` what is package code itself
 * (setup.py) or cannot be told. Here it becomes, first match wins:
 *
 *	helper     a program on the installer's short list that is the system's own   helper.h
 *	nested     an installer that this one may start, from its own files           nested.h
 *	root       the user's own program: `uv run`, `npx`                            passthrough.h
 *	project    code of the tree that the session started in                       project.h
 *	package    everything else, and whatever could not be read                    attribute.h
 *
 * What is confined already stays so. Nothing here knows the kernel, and no mistake gives a role: an error of a step is
 * a step that did not match.
 */
#ifndef CORDON_SESSION_DECIDE_H
#define CORDON_SESSION_DECIDE_H

#include "policy/policy.h"
#include "session/facts.h"
#include "session/identity.h"
#include "session/recognise.h"
#include "session/tree.h"

/* Of one session; all pointers are the caller's. Paths are absolute and without symbolic links (realpath). */
struct decide_session {
	const struct installers *installers;
	const struct recognise_table *table;
	const char *start;	  /* where it started: the project; NULL: none */
	const char *home;	  /* of its user; NULL: none */
	const char *const *temps; /* temporary folders: the user's TMPDIR, /tmp, /var/tmp */
	size_t temp_count;
	uid_t uid;
	bool confine;	     /* `root` is `project` */
	int64_t wall_offset; /* CLOCK_REALTIME minus CLOCK_MONOTONIC, ns: records have the latter, files the former */
	int root;	     /* descriptor of "/" */
	uid_t system_owner;  /* 0; tests have another */
};

/* One task. `process` has the exec already (tree_exec). */
struct decide_input {
	struct process *process;
	const struct facts *facts;
};

struct decision {
	unsigned int role;
	unsigned int installer; /* index + 1 for the label, 0: none */
	unsigned int flags;	/* CORDON_LABEL_NESTED */
	unsigned int reads;	/* CORDON_CLASS_* */
	/* Package: whose code it is, name "" for `unknown`. */
	struct identity identity;
	const char *why; /* one clause, for the log */
};

/* Always fills *ret. */
void decide(const struct decide_session *session, const struct decide_input *input, struct decision *ret);

#endif
