/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limits.c - CORDON_DEBUG_LIMITS="labels=64,processes=200": smaller maps, and a smaller bound on a session's processes, so
 * that a test can reach them. Takes effect where this loads the programs.
 *
 * Whatever is full refuses, so this can only break an install. Still it is not for the user whom sudo works for.
 */
#include "kernel/internal.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int limits_set(struct bpf_object *object, struct cordon_state *state, const char *name, unsigned long value)
{
	struct bpf_map *map;

	if (!value || value > UINT32_MAX)
		return -ERANGE;
	if (!strcmp(name, "processes")) {
		state->tasks = (uint32_t)value;
		return 0;
	}
	map = bpf_object__find_map_by_name(object, name);
	return map ? bpf_map__set_max_entries(map, (uint32_t)value) : -ENOENT;
}

int kernel_limits_apply(struct bpf_object *object, struct cordon_state *state, char reason[KERNEL_REASON_LEN])
{
	const char *text = getenv("CORDON_DEBUG_LIMITS");
	_cleanup_free_ char *copy = NULL;
	char *rest, *word;

	if (!text || getuid() != 0 || getenv("SUDO_UID"))
		return 0;
	copy = strdup(text);
	if (!copy)
		return -ENOMEM;
	for (rest = copy; (word = strsep(&rest, ","));) {
		char *equals = strchr(word, '='), *end = NULL;
		int r;

		if (!*word)
			continue;
		if (equals)
			*equals = '\0';
		r = equals ? limits_set(object, state, word, strtoul(equals + 1, &end, 10)) : -EINVAL;
		if (!r && *end)
			r = -EINVAL;
		if (r) {
			snprintf(reason, KERNEL_REASON_LEN, "CORDON_DEBUG_LIMITS: '%.64s': %s", word, strerror(-r));
			return r;
		}
	}
	return 0;
}
