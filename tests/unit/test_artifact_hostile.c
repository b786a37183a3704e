/* SPDX-License-Identifier: Apache-2.0 */
/* test_artifact_hostile.c - artifacts that no tool writes: each is an answer, in time. */
#include "artifact_scratch.h"

static void test_cut_off(void **state)
{
	_bytes_ struct bytes wheel = { 0 }, tar = { 0 };

	(void)state;
	WHEEL(&wheel, NULL, { .name = "a.pth", .text = "x" });
	TAR(&tar, ARCHIVE_FILTER_NONE, { .name = "x-1/PKG-INFO", .text = "Name: x\nVersion: 1\n" },
	    { .name = "x-1/y", .text = "0123456789" });
	/* Never a wheel, wherever it ends. */
	for (size_t len = 4; len < wheel.len; len += 7) {
		const struct bytes part = { .at = wheel.at, .len = len };

		read_fault(&part, ARTIFACT_FAULT_BROKEN);
	}
	for (size_t len = 512; len < 5 * 512; len += 100) {
		const struct bytes part = { .at = tar.at, .len = len };
		CLEANUP(artifact_release) struct artifact a = { 0 };

		read_bytes(part.at, part.len, NULL, &a);
		assert_true(a.kind == ARTIFACT_MALFORMED || len % 512 == 0);
	}
}

/* But for the length of its comment. */
#define END_RECORD "PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"

static void test_zip_differs(void **state)
{
	static const struct {
		const char *name;
		struct zip_file file;
		struct zip_twist twist;
		enum artifact_fault fault;
	} cases[] = {
		{ "a program before", { .name = "x" }, { .before = "#!/bin/sh\nexit\n" }, ARTIFACT_FAULT_DIFFERS },
		{ "and offsets that know",
		  { .name = "x" },
		  { .before = "#!/bin/sh\n", .shifted = true },
		  ARTIFACT_FAULT_DIFFERS },
		{ "data behind", { .name = "x" }, { .behind = "data" }, ARTIFACT_FAULT_DIFFERS },
		{ "another end",
		  { .name = "x" },
		  { .comment = END_RECORD "\0\0", .comment_len = 22 },
		  ARTIFACT_FAULT_DIFFERS },
		{ "an end of nothing",
		  { .name = "x" },
		  { .comment = "PK\5\6 and so on and on..", .comment_len = 24 },
		  ARTIFACT_FAULT_DIFFERS },
		{ "another count", { .name = "x" }, { .more = 1 }, ARTIFACT_FAULT_DIFFERS },
		{ "another directory", { .name = "x" }, { .directory_at = 1 }, ARTIFACT_FAULT_BROKEN },
		{ "another name", { .name = "x.txt", .local_name = "x.pth" }, { 0 }, ARTIFACT_FAULT_DIFFERS },
		{ "a longer name", { .name = "x.pt", .local_name = "x.pth" }, { 0 }, ARTIFACT_FAULT_DIFFERS },
		{ "another CRC", { .name = "x", .text = "y", .local_crc = 1 }, { 0 }, ARTIFACT_FAULT_DIFFERS },
		{ "a second name", { .name = "x.txt", .unicode = 0x7075 }, { 0 }, ARTIFACT_FAULT_DIFFERS },
		{ "only at its place", { .name = "x.pth", .only_local = true }, { 0 }, ARTIFACT_FAULT_DIFFERS },
		{ "encrypted", { .name = "x", .flags = 1 }, { 0 }, ARTIFACT_FAULT_ENTRY },
		{ "a link", { .name = "x", .text = "/etc/passwd", .mode = 0120777 }, { 0 }, ARTIFACT_FAULT_ENTRY },
		{ "a device", { .name = "x", .mode = 060666 }, { 0 }, ARTIFACT_FAULT_ENTRY },
		{ "no UTF-8", { .name = "x\xff", .flags = 0x800 }, { 0 }, ARTIFACT_FAULT_ENTRY },
		{ "a NUL", { .name = "x.pth\0.txt", .name_len = 10 }, { 0 }, ARTIFACT_FAULT_ENTRY },
		{ "a way up", { .name = "x/../../y" }, { 0 }, ARTIFACT_FAULT_ESCAPES },
		{ "from the root", { .name = "/etc/x" }, { 0 }, ARTIFACT_FAULT_ESCAPES },
		{ "wrong content",
		  { .name = "x.pth", .text = "import os", .says_crc = 1 },
		  { 0 },
		  ARTIFACT_FAULT_BROKEN },
		{ "wrong size",
		  { .name = "x.pth", .text = "import os", .says_size = 3 },
		  { 0 },
		  ARTIFACT_FAULT_BROKEN },
		{ "a bomb's size", { .name = "x", .says_size = 0xf0000000 }, { 0 }, ARTIFACT_FAULT_BOMB },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_bytes_ struct bytes bytes = { 0 };

		wheel_make(&bytes, &cases[i].file, 1, &cases[i].twist);
		print_message("%s\n", cases[i].name);
		read_fault(&bytes, cases[i].fault);
	}
}

