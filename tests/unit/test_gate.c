/* SPDX-License-Identifier: Apache-2.0 */
/* [gate] of recognition files, and the names of what is no archive. */
#include "policy_scratch.h"

#include "base/clock.h"
#include "guard/gate_internal.h"
#include "policy/installers.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD "id = \"x\"\necosystem = \"pypi\"\nexe = [\"x\"]\n[gate]\n"

static int parse(struct installers *installers, const char *gate, struct diag *diag)
{
	char *text = text_format(HEAD "%s\n", gate);
	int r;

	assert_non_null(text);
	r = installer_parse(installers, text, strlen(text), "x.toml", diag);
	free(text);
	return r;
}

static void test_patterns(void **state)
{
	struct installers *installers = calloc(1, sizeof(*installers));
	struct diag diag = { 0 };
	const struct installer_gate *gate;

	(void)state;
	assert_non_null(installers);
	assert_accepted(parse(installers, "archives = true\nrename = [\"archive-v*/*\", \"index/*/*\", \".pnpm/*/*/\"]\n"
					  "open = [\"archive-v*/*/*/METADATA\"]\ncreate = [\"site-packages/**\"]", &diag), &diag);
	gate = &installers->items[0].gate;
	assert_true(gate->archives);
	assert_false(gate->hold);
	assert_int_equal(gate->rename_count, 3);
	assert_true(gate->rename[2].folder);
	assert_int_equal(gate->rename[2].level, 2);
	assert_false(gate->rename[1].folder);
	assert_string_equal(gate->rename[0].top, "archive-v");
	assert_int_equal(gate->rename[0].level, 1);
	assert_null(gate->rename[0].leaf);
	assert_string_equal(gate->rename[1].top, "index");
	assert_int_equal(gate->rename[1].level, 2);
	assert_int_equal(gate->open_count, 1);
	assert_int_equal(gate->open[0].level, 3);
	assert_string_equal(gate->open[0].leaf, "METADATA");
	assert_int_equal(gate->create_count, 1);
	assert_string_equal(gate->create[0].top, "site-packages");
	assert_int_equal(gate->create[0].level, CORDON_GATE_ANY);
	installers_free(installers);
}

