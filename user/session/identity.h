/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity.h - ecosystem, name and version of a package, and the file names that carry them.
 *
 * Whatever comes in here was chosen by strangers: what is no well-formed name or version is no identity at all.
 */
#ifndef CORDON_SESSION_IDENTITY_H
#define CORDON_SESSION_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>

/* npm's limit is 214; PyPI's longest name has some 100 bytes. */
#define IDENTITY_NAME_MAX 214
#define IDENTITY_VERSION_MAX 64

struct identity {
	char ecosystem[16];
	char name[IDENTITY_NAME_MAX + 1];	/* as it is compared there; "": unknown */
	char version[IDENTITY_VERSION_MAX + 1]; /* "": unknown */
};

/* PEP 508 for "pypi", the registry's rules for "npm" (with @scope/), [A-Za-z0-9_-.] for others. */
bool identity_name_valid(const char *ecosystem, const char *name, size_t len);
bool identity_version_valid(const char *version, size_t len);

/*
 * Takes: an identity with its ecosystem set; `len` bytes of name, of version (NULL: unknown).
 * Gives: 0 with the name in the form that is compared (PEP 503 for PyPI), or -EINVAL, *identity unchanged.
 */
int identity_set_name(struct identity *identity, const char *name, size_t len);
int identity_set_version(struct identity *identity, const char *version, size_t len);

/*
 * Takes: a file name such as "six-1.16.0-py2.py3-none-any.whl", the normalised name that is expected, or NULL.
 * Gives: 0 and *ret; -ENOENT: it is no archive of that ecosystem, or not of that name. A version begins with a digit,
 * or with 'v' and a digit. Without a name the last '-' before one divides, as every tool writes it today; with a name
 * the longest part that is equal to it.
 */
int identity_from_archive(const char *ecosystem, const char *file, const char *name, struct identity *ret);

#endif