static void test_zip_twice(void **state)
{
	_bytes_ struct bytes a = { 0 }, b = { 0 }, c = { 0 }, d = { 0 };

	(void)state;
	WHEEL(&a, NULL, { .name = "x.pth" }, { .name = "x.pth", .text = "import os" });
	read_fault(&a, ARTIFACT_FAULT_DUPLICATE);
	WHEEL(&b, NULL, { .name = "x.pth" }, { .name = ".//x.pth", .text = "import os" });
	read_fault(&b, ARTIFACT_FAULT_DUPLICATE);
	WHEEL(&c, NULL, { .name = "x.pth/" }, { .name = "x.pth", .text = "import os" });
	read_fault(&c, ARTIFACT_FAULT_DUPLICATE);
	WHEEL(&d, NULL, { .name = "demo_pkg/" }, { .name = "demo_pkg/" });
	CLEANUP(artifact_release) struct artifact wheel = { 0 };
	read_as(&d, ARTIFACT_WHEEL, &wheel);
}

static void test_zip_identity(void **state)
{
	static const struct {
		const char *folder, *text;
	} cases[] = {
		{ "other-1.0", DEMO_METADATA },
		{ "demo_pkg-1.0", "Name: demo-pkg\n\nVersion: 1.0\n" },
		{ "demo_pkg-1.0", "Name: demo-pkg\nName: demo-pkg\nVersion: 1.0\n" },
		{ "demo_pkg-1.0", "Name: demo-pkg\rName: other\nVersion: 1.0\n" },
		{ "demo_pkg-1.0", "Name: demo-pkg\n other\nVersion: 1.0\n" },
		{ "demo_pkg-1.0", "no header\nName: demo-pkg\nVersion: 1.0\n" },
		{ "demo_pkg-1.0", "Name: demo-pkg\nVersion: 1.0 x\n" },
		{ "demo_pkg-1.0", "Name: \xe2\x80\xae pkg\nVersion: 1.0\n" },
		{ "demo_pkg-1.0", "Name: demo\033[2J\nVersion: 1.0\n" },
		{ "demo_pkg-1.0", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_bytes_ struct bytes bytes = { 0 };
		_cleanup_free_ char *metadata = NULL, *wheel = NULL;

		assert_true(asprintf(&metadata, "%s.dist-info/METADATA", cases[i].folder) > 0);
		assert_true(asprintf(&wheel, "%s.dist-info/WHEEL", cases[i].folder) > 0);
		struct zip_file files[] = { { .name = metadata, .text = cases[i].text }, { .name = wheel } };

		zip_make(&bytes, files, ARRAY_SIZE(files), NULL);
		read_fault(&bytes, ARTIFACT_FAULT_IDENTITY);
	}
	{ /* two, one folder where a file should be, none */
		_bytes_ struct bytes a = { 0 }, b = { 0 }, c = { 0 };
		struct zip_file folder[] = { { .name = DEMO_INFO "METADATA/" }, { .name = DEMO_INFO "WHEEL/" },
					     { .name = DEMO_INFO "METADATA/x" } };
		struct zip_file half[] = { { .name = DEMO_INFO "METADATA", .text = DEMO_METADATA } };

		WHEEL(&a, NULL, { .name = "other-1.0.dist-info/METADATA", .text = "Name: other\nVersion: 1.0\n" });
		read_fault(&a, ARTIFACT_FAULT_IDENTITY);
		zip_make(&b, folder, ARRAY_SIZE(folder), NULL);
		read_fault(&b, ARTIFACT_FAULT_IDENTITY);
		zip_make(&c, half, ARRAY_SIZE(half), NULL);
		read_fault(&c, ARTIFACT_FAULT_IDENTITY);
	}
}

static void test_tar(void **state)
{
	static const struct {
		struct tar_file file;
		enum artifact_fault fault;
	} cases[] = {
		{ { .name = "x-1/../../y", .text = "" }, ARTIFACT_FAULT_ESCAPES },
		{ { .name = "/y", .text = "" }, ARTIFACT_FAULT_ESCAPES },
		{ { .name = "x-1/y", .type = AE_IFLNK, .link = "/etc/passwd" }, ARTIFACT_FAULT_ESCAPES },
		{ { .name = "x-1/y", .type = AE_IFLNK, .link = "../y" }, ARTIFACT_FAULT_ESCAPES },
		{ { .name = "x-1/a/y", .type = AE_IFLNK, .link = "../b/../../../y" }, ARTIFACT_FAULT_ESCAPES },
		{ { .name = "x-1/y", .link = "../../etc/passwd", .hard = true }, ARTIFACT_FAULT_ESCAPES },
		{ { .name = "x-1/y", .type = AE_IFCHR }, ARTIFACT_FAULT_ENTRY },
		{ { .name = "x-1/y", .type = AE_IFIFO }, ARTIFACT_FAULT_ENTRY },
		{ { .name = "x-1/PKG-INFO", .text = "Name: other\nVersion: 1\n" }, ARTIFACT_FAULT_IDENTITY },
		{ { .name = "y-1/PKG-INFO", .text = "Name: y\nVersion: 1\n" }, ARTIFACT_FAULT_IDENTITY },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_bytes_ struct bytes bytes = { 0 };

		TAR(&bytes, ARCHIVE_FILTER_GZIP, { .name = "x-1/PKG-INFO", .text = "Name: x\nVersion: 1\n" },
		    cases[i].file);
		read_fault(&bytes, cases[i].fault);
	}
	{ /* a NUL in a name that comes before the rest of it; a name that is a folder's */
		_bytes_ struct bytes a = { 0 }, b = { 0 };

		TAR(&a, ARCHIVE_FILTER_NONE, { .name = "x-1/PKG-INFO", .text = "Name: x\0y\nVersion: 1\n", .len = 21 });
		read_fault(&a, ARTIFACT_FAULT_IDENTITY);
		TAR(&b, ARCHIVE_FILTER_NONE, { .name = "x-1/PKG-INFO", .type = AE_IFLNK, .link = "y" });
		read_fault(&b, ARTIFACT_FAULT_IDENTITY);
	}
}

static void test_package_json(void **state)
{
	static const char *const texts[] = {
		"",
		"[]",
		"null",
		"{\"name\": 1}",
		"{\"name\": \"a/b\"}",
		"{\"name\": \"..\"}",
		"{\"name\": \"a\\u0000b\"}",
		"{\"name\": \"a\", \"version\": \"\\u202e\"}",
		"{\"name\": \"\xff\"}",
		"{\"name\": \"a\"",
	};
	_cleanup_free_ char *large = malloc(100u << 20), *deep = malloc(1u << 20);
	_bytes_ struct bytes a = { 0 }, b = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_bytes_ struct bytes bytes = { 0 };

		TAR(&bytes, ARCHIVE_FILTER_GZIP, { .name = "package/package.json", .text = texts[i] });
		read_fault(&bytes, ARTIFACT_FAULT_IDENTITY);
	}
	memset(large, ' ', 100u << 20);
	TAR(&a, ARCHIVE_FILTER_NONE, { .name = "package/package.json", .text = large, .len = 100u << 20 });
	read_fault(&a, ARTIFACT_FAULT_IDENTITY);
	memset(deep, '[', 1u << 20);
	TAR(&b, ARCHIVE_FILTER_GZIP, { .name = "package/package.json", .text = deep, .len = 1u << 20 });
	read_fault(&b, ARTIFACT_FAULT_IDENTITY);
}

