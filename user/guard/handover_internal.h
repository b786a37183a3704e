/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handover_internal.h - what the files of handover share.
 *
 *   handover.c       which folders may be handed over, and their registration
 *   handover_told.c  what the installer says at the start of package code
 */
#ifndef CORDON_GUARD_HANDOVER_INTERNAL_H
#define CORDON_GUARD_HANDOVER_INTERNAL_H

#include "guard/handover.h"

struct folder {
	char *path;
	int fd; /* O_PATH: keeps the inode's address valid */
	uint32_t package;
};

struct shared {
	char *path;
	int fd;
	uint64_t inode;
};

struct handover {
	struct handover_input input;
	struct folder *folders;
	size_t count, room;
	struct shared *temps;
	size_t temp_count;
	uint64_t since; /* of the folders of the round that is on, 0: not taken yet */
};

/* What a round is about. */
struct round {
	struct handover *handover;
	const struct installer *installer;
	uint32_t package;
	int error;
};

bool handover_is_under(const char *path, const char *folder);
/* The shared folder that `path` lies directly or deeper in, the nearest one; NULL: in none. */
const struct shared *handover_shared_above(const struct handover *h, const char *path);
/* Whether that folder (resolved) may become the package's. */
bool handover_accepts(const struct round *round, const char *path);
/* How much of the path, from its root on, is a folder that all packages write; 0: none. */
size_t handover_shared_len(const struct installer *installer, const char *path);
/* How a folder comes to a package. */
enum handed {
	HANDED_FIRST,   /* its own, unless an earlier package was told of it, whose it stays */
	HANDED_ON,      /* its own from now on, whoever had it: the folder for results, of one build after the other */
	HANDED_ENTRIES, /* it may make entries of its own there, the next one too */
};

/* 0, or -errno. */
int handover_add(struct round *round, const char *path, enum handed how);

#endif
