/* SPDX-License-Identifier: Apache-2.0 */
#include "artifact/zip.h"

#include "base/cleanup.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>

#define END_LEN 22
#define END_SIGNATURE 0x06054b50u
#define END64_LEN 56
#define END64_SIGNATURE 0x06064b50u
#define LOCATOR_LEN 20
#define LOCATOR_SIGNATURE 0x07064b50u
#define ENTRY_LEN 46
#define ENTRY_SIGNATURE 0x02014b50u
#define COMMENT_MAX 65535u
#define WINDOW (64u << 10)
/* Compressed, it may be some bytes longer than it is. */
#define PACKED_SLACK 4096

const unsigned char *window_get(struct look *look, struct window *window, uint64_t at, size_t len, size_t least)
{
	size_t want = len > least ? len : least;

	if (at >= window->at && at - window->at <= window->len && window->len - (at - window->at) >= len)
		return window->bytes + (at - window->at);
	if (at > look->size || len > look->size - at) {
		look_fault(look, ARTIFACT_FAULT_BROKEN, "has no byte %llu that it tells of", (unsigned long long)at);
		return NULL;
	}
	if (want > look->size - at)
		want = (size_t)(look->size - at);
	if (want > window->size) {
		unsigned char *grown = realloc(window->bytes, want);

		if (!grown) {
			look_no_memory(look);
			return NULL;
		}
		window->bytes = grown;
		window->size = want;
	}
	window->len = 0;
	if (look_read(look, window->bytes, want, at))
		return NULL;
	window->at = at;
	window->len = want;
	return window->bytes;
}

bool zip_begins(struct look *look)
{
	unsigned char head[4];

	return look->size >= sizeof(head) && !look_read(look, head, sizeof(head), 0) &&
	       (zip_u32(head) == ZIP_LOCAL_SIGNATURE || zip_u32(head) == END_SIGNATURE);
}

/* Another end record before the one that counts, which ends where the file does: some readers take that one. */
static int find_second(struct look *look, const unsigned char *tail, size_t len, size_t last)
{
	for (size_t i = 0; i + END_LEN <= len && i < last; i++)
		if (zip_u32(tail + i) == END_SIGNATURE && i + END_LEN + zip_u16(tail + i + 20) == len)
			return look_fault(look, ARTIFACT_FAULT_DIFFERS, "has two end records");
	return 0;
}

/* 1: the last one, and where it lies; 0: there is none. */
static int find_end(struct look *look, unsigned char end[END_LEN], uint64_t *ret)
{
	size_t len = look->size < COMMENT_MAX + 1 + END_LEN ? (size_t)look->size : COMMENT_MAX + 1 + END_LEN;
	_cleanup_free_ unsigned char *tail = NULL;
	int r;

	if (len < END_LEN)
		return 0;
	tail = malloc(len);
	if (!tail)
		return look_no_memory(look);
	r = look_read(look, tail, len, look->size - len);
	if (r)
		return r;
	for (size_t i = len - END_LEN + 1; i-- > 0;) {
		if (zip_u32(tail + i) != END_SIGNATURE)
			continue;
		memcpy(end, tail + i, END_LEN);
		*ret = look->size - len + i;
		r = find_second(look, tail, len, i);
		return r ? r : 1;
	}
	return 0;
}

/* The larger numbers, where they are. */
static int read_end64(struct look *look, struct zip *zip, uint64_t *offset)
{
	unsigned char locator[LOCATOR_LEN], end[END64_LEN];
	int r;

	if (zip->end < LOCATOR_LEN + END64_LEN)
		return 0;
	r = look_read(look, locator, sizeof(locator), zip->end - LOCATOR_LEN);
	if (r || zip_u32(locator) != LOCATOR_SIGNATURE)
		return r;
	r = look_read(look, end, sizeof(end), zip->end - LOCATOR_LEN - END64_LEN);
	if (r || zip_u32(end) != END64_SIGNATURE)
		return r;
	zip->zip64 = true;
	zip->promised = zip_u64(end + 32);
	zip->directory_size = zip_u64(end + 40);
	*offset = zip_u64(end + 48);
	return 0;
}

int zip_open(struct look *look, struct zip *ret)
{
	struct zip zip = { 0 };
	unsigned char end[END_LEN] = { 0 };
	uint64_t offset, before;
	int r = find_end(look, end, &zip.end);

	if (r <= 0)
		return r;
	zip.promised = zip_u16(end + 10);
	zip.directory_size = zip_u32(end + 12);
	offset = zip_u32(end + 16);
	zip.comment = zip_u16(end + 20);
	zip.tail = look->size - zip.end - END_LEN;
	r = read_end64(look, &zip, &offset);
	if (r)
		return r;
	before = zip.end - (zip.zip64 ? LOCATOR_LEN + END64_LEN : 0);
	/* Four bytes by chance, in what is no zip; nobody reads it as one. */
	if (zip.directory_size > before || offset > before - zip.directory_size)
		return 0;
	zip.directory = before - zip.directory_size;
	zip.shift = zip.directory - offset;
	*ret = zip;
	return 1;
}

