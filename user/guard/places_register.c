/* SPDX-License-Identifier: Apache-2.0 */
/* places_register.c - the kernel's keys: by inode, and by parent and name. Two that meet in one key become one. */
#include "guard/places_internal.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <string.h>

struct cordon_zone_val places_val(const struct places *places, uint32_t object, bool below)
{
	const struct place *place = &places->items[object - 1];

	return (struct cordon_zone_val){
		.zone = below ? places_zone_below(place->zone) : place->zone,
		.write_zone = place->write_zone == place->zone ? CORDON_ZONE_NONE : place->write_zone,
		.classes = place->classes,
		.object = object,
	};
}

static unsigned int val_write_weight(const struct cordon_zone_val *val)
{
	return places_weight(val->write_zone ? val->write_zone : val->zone);
}

void places_val_join(struct cordon_zone_val *to, const struct cordon_zone_val *from)
{
	const unsigned int old = to->zone, write = to->write_zone ? to->write_zone : to->zone;
	const bool heavier = places_weight(from->zone) > places_weight(to->zone);

	if (!from->next)
		;
	else if (!to->next)
		to->next = from->next;
	if (!from->zone)
		return;
	if (!old) {
		*to = (struct cordon_zone_val){ from->zone, from->classes, from->object, from->write_zone, to->next };
		return;
	}
	/* One may be read by ssh and the other by git: by neither. */
	if (heavier)
		to->classes = from->classes;
	else if (from->zone == old)
		to->classes &= from->classes;
	if (val_write_weight(from) > places_weight(write))
		to->write_zone = from->write_zone ? from->write_zone : from->zone;
	else if (heavier)
		to->write_zone = write;
	if (heavier) {
		to->zone = from->zone;
		to->object = from->object;
	}
	if (to->write_zone == to->zone)
		to->write_zone = CORDON_ZONE_NONE;
}

/* --- by name -------------------------------------------------------------------------------------------------------- */

/* What is too deep for the kernel to follow makes the folder above what it is, where that is stricter: too much is
 * protected, not too little. Where it would open something it is left out, and what is around it counts. */
static int register_above(struct places *places, const struct cordon_name_key *key, uint32_t object)
{
	struct cordon_zone_val val = places_val(places, object, true);

	if (places_weight(val.zone) < places_weight(CORDON_ZONE_PERSIST) && !val.write_zone)
		return 0;
	if (key->name)
		return places_names_join(&places->names, key, &val);
	places_note(places, &places->items[object - 1], "a name that is longer than the kernel compares");
	return 0;
}

static int register_chain(struct places *places, const struct places_input *input, const struct place_key *key,
			  uint64_t parent)
{
	struct cordon_name_key name = { .parent = parent, .session = input->session };
	char *rest = key->chain, *component;
	unsigned int depth = 0;

	while ((component = strsep(&rest, "/"))) {
		const struct cordon_zone_val *there;
		struct cordon_zone_val val = { 0 };
		bool last = !rest || !rest[strspn(rest, "/")];
		int r;

		if (!*component)
			continue;
		if (++depth > CORDON_CHAIN_MAX || strlen(component) >= CORDON_NAME_LEN - 1)
			return register_above(places, &name, key->object);
		name.name = text_hash(component, strlen(component));
		if (last) {
			val = places_val(places, key->object, false);
			return places_names_join(&places->names, &name, &val);
		}
		there = places_names_get(&places->names, &name);
		val.next = there ? there->next : 0;
		if (!val.next) {
			val.next = CORDON_NAME_PSEUDO | ++places->pseudo;
			r = places_names_join(&places->names, &name, &val);
			if (r)
				return r;
		}
		/* The next one is looked for below; should it be too long, this one stands for it. */
		if (depth < CORDON_CHAIN_MAX && strcspn(rest + strspn(rest, "/"), "/") < CORDON_NAME_LEN - 1)
			name = (struct cordon_name_key){ .parent = val.next, .session = input->session };
	}
	return 0;
}

