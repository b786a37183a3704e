/* SPDX-License-Identifier: Apache-2.0 */
#include "scene.h"

#define PIP                                                                                                            \
	.installer = "pip", .role = CORDON_ROLE_INSTALLER, .by = "/usr/bin/python3.11",                                \
	.by_args = BYTES("python3\0-m\0pip\0install\0x")
#define NPM(command)                                                                                                   \
	.installer = "npm", .role = CORDON_ROLE_INSTALLER, .by = "/usr/bin/node",                                      \
	.by_args = BYTES("node\0/usr/bin/npm\0" command)
#define START(...) scene_start(&(struct start){ __VA_ARGS__ })
#define ROLE(expected, ...) assert_int_equal(START(__VA_ARGS__).role, CORDON_ROLE_##expected)
#define PYTHON .path = "/usr/bin/python3.11"
#define HOOK                                                                                                           \
	.args = BYTES("python3\0/x/_in_process.py\0build_wheel\0/tmp/t"),                                              \
	.env = BYTES("A=b\0_PYPROJECT_HOOKS_BUILD_BACKEND=setuptools")
#define SCRIPT .path = "/usr/bin/sh", .exe = "/usr/bin/dash", .args = BYTES("sh\0-c\0node install.js")

static void test_package_is_named(void **state __attribute__((unused)))
{
	struct decision d = START(PIP, PYTHON, HOOK, .cwd = "/tmp/pip-install-x/six_0123456789abcdef0123456789abcdef");

	assert_int_equal(d.role, CORDON_ROLE_PACKAGE);
	assert_string_equal(d.identity.name, "six");
	assert_int_equal(d.installer, fixture_find("pip") + 1);
	assert_int_equal(d.reads, 0);
	assert_int_equal(d.flags, 0);
	d = START(PIP, PYTHON, HOOK, .cwd = "/tmp/pip-req-build-x");
	assert_int_equal(d.role, CORDON_ROLE_PACKAGE);
	assert_string_equal(d.identity.name, "");
	d = START(NPM("install"), SCRIPT, .cwd = scene_path("/home/project/node_modules/left-pad"),
		  .env = BYTES("npm_package_name=left-pad\0npm_lifecycle_event=install\0npm_package_resolved="
			       "https://r.example.org/left-pad/-/left-pad-1.3.0.tgz"));
	assert_int_equal(d.role, CORDON_ROLE_PACKAGE);
	assert_string_equal(d.identity.name, "left-pad");
	assert_string_equal(d.identity.version, "1.3.0");
}

static void test_who_is_confined_stays_so(void **state __attribute__((unused)))
{
	static const char *const installer[] = { "pip", NULL };

	for (size_t i = 0; i < ARRAY_SIZE(installer); i++) {
		ROLE(PACKAGE, .installer = installer[i], .role = CORDON_ROLE_PACKAGE, .by = "/usr/bin/python3.11",
		     .by_args = BYTES("python3"), PYTHON, .args = BYTES("python3\0-m\0pip"), .cwd = "/");
		ROLE(PACKAGE, .installer = installer[i], .role = CORDON_ROLE_PACKAGE, .by = "/usr/bin/python3.11",
		     .by_args = BYTES("python3"), .path = "/usr/bin/git", .args = BYTES("git"), .cwd = "/");
		ROLE(PROJECT, .installer = installer[i], .role = CORDON_ROLE_PROJECT, .by = "/usr/bin/python3.11",
		     .by_args = BYTES("python3"), PYTHON, .args = BYTES("python3\0-m\0pip"), .cwd = "/");
	}
	/* No label, no role, no installer, no facts: package. */
	ROLE(PACKAGE, .role = CORDON_ROLE_NONE, .by = "/x", .by_args = BYTES("x"), .path = "/usr/bin/git",
	     .args = BYTES("git"));
	ROLE(PACKAGE, .role = CORDON_ROLE_INSTALLER, .by = "/x", .by_args = BYTES("x"), .path = "/usr/bin/git",
	     .args = BYTES("git"));
	ROLE(PACKAGE, .role = CORDON_ROLE_HELPER, .by = "/x", .by_args = BYTES("x"), .path = "/usr/bin/git",
	     .args = BYTES("git"));
	ROLE(PACKAGE, .role = 77, .by = "/x", .by_args = BYTES("x"), .path = "/usr/bin/git", .args = BYTES("git"));
}

