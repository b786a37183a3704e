/* SPDX-License-Identifier: Apache-2.0 */
/* test_artifact_bombs.c - artifacts that want more time or room than they get: each is an answer, in time. */
#include "artifact_scratch.h"

#include "base/clock.h"

/* Ten gibibytes of zeros behind some members of ten mebibytes, as gzip takes them one after the other. */
static void test_bombs(void **state)
{
	_bytes_ struct bytes bomb = { 0 }, raw = { 0 };
	const size_t chunk = 64u << 20;
	_cleanup_free_ char *zeros = calloc(1, chunk);
	struct tar_file file = { .name = "x-1/zeros", .text = zeros, .len = chunk };
	uint64_t began;

	(void)state;
	/* A header that says 10 GiB, and zeros. */
	tar_make(&raw, &file, 1, ARCHIVE_FILTER_NONE);
	memcpy(raw.at + 124, "\x80\0\0\0\0\0\0\x02\x80\0\0", 12);
	memset(raw.at + 148, ' ', 8);
	unsigned int sum = 0;
	for (size_t i = 0; i < 512; i++)
		sum += raw.at[i];
	snprintf((char *)raw.at + 148, 8, "%06o", sum);
	gzip_put(&bomb, raw.at, 512);
	size_t member = bomb.len;
	gzip_put(&bomb, zeros, chunk);
	size_t end = bomb.len;
	for (unsigned int i = 1; i < 160; i++) {
		_cleanup_free_ unsigned char *copy = malloc(end - member);

		memcpy(copy, bomb.at + member, end - member);
		put(&bomb, copy, end - member);
	}
	began = clock_ns();
	read_fault(&bomb, ARTIFACT_FAULT_BOMB);
	assert_true(clock_ns() - began < 10000000000ULL);
	/* In a bound of time instead: it is slow, and said so, not later than it may be. */
	struct artifact_limits limits = artifact_limits_default;
	CLEANUP(artifact_release) struct artifact late = { 0 };
	limits.ratio = 1000000;
	limits.deadline_ms = 300;
	began = clock_ns();
	read_bytes(bomb.at, bomb.len, &limits, &late);
	assert_int_equal(late.kind, ARTIFACT_MALFORMED);
	assert_int_equal(late.fault, ARTIFACT_FAULT_SLOW);
	/* All of it takes longer than that. */
	assert_true(clock_ns() - began < 5000000000ULL);
}

static void test_many(void **state)
{
	const unsigned int in_zip = 100000, in_tar = 210000;
	_bytes_ struct bytes zip = { 0 }, tar = { 0 };
	_cleanup_free_ struct zip_file *files = calloc(in_zip, sizeof(*files));
	_cleanup_free_ char *names = malloc((size_t)in_zip * 16);
	CLEANUP(artifact_release) struct artifact wheel = { 0 };
	struct archive *a = archive_write_new();

	(void)state;
	for (unsigned int n = 0; n < in_zip; n++) {
		snprintf(names + 16 * n, 16, "x/%08u", n);
		files[n] = (struct zip_file){ .name = names + 16 * n, .stored = true };
	}
	files[0] = (struct zip_file){ .name = DEMO_INFO "METADATA", .text = DEMO_METADATA };
	files[1] = (struct zip_file){ .name = DEMO_INFO "WHEEL" };
	zip_make(&zip, files, in_zip, NULL);
	read_as(&zip, ARTIFACT_WHEEL, &wheel);
	assert_int_equal(wheel.entries, in_zip);
	archive_write_add_filter_gzip(a);
	archive_write_set_format_ustar(a);
	archive_write_open(a, &tar, NULL, tar_write, NULL);
	for (unsigned int n = 0; n < in_tar; n++) {
		struct archive_entry *entry = archive_entry_new();

		snprintf(names, 32, "x-1/%u", n);
		archive_entry_set_pathname(entry, names);
		archive_entry_set_filetype(entry, AE_IFREG);
		archive_write_header(a, entry);
		archive_entry_free(entry);
	}
	archive_write_close(a);
	archive_write_free(a);
	read_fault(&tar, ARTIFACT_FAULT_BOMB);
}

static void sparse_make(struct bytes *out, la_int64_t size)
{
	static const char text[] = "Name: x\nVersion: 1\n";
	struct archive *a = archive_write_new();
	struct archive_entry *entry = archive_entry_new();

	archive_write_set_format_pax(a);
	archive_write_open(a, out, NULL, tar_write, NULL);
	archive_entry_set_pathname(entry, "x-1/PKG-INFO");
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_size(entry, size);
	archive_entry_sparse_add_entry(entry, 0, (la_int64_t)strlen(text));
	archive_write_header(a, entry);
	archive_write_data(a, text, strlen(text));
	archive_entry_free(entry);
	archive_write_close(a);
	archive_write_free(a);
}

static void test_sparse(void **state)
{
	_bytes_ struct bytes small = { 0 }, large = { 0 };
	CLEANUP(artifact_release) struct artifact a = { 0 };

	(void)state;
	sparse_make(&small, 4096);
	read_as(&small, ARTIFACT_SDIST, &a);
	assert_string_equal(a.identity.name, "x");
	sparse_make(&large, (la_int64_t)1 << 50);
	read_fault(&large, ARTIFACT_FAULT_BOMB);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bombs),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_sparse),
	};

	return artifact_tests(argc, argv, tests);
}
