/* SPDX-License-Identifier: Apache-2.0 */
/*
 * read.h - a file of the policy into memory: regular, of bounded size, and where it decides for the whole machine,
 * writable by nobody but its owner.
 */
#ifndef CORDON_POLICY_READ_H
#define CORDON_POLICY_READ_H

#include "policy/policy.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Takes: a path; `trusted`: its owner must be root or us, and nobody else may write it. Gives: 0 and its content with a
 * NUL behind it; -errno and *ret_diag: -ENOENT, -EPERM (owner or mode), -EINVAL (no regular file), -E2BIG...
 */
int policy_read(const char *path, bool trusted, char **ret_text, size_t *ret_len, struct diag *ret_diag);
/* The same demand on an open file or folder: 0, or -EPERM and *ret_diag. */
int policy_check_trust(int fd, const char *path, struct diag *ret_diag);
/* Gives: the names in `dir` that end in `suffix` and do not start with a dot, sorted by bytes. -errno and *ret_diag. */
int policy_list(const char *dir, const char *suffix, char ***ret_names, size_t *ret_count, struct diag *ret_diag);

/* What reads one file: `len` bytes of text, its path for messages. 0, or -errno and *ret_diag. */
typedef int (*policy_parse_fn)(void *arg, const char *text, size_t len, const char *file, struct diag *ret_diag);
/* Has each *.toml of a folder that comes with the program parsed, in the order of their names, up to a mistake. */
int policy_parse_folder(const char *dir, policy_parse_fn parse, void *arg, struct diag *ret_diag);

/* Lists of new strings, which grow at their end. */
int strings_append(char ***list, size_t *count, const char *text);
void strings_free(char **list, size_t count);

#endif
