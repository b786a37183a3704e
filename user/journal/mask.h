/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mask.h - passwords and tokens become "***" before anything is stored or shown.
 *
 * Masked: user information in URLs (of user:password the password, a lone user where it may be a token), the values of
 * variables, options, headers and settings whose names end like those of secrets (GITHUB_TOKEN=, --password X,
 * Authorization:, :_authToken=), and tokens of well-known shape anywhere. In doubt a value is masked: a report can be
 * read without it, a leak cannot be taken back. Not masked: what nothing marks as secret, such as `-p X`.
 */
#ifndef CORDON_JOURNAL_MASK_H
#define CORDON_JOURNAL_MASK_H

#include <stdbool.h>
#include <stddef.h>

/* Takes: any bytes up to the NUL. Gives: a new string; NULL: out of memory. */
char *mask_text(const char *text);

/* Whether what this option, variable, header or setting holds is a secret. Leading dashes are skipped. */
bool mask_is_secret_name(const char *name, size_t len);

/* Takes: `len` bytes of arguments, NUL between them and maybe behind the last (as in /proc/PID/cmdline). Gives: one
 * line that a shell reads as the same arguments but for what is masked; a new string; NULL: out of memory. */
char *mask_argv(const char *args, size_t len);

#endif
