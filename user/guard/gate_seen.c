/* SPDX-License-Identifier: Apache-2.0 */
/* gate_seen.c - artifacts that were looked at: so that findings of a package can name the digest of what it came from. */
#include "guard/gate_internal.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

/* Artifacts that are remembered; more than any lock file lists. */
#define GATE_SEEN_MAX 8192
/* The same file, changed again and again while it is looked at; who was left in peace for a moment begins anew. */
#define GATE_LOOKS_MAX 16
#define GATE_LOOKS_APART_MS 1000

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

bool gate_looks_for_ever(struct gate_seen *seen, uint64_t changed, int64_t since, bool stale)
{
	/* Asked for by many at once, it is one state for all of them. */
	bool another = stale || changed != seen->changed;

	if (since - seen->last > GATE_LOOKS_APART_MS)
		seen->looks = 0;
	seen->looks += another;
	seen->changed = changed;
	seen->last = clock_ms();
	return seen->looks > GATE_LOOKS_MAX;
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