static void test_below_root(void **state __attribute__((unused)))
{
	static char longer[3000] = "python3\0-W\0";
	const char *project = scene_path("/home/project");
	struct decision d;

	/* What the kernel could not tell, read whole. */
	memset(longer + 11, 'x', 2000);
	memcpy(longer + 2012, "-m\0pip\0install", 15);
	d = START(.role = CORDON_ROLE_ROOT, .by = "/usr/bin/bash", .by_args = BYTES("bash"), PYTHON,
		  .args = { longer, CORDON_ARGS_LEN }, .truncated = true, .cmdline = { longer, 2027 }, .cwd = project);
	assert_int_equal(d.role, CORDON_ROLE_INSTALLER);
	assert_int_equal(d.installer, fixture_find("pip") + 1);
	memcpy(longer + 2012, "x.py\0pip\0instal", 15);
	d = START(.role = CORDON_ROLE_ROOT, .by = "/usr/bin/bash", .by_args = BYTES("bash"), PYTHON,
		  .args = { longer, CORDON_ARGS_LEN }, .truncated = true, .cmdline = { longer, 2027 }, .cwd = project);
	assert_int_equal(d.role, CORDON_ROLE_ROOT);
	assert_int_equal(d.installer, 0);
	ROLE(PROJECT, .role = CORDON_ROLE_ROOT, .by = "/usr/bin/bash", .by_args = BYTES("bash"), PYTHON,
	     .args = { longer, CORDON_ARGS_LEN }, .truncated = true, .cmdline = { longer, 2027 }, .cwd = project,
	     .confine = true);
	ROLE(PACKAGE, .role = CORDON_ROLE_ROOT, .by = "/usr/bin/bash", .by_args = BYTES("bash"), PYTHON,
	     .args = { longer, CORDON_ARGS_LEN }, .truncated = true, .cwd = project);
}

static void test_setup_py(void **state __attribute__((unused)))
{
	const char *project = scene_path("/home/project");

#define SETUP .role = CORDON_ROLE_ROOT, .by = "/usr/bin/bash", .by_args = BYTES("bash"), PYTHON
	ROLE(PROJECT, SETUP, .args = BYTES("python3\0setup.py\0install"), .cwd = project);
	/* Another's, by a path that leads out of the tree. */
	ROLE(PACKAGE, SETUP, .args = BYTES("python3\0../setup.py\0install"), .cwd = project);
	ROLE(PACKAGE, SETUP, .args = BYTES("python3\0setup.py\0install"), .cwd = scene_path("/home"));
	ROLE(PACKAGE, SETUP, .args = BYTES("python3\0setup.py\0install"),
	     .cwd = scene_path("/home/project/packages/core"));
	ROLE(PACKAGE, SETUP, .args = BYTES("python3\0setup.py\0install"), .cwd = project, .project = "/");
#undef SETUP
}