int zip_sizes(struct look *look, const struct zip *zip, struct zip_entry *entry)
{
	const unsigned char *at = entry->extra, *end = at + entry->extra_len;

	while (end - at >= 4) {
		size_t len = zip_u16(at + 2);
		uint64_t *numbers[] = { &entry->size, &entry->packed, &entry->offset };
		const unsigned char *value = at + 4;

		if ((size_t)(end - at) - 4 < len)
			return look_fault(look, ARTIFACT_FAULT_BROKEN, "%s: an extra field that is cut off",
					  entry->name);
		for (size_t i = 0; zip_u16(at) == 1 && i < ARRAY_SIZE(numbers); i++) {
			if (*numbers[i] != UINT32_MAX)
				continue;
			if (at + 4 + len - value < 8)
				return look_fault(look, ARTIFACT_FAULT_BROKEN, "%s: a size that is cut off",
						  entry->name);
			*numbers[i] = zip_u64(value);
			value += 8;
		}
		at += 4 + len;
	}
	entry->offset += zip->shift;
	return 0;
}

int zip_entry(struct look *look, const struct zip *zip, struct window *window, uint64_t at, struct zip_entry *ret,
	      size_t *ret_len)
{
	const unsigned char *p = window_get(look, window, at, ENTRY_LEN, WINDOW);
	size_t name_len, extra_len, len;

	if (!p)
		return -EBADMSG;
	if (zip_u32(p) != ENTRY_SIGNATURE)
		return look_fault(look, ARTIFACT_FAULT_BROKEN, "has no entry at byte %llu", (unsigned long long)at);
	name_len = zip_u16(p + 28);
	extra_len = zip_u16(p + 30);
	len = ENTRY_LEN + name_len + extra_len + zip_u16(p + 32);
	if (at - zip->directory + len > zip->directory_size)
		return look_fault(look, ARTIFACT_FAULT_BROKEN, "has a central directory that is cut off");
	p = window_get(look, window, at, len, WINDOW);
	if (!p)
		return -EBADMSG;
	*ret = (struct zip_entry){
		.name = (const char *)p + ENTRY_LEN,
		.name_len = name_len,
		.extra = p + ENTRY_LEN + name_len,
		.extra_len = extra_len,
		.made_by = zip_u16(p + 4) >> 8,
		.flags = zip_u16(p + 8),
		.method = zip_u16(p + 10),
		.crc = zip_u32(p + 16),
		.packed = zip_u32(p + 20),
		.size = zip_u32(p + 24),
		.attributes = zip_u32(p + 38),
		.offset = zip_u32(p + 42),
	};
	*ret_len = len;
	return 0;
}

int zip_read(struct look *look, const struct zip_entry *entry, size_t max, char **ret, size_t *ret_len)
{
	unsigned char head[ZIP_LOCAL_LEN];
	_cleanup_free_ char *packed = NULL, *text = NULL;
	uint64_t at;
	size_t len = 0;
	int r;

	if (entry->size > max || entry->packed > (uint64_t)max + PACKED_SLACK)
		return -EFBIG;
	if ((entry->flags & ZIP_ENCRYPTED) || (entry->method != 0 && entry->method != 8))
		return -ENOTSUP;
	r = look_read(look, head, sizeof(head), entry->offset);
	if (r)
		return r;
	at = entry->offset + ZIP_LOCAL_LEN + zip_u16(head + 26) + zip_u16(head + 28);
	packed = malloc((size_t)entry->packed + 1);
	if (!packed)
		return look_no_memory(look);
	r = look_read(look, packed, (size_t)entry->packed, at);
	if (r)
		return r;
	if (entry->method) {
		r = look_inflate(packed, (size_t)entry->packed, -15, (size_t)entry->size, &text, &len);
	} else {
		len = (size_t)entry->packed;
		packed[len] = '\0';
		text = TAKE_PTR(packed);
	}
	if (r == -ENOMEM)
		return look_no_memory(look);
	if (r || len != entry->size || crc32(0, (const Bytef *)text, (uInt)len) != entry->crc)
		return look_fault(look, ARTIFACT_FAULT_BROKEN, "%s: not what the directory says of it", entry->name);
	*ret = TAKE_PTR(text);
	*ret_len = len;
	return 0;
}
