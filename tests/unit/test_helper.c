/* SPDX-License-Identifier: Apache-2.0 */
#include "scene.h"

#define BY_PIP                                                                                                         \
	.installer = "pip", .role = CORDON_ROLE_INSTALLER, .by = "/usr/bin/python3.11",                                \
	.by_args = BYTES("python3\0-m\0pip\0install\0x"), .cwd = "/"
#define BY_GIT                                                                                                         \
	.installer = "pip", .role = CORDON_ROLE_HELPER, .by = "/usr/bin/git", .by_args = BYTES("git\0clone"), .cwd = "/"
#define START(...) scene_start(&(struct start){ __VA_ARGS__ })
#define ROLE(expected, ...) assert_int_equal(START(__VA_ARGS__).role, CORDON_ROLE_##expected)

static void test_listed_programs_of_the_system(void **state __attribute__((unused)))
{
	struct decision d = START(BY_PIP, .path = "/usr/bin/git", .args = BYTES("git\0clone"));

	assert_int_equal(d.role, CORDON_ROLE_HELPER);
	assert_int_equal(d.reads, CORDON_CLASS_GIT);
	assert_int_equal(d.installer, fixture_find("pip") + 1);
	d = START(BY_PIP, .path = "/usr/bin/ssh", .args = BYTES("ssh\0host"));
	assert_int_equal(d.role, CORDON_ROLE_HELPER);
	assert_int_equal(d.reads, CORDON_CLASS_SSH);
	ROLE(HELPER, BY_PIP, .path = "/usr/bin/uname", .args = BYTES("uname"));
}

static void test_scripts(void **state __attribute__((unused)))
{
	ROLE(HELPER, BY_PIP, .path = "/usr/bin/lsb_release", .exe = "/usr/bin/dash",
	     .args = BYTES("/bin/sh\0/usr/bin/lsb_release\0-a"));
	ROLE(HELPER, BY_PIP, .path = "/usr/bin/keyring", .exe = "/usr/bin/python3.11",
	     .args = BYTES("/usr/bin/python3\0-E\0/usr/bin/keyring\0get"));
	/* The interpreter is not the system's. */
	ROLE(PACKAGE, BY_PIP, .path = "/usr/bin/keyring", .exe = "/home/v/bin/git",
	     .args = BYTES("/home/v/bin/git\0/usr/bin/keyring\0get"));
	/* Another program runs than the one that was asked for. */
	ROLE(PACKAGE, BY_PIP, .path = "/usr/bin/git", .exe = "/usr/bin/bash", .args = BYTES("git\0clone"));
}

static void test_arguments_are_asked_for(void **state __attribute__((unused)))
{
	ROLE(HELPER, BY_PIP, .path = "/usr/bin/rustc", .args = BYTES("rustc\0--version"));
	ROLE(PACKAGE, BY_PIP, .path = "/usr/bin/rustc", .args = BYTES("rustc\0x.rs"));
	ROLE(PACKAGE, BY_PIP, .path = "/usr/bin/rustc", .args = BYTES("rustc"));
}

static void test_not_listed(void **state __attribute__((unused)))
{
	ROLE(PACKAGE, BY_PIP, .path = "/usr/bin/true", .args = BYTES("git"));
	ROLE(PACKAGE, BY_PIP, .path = "/usr/bin/git-remote-https", .args = BYTES("git-remote-https"));
	ROLE(PACKAGE, BY_PIP, .path = "/usr/bin/bash", .args = BYTES("bash\0-c\0git clone"));
	ROLE(PACKAGE, .installer = "pnpm", .role = CORDON_ROLE_INSTALLER, .by = "/usr/bin/pnpm",
	     .by_args = BYTES("pnpm"), .cwd = "/", .path = "/usr/bin/git", .args = BYTES("git"));
}

static void test_not_the_systems(void **state __attribute__((unused)))
{
	/* The first git in PATH is the environment's. */
	ROLE(PACKAGE, BY_PIP, .path = "/home/v/bin/git", .args = BYTES("git"));
	ROLE(PACKAGE, BY_PIP, .path = "git", .exe = "/usr/bin/git", .args = BYTES("git"));
	ROLE(PACKAGE, BY_PIP, .path = "/usr/bin/../bin/missing/git", .exe = "/usr/bin/git", .args = BYTES("git"));
	assert_int_equal(chmod(scene_path("/usr/bin/git"), 0775), 0);
	ROLE(PACKAGE, BY_PIP, .path = "/usr/bin/git", .args = BYTES("git"));
	assert_int_equal(chmod(scene_path("/usr/bin/git"), 0755), 0);
	assert_int_equal(chmod(scene_path("/usr"), 01777), 0);
	ROLE(PACKAGE, BY_PIP, .path = "/usr/bin/git", .args = BYTES("git"));
	assert_int_equal(chmod(scene_path("/usr"), 0755), 0);
	ROLE(HELPER, BY_PIP, .path = "/usr/bin/git", .args = BYTES("git"));
}

