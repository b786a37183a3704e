/* SPDX-License-Identifier: Apache-2.0 */
/*
 * places_names.c - the names below parents, joined here and written to the kernel at once: some two thousand, of which
 * many are said by several places. One call each is what a session's start would mostly consist of.
 */
#include "guard/places_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Gives the slot of the key, or the free one where it belongs. There is a free one. */
static size_t names_slot(const struct places_names *names, const struct cordon_name_key *key)
{
	/* The name is a hash already; one name has many parents, which are addresses. */
	size_t slot = (size_t)(key->name ^ (key->parent >> 4) * 0x9e3779b97f4a7c15ULL) & (names->table_size - 1);

	for (; names->table[slot]; slot = (slot + 1) & (names->table_size - 1)) {
		const struct cordon_name_key *there = &names->keys[names->table[slot] - 1];

		if (there->parent == key->parent && there->name == key->name)
			break;
	}
	return slot;
}

/* Keeps half of the table free. */
static int names_make_room(struct places_names *names)
{
	size_t size = names->table_size ? names->table_size * 2 : 1024;
	uint32_t *old = names->table, *more;
	int r = places_grow((void **)&names->keys, &names->key_room, names->count, sizeof(*names->keys));

	if (!r)
		r = places_grow((void **)&names->vals, &names->val_room, names->count, sizeof(*names->vals));
	if (r || names->count * 2 < names->table_size)
		return r;
	more = calloc(size, sizeof(*more));
	if (!more)
		return -ENOMEM;
	names->table = more;
	names->table_size = size;
	for (size_t i = 0; i < names->count; i++)
		names->table[names_slot(names, &names->keys[i])] = (uint32_t)i + 1;
	free(old);
	return 0;
}

const struct cordon_zone_val *places_names_get(const struct places_names *names, const struct cordon_name_key *key)
{
	size_t slot = names->table_size ? names_slot(names, key) : 0;

	return names->table_size && names->table[slot] ? &names->vals[names->table[slot] - 1] : NULL;
}

int places_names_join(struct places_names *names, const struct cordon_name_key *key, const struct cordon_zone_val *val)
{
	size_t slot;
	int r = names_make_room(names);

	if (r)
		return r;
	slot = names_slot(names, key);
	if (!names->table[slot]) {
		names->keys[names->count] = *key;
		memset(&names->vals[names->count], 0, sizeof(*names->vals));
		names->table[slot] = (uint32_t)++names->count;
	}
	places_val_join(&names->vals[names->table[slot] - 1], val);
	return 0;
}

void places_names_free(struct places_names *names)
{
	free(names->keys);
	free(names->vals);
	free(names->table);
	*names = (struct places_names){ 0 };
}
