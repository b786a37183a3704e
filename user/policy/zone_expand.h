/* SPDX-License-Identifier: Apache-2.0 */
/* zone_expand.h - one path of a zone list, with its {a,b} and *, into the paths that it means here and now. */
#ifndef CORDON_POLICY_ZONE_EXPAND_H
#define CORDON_POLICY_ZONE_EXPAND_H

#include "policy/policy.h"

/* How many paths one line may stand for; browsers have a handful of profiles. */
#define ZONE_EXPAND_MAX 1024

/* Why `path`, as a list writes it, is none that may stand there; NULL: it may. */
const char *zone_path_mistake(const char *path);

/*
 * Takes: a path without mistake and what ~ . and $VARIABLE stand for. Gives: 0 and new absolute paths without trailing
 * slash; none where a * met nothing, where the variable is not set or has no path of the user's own (/dev/null), or
 * where it would make a place of all that the home or the project lie in. -E2BIG: more than ZONE_EXPAND_MAX; -errno: a
 * folder that exists cannot be listed.
 */
int zone_path_expand(const char *path, const struct zones_scene *scene, char ***ret, size_t *ret_count);

/* Whether `path` is `above` or lies below it. */
bool zone_path_is_under(const char *path, const char *above);

#endif
