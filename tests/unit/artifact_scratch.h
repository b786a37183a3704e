/* SPDX-License-Identifier: Apache-2.0 */
/* artifact_scratch.h - artifacts in memory, as tools write them and as nobody would, and a reader to look at them. */
#ifndef CORDON_TESTS_ARTIFACT_SCRATCH_H
#define CORDON_TESTS_ARTIFACT_SCRATCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "artifact/artifact.h"
#include "base/cleanup.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <zlib.h>

struct bytes {
	unsigned char *at;
	size_t len, size;
};

static inline void bytes_release(struct bytes *bytes)
{
	free(bytes->at);
	memset(bytes, 0, sizeof(*bytes));
}

#define _bytes_ CLEANUP(bytes_release)

static inline void put(struct bytes *out, const void *bytes, size_t len)
{
	if (len > out->size - out->len) {
		out->size = (out->len + len) * 2;
		out->at = realloc(out->at, out->size);
		assert_non_null(out->at);
	}
	if (len)
		memcpy(out->at + out->len, bytes, len);
	out->len += len;
}

static inline void put_number(struct bytes *out, uint64_t number, size_t len)
{
	for (; len--; number >>= 8)
		put(out, &(unsigned char){ (unsigned char)number }, 1);
}

/* An entry; what is 0 is as it should be. */
struct zip_file {
	const char *name, *text;
	size_t name_len, len; /* 0: as strings */
	bool stored, only_local, only_directory;
	const char *local_name;
	unsigned int flags, method, mode, unicode;
	uint64_t says_size; /* instead of the true one, in both headers */
	uint32_t says_crc, local_crc;
	/* Where it lies; set by zip_make(). */
	size_t offset, packed, true_len;
	uint32_t crc;
};

struct zip_twist {
	const char *before, *behind, *comment;
	size_t comment_len;
	bool shifted;	       /* offsets count from the file's begin, not from the zip's */
	unsigned int more;     /* entries that the end record tells of and that are not there */
	uint32_t directory_at; /* instead of the true offset */
};

static inline void zip_deflate(struct bytes *out, const void *text, size_t len)
{
	z_stream stream = { .next_in = (Bytef *)(uintptr_t)text, .avail_in = (uInt)len };
	unsigned char chunk[65536];
	int r;

	assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), Z_OK);
	do {
		stream.next_out = chunk;
		stream.avail_out = sizeof(chunk);
		r = deflate(&stream, Z_FINISH);
		put(out, chunk, sizeof(chunk) - stream.avail_out);
	} while (r == Z_OK);
	assert_int_equal(r, Z_STREAM_END);
	deflateEnd(&stream);
}

static inline void gzip_put(struct bytes *out, const void *text, size_t len)
{
	put(out, "\x1f\x8b\x08\0\0\0\0\0\0\x03", 10);
	zip_deflate(out, text, len);
	put_number(out, crc32(0, text, (uInt)len), 4);
	put_number(out, len, 4);
}

static inline void zip_numbers(struct bytes *out, const struct zip_file *file, uint32_t crc)
{
	put_number(out, file->flags, 2);
	put_number(out, file->method ? file->method : file->stored ? 0 : 8, 2);
	put_number(out, 0x5a210000, 4);
	put_number(out, crc, 4);
	put_number(out, file->packed, 4);
	put_number(out, file->says_size ? file->says_size : file->true_len, 4);
}

static inline void zip_local(struct bytes *out, struct zip_file *file, size_t base)
{
	const char *name = file->local_name ? file->local_name : file->name;
	size_t name_len = file->local_name || !file->name_len ? strlen(name) : file->name_len;
	_bytes_ struct bytes packed = { 0 };

	file->true_len = file->len ? file->len : file->text ? strlen(file->text) : 0;
	if (file->stored)
		put(&packed, file->text, file->true_len);
	else
		zip_deflate(&packed, file->text ? file->text : "", file->true_len);
	file->packed = packed.len;
	file->offset = out->len - base;
	file->crc =
	    file->says_crc ? file->says_crc : (uint32_t)crc32(0, (const Bytef *)file->text, (uInt)file->true_len);
	put_number(out, 0x04034b50, 4);
	put_number(out, 20, 2);
	zip_numbers(out, file, file->local_crc ? file->local_crc : file->crc);
	put_number(out, name_len, 2);
	put_number(out, 0, 2);
	put(out, name, name_len);
	put(out, packed.at, packed.len);
}

