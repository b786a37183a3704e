/* SPDX-License-Identifier: Apache-2.0 */
/* env.h - which environment variables hold secrets: policy/zones/env.list, whose head describes its format. Pure but
 * for env_load(). */
#ifndef CORDON_POLICY_ENV_H
#define CORDON_POLICY_ENV_H

#include "policy/policy.h"

enum env_kind {
	ENV_KEEP,   /* no secret */
	ENV_SECRET, /* the whole value */
	ENV_URL,    /* who logs in, within a URL */
};

struct env_entry {
	char *pattern; /* of the name, with '*', in any case */
	enum env_kind kind;
	unsigned int classes; /* CORDON_CLASS_* of the helpers that have it nevertheless */
	unsigned int line;
};

struct env_list {
	struct env_entry *items;
	size_t count;
};

/* Takes: the folder of the lists. Gives: 0 and *ret, or -errno and *ret_diag. */
int env_load(const char *dir, struct env_list **ret, struct diag *ret_diag);
void env_free(struct env_list *list);
/* Adds the entries of a list (NUL-terminated). -EINVAL and *ret_diag: a mistake, or a name that is there twice. */
int env_parse(struct env_list *list, const char *text, const char *file, struct diag *ret_diag);

/* The last entry that matches the name of `len` bytes; NULL: none does. */
const struct env_entry *env_find(const struct env_list *list, const char *name, size_t len);

#endif
