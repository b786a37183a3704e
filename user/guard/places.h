/* SPDX-License-Identifier: Apache-2.0 */
/*
 * places.h - protected paths as the kernel looks for them: inode addresses, and names below a parent.
 *
 * An address is valid as long as the inode lives, so each is held by an O_PATH descriptor until the session ends.
 */
#ifndef CORDON_GUARD_PLACES_H
#define CORDON_GUARD_PLACES_H

#include "kernel/kernel.h"
#include "policy/policy.h"
#include "session/facts.h"

struct places;

struct places_input {
	struct kernel *kernel;
	uint32_t session;
	const struct zones *zones;
	const struct policy *policy; /* grants with a path get an object of their own */
	const char *home;            /* for their ~ */
	const char *start;           /* the folder that the command starts in */
	const char *const *temps;    /* temporary folders, resolved */
	size_t temp_count;
	const struct facts *command; /* its environment and arguments; NULL: none */
	const char *mounts;          /* its mountinfo; NULL: nothing is mounted */
	const char *const *guard;    /* paths of ours: pins, state, policy */
	size_t guard_count;
};

/* Only what there is, by path, for nobody's kernel: the first half of places_learn(). 0 and *ret, or -errno. */
int places_collect(const struct places_input *input, struct places **ret);
/* Learns and registers everything. 0 and *ret, or -errno: -ENOSPC where a map is full, -EMFILE. */
int places_learn(const struct places_input *input, struct places **ret);
void places_free(struct places *places);

/* The protected path behind cordon_zone_val.object; NULL: none. */
const char *places_path(const struct places *places, uint32_t object);
/* What the kernel is told of the place of that number, or of what lies below it where nothing is said of that. */
struct cordon_zone_val places_val(const struct places *places, uint32_t object, bool below);
/* An object for a path that is registered elsewhere, so that findings can name it. 0: out of memory. */
uint32_t places_name(struct places *places, const char *path);
/* The entry of a temporary folder that `path` lies in, a new string; NULL: it lies in none. */
char *places_entry_above(const struct places *places, const char *path);
/* The object of a path that a grant names; 0: there is none. */
uint32_t places_object(const struct places *places, const char *path);
/* `~/x` below `home`; a new string. */
char *places_expand(const char *path, const char *home);
/* How many places cannot be learned (a file system whose inodes move: NFS, CIFS, 9p, FUSE; or no permission), and the
 * first one with the reason. */
size_t places_unlearnable(const struct places *places, const char **ret_example);
/* Whether it lies on a file system whose inode for one file may be another after a while, although a descriptor holds
 * the first. */
bool places_is_moving(int fd);

#endif
