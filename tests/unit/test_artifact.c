/* SPDX-License-Identifier: Apache-2.0 */
/* test_artifact.c - what artifacts are, by their content, and what they say: each kind as its tools write it. */
#include "artifact_scratch.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <poll.h>

static void is_package(const struct artifact *a, const char *ecosystem, const char *name, const char *version)
{
	assert_string_equal(a->identity.ecosystem, ecosystem);
	assert_string_equal(a->identity.name, name);
	assert_string_equal(a->identity.version, version);
	assert_int_equal(a->fault, ARTIFACT_FAULT_NONE);
}

static void test_wheel(void **state)
{
	_bytes_ struct bytes bytes = { 0 };
	CLEANUP(artifact_release) struct artifact a = { 0 };
	unsigned char digest[64];

	(void)state;
	wheel_make(&bytes, NULL, 0, NULL);
	read_as(&bytes, ARTIFACT_WHEEL, &a);
	is_package(&a, "pypi", "demo-pkg", "1.0");
	assert_int_equal(a.entries, 4);
	assert_int_equal(a.startup_count, 0);
	assert_true(a.hashed && a.hashed_sha512);
	EVP_Digest(bytes.at, bytes.len, digest, NULL, EVP_sha256(), NULL);
	assert_memory_equal(a.sha256, digest, 32);
	EVP_Digest(bytes.at, bytes.len, digest, NULL, EVP_sha512(), NULL);
	assert_memory_equal(a.sha512, digest, 64);
}

static void test_startup(void **state)
{
	static const struct {
		const char *path;
		bool startup;
	} paths[] = {
		{ "a.pth", true },
		{ "a.start", true },
		{ ".pth", false },
		{ "./b.pth", true },
		{ "sitecustomize.py", true },
		{ "usercustomize.cpython-311-x86_64-linux-gnu.so", true },
		{ "usercustomize/__init__.py", true },
		{ "sitecustomize/deep/x.py", false },
		{ "sitecustomized.py", false },
		{ "__pycache__/sitecustomize.cpython-311.pyc", false },
		{ "demo_pkg/weights.pth", false },
		{ "demo_pkg/sitecustomize.py", false },
		{ "demo_pkg-1.0.data/purelib/c.pth", true },
		{ "demo_pkg-1.0.data/platlib/sitecustomize.pyc", true },
		{ "other.data/purelib/d.pth", true },
		{ "demo_pkg-1.0.data/purelib/demo_pkg/e.pth", false },
		{ "demo_pkg-1.0.data/scripts/f.pth", false },
		{ "demo_pkg-1.0.data/data/lib/python3.11/site-packages/g.pth", true },
		{ "demo_pkg-1.0.data/data/lib/python3/dist-packages/usercustomize.py", true },
		{ "demo_pkg-1.0.data/data/lib/python3.11/sitecustomize.py", true },
		{ "demo_pkg-1.0.data/data/lib/python3.11/h.pth", false },
		{ "demo_pkg-1.0.data/data/share/models/i.pth", false },
	};
	_bytes_ struct bytes bytes = { 0 };
	CLEANUP(artifact_release) struct artifact a = { 0 };
	struct zip_file files[ARRAY_SIZE(paths)] = { 0 };
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		files[i] = (struct zip_file){ .name = paths[i].path, .text = paths[i].path, .stored = i % 2 };
	wheel_make(&bytes, files, ARRAY_SIZE(files), NULL);
	read_as(&bytes, ARTIFACT_WHEEL, &a);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		const struct artifact_startup *one = &a.startup[n];

		if (!paths[i].startup)
			continue;
		n++;
		assert_true(n <= a.startup_count);
		assert_string_equal(one->path, paths[i].path + 2 * !strncmp(paths[i].path, "./", 2));
		assert_string_equal(one->text, paths[i].path);
		assert_int_equal(one->len, strlen(paths[i].path));
	}
	assert_int_equal(a.startup_count, n);
}