/* What no path leads to: files of procfs, and names that are protected wherever they stand. */
static int register_nameless(struct places *places, const struct places_input *input)
{
	struct cordon_name_key key = { .session = input->session };
	int r = 0;

	for (size_t i = 0; !r && i < input->zones->count; i++) {
		const struct zone_entry *entry = &input->zones->entries[i];
		_cleanup_free_ char *path = NULL;
		struct cordon_zone_val val;
		uint32_t object;

		if (!entry->procfs && !entry->anywhere)
			continue;
		path = entry->procfs ? text_format("/proc/PID/%s", entry->path) :
				       text_format("*/%s%s", entry->suffix ? "*" : "", entry->path);
		object = path ? places_object(places, path) : 0;
		if (!object)
			return -ENOMEM;
		key.parent = entry->procfs ? CORDON_NAME_PROCFS : CORDON_NAME_ANYWHERE;
		key.name = text_hash(entry->path, strlen(entry->path));
		val = places_val(places, object, false);
		r = places_names_join(&places->names, &key, &val);
	}
	return r;
}

/* --- by inode ------------------------------------------------------------------------------------------------------- */

struct inode_key {
	uint64_t inode;
	const struct place_key *key;
};

/* Of one inode's keys those of the place itself come first. */
static int compare_inodes(const void *a, const void *b)
{
	const struct inode_key *x = a, *y = b;

	if (x->inode != y->inode)
		return x->inode < y->inode ? -1 : 1;
	if (x->key->derived != y->key->derived)
		return x->key->derived ? 1 : -1;
	return x->key->object < y->key->object ? -1 : x->key->object > y->key->object;
}

/*
 * One inode after the other. What lies below a folder of secrets is one too, whatever else leads to it; where both say
 * the same, the place itself counts, for its object and what it is to write.
 */
static int register_inodes(struct places *places, const struct places_input *input, struct inode_key *inodes,
			   size_t count)
{
	int r = 0;

	qsort(inodes, count, sizeof(*inodes), compare_inodes);
	for (size_t i = 0; !r && i < count;) {
		struct cordon_zone_key key = { .inode = inodes[i].inode, .session = input->session };
		const bool itself = !inodes[i].key->derived;
		struct cordon_zone_val val = { 0 };

		for (; i < count && inodes[i].inode == key.inode; i++) {
			struct cordon_zone_val more = places_val(places, inodes[i].key->object, inodes[i].key->derived);

			if (itself && inodes[i].key->derived && places_weight(more.zone) <= places_weight(val.zone))
				continue;
			places_val_join(&val, &more);
		}
		r = kernel_zone_add(input->kernel, &key, &val);
	}
	return r;
}

int places_register(struct places *places, const struct places_input *input)
{
	_cleanup_free_ struct cordon_inode_entry *entries = calloc(places->key_count + 1, sizeof(*entries));
	_cleanup_free_ struct inode_key *inodes = calloc(places->key_count + 1, sizeof(*inodes));
	_cleanup_free_ int *fds = calloc(places->key_count + 1, sizeof(*fds));
	size_t count = 0;
	int r;

	if (!entries || !inodes || !fds)
		return -ENOMEM;
	for (size_t i = 0; i < places->key_count; i++)
		fds[i] = places->keys[i].fd;
	r = kernel_inodes(input->kernel, fds, places->key_count, entries);
	for (size_t i = 0; !r && i < places->key_count; i++) {
		if (places->keys[i].chain)
			r = register_chain(places, input, &places->keys[i], entries[i].inode);
		else
			inodes[count++] = (struct inode_key){ entries[i].inode, &places->keys[i] };
	}
	if (!r)
		r = register_inodes(places, input, inodes, count);
	if (!r)
		r = register_nameless(places, input);
	if (!r)
		r = kernel_names_add(input->kernel, places->names.keys, places->names.vals, places->names.count);
	places_names_free(&places->names);
	return r == -E2BIG ? -ENOSPC : r;
}
