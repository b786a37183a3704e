/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recognise.h - the recognition table: what policy/installers/ says, as the keys that the kernel looks up, and the same
 * look-ups in user space, for installers that an installer starts.
 */
#ifndef CORDON_SESSION_RECOGNISE_H
#define CORDON_SESSION_RECOGNISE_H

#include "argv.h"
#include "policy/policy.h"

#include <stdbool.h>

struct recognise_entry {
	struct cordon_recognition_key key;
	struct cordon_recognition value;
};

struct recognise_table {
	struct recognise_entry *entries; /* for the map `recognition`; sorted, no key twice */
	size_t count;
	struct cordon_code codes[CORDON_CODES_MAX]; /* for struct cordon_session */
	uint32_t session;
};

/*
 * Takes: the recognition files, the session's id. Gives: 0 and *ret, or -ENOMEM; -ENOTSUP: a pattern that no look-up
 * can express (see struct cordon_recognition); -EEXIST: two installers claim the same; -E2BIG: more than
 * CORDON_CODES_MAX codes. The pattern is in the debug log.
 */
int recognise_compile(const struct installers *installers, uint32_t session, struct recognise_table **ret);
void recognise_free(struct recognise_table *table);

struct recognise_input {
	const char *path; /* as given to execve */
	const char *exe;  /* the file that runs, resolved; NULL: not known */
	struct cordon_args args;
};

struct recognised {
	int installer; /* index, or -ENOENT */
	unsigned int role;
	struct cordon_features features; /* what was looked up; filled in any case */
};

/* Gives: 0; -ENOENT: no installer; -EOVERFLOW: the arguments do not fit and nobody can tell. *ret is filled in any
 * case. */
int recognise_argv(const struct recognise_table *table, const struct recognise_input *input, struct recognised *ret);

/* The look-ups alone, for features from elsewhere (the kernel's, in tests). As recognise_argv(). */
int recognise_features(const struct recognise_table *table, const struct cordon_features *features,
		       struct recognised *ret);
/* CORDON_INTERPRETER_* of these features' program, 0: none. */
uint32_t recognise_interpreter(const struct recognise_table *table, const struct cordon_features *features);

/* The script, module or code that an interpreter was given; NULL: none. It ends with a NUL if the arguments do. */
const char *recognised_value(const struct recognised *recognised, const struct cordon_args *args);

#endif
