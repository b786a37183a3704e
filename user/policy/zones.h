/* SPDX-License-Identifier: Apache-2.0 */
/* zones.h - one list of protected paths. Inside user/policy/ and its tests only. */
#ifndef CORDON_POLICY_ZONES_H
#define CORDON_POLICY_ZONES_H

#include "policy/policy.h"

struct zone_list {
	const char *text; /* NUL-terminated */
	const char *file; /* for messages and struct zone_entry */
	unsigned int zone;
	const char *home; /* absolute */
	const char *project;
};

/* Adds the entries of a list. -EINVAL and *ret_diag: a mistake, or a path that is there twice. */
int zones_parse(struct zones *zones, const struct zone_list *list, struct diag *ret_diag);

/* Names of the CORDON_CLASS_*: index n is bit n; NULL at the end. */
extern const char *const zone_class_names[];

#endif
