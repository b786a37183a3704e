/* SPDX-License-Identifier: Apache-2.0 */
#include "scene.h"

#define BY(id, program, arguments) .installer = id, .role = CORDON_ROLE_INSTALLER, .by = program, .by_args = arguments
#define BY_PIP BY("pip", "/usr/bin/python3.11", BYTES("python3\0-m\0pip\0install\0x"))
#define PYTHON .path = "/usr/bin/python3.11", .cwd = "/"
#define START(...) scene_start(&(struct start){ __VA_ARGS__ })
#define ROLE(expected, ...) assert_int_equal(START(__VA_ARGS__).role, CORDON_ROLE_##expected)

/* "python3" and the script, in storage of the caller. */
static struct bytes script_args(char *buffer, size_t size, const char *script)
{
	int len = snprintf(buffer, size, "python3%c%s%cinstall", 0, script, 0);

	return (struct bytes){ buffer, (size_t)len + 1 };
}

static void test_module(void **state __attribute__((unused)))
{
	struct decision d = START(BY("build", "/usr/bin/python3.11", BYTES("python3\0-m\0build")), PYTHON,
				  .args = BYTES("python\0-Im\0pip\0install\0-r\0x"));

	assert_int_equal(d.role, CORDON_ROLE_INSTALLER);
	assert_int_equal(d.flags, CORDON_LABEL_NESTED);
	assert_int_equal(d.installer, fixture_find("pip") + 1);
	ROLE(INSTALLER, BY("build", "/usr/bin/python3.11", BYTES("python3\0-m\0build")), .path = "/usr/bin/uv",
	     .cwd = "/", .args = BYTES("uv\0pip\0install"));
	/* cargo of rustup, which executes the real one. */
	ROLE(INSTALLER, BY("cargo", "/home/cargo", BYTES("cargo\0build")), .path = "/x/cargo", .exe = "/usr/bin/true",
	     .cwd = "/", .args = BYTES("cargo\0build"));
}

static void test_not_on_the_list(void **state __attribute__((unused)))
{
	ROLE(PACKAGE, BY("uv", "/usr/bin/uv", BYTES("uv\0sync")), PYTHON, .args = BYTES("python3\0-m\0pip"));
	ROLE(PACKAGE, BY("poetry", "/usr/bin/python3.11", BYTES("python3\0-m\0poetry")), PYTHON,
	     .args = BYTES("python3\0-m\0pip"));
	ROLE(PACKAGE, BY_PIP, PYTHON, .args = BYTES("python3\0-m\0build"));
	ROLE(PACKAGE, BY_PIP, PYTHON, .args = BYTES("python3\0x.py"));
	/* Package code itself, although it is recognised. */
	ROLE(PACKAGE, BY_PIP, PYTHON, .args = BYTES("python3\0setup.py"));
	/* Cannot be told. */
	ROLE(PACKAGE, BY_PIP, PYTHON, .args = BYTES("python3\0-W\0x"), .truncated = true);
}

static void test_runner(void **state __attribute__((unused)))
{
	const char *runner = scene_path("/home/v/lib/site-packages/pip/__pip-runner__.py");
	char args[256], by_args[256], relative[256];
	struct start start = { BY_PIP, PYTHON, .args = script_args(args, sizeof(args), runner) };

	assert_int_equal(scene_start(&start).role, CORDON_ROLE_INSTALLER);
	/* By pip of the same folder, started by its runner or as a folder. */
	start.by_args = script_args(by_args, sizeof(by_args), runner);
	assert_int_equal(scene_start(&start).role, CORDON_ROLE_INSTALLER);
	start.by_args = script_args(by_args, sizeof(by_args), scene_path("/home/v/lib/site-packages/pip"));
	assert_int_equal(scene_start(&start).role, CORDON_ROLE_INSTALLER);
	start.by_args = script_args(by_args, sizeof(by_args), scene_path("/home/v/lib/site-packages/pip/__main__.py"));
	assert_int_equal(scene_start(&start).role, CORDON_ROLE_INSTALLER);
	/* By pip of another folder. */
	start.by_args = script_args(by_args, sizeof(by_args), "/usr/lib/python3/dist-packages/pip/__pip-runner__.py");
	assert_int_equal(scene_start(&start).role, CORDON_ROLE_PACKAGE);
	/* bin/pip says nothing about where pip is. */
	start.by_args = script_args(by_args, sizeof(by_args), "/usr/bin/pip");
	assert_int_equal(scene_start(&start).role, CORDON_ROLE_INSTALLER);
	/* Written since the installer was started. */
	start.fresh = true;
	assert_int_equal(scene_start(&start).role, CORDON_ROLE_PACKAGE);
	start.fresh = false;
	/* By a path that the task resolves itself. */
	start.args = script_args(relative, sizeof(relative), "pip/__pip-runner__.py");
	start.cwd = scene_path("/home/v/lib/site-packages");
	assert_int_equal(scene_start(&start).role, CORDON_ROLE_INSTALLER);
	start.cwd = NULL;
	assert_int_equal(scene_start(&start).role, CORDON_ROLE_PACKAGE);
	start.args = script_args(args, sizeof(args), scene_path("/home/missing/__pip-runner__.py"));
	assert_int_equal(scene_start(&start).role, CORDON_ROLE_PACKAGE);
}