static inline void zip_central(struct bytes *out, const struct zip_file *file)
{
	size_t name_len = file->name_len ? file->name_len : strlen(file->name);

	put_number(out, 0x02014b50, 4);
	put_number(out, 20 | 3 << 8, 2);
	put_number(out, 20, 2);
	zip_numbers(out, file, file->crc);
	put_number(out, name_len, 2);
	put_number(out, file->unicode ? 9 + 5 : 0, 2);
	put_number(out, 0, 2);
	put_number(out, 0, 4);
	put_number(out, (uint64_t)(file->mode ? file->mode : 0100644) << 16, 4);
	put_number(out, file->offset, 4);
	put(out, file->name, name_len);
	if (file->unicode) {
		put_number(out, file->unicode, 2);
		put_number(out, 10, 2);
		put(out, "\1\0\0\0\0x.pth", 10);
	}
}

static inline void zip_make(struct bytes *out, struct zip_file *files, size_t count, const struct zip_twist *twist)
{
	static const struct zip_twist none;
	const struct zip_twist *t = twist ? twist : &none;
	size_t base, directory, entries = 0;

	if (t->before)
		put(out, t->before, strlen(t->before));
	base = t->shifted ? 0 : out->len;
	for (size_t i = 0; i < count; i++)
		if (!files[i].only_directory)
			zip_local(out, &files[i], base);
	directory = out->len;
	for (size_t i = 0; i < count; i++) {
		if (files[i].only_local)
			continue;
		zip_central(out, &files[i]);
		entries++;
	}
	put_number(out, 0x06054b50, 4);
	put_number(out, 0, 4);
	put_number(out, entries + t->more, 2);
	put_number(out, entries + t->more, 2);
	put_number(out, out->len - directory - 12, 4);
	put_number(out, t->directory_at ? t->directory_at : directory - base, 4);
	put_number(out, t->comment_len, 2);
	put(out, t->comment, t->comment_len);
	if (t->behind)
		put(out, t->behind, strlen(t->behind));
}

#define DEMO_METADATA "Metadata-Version: 2.1\nName: Demo_Pkg\nVersion: 1.0\nSummary: x\n\nName: other\n"
#define DEMO_INFO "demo_pkg-1.0.dist-info/"

/* A wheel of `files` and of what makes it one. */
static inline void wheel_make(struct bytes *out, const struct zip_file *files, size_t count,
			      const struct zip_twist *twist)
{
	struct zip_file all[64] = { { .name = "demo_pkg/__init__.py", .text = "x = 1\n" } };

	assert_true(count + 4 <= ARRAY_SIZE(all));
	if (count)
		memcpy(all + 1, files, count * sizeof(*files));
	all[count + 1] = (struct zip_file){ .name = DEMO_INFO "METADATA", .text = DEMO_METADATA };
	all[count + 2] = (struct zip_file){ .name = DEMO_INFO "WHEEL", .text = "Wheel-Version: 1.0\n" };
	all[count + 3] = (struct zip_file){ .name = DEMO_INFO "RECORD" };
	zip_make(out, all, count + 4, twist);
}

struct tar_file {
	const char *name, *text, *link;
	size_t len; /* 0: a string */
	unsigned int type; /* AE_IF*, 0: a file */
	bool hard;
};

static inline la_ssize_t tar_write(struct archive *archive, void *arg, const void *buffer, size_t len)
{
	(void)archive;
	put(arg, buffer, len);
	return (la_ssize_t)len;
}

