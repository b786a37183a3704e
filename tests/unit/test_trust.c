/* SPDX-License-Identifier: Apache-2.0 */
#include "session/trust.h"

#include "scene.h"

static int trusted(const char *path, const char *excluded)
{
	struct trust trust = {
		.root = scene_fd, .owner = getuid(), .excluded = &excluded, .excluded_count = excluded ? 1 : 0
	};
	struct stat st;

	return trust_system_file(&trust, path, &st);
}

static void test_system_file(void **state __attribute__((unused)))
{
	struct trust trust = { .root = scene_fd, .owner = getuid() };
	struct stat st, expected;

	assert_int_equal(trust_system_file(&trust, "/usr/bin/git", &st), 0);
	assert_int_equal(stat(scene_path("/usr/bin/git"), &expected), 0);
	assert_int_equal(st.st_ino, expected.st_ino);
	/* The state of what a link leads to. */
	assert_int_equal(trust_system_file(&trust, "/usr/bin/sh", &st), 0);
	assert_int_equal(stat(scene_path("/usr/bin/dash"), &expected), 0);
	assert_int_equal(st.st_ino, expected.st_ino);
	assert_int_equal(trusted("/usr/bin/missing", NULL), -ENOENT);
	assert_int_equal(trusted("usr/bin/git", NULL), -EPERM);
	assert_int_equal(trusted("", NULL), -EPERM);
	assert_int_equal(trusted("/usr/bin", NULL), -EPERM);
	/* The root is the scene's, however one climbs. */
	assert_int_equal(trusted("/../../../usr/bin/git", NULL), 0);
}

static void test_owner(void **state __attribute__((unused)))
{
	struct trust trust = { .root = scene_fd, .owner = getuid() + 1 };
	struct stat st;

	/* Root's files are always the system's; who runs this test may be root. */
	assert_int_equal(trust_system_file(&trust, "/usr/bin/git", &st), getuid() ? -EPERM : 0);
	if (!getuid()) {
		assert_int_equal(chown(scene_path("/usr/bin/uname"), 4711, 0), 0);
		assert_int_equal(trust_system_file(&trust, "/usr/bin/uname", &st), -EPERM);
	}
}

static void test_who_can_write(void **state __attribute__((unused)))
{
	static const struct {
		const char *path;
		mode_t mode, before;
	} loose[] = {
		{ "/usr/bin/git", 0775, 0755 }, { "/usr/bin/git", 0757, 0755 }, { "/usr/bin", 0775, 0755 },
		{ "/usr/bin", 0777, 0755 },	{ "/usr", 01777, 0755 },	{ "", 0777, 0700 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(loose); i++) {
		assert_int_equal(chmod(scene_path(loose[i].path), loose[i].mode), 0);
		assert_int_equal(trusted("/usr/bin/git", NULL), -EPERM);
		assert_int_equal(chmod(scene_path(loose[i].path), loose[i].before), 0);
		assert_int_equal(trusted("/usr/bin/git", NULL), 0);
	}
}

static void test_links(void **state __attribute__((unused)))
{
	assert_int_equal(symlink("/usr/bin/git", scene_path("/usr/bin/absolute")), 0);
	assert_int_equal(symlink("../../usr/bin/git", scene_path("/usr/bin/relative")), 0);
	assert_int_equal(symlink("loop", scene_path("/usr/bin/loop")), 0);
	assert_int_equal(symlink("/usr/bin", scene_path("/bin")), 0);
	assert_int_equal(symlink("/tmp/git", scene_path("/usr/bin/outside")), 0);
	assert_int_equal(symlink("/usr/bin/git", scene_path("/tmp/inside")), 0);
	scene_file("/tmp/git", 0755);
	assert_int_equal(chmod(scene_path("/tmp"), 01777), 0);
	assert_int_equal(trusted("/usr/bin/absolute", NULL), 0);
	assert_int_equal(trusted("/usr/bin/relative", NULL), 0);
	assert_int_equal(trusted("/bin/git", NULL), 0);
	assert_int_equal(trusted("/usr/bin/loop", NULL), -ELOOP);
	/* Where a link lies counts as well as where it leads. */
	assert_int_equal(trusted("/usr/bin/outside", NULL), -EPERM);
	assert_int_equal(trusted("/tmp/inside", NULL), -EPERM);
}

static void test_places_that_are_not_the_systems(void **state __attribute__((unused)))
{
	assert_int_equal(trusted("/home/v/bin/git", NULL), -EPERM);
	scene_file("/home/tool", 0755);
	assert_int_equal(trusted("/home/tool", NULL), 0);
	assert_int_equal(trusted("/home/tool", "/home"), -EPERM);
	assert_int_equal(trusted("/home/tool", "/missing"), 0);
	/* A daemon's home is "/", and that excludes nothing. */
	assert_int_equal(trusted("/usr/bin/git", "/"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_system_file),
		cmocka_unit_test(test_owner),
		cmocka_unit_test(test_who_can_write),
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_places_that_are_not_the_systems),
	};

	return cmocka_run_group_tests(tests, scene_setup, scene_teardown);
}
