/* SPDX-License-Identifier: Apache-2.0 */
#include "artifact/zip.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define LOCAL_WINDOW 4096
#define MADE_BY_UNIX 3
#define EXTRA_UNICODE_PATH 0x7075u
/* Behind data whose length was not known before: signature, CRC and two sizes, the first and the long ones optional. */
#define DESCRIPTOR_MAX 24

void zip_check_init(struct zip_check *check, const struct look *look)
{
	memset(check, 0, sizeof(*check));
	check->look = *look;
	check->look.out = &check->noted;
}

void zip_check_release(struct zip_check *check)
{
	window_release(&check->window);
	free(check->spans);
	free(check->names);
	artifact_release(&check->noted);
}

static int span_add(struct zip_check *check, uint64_t begin, uint64_t end)
{
	if (check->count == check->size) {
		size_t size = check->size * 2 + 256;
		struct zip_span *grown = reallocarray(check->spans, size, sizeof(*grown));

		if (!grown)
			return look_no_memory(&check->look);
		check->spans = grown;
		check->size = size;
	}
	check->spans[check->count++] = (struct zip_span){ .begin = begin, .end = end };
	return 0;
}

/* True: it was there. Two names of one hash are an attacker's, and his to have. */
static bool name_put(uint64_t *names, size_t size, uint64_t hash)
{
	size_t i = (size_t)hash & (size - 1);

	while (names[i] && names[i] != hash)
		i = (i + 1) & (size - 1);
	if (names[i])
		return true;
	names[i] = hash;
	return false;
}

static int name_add(struct zip_check *check, const char *path, bool folder)
{
	/* Folders may be named as often as one likes, but not as a file is. */
	uint64_t hash = text_hash(path, strlen(path)) | 1;

	if (2 * check->count >= check->name_size) {
		size_t size = check->name_size ? 2 * check->name_size : 1024;
		uint64_t *grown = calloc(size, sizeof(*grown));

		if (!grown)
			return look_no_memory(&check->look);
		for (size_t i = 0; i < check->name_size; i++)
			if (check->names[i])
				name_put(grown, size, check->names[i]);
		free(check->names);
		check->names = grown;
		check->name_size = size;
	}
	if (name_put(check->names, check->name_size, hash) && !folder)
		return look_fault(&check->look, ARTIFACT_FAULT_DUPLICATE, "%s", path);
	return 0;
}

/* Newer pythons take a name from there instead, older ones do not. */
static int check_extra(struct look *look, const struct zip_entry *entry)
{
	const unsigned char *at = entry->extra, *end = at + entry->extra_len;

	while (end - at >= 4) {
		size_t len = zip_u16(at + 2);

		if (zip_u16(at) == EXTRA_UNICODE_PATH &&
		    (len != entry->name_len + 5 || memcmp(at + 9, entry->name, entry->name_len) != 0))
			return look_fault(look, ARTIFACT_FAULT_DIFFERS, "%s: has a second name", entry->name);
		at += 4 + len;
	}
	return 0;
}

static int check_kind(struct look *look, const struct zip_entry *entry)
{
	mode_t mode = entry->made_by == MADE_BY_UNIX ? entry->attributes >> 16 : 0;

	if (entry->flags & ZIP_ENCRYPTED)
		return look_fault(look, ARTIFACT_FAULT_ENTRY, "%s: encrypted", entry->name);
	if ((mode & S_IFMT) && !S_ISREG(mode) && !S_ISDIR(mode))
		return look_fault(look, ARTIFACT_FAULT_ENTRY, "%s: %s", entry->name,
				  S_ISLNK(mode) ? "a link" : "a device");
	for (const char *s = entry->name; (entry->flags & ZIP_UTF8) && *s;) {
		uint32_t code;
		size_t len = text_utf8_decode(s, &code);

		if (!len)
			return look_fault(look, ARTIFACT_FAULT_ENTRY, "%s: no UTF-8, as it says", entry->name);
		s += len;
	}
	return 0;
}

