/* SPDX-License-Identifier: Apache-2.0 */
/*
 * startup.h - the forms of start-up files that an installer may bring into an environment (policy/startup/x.toml, whose
 * head describes them), and whether a file has one. Pure but for startup_load().
 */
#ifndef CORDON_POLICY_STARTUP_H
#define CORDON_POLICY_STARTUP_H

#include "policy/policy.h"

struct startup_form {
	char *id;
	char *file;     /* fnmatch(3) pattern of the name; with a slash at its start: of the end of the path */
	char *line;     /* template, NULL: any content */
	char **owners;  /* "*": any; "-": nobody */
	size_t owner_count;
	bool editable;
};

struct startup_forms {
	struct startup_form *items;
	size_t count;
};

/* A start-up file that is asked about. */
struct startup_file {
	const char *path;  /* absolute */
	const char *text;  /* `len` bytes; NULL: it is no regular file, or too large to be looked at */
	size_t len;
	const char *owner; /* distribution whose RECORD names it, normalised; NULL: none does */
	bool editable;     /* that was installed with -e */
};

/* Takes: the folder. Gives: every form of its files, or -errno and *ret_diag. */
int startup_load(const char *dir, struct startup_forms **ret, struct diag *ret_diag);
void startup_free(struct startup_forms *forms);
int startup_parse(struct startup_forms *forms, const char *text, size_t len, const char *file, struct diag *ret_diag);

/* Whether `line` (`len` bytes) is what the template says; see the head of policy/startup/python.toml. */
bool startup_line_matches(const char *pattern, const char *line, size_t len);
/* NULL where `pattern` is a template; else what is wrong with it, in a clause. */
const char *startup_line_mistake(const char *pattern);

/* Whether the file holds nothing that runs, or only what the forms know. */
bool startup_is_known(const struct startup_forms *forms, const struct startup_file *file);

#endif