/* The interpreter, too, is older than the installer. */
static void test_interpreter(void **state __attribute__((unused)))
{
	ROLE(INSTALLER, BY_PIP, PYTHON, .args = BYTES("python3\0-m\0pip"));
	ROLE(PACKAGE, BY_PIP, PYTHON, .args = BYTES("python3\0-m\0pip"), .fresh = true);
}

static void test_folder_and_zip(void **state __attribute__((unused)))
{
	char args[256], by_args[256];
	struct start start = { BY_PIP, PYTHON };

	start.args = script_args(args, sizeof(args), scene_path("/home/v/lib/site-packages/pip"));
	assert_int_equal(scene_start(&start).role, CORDON_ROLE_INSTALLER);
	/* A folder without a main module is nothing that runs. */
	start.args = script_args(args, sizeof(args), scene_path("/home/v/lib/pip"));
	scene_folder("/home/v/lib/pip", 0755);
	assert_int_equal(scene_start(&start).role, CORDON_ROLE_PACKAGE);
	/* pip.pyz starts itself from inside. */
	start.args = script_args(args, sizeof(args), scene_path("/home/pip.pyz/pip"));
	start.by_args = script_args(by_args, sizeof(by_args), scene_path("/home/pip.pyz"));
	assert_int_equal(scene_start(&start).role, CORDON_ROLE_INSTALLER);
	start.by_args = script_args(by_args, sizeof(by_args), scene_path("/home/v/pip.pyz"));
	assert_int_equal(scene_start(&start).role, CORDON_ROLE_PACKAGE);
}

static void test_standalone(void **state __attribute__((unused)))
{
	const char *folder = scene_path("/tmp/pip-standalone-pip-k");
	char args[256];
	struct start start = { BY_PIP, PYTHON };

	/* pip 21.1 to 22.1 has just written it; python is older. */
	start.args = script_args(args, sizeof(args), scene_path("/tmp/pip-standalone-pip-k/__env_pip__.zip/pip"));
	assert_int_equal(scene_start(&start).role, CORDON_ROLE_INSTALLER);
	assert_int_equal(chmod(folder, 0755), 0);
	/* Then it is a zip like others, and this one is older than the installer. */
	assert_int_equal(scene_start(&start).role, CORDON_ROLE_INSTALLER);
	start.fresh = true;
	assert_int_equal(scene_start(&start).role, CORDON_ROLE_PACKAGE);
	assert_int_equal(chmod(folder, 0700), 0);
}

/* With an interpreter that is older than everything, only the rules for the zip are left. */
static void test_standalone_that_is_new(void **state __attribute__((unused)))
{
	char args[256];
	struct start start = { BY_PIP, PYTHON, .fresh = true };
	const char *folder = scene_path("/tmp/pip-standalone-pip-k");

	start.exe = "/usr/bin/env"; /* this machine's, since the scene has none */
	start.path = "/usr/bin/python3";
	start.args = script_args(args, sizeof(args), scene_path("/tmp/pip-standalone-pip-k/__env_pip__.zip/pip"));
	assert_int_equal(scene_start(&start).role, CORDON_ROLE_INSTALLER);
	assert_int_equal(chmod(folder, 0755), 0);
	assert_int_equal(scene_start(&start).role, CORDON_ROLE_PACKAGE);
	assert_int_equal(chmod(folder, 0700), 0);
	start.args = script_args(args, sizeof(args), scene_path("/home/v/__env_pip__.zip/pip"));
	assert_int_equal(scene_start(&start).role, CORDON_ROLE_PACKAGE);
	start.args = script_args(args, sizeof(args), scene_path("/tmp/x/pip-standalone-pip-k/__env_pip__.zip/pip"));
	assert_int_equal(scene_start(&start).role, CORDON_ROLE_PACKAGE);
}

static void test_npm_for_a_git_dependency(void **state __attribute__((unused)))
{
	char args[256];
	struct start start = { BY("npm", "/usr/bin/node", BYTES("node\0/usr/bin/npm\0install")),
			       .path = "/usr/bin/node", .cwd = "/home/x/.npm/_cacache/tmp/git-cloneX" };

	scene_file("/home/v/npm-cli.js", 0644);
	start.args = script_args(args, sizeof(args), scene_path("/home/v/npm-cli.js"));
	assert_int_equal(scene_start(&start).role, CORDON_ROLE_INSTALLER);
	/* One that the clone brought along. */
	start.args = script_args(args, sizeof(args), "npm-cli.js");
	assert_int_equal(scene_start(&start).role, CORDON_ROLE_PACKAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_module),
		cmocka_unit_test(test_not_on_the_list),
		cmocka_unit_test(test_runner),
		cmocka_unit_test(test_interpreter),
		cmocka_unit_test(test_folder_and_zip),
		cmocka_unit_test(test_standalone),
		cmocka_unit_test(test_standalone_that_is_new),
		cmocka_unit_test(test_npm_for_a_git_dependency),
	};

	return cmocka_run_group_tests(tests, scene_setup, scene_teardown);
}