/* What an installer is asked to run is the user's own. */
static void test_passthrough(void **state __attribute__((unused)))
{
	const char *project = scene_path("/home/project");
	struct decision d = START(NPM("run\0build"), SCRIPT, .cwd = project, .env = BYTES("npm_lifecycle_event=build"));

	assert_int_equal(d.role, CORDON_ROLE_ROOT);
	assert_int_equal(d.installer, 0);
	ROLE(PROJECT, NPM("run\0build"), SCRIPT, .cwd = project, .env = BYTES("A=b"), .confine = true);
	ROLE(ROOT, NPM("--silent\0test"), SCRIPT, .cwd = project, .env = BYTES("npm_lifecycle_event=test"));
	ROLE(ROOT, .installer = "npm", .role = CORDON_ROLE_INSTALLER, .by = "/usr/bin/node",
	     .by_args = BYTES("node\0/usr/lib/npm/bin/npx-cli.js\0cowsay"), SCRIPT, .cwd = project,
	     .env = BYTES("A=b"));
	ROLE(ROOT, .installer = "uv", .role = CORDON_ROLE_INSTALLER, .by = "/usr/bin/uv",
	     .by_args = BYTES("uv\0tool\0run\0ruff"), .path = "/usr/bin/true", .args = BYTES("ruff"), .cwd = project);
	ROLE(ROOT, .installer = "uv", .role = CORDON_ROLE_INSTALLER, .by = "/usr/bin/uvx",
	     .by_args = BYTES("uvx\0ruff"), .path = "/usr/bin/true", .args = BYTES("ruff"), .cwd = project);
	/* npm's own #! line: the path is the script's. */
	ROLE(ROOT, .installer = "npm", .role = CORDON_ROLE_INSTALLER, .by = "/usr/bin/npm",
	     .by_args = BYTES("/usr/bin/node\0/usr/bin/npm\0start"), SCRIPT, .cwd = project, .env = BYTES("A=b"));
	/* In poetry's own process. */
	ROLE(ROOT, .installer = "poetry", .role = CORDON_ROLE_INSTALLER, .by = "/usr/bin/python3.11",
	     .by_args = BYTES("python3\0/usr/bin/poetry\0run\0x"), .path = "/usr/bin/true", .args = BYTES("x"),
	     .cwd = project);
}

static void test_no_passthrough(void **state __attribute__((unused)))
{
	static const char *const events[] = { "preinstall", "install",	  "postinstall",
					      "prepare",    "preprepare", "postprepare" };
	const char *project = scene_path("/home/project");
	const char *module = scene_path("/home/project/node_modules/left-pad");

	for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
		char env[64];
		int len = snprintf(env, sizeof(env), "npm_lifecycle_event=%s", events[i]);

		ROLE(PACKAGE, NPM("run\0build"), SCRIPT, .cwd = project, .env = { env, (size_t)len + 1 });
	}
	ROLE(PACKAGE, NPM("install"), SCRIPT, .cwd = project, .env = BYTES("A=b"));
	ROLE(PACKAGE, NPM("install\0run"), SCRIPT, .cwd = project, .env = BYTES("A=b"));
	ROLE(PACKAGE, NPM("run\0build"), SCRIPT, .cwd = module, .env = BYTES("A=b"));
	ROLE(PACKAGE, NPM("run\0build"), SCRIPT, .cwd = NULL, .env = BYTES("A=b"));
	ROLE(PACKAGE, PIP, .path = "/usr/bin/true", .args = BYTES("true"), .cwd = project);
#define UV                                                                                                             \
	.installer = "uv", .role = CORDON_ROLE_INSTALLER, .by = "/usr/bin/uv", .by_args = BYTES("uv\0run\0x"),         \
	.cwd = project
	ROLE(PACKAGE, UV, .path = "/h/.cache/uv/builds-v0/.tmpx/bin/python", .exe = "/usr/bin/python3.11",
	     .args = BYTES("python\0x.py"));
	ROLE(PACKAGE, UV, PYTHON,
	     .args = BYTES("python3\0-I\0-B\0-c\0import sys; from python.get_interpreter_info import main"));
	ROLE(ROOT, UV, PYTHON, .args = BYTES("python3\0x.py"));
#undef UV
	ROLE(PACKAGE, .installer = "uv", .role = CORDON_ROLE_INSTALLER, .by = "/usr/bin/uv",
	     .by_args = BYTES("uv\0tool\0list"), .path = "/usr/bin/true", .args = BYTES("x"), .cwd = project);
}

static void test_project(void **state __attribute__((unused)))
{
	const char *project = scene_path("/home/project");
	const char *member = scene_path("/home/project/packages/core");

	ROLE(PROJECT, PIP, PYTHON, HOOK, .cwd = project);
	ROLE(PROJECT, PIP, PYTHON, HOOK, .cwd = member);
	/* The shim around setup.py. */
	ROLE(PROJECT, PIP, PYTHON, .args = BYTES("python3\0-u\0-c\0import setuptools\0egg_info"), .cwd = project);
	ROLE(PROJECT, NPM("install"), SCRIPT, .cwd = project,
	     .env = BYTES("npm_package_name=p\0npm_lifecycle_event=prepare"));
	ROLE(PROJECT, NPM("install"), SCRIPT, .cwd = member, .env = BYTES("npm_package_name=p"));
	ROLE(PROJECT, .installer = "cargo", .role = CORDON_ROLE_INSTALLER, .by = "/usr/bin/true",
	     .by_args = BYTES("cargo\0build"),
	     .path = scene_path("/home/project/target/debug/build/p-0/build-script-build"), .args = BYTES("x"),
	     .cwd = project);
}