/* Content of the largest size is there; larger, encoded otherwise: the name alone. All together are bounded too. */
static void test_startup_size(void **state)
{
	_bytes_ struct bytes bytes = { 0 };
	CLEANUP(artifact_release) struct artifact a = { 0 };
	_cleanup_free_ char *text = malloc(ARTIFACT_TEXT_MAX + 1);

	(void)state;
	memset(text, 'x', ARTIFACT_TEXT_MAX + 1);
	WHEEL(&bytes, NULL, { .name = "a.pth", .text = text, .len = ARTIFACT_TEXT_MAX },
	      { .name = "b.pth", .text = text, .len = ARTIFACT_TEXT_MAX + 1 },
	      { .name = "c.pth", .text = "x", .method = 12 },
	      { .name = "d.pth", .text = text, .len = ARTIFACT_TEXT_MAX },
	      { .name = "e.pth", .text = text, .len = ARTIFACT_TEXT_MAX },
	      { .name = "f.pth", .text = text, .len = ARTIFACT_TEXT_MAX },
	      { .name = "g.pth", .text = text, .len = ARTIFACT_TEXT_MAX }, { .name = "h.pth" });
	read_as(&bytes, ARTIFACT_WHEEL, &a);
	assert_int_equal(a.startup_count, 8);
	assert_int_equal(a.startup[0].len, ARTIFACT_TEXT_MAX);
	assert_memory_equal(a.startup[0].text, text, ARTIFACT_TEXT_MAX);
	assert_null(a.startup[1].text);
	assert_int_equal(a.startup[1].size, ARTIFACT_TEXT_MAX + 1);
	assert_null(a.startup[2].text);
	assert_non_null(a.startup[5].text);
	assert_null(a.startup[6].text);
	assert_non_null(a.startup[7].text);
	assert_int_equal(a.startup[7].len, 0);
}

static void test_tars(void **state)
{
	static const int filters[] = { ARCHIVE_FILTER_NONE, ARCHIVE_FILTER_GZIP, ARCHIVE_FILTER_BZIP2,
				       ARCHIVE_FILTER_XZ,   ARCHIVE_FILTER_LZMA, ARCHIVE_FILTER_ZSTD };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
		_bytes_ struct bytes bytes = { 0 };
		CLEANUP(artifact_release) struct artifact a = { 0 };

		TAR(&bytes, filters[i], { .name = "Demo.Pkg-2.0/", .type = AE_IFDIR },
		    { .name = "Demo.Pkg-2.0/setup.py", .text = "" },
		    { .name = "Demo.Pkg-2.0/PKG-INFO", .text = "Name: Demo.Pkg\r\nVersion: 2.0\r\n" },
		    { .name = "Demo.Pkg-2.0/package.json", .text = "{\"name\": \"a\"}" },
		    { .name = "Demo.Pkg-2.0/Cargo.toml", .text = "[package]" },
		    { .name = "Demo.Pkg-2.0/\xc3\xa9\xe2\x82\xac.txt", .text = "x" },
		    { .name = "Demo.Pkg-2.0/x.egg-info/PKG-INFO", .text = "Name: x" },
		    { .name = "Demo.Pkg-2.0/link", .type = AE_IFLNK, .link = "docs/../setup.py" });
		read_as(&bytes, ARTIFACT_SDIST, &a);
		is_package(&a, "pypi", "demo-pkg", "2.0");
		assert_int_equal(a.entries, 8);
	}
}

