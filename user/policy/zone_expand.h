/* SPDX-License-Identifier: Apache-2.0 */
/* zone_expand.h - one path of a zone list, with its {a,b} and *, into the paths that it means here and now. */
#ifndef CORDON_POLICY_ZONE_EXPAND_H
#define CORDON_POLICY_ZONE_EXPAND_H

#include <stddef.h>

/* How many paths one line may stand for; browsers have a handful of profiles. */
#define ZONE_EXPAND_MAX 1024

/* Why `path`, as a list writes it, is none that may stand there; NULL: it may. */
const char *zone_path_mistake(const char *path);

/*
 * Takes: a path without mistake and what ~ and . stand for (absolute). Gives: 0 and new absolute paths without trailing
 * slash; none where a * met nothing. -E2BIG: more than ZONE_EXPAND_MAX; -errno: a folder that exists cannot be listed.
 */
int zone_path_expand(const char *path, const char *home, const char *project, char ***ret, size_t *ret_count);

#endif