static void test_not_project(void **state __attribute__((unused)))
{
	const char *project = scene_path("/home/project");
	char env[512];
	int len;

	ROLE(PACKAGE, PIP, PYTHON, HOOK, .cwd = scene_path("/home"));
	ROLE(PACKAGE, PIP, PYTHON, HOOK, .cwd = scene_path("/home/project-of-others"));
	ROLE(PACKAGE, PIP, PYTHON, HOOK, .cwd = scene_path("/home/project/node_modules/left-pad"));
	ROLE(PACKAGE, PIP, PYTHON, HOOK, .cwd = scene_path("/home/project/.venv/src/cloned"));
	ROLE(PACKAGE, PIP, PYTHON, HOOK, .cwd = scene_path("/home/project/env/src/cloned"));
	ROLE(PACKAGE, PIP, PYTHON, HOOK, .cwd = scene_path("/home/project/missing"));
	ROLE(PACKAGE, PIP, PYTHON, HOOK, .cwd = project, .project = "/");
	/* A clone of this install: the member is younger than the installer, the start may be. */
	ROLE(PACKAGE, PIP, PYTHON, HOOK, .cwd = scene_path("/home/project/packages/core"), .fresh = true);
	ROLE(PROJECT, PIP, PYTHON, HOOK, .cwd = project, .fresh = true);
	/* TMPDIR and caches inside the tree. */
	ROLE(PACKAGE, PIP, PYTHON, HOOK, .cwd = scene_path("/tmp/pip-req-build-k"), .project = scene_root);
	len = snprintf(env, sizeof(env), "PEP517_BUILD_BACKEND=x%cPIP_CACHE_DIR=%s", 0,
		       scene_path("/home/project/cache"));
	ROLE(PACKAGE, PIP, PYTHON, .args = BYTES("python3\0x.py"), .env = { env, (size_t)len + 1 },
	     .cwd = scene_path("/home/project/cache/x"));
	ROLE(PROJECT, PIP, PYTHON, .args = BYTES("python3\0x.py"), .env = BYTES("PEP517_BUILD_BACKEND=x"),
	     .cwd = scene_path("/home/project/cache/x"));
	/* Not how hooks are run. */
	ROLE(PACKAGE, PIP, .path = scene_path("/home/v/bin/git"), .exe = "/usr/bin/bash",
	     .args = BYTES("bash\0git\0clone"), .cwd = project, .env = BYTES("A=b"));
	ROLE(PACKAGE, PIP, PYTHON, .args = BYTES("python3\0x.py"), .cwd = project, .env = BYTES("A=b"));
	ROLE(PACKAGE, PIP, PYTHON, .args = BYTES("python3\0-I\0-B\0-c\0import sys"), .cwd = project,
	     .env = BYTES("A=b"));
	ROLE(PACKAGE, NPM("install"), SCRIPT, .cwd = project, .env = BYTES("A=b"));
	ROLE(PACKAGE, NPM("install"), .path = scene_path("/home/project/node_modules/.bin/sh"), .exe = "/usr/bin/dash",
	     .args = BYTES("sh\0-c\0x"), .cwd = project, .env = BYTES("npm_package_name=p"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_package_is_named), cmocka_unit_test(test_who_is_confined_stays_so),
		cmocka_unit_test(test_below_root),	 cmocka_unit_test(test_setup_py),
		cmocka_unit_test(test_passthrough),	 cmocka_unit_test(test_no_passthrough),
		cmocka_unit_test(test_project),		 cmocka_unit_test(test_not_project),
	};

	return cmocka_run_group_tests(tests, scene_setup, scene_teardown);
}
