/* SPDX-License-Identifier: Apache-2.0 */
#include "artifact/tar.h"

#include "artifact/claims.h"
#include "artifact/path.h"
#include "base/cleanup.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* Small: how much comes of one is only known afterwards. */
#define TAR_CHUNK (16u << 10)
#define TAR_BLOCK 512

struct tar_walk {
	struct look *look;
	struct archive *archive;
	struct claims claims;
	uint64_t at, unpacked;
	char chunk[TAR_CHUNK];
};

static void walk_release(struct tar_walk *walk)
{
	claims_release(&walk->claims);
	archive_read_free(walk->archive);
}

static la_ssize_t walk_source(struct archive *archive, void *arg, const void **ret)
{
	struct tar_walk *walk = arg;
	uint64_t left = walk->look->size - walk->at;
	size_t len = left < TAR_CHUNK ? (size_t)left : TAR_CHUNK;

	if (look_read(walk->look, walk->chunk, len, walk->at)) {
		archive_set_error(archive, EIO, "cannot be read");
		return -1;
	}
	walk->at += len;
	*ret = walk->chunk;
	return (la_ssize_t)len;
}

/*
 * Never all filters: some of libarchive's start programs. What stands behind an end is read too: npm goes on where
 * there is one empty block, others need two. 0; -EBADMSG; 1: libarchive does not know it.
 */
static int walk_open(struct tar_walk *walk, struct look *look)
{
	struct archive *a = archive_read_new();
	int r;

	walk->look = look;
	walk->archive = a;
	claims_init(&walk->claims, look, false);
	if (!a || archive_read_support_filter_gzip(a) != ARCHIVE_OK ||
	    archive_read_support_filter_bzip2(a) != ARCHIVE_OK || archive_read_support_filter_xz(a) != ARCHIVE_OK ||
	    archive_read_support_filter_lzma(a) != ARCHIVE_OK || archive_read_support_filter_zstd(a) != ARCHIVE_OK ||
	    archive_read_support_format_tar(a) != ARCHIVE_OK ||
	    archive_read_set_format_option(a, "tar", "read_concatenated_archives", "1") != ARCHIVE_OK ||
	    archive_read_support_format_raw(a) != ARCHIVE_OK)
		return look_no_memory(look);
	r = archive_read_open(a, walk, NULL, walk_source, NULL);
	return look->out->kind == ARTIFACT_MALFORMED ? -EBADMSG : r < ARCHIVE_WARN ? 1 : 0;
}

/* The number in eight bytes of octal letters. */
static long octal(const unsigned char *text, size_t len)
{
	long n = 0;
	size_t i = 0;

	while (i < len && text[i] == ' ')
		i++;
	for (; i < len && text[i] >= '0' && text[i] <= '7'; i++)
		n = n * 8 + (text[i] - '0');
	return n;
}

/* By the one thing that every reader of tars looks at. */
static bool is_header(const unsigned char *block)
{
	long sum = 0, signed_sum = 0, said = octal(block + 148, 8);

	for (size_t i = 0; i < TAR_BLOCK; i++) {
		unsigned char c = i >= 148 && i < 156 ? ' ' : block[i];

		sum += c;
		signed_sum += (signed char)c;
	}
	return block[0] && (said == sum || said == signed_sum);
}

/* What is compressed and no tar to libarchive: it may be one to a reader that takes more. */
static int walk_raw(struct tar_walk *walk)
{
	unsigned char block[TAR_BLOCK];
	la_ssize_t n = archive_read_data(walk->archive, block, sizeof(block));

	if (n == TAR_BLOCK && is_header(block))
		return look_fault(walk->look, ARTIFACT_FAULT_DIFFERS, "is a tar to some readers only");
	return 0;
}

