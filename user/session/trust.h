/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trust.h - whether a program is the system's: nobody but root could have put it there or changed it.
 *
 * The file and every folder above it, and above every symbolic link on the way, belongs to root and can be written by
 * root only (a sticky bit does not help: names can be added); none of them is a Python environment, the user's home,
 * the project or a temporary folder, which are root's own when root installs.
 */
#ifndef CORDON_SESSION_TRUST_H
#define CORDON_SESSION_TRUST_H

#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

struct trust {
	int root;		     /* descriptor of the root folder; the caller's */
	uid_t owner;		     /* 0; tests have another */
	const char *const *excluded; /* absolute paths of folders; what is missing, and "/", counts as not listed */
	size_t excluded_count;
};

/* Takes: an absolute path. Gives: 0 and the file's state; -EPERM: it is not the system's; -ENOENT and kin. */
int trust_system_file(const struct trust *trust, const char *path, struct stat *ret);

#endif