static inline void tar_make(struct bytes *out, const struct tar_file *files, size_t count, int filter)
{
	struct archive *a = archive_write_new();

	archive_write_add_filter(a, filter);
	archive_write_set_format_pax_restricted(a);
	archive_write_set_bytes_in_last_block(a, 1);
	assert_int_equal(archive_write_open(a, out, NULL, tar_write, NULL), ARCHIVE_OK);
	for (size_t i = 0; i < count; i++) {
		struct archive_entry *entry = archive_entry_new();
		size_t len = files[i].len ? files[i].len : files[i].text ? strlen(files[i].text) : 0;

		archive_entry_set_pathname(entry, files[i].name);
		archive_entry_set_filetype(entry, files[i].type ? files[i].type : AE_IFREG);
		archive_entry_set_perm(entry, 0644);
		archive_entry_set_size(entry, (la_int64_t)len);
		if (files[i].link && files[i].hard)
			archive_entry_set_hardlink(entry, files[i].link);
		else if (files[i].link)
			archive_entry_set_symlink(entry, files[i].link);
		assert_true(archive_write_header(a, entry) >= ARCHIVE_WARN);
		if (len)
			assert_int_equal(archive_write_data(a, files[i].text, len), len);
		archive_entry_free(entry);
	}
	archive_write_close(a);
	archive_write_free(a);
}

static struct artifact_reader *reader;

static inline int reader_setup(void **state)
{
	(void)state;
	return artifact_reader_start(&reader);
}

static inline int reader_teardown(void **state)
{
	(void)state;
	artifact_reader_stop(reader);
	return 0;
}

static inline void read_bytes(const void *bytes, size_t len, const struct artifact_limits *limits, struct artifact *ret)
{
	_cleanup_close_ int fd = memfd_create("artifact", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	assert_int_equal(artifact_read(reader, fd, limits, ret), 0);
	assert_int_equal(ret->size, len);
}

#define read_as(bytes, wanted, ret) read_as_((bytes), (wanted), (ret), __LINE__)
static inline void read_as_(const struct bytes *bytes, enum artifact_kind wanted, struct artifact *ret, int line)
{
	read_bytes(bytes->at, bytes->len, NULL, ret);
	if (ret->kind != wanted)
		fail_msg("line %d: is %s (%s: %s), wanted %s", line, artifact_kind_name(ret->kind),
			 artifact_fault_name(ret->fault), ret->detail ? ret->detail : "", artifact_kind_name(wanted));
}

/* Malformed, and so. */
#define read_fault(bytes, fault) read_fault_((bytes), (fault), __LINE__)
static inline void read_fault_(const struct bytes *bytes, enum artifact_fault wanted, int line)
{
	CLEANUP(artifact_release) struct artifact a = { 0 };

	read_as_(bytes, ARTIFACT_MALFORMED, &a, line);
	if (a.fault != wanted)
		fail_msg("line %d: it %s (%s), wanted: %s", line, artifact_fault_name(a.fault),
			 a.detail ? a.detail : "", artifact_fault_name(wanted));
	assert_true(a.hashed);
}

#define WHEEL(bytes, twist, ...)                                                             \
	do {                                                                                 \
		const struct zip_file these_[] = { __VA_ARGS__ };                            \
		wheel_make(bytes, these_, sizeof(these_) / sizeof(these_[0]), twist);        \
	} while (0)
#define TAR(bytes, filter, ...)                                                              \
	do {                                                                                 \
		const struct tar_file these_[] = { __VA_ARGS__ };                            \
		tar_make(bytes, these_, sizeof(these_) / sizeof(these_[0]), filter);         \
	} while (0)

/* A test's main(): the reader is this program, started again. */
#define artifact_tests(argc, argv, tests)                                                 \
	((argc) > 1 && !strcmp((argv)[1], ARTIFACT_READER_COMMAND)                           \
		 ? artifact_server_main((argc) - 1, (argv) + 1)                              \
		 : cmocka_run_group_tests(tests, reader_setup, reader_teardown))

#endif