static int walk_bound(struct tar_walk *walk, const char *path, uint64_t unpacked)
{
	const struct artifact_limits *limits = walk->look->limits;

	if (unpacked > limits->unpacked)
		return look_fault(walk->look, ARTIFACT_FAULT_BOMB, "%s: more than %llu bytes", path,
				  (unsigned long long)limits->unpacked);
	if (unpacked > ARTIFACT_RATIO_FROM && unpacked / limits->ratio > walk->look->size)
		return look_fault(walk->look, ARTIFACT_FAULT_BOMB, "%s: more than %u times its size", path,
				  limits->ratio);
	return 0;
}

/* Through the content, of which the first `max` bytes are kept; what is longer is not, and *ret stays NULL. */
static int walk_content(struct tar_walk *walk, const char *path, size_t max, char **ret, size_t *ret_len)
{
	_cleanup_free_ char *text = max ? calloc(1, max + 1) : NULL;
	bool longer = !max;
	size_t len = 0;

	if (max && !text)
		return look_no_memory(walk->look);
	for (;;) {
		const void *block;
		size_t n;
		la_int64_t offset;
		int r = archive_read_data_block(walk->archive, &block, &n, &offset);

		if (r == ARCHIVE_EOF)
			break;
		if (r < ARCHIVE_WARN)
			return look_fault(walk->look, ARTIFACT_FAULT_BROKEN, "%s: %s", path,
					  archive_error_string(walk->archive));
		walk->unpacked += n;
		r = walk_bound(walk, path, walk->unpacked);
		if (r)
			return r;
		/* Holes are zeros, and come as a larger offset. */
		if (longer || offset < 0 || (uint64_t)offset > max || n > max - (size_t)offset) {
			longer = true;
			continue;
		}
		memcpy(text + offset, block, n);
		if ((size_t)offset + n > len)
			len = (size_t)offset + n;
	}
	if (!longer) {
		*ret = TAKE_PTR(text);
		*ret_len = len;
	}
	return 0;
}

static int walk_link(struct tar_walk *walk, struct archive_entry *entry, const char *path)
{
	const char *hard = archive_entry_hardlink(entry);
	const char *target = hard ? hard : archive_entry_symlink(entry);
	_cleanup_free_ char *canonical = NULL;
	bool folder;

	if (!hard && archive_entry_filetype(entry) != AE_IFLNK)
		return 0;
	if (!target)
		return look_fault(walk->look, ARTIFACT_FAULT_ENTRY, "%s: a link to nothing", path);
	canonical = malloc(strlen(target) + 1);
	if (!canonical)
		return look_no_memory(walk->look);
	/* A hard link names an entry, from the root of the archive. */
	if (hard ? path_canonical(target, strlen(target), canonical, &folder) != 0 : !path_link_stays(path, target))
		return look_fault(walk->look, ARTIFACT_FAULT_ESCAPES, "%s: a link to %s", path, target);
	return 0;
}

static int walk_kind(struct tar_walk *walk, struct archive_entry *entry, const char *path)
{
	mode_t type = archive_entry_filetype(entry);

	if (archive_entry_hardlink(entry) || type == AE_IFREG || type == AE_IFDIR || type == AE_IFLNK)
		return 0;
	return look_fault(walk->look, ARTIFACT_FAULT_ENTRY, "%s: a device or the like", path);
}

static int walk_claim(struct tar_walk *walk, struct archive_entry *entry, const char *path, bool folder)
{
	_cleanup_free_ char *text = NULL, *inflated = NULL;
	bool plain = !archive_entry_hardlink(entry) && archive_entry_filetype(entry) == AE_IFREG;
	enum claim claim;
	size_t len = 0, inflated_len = 0;
	int r = claims_notice(&walk->claims, path, folder || archive_entry_filetype(entry) == AE_IFDIR, &claim);

	if (!r)
		r = walk_content(walk, path, plain && claim != CLAIM_COUNT ? CLAIM_MAX : 0, &text, &len);
	if (r || claim == CLAIM_COUNT)
		return r;
	if (text && claim == CLAIM_GEMSPEC) {
		r = look_inflate(text, len, 31, CLAIM_MAX, &inflated, &inflated_len);
		if (r == -ENOMEM)
			return look_no_memory(walk->look);
		claims_take(&walk->claims, claim, r ? NULL : TAKE_PTR(inflated), inflated_len);
		return 0;
	}
	claims_take(&walk->claims, claim, TAKE_PTR(text), len);
	return 0;
}

