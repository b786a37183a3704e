/* SPDX-License-Identifier: Apache-2.0 */
/*
 * name.h - how packages and hosts are written in a policy. Each parser gives 0, -ENOMEM, or -EINVAL with *ret_why: one
 * clause that goes on with "'TEXT' ...".
 */
#ifndef CORDON_POLICY_NAME_H
#define CORDON_POLICY_NAME_H

#include <stdbool.h>
#include <stddef.h>

/* Every ecosystem that a policy and a recognition file may name; NULL at the end. */
extern const char *const ecosystem_names[];

/* What code is called that belongs to no known package: no grant names it, none for "*" covers it. */
#define PACKAGE_UNKNOWN "unknown"

/* "pypi:Some_Name" -> "pypi", "some-name"; "name" and "*" -> "" and the name as it is. */
int package_parse(const char *text, char **ret_ecosystem, char **ret_name, const char **ret_why);
/* PEP 503: lower case, each run of - _ . is one -. In place. */
void package_normalize_pypi(char *name);
/* Whether two names are one package there. */
bool package_equal(const char *ecosystem, const char *a, const char *b);

/* Whether it is of the letters that versions of every ecosystem are of; anything else is a slip such as ">=1.0". */
bool version_is_plain(const char *text);
/* Whether it is `len` hexadecimal digits, lower case. */
bool hex_is_valid(const char *text, size_t len);

/* NAME, NAME:PORT, ADDRESS, 192.0.2.1:PORT, [2001:db8::1]:PORT -> the host in lower case, and the port (0: any). */
int host_parse(const char *text, char **ret_host, unsigned int *ret_port, const char **ret_why);

#endif
