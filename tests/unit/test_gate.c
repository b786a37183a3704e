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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_index),
		cmocka_unit_test(test_tree),
		cmocka_unit_test(test_looks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