static int walk_entry(struct tar_walk *walk, struct archive_entry *entry)
{
	const char *name = archive_entry_pathname(entry);
	_cleanup_free_ char *path = name ? malloc(strlen(name) + 1) : NULL;
	struct look *look = walk->look;
	la_int64_t size = archive_entry_size(entry);
	bool folder = false;
	int r;

	if (++look->out->entries > look->limits->entries)
		return look_fault(look, ARTIFACT_FAULT_BOMB, "more than %llu entries",
				  (unsigned long long)look->limits->entries);
	if (!name)
		return look_fault(look, ARTIFACT_FAULT_ENTRY, "an entry without a name");
	if (!path)
		return look_no_memory(look);
	r = path_canonical(name, strlen(name), path, &folder);
	if (r)
		return look_fault(look, r == -EXDEV ? ARTIFACT_FAULT_ESCAPES : ARTIFACT_FAULT_ENTRY, "%s: as a name",
				  name);
	r = walk_kind(walk, entry, path);
	if (!r)
		r = walk_link(walk, entry, path);
	/* A sparse one may say anything. */
	if (!r && size > 0 && (uint64_t)size > look->limits->unpacked)
		r = look_fault(look, ARTIFACT_FAULT_BOMB, "%s: more than %llu bytes", path,
			       (unsigned long long)look->limits->unpacked);
	return r ? r : walk_claim(walk, entry, path, folder);
}

/* The first header; 1: there is none, it is no tar. */
static int walk_first(struct tar_walk *walk, struct archive_entry **ret)
{
	int r = archive_read_next_header(walk->archive, ret);

	if (walk->look->out->kind == ARTIFACT_MALFORMED)
		return -EBADMSG;
	if (r == ARCHIVE_EOF || (r < ARCHIVE_WARN && archive_format(walk->archive) != ARCHIVE_FORMAT_TAR &&
				 (archive_format(walk->archive) & ARCHIVE_FORMAT_BASE_MASK) != ARCHIVE_FORMAT_TAR))
		return 1;
	if ((archive_format(walk->archive) & ARCHIVE_FORMAT_BASE_MASK) != ARCHIVE_FORMAT_TAR) {
		int raw = walk_raw(walk);

		return raw ? raw : 1;
	}
	if (r < ARCHIVE_WARN)
		return look_fault(walk->look, ARTIFACT_FAULT_BROKEN, "%s", archive_error_string(walk->archive));
	return 0;
}

int tar_probe(struct look *look)
{
	CLEANUP(walk_release) struct tar_walk walk = { 0 };
	struct archive_entry *entry;
	int r = walk_open(&walk, look);

	if (!r)
		r = walk_first(&walk, &entry);
	return r < 0 ? r : !r;
}

int tar_look(struct look *look)
{
	CLEANUP(walk_release) struct tar_walk walk = { 0 };
	struct archive_entry *entry = NULL;
	int r = walk_open(&walk, look);

	if (!r)
		r = walk_first(&walk, &entry);
	if (r == 1) {
		look->out->kind = ARTIFACT_NONE;
		return 0;
	}
	while (!r) {
		r = walk_entry(&walk, entry);
		if (r)
			break;
		switch (archive_read_next_header(walk.archive, &entry)) {
		case ARCHIVE_EOF:
			return claims_finish(&walk.claims);
		case ARCHIVE_OK:
		case ARCHIVE_WARN:
			break;
		default:
			r = look_fault(look, ARTIFACT_FAULT_BROKEN, "%s", archive_error_string(walk.archive));
		}
	}
	return r;
}
