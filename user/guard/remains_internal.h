/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remains_internal.h - what the files of remains share.
 *
 *   remains.c         what is of the package, and what becomes of it
 *   remains_places.c  where installers put things
 */
#ifndef CORDON_GUARD_REMAINS_INTERNAL_H
#define CORDON_GUARD_REMAINS_INTERNAL_H

#include "guard/remains.h"

struct look_seen {
	dev_t dev;
	ino_t ino;
};

/* The look for one package. */
struct look {
	struct controller *c;
	const struct identity *package;
	uint32_t number;
	bool store;	     /* in the installer's own cache of what was built */
	bool left;	     /* something is there that is not ours to take away */
	bool unsure;	     /* not all could be looked at */
	unsigned int entries; /* of the stores */
	struct look_seen seen[64]; /* folders; what is beyond is looked at twice */
	size_t seen_count;
};

/* A folder of an environment, or one that the user named. */
void remains_look_in_folder(struct look *look, const char *path);
/* The module of that name in the node_modules below `parent`. */
void remains_look_for_module(struct look *look, const char *parent);
/* All places that installers of the session may have put something in. */
void remains_look_in_places(struct look *look);

#endif
