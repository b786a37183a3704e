/* SPDX-License-Identifier: Apache-2.0 */
/* zip_look.c - the entries of a zip, and what they make of it. */
#include "artifact/zip.h"

#include "artifact/claims.h"
#include "artifact/path.h"
#include "base/cleanup.h"

#include <errno.h>
#include <string.h>

struct zip_walk {
	struct look *look;
	struct claims claims;
	struct zip_check check;
	struct window window;
	uint64_t unpacked;
};

static void walk_release(struct zip_walk *walk)
{
	claims_release(&walk->claims);
	zip_check_release(&walk->check);
	window_release(&walk->window);
}

/* What the directory says, since it is that which bounds an unpacker. */
static int walk_count(struct zip_walk *walk, const struct zip_entry *entry)
{
	const struct artifact_limits *limits = walk->look->limits;
	struct look *look = walk->look;

	if (++look->out->entries > limits->entries)
		return look_fault(look, ARTIFACT_FAULT_BOMB, "more than %llu entries",
				  (unsigned long long)limits->entries);
	if (entry->size > limits->unpacked || walk->unpacked > limits->unpacked - entry->size)
		return look_fault(look, ARTIFACT_FAULT_BOMB, "%s: more than %llu bytes", entry->name,
				  (unsigned long long)limits->unpacked);
	walk->unpacked += entry->size;
	if (walk->unpacked > ARTIFACT_RATIO_FROM && walk->unpacked / limits->ratio > look->size)
		return look_fault(look, ARTIFACT_FAULT_BOMB, "%s: more than %u times its size", entry->name,
				  limits->ratio);
	return 0;
}

static int walk_read(struct zip_walk *walk, const struct zip_entry *entry, size_t max, char **ret, size_t *ret_len)
{
	int r = zip_read(walk->look, entry, max, ret, ret_len);

	return r == -EFBIG || r == -ENOTSUP ? 0 : r;
}

static int walk_file(struct zip_walk *walk, const struct zip_entry *entry, const char *path, bool folder)
{
	_cleanup_free_ char *text = NULL;
	enum claim claim;
	size_t len = 0;
	int r = claims_notice(&walk->claims, path, folder, &claim);

	if (!r && claim != CLAIM_COUNT) {
		r = walk_read(walk, entry, CLAIM_MAX, &text, &len);
		if (!r)
			claims_take(&walk->claims, claim, TAKE_PTR(text), len);
		return r;
	}
	if (r || folder || !path_is_startup(path))
		return r;
	r = walk_read(walk, entry, ARTIFACT_TEXT_MAX, &text, &len);
	return r ? r : claims_startup(&walk->claims, path, entry->size, TAKE_PTR(text), len);
}

static int walk_entry(struct zip_walk *walk, const struct zip *zip, struct zip_entry *entry)
{
	_cleanup_free_ char *name = strndup(entry->name, entry->name_len), *path = malloc(entry->name_len + 1);
	struct look *look = walk->look;
	bool folder = false;
	int r;

	if (!name || !path)
		return look_no_memory(look);
	r = path_canonical(entry->name, entry->name_len, path, &folder);
	entry->name = name;
	if (r)
		return look_fault(look, r == -EXDEV ? ARTIFACT_FAULT_ESCAPES : ARTIFACT_FAULT_ENTRY, "%s: as a name",
				  name);
	r = zip_sizes(look, zip, entry);
	if (!r)
		r = walk_count(walk, entry);
	if (r)
		return r;
	zip_check_entry(&walk->check, entry, path, folder);
	return walk_file(walk, entry, path, folder);
}

/* An installer reads it, so it has to be read alike by all of them. */
static int walk_judge(struct zip_walk *walk, const struct zip *zip)
{
	struct artifact *out = walk->look->out, *noted = &walk->check.noted;
	int r;

	zip_check_finish(&walk->check, zip);
	r = claims_finish(&walk->claims);
	if (r || out->kind == ARTIFACT_ZIP || noted->kind != ARTIFACT_MALFORMED)
		return r;
	return look_fault(walk->look, noted->fault, "%s", noted->detail ? noted->detail : "");
}

int zip_look(struct look *look, const struct zip *zip)
{
	CLEANUP(walk_release) struct zip_walk walk = { .look = look };
	int r = 0;

	claims_init(&walk.claims, look, true);
	zip_check_init(&walk.check, look);
	for (uint64_t at = zip->directory; !r && at < zip->directory + zip->directory_size;) {
		struct zip_entry entry;
		size_t len = 0;

		r = zip_entry(look, zip, &walk.window, at, &entry, &len);
		if (!r)
			r = walk_entry(&walk, zip, &entry);
		at += len;
	}
	return r ? r : walk_judge(&walk, zip);
}