/* What one who reads from the beginning of the file goes by. */
static int check_local(struct zip_check *check, const struct zip_entry *entry)
{
	struct look *look = &check->look;
	const unsigned char *p =
	    window_get(look, &check->window, entry->offset, ZIP_LOCAL_LEN + entry->name_len, LOCAL_WINDOW);
	bool late = entry->flags & ZIP_DESCRIPTOR;
	uint64_t begin = entry->offset + ZIP_LOCAL_LEN;

	if (!p)
		return -EBADMSG;
	if (zip_u32(p) != ZIP_LOCAL_SIGNATURE)
		return look_fault(look, ARTIFACT_FAULT_BROKEN, "%s: is not where the directory says", entry->name);
	if (zip_u16(p + 26) != entry->name_len || memcmp(p + ZIP_LOCAL_LEN, entry->name, entry->name_len) != 0)
		return look_fault(look, ARTIFACT_FAULT_DIFFERS, "%s: has another name in its own header", entry->name);
	if (zip_u16(p + 8) != entry->method || ((zip_u16(p + 6) ^ entry->flags) & (ZIP_ENCRYPTED | ZIP_DESCRIPTOR)))
		return look_fault(look, ARTIFACT_FAULT_DIFFERS, "%s: is packed otherwise by its own header",
				  entry->name);
	/* 32 bits full: they are elsewhere. */
	if (!late &&
	    ((zip_u32(p + 18) != UINT32_MAX && zip_u32(p + 18) != entry->packed) ||
	     (zip_u32(p + 22) != UINT32_MAX && zip_u32(p + 22) != entry->size) || zip_u32(p + 14) != entry->crc))
		return look_fault(look, ARTIFACT_FAULT_DIFFERS, "%s: has another size or CRC in its own header",
				  entry->name);
	begin += entry->name_len + zip_u16(p + 28);
	if (entry->packed > look->size || begin > look->size - entry->packed)
		return look_fault(look, ARTIFACT_FAULT_BROKEN, "%s: is cut off", entry->name);
	return span_add(check, entry->offset, begin + entry->packed);
}

void zip_check_entry(struct zip_check *check, const struct zip_entry *entry, const char *path, bool folder)
{
	struct look *look = &check->look;

	/* The first finding is enough. */
	if (check->noted.kind != ARTIFACT_MALFORMED && !check_kind(look, entry) && !check_extra(look, entry) &&
	    !check_local(check, entry))
		name_add(check, path, folder);
}

static void span_sink(struct zip_span *spans, size_t count, size_t at)
{
	for (;;) {
		size_t child = 2 * at + 1;
		struct zip_span held = spans[at];

		if (child + 1 < count && spans[child].begin < spans[child + 1].begin)
			child++;
		if (child >= count || held.begin >= spans[child].begin)
			return;
		spans[at] = spans[child];
		spans[child] = held;
		at = child;
	}
}

/* A heap: in place, and no order that an attacker chooses makes it slow. qsort() asks the system how large it is. */
static void span_sort(struct zip_span *spans, size_t count)
{
	for (size_t at = count / 2; at-- > 0;)
		span_sink(spans, count, at);
	for (size_t left = count; left > 1; left--) {
		struct zip_span last = spans[left - 1];

		spans[left - 1] = spans[0];
		spans[0] = last;
		span_sink(spans, left - 1, 0);
	}
}

/* An entry in between, which only who reads from the beginning would find. */
static int check_gap(struct zip_check *check, uint64_t begin, uint64_t end)
{
	static const unsigned int places[] = { 0, 12, 16, 20, DESCRIPTOR_MAX };

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		const unsigned char *p;

		if (end - begin < places[i] + 4)
			break;
		p = window_get(&check->look, &check->window, begin + places[i], 4, DESCRIPTOR_MAX + 4);
		if (!p)
			return -EBADMSG;
		if (zip_u32(p) == ZIP_LOCAL_SIGNATURE)
			return look_fault(&check->look, ARTIFACT_FAULT_DIFFERS,
					  "has an entry that its directory leaves out");
	}
	return 0;
}

void zip_check_finish(struct zip_check *check, const struct zip *zip)
{
	struct look *look = &check->look;
	uint64_t at = 0;

	if (check->noted.kind == ARTIFACT_MALFORMED)
		return;
	if (zip->shift)
		look_fault(look, ARTIFACT_FAULT_DIFFERS, "stands behind other data");
	else if (zip->tail != zip->comment)
		look_fault(look, ARTIFACT_FAULT_DIFFERS, "has other data behind it");
	else if (zip->promised != (zip->zip64 ? check->count : check->count & 0xffff))
		look_fault(look, ARTIFACT_FAULT_DIFFERS, "has not as many entries as it says");
	span_sort(check->spans, check->count);
	for (size_t i = 0; i < check->count && check->noted.kind != ARTIFACT_MALFORMED; i++) {
		const struct zip_span *span = &check->spans[i];

		if (!i && span->begin)
			look_fault(look, ARTIFACT_FAULT_DIFFERS, "stands behind other data");
		else if (span->begin < at)
			look_fault(look, ARTIFACT_FAULT_DIFFERS, "has entries that lie in each other");
		else
			check_gap(check, at, span->begin);
		at = span->end;
	}
	if (check->noted.kind == ARTIFACT_MALFORMED)
		return;
	if (check->count && at > zip->directory)
		look_fault(look, ARTIFACT_FAULT_DIFFERS, "has entries that lie in its directory");
	else if (check->count)
		check_gap(check, at, zip->directory);
}
