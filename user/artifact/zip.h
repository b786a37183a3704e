/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zip.h - a zip as python's zipfile reads it: the last end record, the central directory right before it, names from
 * there.
 *
 *   zip.c        end, directory, content       zip_look.c   what the entries make of it
 *   zip_check.c  what other readers read differently
 */
#ifndef CORDON_ARTIFACT_ZIP_H
#define CORDON_ARTIFACT_ZIP_H

#include "artifact/look.h"

#include <stdlib.h>

/* A piece of the file; what is asked for next lies mostly in it. */
struct window {
	uint64_t at;
	size_t len, size;
	unsigned char *bytes;
};

struct zip {
	uint64_t end;	    /* of the end record */
	uint64_t directory; /* where the central directory lies */
	uint64_t directory_size;
	uint64_t shift;	    /* what stands before the zip: added to every offset */
	uint64_t promised;  /* entries, as the end record says */
	uint64_t tail;	    /* bytes behind the end record */
	unsigned int comment;
	bool zip64;
};

struct zip_entry {
	const char *name; /* `name_len` bytes, good until the next entry */
	size_t name_len;
	const unsigned char *extra;
	size_t extra_len;
	unsigned int flags, method, made_by;
	uint32_t crc, attributes;
	uint64_t packed, size, offset; /* of the local header, in the file */
};

#define ZIP_ENCRYPTED 0x0001u
#define ZIP_DESCRIPTOR 0x0008u
#define ZIP_UTF8 0x0800u
#define ZIP_LOCAL_SIGNATURE 0x04034b50u
#define ZIP_LOCAL_LEN 30

/* 1: it has a zip's end, and a place for the directory that it tells of; 0: no; -EBADMSG. */
int zip_open(struct look *look, struct zip *ret);
/* Whether the first bytes are a zip's. */
bool zip_begins(struct look *look);
/* What it is: 0; -EBADMSG and the fault. */
int zip_look(struct look *look, const struct zip *zip);

/* Numbers as zips have them. */
static inline uint32_t zip_u16(const unsigned char *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static inline uint32_t zip_u32(const unsigned char *p)
{
	return zip_u16(p) | zip_u16(p + 2) << 16;
}

static inline uint64_t zip_u64(const unsigned char *p)
{
	return (uint64_t)zip_u32(p) | (uint64_t)zip_u32(p + 4) << 32;
}

/* `len` bytes at `at`, good until the next call; NULL: the fault is said. `least`: what is read at once. */
const unsigned char *window_get(struct look *look, struct window *window, uint64_t at, size_t len, size_t least);
static inline void window_release(struct window *window)
{
	free(window->bytes);
}

/* The content, `max` bytes at most, checked against size and CRC: 0; -EFBIG; -ENOTSUP: a method that is not read here;
 * -EBADMSG: the fault is said. */
int zip_read(struct look *look, const struct zip_entry *entry, size_t max, char **ret, size_t *ret_len);

/* The entry at `at` of the directory, with the sizes that fit into 32 bits, and its length there. -EBADMSG. */
int zip_entry(struct look *look, const struct zip *zip, struct window *window, uint64_t at, struct zip_entry *ret,
	      size_t *ret_len);
/* Sizes and place as they are, from the entry's extra fields, as python takes them. `name` ends in a NUL by now. */
int zip_sizes(struct look *look, const struct zip *zip, struct zip_entry *entry);

/*
 * What zip readers read differently, noted while the entries pass, and what no package has. It counts for those kinds
 * that an installer reads: other zips stand behind a program, are encrypted and so on.
 */
struct zip_check {
	struct look look;      /* as the reader's, with `noted` instead of its answer */
	struct artifact noted; /* MALFORMED: what was found first */
	struct window window;
	struct zip_span {
		uint64_t begin, end;
	} *spans;
	uint64_t *names; /* hashes; 0: free */
	size_t count, size, name_size;
};
void zip_check_init(struct zip_check *check, const struct look *look);
void zip_check_release(struct zip_check *check);
/* `path` as path_canonical() gives it; `name` of the entry ends in a NUL. */
void zip_check_entry(struct zip_check *check, const struct zip_entry *entry, const char *path, bool folder);
void zip_check_finish(struct zip_check *check, const struct zip *zip);

#endif
