/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pattern.h - patterns over paths, as recognition files have them in attribute_cwd and attribute_exe.
 *
 *	a leading "*" and slash	any folders above, or none
 *	*			any bytes of one component, none too
 *	{name}			a well-formed name: as much of a component as possible; npm's @scope/name too,
 *				also as pnpm writes it: @scope+name
 *	{version}		a well-formed version; pnpm's suffix for peers, _x or (x), is left out
 *	{hex}			32 hexadecimal digits, small ones
 *
 * All other bytes are themselves. A pattern is for the whole path.
 */
#ifndef CORDON_SESSION_PATTERN_H
#define CORDON_SESSION_PATTERN_H

#include "session/identity.h"

struct pattern_match {
	struct identity identity; /* ecosystem as given; name and version as captured */
	bool joined;		  /* both stand in one component: NAME-VERSION, as archives have it inside */
};

/* Takes: pattern, path, ecosystem. Gives: 0 and *ret, or -ENOENT. */
int pattern_match(const char *pattern, const char *path, const char *ecosystem, struct pattern_match *ret);

/* The same where only a part of the path from its root on matches; the shortest one that does. */
int pattern_match_above(const char *pattern, const char *path, const char *ecosystem, struct pattern_match *ret);

#endif
