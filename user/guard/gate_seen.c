/* SPDX-License-Identifier: Apache-2.0 */
/* gate_seen.c - artifacts that were looked at: so that findings of a package can name the digest of what it came from. */
#include "guard/gate_internal.h"

#include <stdlib.h>
#include <string.h>

/* Artifacts that are remembered; more than any lock file lists. */
#define GATE_SEEN_MAX 8192

struct gate_seen *gate_remember(struct gate *gate, const struct cordon_origin_key *key)
{
	for (size_t i = gate->seen_count; i > 0; i--)
		if (look_same_file(&gate->seen[i - 1].key, key))
			return &gate->seen[i - 1];
	if (gate->seen_count == gate->seen_room) {
		size_t room = gate->seen_room * 2 + 32;
		struct gate_seen *more = room <= GATE_SEEN_MAX ? realloc(gate->seen, room * sizeof(*more)) : NULL;

		if (!more)
			return NULL;
		gate->seen = more;
		gate->seen_room = room;
	}
	gate->seen[gate->seen_count] = (struct gate_seen){ .key = *key };
	return &gate->seen[gate->seen_count++];
}

const char *gate_sha256(const struct controller *c, const struct identity *identity)
{
	const struct gate *gate = c->gate;

	for (size_t i = gate && identity->name[0] ? gate->seen_count : 0; i > 0; i--) {
		const struct gate_seen *seen = &gate->seen[i - 1];

		if (!strcmp(seen->identity.ecosystem, identity->ecosystem) && !strcmp(seen->identity.name, identity->name) &&
		    !strcmp(seen->identity.version, identity->version))
			return seen->sha256;
	}
	return "";
}
