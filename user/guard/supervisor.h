/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervisor.h - `cordon run` as the user sees it: owns the terminal, the command and its exit status. No libbpf here.
 */
#ifndef CORDON_GUARD_SUPERVISOR_H
#define CORDON_GUARD_SUPERVISOR_H

#include <stdbool.h>

struct run_options {
	const char *mode;    /* "audit", "enforce", NULL: the policy's */
	const char *policy;  /* --policy FILE, NULL */
	const char *backend; /* NULL: any */
	const char *fail_on; /* NULL: the policy's */
	bool confine, strict, as_root, quiet;
	char **command; /* ends with NULL, at least one */
};

/* Runs the command, guarded. Gives the exit status of design.md, section 5. Never runs it unguarded. */
int supervisor_run(const struct run_options *options);

#endif