/* Read as a zip by some, as a tar by others. */
static void test_both(void **state)
{
	_bytes_ struct bytes a = { 0 }, b = { 0 }, zip = { 0 };

	(void)state;
	wheel_make(&zip, NULL, 0, NULL);
	TAR(&a, ARCHIVE_FILTER_GZIP, { .name = "x-1/PKG-INFO", .text = "Name: x\nVersion: 1\n" });
	put(&a, zip.at, zip.len);
	read_fault(&a, ARTIFACT_FAULT_DIFFERS);
	TAR(&b, ARCHIVE_FILTER_NONE, { .name = "PK\3\4", .text = (char *)zip.at, .len = zip.len });
	b.len = 512 + zip.len;
	read_fault(&b, ARTIFACT_FAULT_DIFFERS);
}

/* Behind an end: one empty block, as npm reads over it, or all of it and another one. */
static void test_behind_end(void **state)
{
	static const char first[] = "{\"name\": \"x\"}", second[] = "{\"name\": \"y\"}";

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		_bytes_ struct bytes one = { 0 }, two = { 0 }, gz = { 0 };

		TAR(&one, ARCHIVE_FILTER_NONE, { .name = "package/package.json", .text = first });
		TAR(&two, ARCHIVE_FILTER_NONE, { .name = "package/package.json", .text = second });
		if (!i)
			one.len = 3 * 512;
		put(&one, two.at, two.len);
		gzip_put(&gz, one.at, one.len);
		read_fault(&gz, ARTIFACT_FAULT_IDENTITY);
	}
	{ /* neither end nor entry */
		_bytes_ struct bytes tar = { 0 };

		TAR(&tar, ARCHIVE_FILTER_NONE, { .name = "package/package.json", .text = first });
		for (unsigned int i = 0; i < 512; i++)
			put(&tar, "x", 1);
		read_fault(&tar, ARTIFACT_FAULT_BROKEN);
	}
}

