/* SPDX-License-Identifier: Apache-2.0 */
/* zones.h - one list of protected paths. Inside user/policy/ and its tests only. */
#ifndef CORDON_POLICY_ZONES_H
#define CORDON_POLICY_ZONES_H

#include "policy/policy.h"

struct zone_list {
	const char *text; /* NUL-terminated */
	const char *file; /* for messages and struct zone_entry */
	unsigned int zone;
	const struct zones_scene *scene;
};

/* Adds the entries of a list. -EINVAL and *ret_diag: a mistake, or a path that is there twice. */
int zones_parse(struct zones *zones, const struct zone_list *list, struct diag *ret_diag);

/* Copies the entry, or adds what it says to the one of that path: a place may be of one kind to read and of another to
 * write. -EEXIST and *ret_there where that one says it already. */
int zones_join(struct zones *zones, const struct zone_entry *like, const struct zone_entry **ret_there);

/* Adds one path as the lists write it (a cache of an installer). -EINVAL where it has a mistake. */
int zones_add(struct zones *zones, const char *path, unsigned int zone, const struct zones_scene *scene,
	      const char *file);

/* Names of the CORDON_CLASS_*: index n is bit n; NULL at the end. */
extern const char *const zone_class_names[];
/* CORDON_CLASS_* of that name; 0: there is none. */
unsigned int zone_class(const char *name);

#endif
