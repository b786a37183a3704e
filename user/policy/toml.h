/* SPDX-License-Identifier: Apache-2.0 */
/*
 * toml.h - a TOML document as a plain C tree, every node with its place in the file.
 *
 * Owns: the border to toml++, which is C++ (no C TOML library is packaged). Refuses to own: what keys mean (schema.h).
 */
#ifndef CORDON_POLICY_TOML_H
#define CORDON_POLICY_TOML_H

#include "base/cleanup.h"
#include "policy/policy.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The longest file that is read; a policy with thousands of grants stays far below. */
#define TOML_SIZE_MAX (1u << 20)
/* [[helper]] args = [...] is four; what is deeper is no policy. */
#define TOML_DEPTH_MAX 16

enum toml_kind {
	TOML_TABLE,
	TOML_ARRAY,
	TOML_STRING,
	TOML_INTEGER,
	TOML_BOOLEAN,
	TOML_DATE,  /* without a time */
	TOML_OTHER, /* floats, times: nothing here has such a value */
};

struct toml_node {
	enum toml_kind kind;
	unsigned int line; /* of the value, from 1 */
	unsigned int column;
	unsigned int key_line; /* of the key; without one, of the value */
	unsigned int key_column;
	char *key;       /* NULL in an array and at the root */
	char *string;    /* STRING; DATE: YYYY-MM-DD */
	int64_t integer; /* INTEGER; BOOLEAN: 0, 1 */
	struct toml_node *items; /* TABLE and ARRAY, in the file's order */
	size_t count;
};

/*
 * Takes: a document and the name that messages give it. Gives: 0 and the root table; -EINVAL and *ret_diag where it is
 * no TOML (a duplicate key is none), too deep, or holds a NUL in a string; -E2BIG; -ENOMEM.
 */
int toml_parse(const char *text, size_t len, const char *file, struct toml_node **ret, struct diag *ret_diag);
void toml_free(struct toml_node *root);
/* The value of `key`, NULL: not there. */
const struct toml_node *toml_get(const struct toml_node *table, const char *key);

#ifdef __cplusplus
}
#endif

DEFINE_CLEANUP(struct toml_node *, toml_free)

#endif
