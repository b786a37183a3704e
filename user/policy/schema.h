/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schema.h - checks that every TOML file of ours needs: known keys, types, choices; each mistake with its place, and
 * the word that was probably meant.
 *
 * All give 0 or -EINVAL (-ENOMEM) with the diag filled. Where `node` may be NULL the key is not there, which is no
 * mistake, and *ret stays as it is.
 */
#ifndef CORDON_POLICY_SCHEMA_H
#define CORDON_POLICY_SCHEMA_H

#include "policy/toml.h"

struct schema {
	const char *file;
	struct diag *diag;
};

/* A mistake at the value, or at the key, of `node`. Gives -EINVAL. */
int schema_error(const struct schema *s, const struct toml_node *node, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int schema_error_key(const struct schema *s, const struct toml_node *node, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* `table` is one and has no keys but `keys` (NULL at the end); `what` names it: "a grant". */
int schema_keys(const struct schema *s, const struct toml_node *table, const char *what, const char *const *keys);
int schema_kind(const struct schema *s, const struct toml_node *node, enum toml_kind kind);
/* A string that is not empty; a new one. */
int schema_string(const struct schema *s, const struct toml_node *node, char **ret);
/* An array of strings that are not empty; a new list. */
int schema_strings(const struct schema *s, const struct toml_node *node, char ***ret, size_t *ret_count);
/* A string that is one of `names` (NULL at the end). Gives its index in *ret. */
int schema_choice(const struct schema *s, const struct toml_node *node, const char *const *names, unsigned int *ret);

/* The one of `names` that a slip or two make `word` of; NULL: none is near. */
const char *schema_suggest(const char *word, const char *const *names);

#endif