static void test_others(void **state)
{
	(void)state;
	{ /* npm: also a scope, a mark at the beginning, and "./" as some tars have it */
		_bytes_ struct bytes bytes = { 0 };
		CLEANUP(artifact_release) struct artifact a = { 0 };

		TAR(&bytes, ARCHIVE_FILTER_GZIP, { .name = "./package/index.js", .text = "" },
		    { .name = "./package/package.json",
		      .text = "\xef\xbb\xbf{\"name\": \"@a/b.c\", \"version\": \"1.2.3-rc.1\", \"x\": \"\\u0000\"}" });
		read_as(&bytes, ARTIFACT_NPM, &a);
		is_package(&a, "npm", "@a/b.c", "1.2.3-rc.1");
	}
	{
		_bytes_ struct bytes bytes = { 0 };
		CLEANUP(artifact_release) struct artifact a = { 0 };

		TAR(&bytes, ARCHIVE_FILTER_GZIP, { .name = "foo-bar-0.1.0-rc.1/Cargo.toml", .text = "[package]" },
		    { .name = "foo-bar-0.1.0-rc.1/src/lib.rs", .text = "" });
		read_as(&bytes, ARTIFACT_CRATE, &a);
		is_package(&a, "cargo", "foo-bar", "0.1.0-rc.1");
	}
	{
		static const char specification[] =
		    "--- !ruby/object:Gem::Specification\nname: rake\n"
		    "version: !ruby/object:Gem::Version\n  version: 13.0.6\nplatform: ruby\n";
		_bytes_ struct bytes bytes = { 0 }, packed = { 0 };
		CLEANUP(artifact_release) struct artifact a = { 0 };

		gzip_put(&packed, specification, strlen(specification));
		TAR(&bytes, ARCHIVE_FILTER_NONE,
		    { .name = "metadata.gz", .text = (char *)packed.at, .len = packed.len },
		    { .name = "data.tar.gz", .text = "x" }, { .name = "checksums.yaml.gz", .text = "x" });
		read_as(&bytes, ARTIFACT_GEM, &a);
		is_package(&a, "gem", "rake", "13.0.6");
	}
	{ /* a repository's own archive: nothing says its name */
		_bytes_ struct bytes bytes = { 0 };
		CLEANUP(artifact_release) struct artifact a = { 0 };

		TAR(&bytes, ARCHIVE_FILTER_GZIP, { .name = "x-main/pyproject.toml", .text = "" });
		read_as(&bytes, ARTIFACT_SDIST, &a);
		is_package(&a, "pypi", "", "");
	}
	{ /* a zip of sources */
		_bytes_ struct bytes bytes = { 0 };
		CLEANUP(artifact_release) struct artifact a = { 0 };
		struct zip_file files[] = { { .name = "x-1/setup.py" },
					    { .name = "x-1/PKG-INFO", .text = "Version: 1\nName: x\n" },
					    { .name = "x.pth" } };

		zip_make(&bytes, files, ARRAY_SIZE(files), NULL);
		read_as(&bytes, ARTIFACT_SDIST, &a);
		is_package(&a, "pypi", "x", "1");
		assert_int_equal(a.startup_count, 0);
	}
}

static void test_none(void **state)
{
	static const char *const texts[] = { "", "x", "#!/bin/sh\n", "PK", "\x1f\x8b", "PK\5\6 is no end" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		CLEANUP(artifact_release) struct artifact a = { 0 };

		read_bytes(texts[i], strlen(texts[i]), NULL, &a);
		assert_int_equal(a.kind, i == 5 ? ARTIFACT_MALFORMED : ARTIFACT_NONE);
		assert_true(a.hashed);
	}
	for (size_t len = 0; len <= 5; len += 5) { /* compressed, and no tar; nothing compressed */
		_bytes_ struct bytes bytes = { 0 };
		CLEANUP(artifact_release) struct artifact a = { 0 };

		gzip_put(&bytes, "hello", len);
		read_as(&bytes, ARTIFACT_NONE, &a);
	}
	{ /* other archives */
		_bytes_ struct bytes zip = { 0 }, tar = { 0 }, program = { 0 };
		CLEANUP(artifact_release) struct artifact a = { 0 }, b = { 0 }, c = { 0 };
		struct zip_file file = { .name = "__main__.py", .text = "x" }, again = file;

		zip_make(&zip, &file, 1, NULL);
		read_as(&zip, ARTIFACT_ZIP, &a);
		zip_make(&program, &again, 1, &(struct zip_twist){ .before = "#!/usr/bin/python3\n" });
		read_as(&program, ARTIFACT_ZIP, &b);
		TAR(&tar, ARCHIVE_FILTER_GZIP, { .name = "a/b", .text = "x" });
		read_as(&tar, ARTIFACT_TAR, &c);
	}
}