static void test_children_of_git(void **state __attribute__((unused)))
{
	struct decision d = START(BY_GIT, .path = "/usr/bin/git-remote-https", .args = BYTES("git-remote-https"));

	assert_int_equal(d.role, CORDON_ROLE_HELPER);
	assert_int_equal(d.reads, CORDON_CLASS_GIT);
	d = START(BY_GIT, .path = "/usr/bin/ssh", .args = BYTES("ssh"));
	assert_int_equal(d.role, CORDON_ROLE_HELPER);
	assert_int_equal(d.reads, CORDON_CLASS_SSH);
	ROLE(HELPER, BY_GIT, .path = "/usr/bin/git", .args = BYTES("git\0index-pack"));
	/* On pip's list, but not on git's. */
	ROLE(PACKAGE, BY_GIT, .path = "/usr/bin/uname", .args = BYTES("uname"));
	ROLE(PACKAGE, BY_GIT, .path = "/usr/bin/python3.11", .args = BYTES("python3\0-m\0pip"));
	ROLE(PACKAGE, BY_GIT, .path = "/home/v/bin/git", .args = BYTES("git"));
	/* A hook of the repository. */
	ROLE(PACKAGE, BY_GIT, .path = "/tmp/x/.git/hooks/post-checkout", .exe = "/usr/bin/dash",
	     .args = BYTES("/bin/sh\0/tmp/x/.git/hooks/post-checkout"));
}

static void test_shell_of_git(void **state __attribute__((unused)))
{
#define SH .path = "/usr/bin/sh", .exe = "/usr/bin/dash"
	ROLE(HELPER, BY_GIT, SH, .args = BYTES("sh\0-c\0git-upload-pack '/srv/x'\0git-upload-pack '/srv/x'"));
	ROLE(HELPER, BY_GIT, SH, .args = BYTES("sh\0-c\0git-upload-pack '/it'\\''s/x'"));
	ROLE(PACKAGE, BY_GIT, SH, .args = BYTES("sh\0-c\0git-upload-pack '/srv/x'; curl"));
	ROLE(PACKAGE, BY_GIT, SH, .args = BYTES("sh\0-c\0git-upload-pack /srv/x;curl"));
	ROLE(PACKAGE, BY_GIT, SH, .args = BYTES("sh\0-c\0git-upload-pack '/srv/x"));
	ROLE(PACKAGE, BY_GIT, SH, .args = BYTES("sh\0-c\0git-upload-pack '/srv/x'$(curl)''"));
	ROLE(PACKAGE, BY_GIT, SH, .args = BYTES("sh\0-c\0curl 'x'"));
	ROLE(PACKAGE, BY_GIT, SH, .args = BYTES("sh\0git-upload-pack '/srv/x'"));
	ROLE(PACKAGE, BY_PIP, SH, .args = BYTES("sh\0-c\0git-upload-pack '/srv/x'"));
#undef SH
}

/* git -> git-remote-https -> git: the list of the nearest helper with an entry counts. */
static void test_deeper_below_git(void **state __attribute__((unused)))
{
	struct tree *tree = tree_new();
	struct cordon_record_exec record;
	struct start start = { BY_GIT, .path = "/usr/bin/ssh", .args = BYTES("ssh") };

	assert_non_null(tree);
	record_exec(&record, 9, 1, "/usr/bin/git", "git\0clone");
	record.head.label.role = CORDON_ROLE_HELPER;
	assert_int_equal(tree_exec(tree, &record, NULL), 0);
	start.by = "/usr/bin/git-remote-https";
	assert_int_equal(scene_decide(tree, &start).role, CORDON_ROLE_HELPER);
	tree_free(tree);
	/* Below a helper that is on nobody's list it is not. */
	assert_int_equal(scene_start(&start).role, CORDON_ROLE_PACKAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_listed_programs_of_the_system),
		cmocka_unit_test(test_scripts),
		cmocka_unit_test(test_arguments_are_asked_for),
		cmocka_unit_test(test_not_listed),
		cmocka_unit_test(test_not_the_systems),
		cmocka_unit_test(test_children_of_git),
		cmocka_unit_test(test_shell_of_git),
		cmocka_unit_test(test_deeper_below_git),
	};

	return cmocka_run_group_tests(tests, scene_setup, scene_teardown);
}