static void test_mistakes(void **state)
{
	static const struct {
		const char *gate;
		unsigned int line, column;
		const char *part;
	} mistakes[] = {
		{ "archive = true", 5, 1, "did you mean 'archives'?" },
		{ "archives = 1", 5, 12, "true or false" },
		{ "open = \"a/*\"", 5, 8, "a list" },
		{ "open = [\"a/\"]", 5, 9, "only *" },
		{ "open = [\"a/x/\"]", 5, 9, "only *" },
		{ "open = [1]", 5, 9, "a string" },
		{ "open = [\"a\"]", 5, 9, "no file below" },
		{ "open = [\"/a\"]", 5, 9, "must begin with the name" },
		{ "open = [\"*/a\"]", 5, 9, "must begin with the name" },
		{ "open = [\"v2/a\"]", 5, 9, "written as *" },
		{ "open = [\"a*b/c\"]", 5, 9, "must begin with the name" },
		{ "open = [\"a/b/c\"]", 5, 9, "only * between" },
		{ "open = [\"a//b\"]", 5, 9, "only * between" },
		{ "open = [\"a/*.whl\"]", 5, 9, "only * between" },
		{ "open = [\"a/*/*/*/*/*/*/*\"]", 5, 9, "more than 7 names" },
		{ "open = [\"a/**\"]", 5, 9, "only * between" },
		{ "create = [\"a/*\"]", 5, 11, "must end in /**" },
		{ "create = [\"a\"]", 5, 11, "must end in /**" },
		{ "create = [\"a/**\", \"a*/**\"]", 5, 19, "compared as an earlier" },
		{ "open = [\"a/*\", \"a*/b\"]", 5, 16, "compared as an earlier" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		struct installers *installers = calloc(1, sizeof(*installers));
		struct diag diag = { 0 };
		int r;

		assert_non_null(installers);
		r = parse(installers, mistakes[i].gate, &diag);
		if (r != -EINVAL)
			fail_msg("gave %d: %s", r, mistakes[i].gate);
		assert_diag(&diag, mistakes[i].line, mistakes[i].column, mistakes[i].part);
		installers_free(installers);
	}
}

static void test_index(void **state)
{
	static const struct {
		const char *leaf, *name, *version; /* name NULL: it is none */
	} names[] = {
		{ "00ff-left-pad@1.3.0.json", "left-pad", "1.3.0" },
		{ "00ff-@scope+name@1.0.0-rc.1.json", "@scope/name", "1.0.0-rc.1" },
		{ "00ff.json", NULL, NULL },
		{ "00ff-name.json", NULL, NULL },
		{ "00ff-name@1.0", NULL, NULL },
		{ "-@1.json", NULL, NULL },
		{ "", NULL, NULL },
		{ "00ff-na me@1.0.json", NULL, NULL },
		{ "00ff-name@1\n0.json", NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct identity identity = { 0 };
		int r = gate_index_identity(names[i].leaf, &identity);

		if (!names[i].name) {
			assert_int_equal(r, -ENOENT);
			continue;
		}
		assert_int_equal(r, 0);
		assert_string_equal(identity.ecosystem, "npm");
		assert_string_equal(identity.name, names[i].name);
		assert_string_equal(identity.version, names[i].version);
	}
}

static int tree_with(const char *const *folders, struct identity *identity)
{
	char root[] = "/tmp/cordon-unit-XXXXXX";
	int fd, r;

	assert_non_null(mkdtemp(root));
	fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	for (size_t i = 0; folders[i]; i++)
		assert_int_equal(mkdirat(fd, folders[i], 0700), 0);
	memset(identity, 0, sizeof(*identity));
	r = gate_tree_identity(fd, "pypi", identity);
	for (size_t i = 0; folders[i]; i++)
		unlinkat(fd, folders[i], AT_REMOVEDIR);
	close(fd);
	rmdir(root);
	return r;
}

static void test_tree(void **state)
{
	struct identity identity;

	(void)state;
	assert_int_equal(tree_with((const char *const[]){ "pkg", "Some_Name-1.0.dist-info", NULL }, &identity), 0);
	assert_string_equal(identity.ecosystem, "pypi");
	assert_string_equal(identity.name, "some-name");
	assert_string_equal(identity.version, "1.0");
	assert_int_equal(tree_with((const char *const[]){ "pkg", NULL }, &identity), -ENOENT);
	assert_int_equal(tree_with((const char *const[]){ ".dist-info", NULL }, &identity), -ENOENT);
	/* Which of them uv would take is uv's to know. */
	assert_int_equal(tree_with((const char *const[]){ "a-1.dist-info", "b-1.dist-info", NULL }, &identity), -EINVAL);
}

/* --- a file that changes while it is looked at ------------------------------------------------------------------ */

static void test_looks(void **state)
{
	struct gate_seen seen = { 0 };
	int64_t now = clock_ms();
	unsigned int looks = 0;

	(void)state;
	/* By many at once, at one state of it. */
	for (int i = 0; i < 100; i++)
		assert_false(gate_looks_for_ever(&seen, 1, now, false));
	/* At another one each time. */
	while (!gate_looks_for_ever(&seen, 100 + looks, now, false))
		assert_in_range(looks++, 0, 31);
	assert_true(looks > 8);
	/* Not at once, but after a while. */
	assert_false(gate_looks_for_ever(&seen, 2, clock_ms() + 2000, false));
	/* At what is gone, whatever its time. */
	for (looks = 0; !gate_looks_for_ever(&seen, 2, now, true); looks++)
		assert_in_range(looks, 0, 31);
	assert_true(looks > 8);
}

#define UV_ID "Ky3IWc274NfvYJ5F"
#define UV_HEX "4f1af6b65b67c41022c71a2da388783f3ebbb42fa6921c27526ba7bc533ad1f5"

static void uv_write(const char *path, const char *bytes, size_t len)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

/* What uv's cache says of an archive: MessagePack, of which the id and one digest are looked for. */
static void test_uv(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		int r;
	} entries[] = {
#define UV_ENTRY(text, r) { text, sizeof(text) - 1, r }
		UV_ENTRY("\x93\xb0" UV_ID "\x91\x81\xa6Sha256\xd9\x40" UV_HEX "\xcd\x01", 0),
		UV_ENTRY("\x93\xb0" UV_ID "\x91\x92\xa6Sha256\xd9\x40" UV_HEX, 0),
		UV_ENTRY("\x93\xb0" "Ky3IWc274NfvYJ5G" "\x91\x81\xa6Sha256\xd9\x40" UV_HEX, -ENOENT),
		UV_ENTRY("\x93\xb1" UV_ID "x\x91\x81\xa6Sha256\xd9\x40" UV_HEX, -ENOENT),
		UV_ENTRY("\x93\xb0" UV_ID "\x91\x81\xa6Sha256\xd9\x40" "4f1a", -ENOENT),
		UV_ENTRY("\x93\xb0" UV_ID "\x91\x81\xa6Sha256\xd9\x40" "G" UV_HEX, -ENOENT),
		UV_ENTRY("\x93\xb0" UV_ID "\x90", -ENOENT),
		UV_ENTRY("\x93", -ENOENT),
		UV_ENTRY("", -ENOENT),
	};
	static const struct identity identity = { .ecosystem = "pypi", .name = "src" };
	char root[] = "/tmp/cordon-test-uv-XXXXXX", sha256[65], command[512];
	_cleanup_free_ char *source = NULL, *revision = NULL, *wheel = NULL, *metadata = NULL;

	(void)state;
	assert_non_null(mkdtemp(root));
	snprintf(command, sizeof(command), "mkdir -p %s/sdists-v9/pypi/src/1.0/" UV_ID "/src %s/wheels-v5/index/ab/src", root, root);
	assert_int_equal(system(command), 0);
	source = text_format("%s/sdists-v9/pypi/src/1.0/" UV_ID "/src/below/src", root);
	revision = text_format("%s/sdists-v9/pypi/src/1.0/revision.http", root);
	wheel = text_format("%s/wheels-v5/index/ab/src/1.0-py3-none-any.http", root);
	metadata = text_format("%s/archive-v0/" UV_ID "/src-1.0.dist-info/METADATA", root);
	assert_true(source && revision && wheel && metadata);
	assert_int_equal(gate_uv_source_digest(source, sha256), -ENOENT);
	assert_int_equal(gate_uv_source_digest(NULL, sha256), -ENOENT);
	for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
		uv_write(revision, entries[i].bytes, entries[i].len);
		uv_write(wheel, entries[i].bytes, entries[i].len);
		sha256[0] = '\0';
		assert_int_equal(gate_uv_source_digest(source, sha256), entries[i].r);
		assert_string_equal(sha256, entries[i].r ? "" : UV_HEX);
		sha256[0] = '\0';
		assert_int_equal(gate_uv_wheel_digest(metadata, &identity, sha256), entries[i].r);
		assert_string_equal(sha256, entries[i].r ? "" : UV_HEX);
	}
	assert_int_equal(gate_uv_wheel_digest("/archive-v/x/METADATA", &(struct identity){ 0 }, sha256), -ENOENT);
	snprintf(command, sizeof(command), "rm -r %s", root);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_uv),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_index),
		cmocka_unit_test(test_tree),
		cmocka_unit_test(test_looks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
