/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attribute.h - which package a task that an installer has just started belongs to.
 *
 * Sources are what the installer did: the folder it changed to, the program it named, the archives it opened, the
 * environment it gave. None may be read later than at the hold, when package code of this task has not run yet. What
 * the package itself says of its name is a claim, and counts only with one of the installer's beside it:
 *
 * - npm and cargo take npm_package_name and CARGO_PKG_NAME from the package's own manifest, which may name another one
 *   ("manifest confusion"). npm's npm_package_resolved is the address that npm fetched, and decides; without it the
 *   folder must have the same name, as node_modules/.pnpm/NAME@VERSION and cargo's registry/src/x/NAME-VERSION do.
 * - a folder NAME-VERSION of PyPI is what a source archive has at its top, and its author can call it anything: the
 *   installer must have opened an archive of that name.
 */
#ifndef CORDON_SESSION_ATTRIBUTE_H
#define CORDON_SESSION_ATTRIBUTE_H

#include "policy/policy.h"
#include "session/facts.h"
#include "session/identity.h"
#include "session/tree.h"

struct attribute_input {
	const struct installer *installer;
	const char *path;	   /* as given to execve */
	const struct facts *facts; /* cwd, environment */
	struct process *starter;   /* that opened the archives; NULL: not known. A folder is bound to one of them. */
};

/* Gives: 0 and *ret, with a name and maybe a version; -ENOENT: it cannot be told, the package is `unknown`; -ENOMEM. */
int attribute(const struct attribute_input *input, struct identity *ret);

/* What the package says of itself in its environment; name "": nothing. Evidence against it alone. */
void attribute_claim(const struct installer *installer, const struct facts *facts, struct identity *ret);

#endif