/* What fits more than one is the asking installer's. */
static void test_ecosystem(void **state)
{
	_bytes_ struct bytes bytes = { 0 };
	struct artifact_limits limits = artifact_limits_default;
	CLEANUP(artifact_release) struct artifact a = { 0 }, b = { 0 };

	(void)state;
	TAR(&bytes, ARCHIVE_FILTER_GZIP, { .name = "x-1.0/PKG-INFO", .text = "Name: x\nVersion: 1.0\n" },
	    { .name = "x-1.0/package.json", .text = "{\"name\": \"y\", \"version\": \"2\"}" },
	    { .name = "x-1.0/Cargo.toml", .text = "" });
	snprintf(limits.ecosystem, sizeof(limits.ecosystem), "npm");
	read_bytes(bytes.at, bytes.len, &limits, &a);
	assert_int_equal(a.kind, ARTIFACT_NPM);
	is_package(&a, "npm", "y", "2");
	snprintf(limits.ecosystem, sizeof(limits.ecosystem), "cargo");
	read_bytes(bytes.at, bytes.len, &limits, &b);
	assert_int_equal(b.kind, ARTIFACT_CRATE);
	is_package(&b, "cargo", "x", "1.0");
}

/* Several at once, in any order, and one that nobody waits for. */
static void test_jobs(void **state)
{
	_bytes_ struct bytes bytes = { 0 };
	struct artifact_job *jobs[65] = { NULL };
	_cleanup_close_ int fd = memfd_create("artifact", MFD_CLOEXEC), dir = open("/", O_RDONLY | O_DIRECTORY);
	int pair[2];

	(void)state;
	wheel_make(&bytes, NULL, 0, NULL);
	assert_int_equal(write(fd, bytes.at, bytes.len), bytes.len);
	for (size_t i = 0; i < 64; i++)
		assert_int_equal(artifact_start(reader, fd, NULL, &jobs[i]), 0);
	assert_int_equal(artifact_start(reader, fd, NULL, &jobs[64]), -EAGAIN);
	for (size_t i = 64; i-- > 0;) {
		CLEANUP(artifact_release) struct artifact a = { 0 };
		struct pollfd wait = { .fd = artifact_job_fd(jobs[i]), .events = POLLIN };
		int r;

		while (i % 8 && (r = artifact_job_read(jobs[i], &a)) == -EAGAIN)
			poll(&wait, 1, artifact_job_left(jobs[i]));
		if (i % 8) {
			assert_int_equal(r, 0);
			assert_int_equal(a.kind, ARTIFACT_WHEEL);
		}
		artifact_job_free(jobs[i]);
	}
	/* What is no regular file is not waited for. */
	assert_int_equal(artifact_start(reader, dir, NULL, &jobs[0]), -EINVAL);
	assert_int_equal(pipe(pair), 0);
	assert_int_equal(artifact_start(reader, pair[0], NULL, &jobs[0]), -EINVAL);
	close(pair[0]);
	close(pair[1]);
	/* The offset is the caller's. */
	assert_int_equal(lseek(fd, 0, SEEK_CUR), bytes.len);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wheel), cmocka_unit_test(test_startup),	cmocka_unit_test(test_startup_size),
		cmocka_unit_test(test_tars),  cmocka_unit_test(test_others),	cmocka_unit_test(test_none),
		cmocka_unit_test(test_jobs),  cmocka_unit_test(test_ecosystem),
	};

	return artifact_tests(argc, argv, tests);
}