/* A name is any bytes; who prints it escapes it. Archives in an archive are files. Too many start-up files. */
static void test_odd(void **state)
{
	static const char name[] = "a\n\033[2J\xe2\x80\xae\xff.pth";
	_bytes_ struct bytes inner = { 0 }, outer = { 0 }, many = { 0 };
	CLEANUP(artifact_release) struct artifact a = { 0 };
	struct zip_file files[ARTIFACT_STARTUP_MAX + 3] = { 0 };
	char names[ARTIFACT_STARTUP_MAX + 1][16];

	(void)state;
	WHEEL(&inner, NULL, { .name = "x.pth", .text = "import os" });
	WHEEL(&outer, NULL, { .name = "inner.whl", .text = (char *)inner.at, .len = inner.len, .stored = true },
	      { .name = name, .text = "x" });
	read_as(&outer, ARTIFACT_WHEEL, &a);
	assert_int_equal(a.startup_count, 1);
	assert_string_equal(a.startup[0].path, name);
	for (size_t i = 0; i <= ARTIFACT_STARTUP_MAX; i++) {
		snprintf(names[i], sizeof(names[i]), "%zu.pth", i);
		files[i].name = names[i];
	}
	files[ARTIFACT_STARTUP_MAX + 1] = (struct zip_file){ .name = DEMO_INFO "METADATA", .text = DEMO_METADATA };
	files[ARTIFACT_STARTUP_MAX + 2] = (struct zip_file){ .name = DEMO_INFO "WHEEL" };
	zip_make(&many, files, ARRAY_SIZE(files), NULL);
	read_fault(&many, ARTIFACT_FAULT_BOMB);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut_off),	  cmocka_unit_test(test_zip_differs),
		cmocka_unit_test(test_zip_twice), cmocka_unit_test(test_zip_identity),
		cmocka_unit_test(test_tar),	  cmocka_unit_test(test_package_json),
		cmocka_unit_test(test_both),	  cmocka_unit_test(test_behind_end),
		cmocka_unit_test(test_odd),
	};

	return artifact_tests(argc, argv, tests);
}
