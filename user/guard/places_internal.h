/* SPDX-License-Identifier: Apache-2.0 */
/*
 * places_internal.h - what the files of places share. Inside user/guard/places*.c only.
 *
 *   places.c           the places of a session: paths, what each is, how two that are one path join
 *   places_session.c   those that no list names: home, project, temporary folders, environments
 *   places_learn.c     paths into descriptors, and names below them
 *   places_mounts.c    roots of file systems that are mounted below a place
 *   places_register.c  descriptors into the kernel's keys
 *   places_names.c     those that are names below a parent
 */
#ifndef CORDON_GUARD_PLACES_INTERNAL_H
#define CORDON_GUARD_PLACES_INTERNAL_H

#include "guard/places.h"

struct place {
	char *path;
	uint64_t hash;
	unsigned int zone, write_zone, classes; /* as in struct cordon_zone_val */
	bool unlisted; /* a grant's alone: what the place around it is, for writing too */
	bool nameless; /* of procfs or of a name anywhere: no path that could be opened */
};

/* A descriptor whose address is to be learned, and what its key says. */
struct place_key {
	int fd;
	uint32_t object;
	bool shared;  /* the descriptor is closed by another key */
	bool derived; /* not the place itself: something below it, where walks end or hard links lead */
	char *chain;  /* the path below it, NULL: the inode itself */
};

/* A folder that names are looked for in. */
struct place_parent {
	char *path;
	uint64_t hash;
	int fd; /* of one of the keys */
};

/* Keys of one session's names, each once, and what they say. */
struct places_names {
	struct cordon_name_key *keys;
	struct cordon_zone_val *vals;
	size_t count, key_room, val_room;
	uint32_t *table; /* number in keys + 1, by their hash; 0: free */
	size_t table_size;
};

struct places {
	struct place *items; /* object - 1 */
	size_t count, room;
	uint32_t *table; /* objects by the hash of their path; 0: free */
	size_t table_size;
	struct place_key *keys;
	size_t key_count, key_room;
	struct place_parent *parents;
	size_t parent_count, parent_room;
	size_t files;
	struct places_names names; /* until the kernel has them */
	uint64_t pseudo; /* numbers given to folders that are missing */
	size_t unlearnable;
	char *example;
};

/* Makes room for one more. */
int places_grow(void **items, size_t *room, size_t count, size_t size);

/* How much a zone weighs where two places are one: the heavier counts. */
unsigned int places_weight(unsigned int zone);
/* What a folder that lies in such a place is, where nothing is said of it: only the entries of a temporary folder itself
 * are anybody's to make. */
unsigned int places_zone_below(unsigned int zone);

/* Adds a place, or what is said here to the one of that path. `zone` NONE: as the place around it. */
int places_add(struct places *places, const char *path, const struct place *like);
/* The place of that path; NULL: there is none. */
struct place *places_find(const struct places *places, const char *path);
/* The nearest place that `path` is or lies in; NULL: none. `above`: it itself does not count. */
struct place *places_cover(const struct places *places, const char *path, bool above);
/* The same, but for what places_add() was told to take from the place around it. */
const struct place *places_cover_with_zone(const struct places *places, const char *path, bool above);
uint32_t places_number(const struct places *places, const struct place *place);

/* places_session.c */
int places_add_session(struct places *places, const struct places_input *input);

/* places_learn.c: takes the descriptor over. `chain` NULL: the inode itself. */
int places_add_key(struct places *places, int fd, const struct place_key *like);
/* A place that cannot be held, and why: `run --strict` refuses for it, doctor says so. */
void places_note(struct places *places, const struct place *place, const char *why);
int places_learn_paths(struct places *places);

/* places_mounts.c */
int places_learn_mounts(struct places *places, const struct places_input *input);

/* places_register.c */
/* What is said of one key by two: *to becomes both, the stricter of the two where they differ. */
void places_val_join(struct cordon_zone_val *to, const struct cordon_zone_val *from);
int places_register(struct places *places, const struct places_input *input);

/* places_names.c */
/* Gives: what is known of the key, until the next join; NULL: nothing. */
const struct cordon_zone_val *places_names_get(const struct places_names *names, const struct cordon_name_key *key);
/* Joins `val` with what is known of the key. */
int places_names_join(struct places_names *names, const struct cordon_name_key *key, const struct cordon_zone_val *val);
void places_names_free(struct places_names *names);

#endif
