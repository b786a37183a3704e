/* SPDX-License-Identifier: Apache-2.0 */
#include "policy_scratch.h"

#include "policy/installers.h"
#include "policy/read.h"

#include <errno.h>

/* A minimal file; each mistake below is added to one of these. */
#define NATIVE "id = \"x\"\necosystem = \"pypi\"\nexe = [\"x\"]\n"
#define SCRIPT "id = \"x\"\necosystem = \"pypi\"\ninterpreter = \"python\"\n"

static struct installers *shipped(void)
{
	char *vendor = policy_vendor_dir(), *dir = text_format("%s/installers", vendor);
	struct installers *installers = NULL;
	struct diag diag = { 0 };

	assert_accepted(installers_load(dir, &installers, &diag), &diag);
	free(dir);
	free(vendor);
	return installers;
}

static const struct installer *get(const struct installers *installers, const char *id)
{
	int index = installers_find(installers, id);

	if (index < 0)
		fail_msg("no %s", id);
	return &installers->items[index];
}

static void assert_token(const struct token_list *list, const char *text, enum token_match match)
{
	for (size_t i = 0; i < list->count; i++)
		if (!strcmp(list->items[i].text, text) && list->items[i].match == match)
			return;
	fail_msg("no token %s", text);
}

static const struct helper_entry *helper(const struct installer *installer, const char *exe)
{
	for (size_t i = 0; i < installer->helper_count; i++)
		if (!strcmp(installer->helpers[i].exe.text, exe))
			return &installer->helpers[i];
	fail_msg("%s has no helper %s", installer->id, exe);
	return NULL;
}

static void test_shipped(void **state)
{
	static const char *const ids[] = { "build", "cargo", "conda", "gem",  "go",	    "hatch",	"npm", "pdm",
					   "pip",   "pipx",  "pnpm",  "poetry", "setup_py", "uv", "yarn" };
	struct installers *installers = shipped();

	(void)state;
	assert_int_equal(installers->count, sizeof(ids) / sizeof(ids[0]));
	for (size_t i = 0; i < installers->count; i++) {
		assert_string_equal(installers->items[i].id, ids[i]);
		assert_int_equal(installers_find(installers, ids[i]), i);
	}
	assert_int_equal(installers_find(installers, "bazel"), -ENOENT);
	installers_free(installers);
}

static void test_pip(void **state)
{
	struct installers *installers = shipped();
	const struct installer *pip = get(installers, "pip");
	const struct helper_entry *rustc = helper(pip, "rustc"), *git = helper(pip, "git");

	(void)state;
	assert_string_equal(pip->ecosystem, "pypi");
	assert_int_equal(pip->interpreter, CORDON_INTERPRETER_PYTHON);
	assert_int_equal(pip->role, CORDON_ROLE_INSTALLER);
	assert_token(&pip->script, "pip", TOKEN_VERSION);
	assert_token(&pip->script, "pip/__main__.py", TOKEN_EXACT);
	assert_token(&pip->script, "__pip-runner__.py", TOKEN_EXACT);
	assert_token(&pip->module, "pip", TOKEN_EXACT);
	assert_string_equal(pip->code[0], "run_module(\"pip\"");
	assert_string_equal(pip->nested[0], "pip");
	assert_string_equal(rustc->args[0], "--version");
	assert_int_equal(rustc->reads, 0);
	assert_int_equal(git->reads, CORDON_CLASS_GIT | CORDON_CLASS_SSH);
	assert_int_equal(git->child_count, 3);
	assert_int_equal(helper(pip, "keyring")->reads, CORDON_CLASS_KEYRING);
	assert_int_equal(helper(pip, "ssh")->reads, CORDON_CLASS_SSH);
	assert_string_equal(pip->attribute_cwd[0], "*/pip-install-*/{name}_{hex}");
	assert_string_equal(pip->attribute_cwd[1], "*/pip-install-*/{name}");
	installers_free(installers);
}

static const char *cargo_home(const void *arg, const char *name)
{
	return strcmp(name, "CARGO_HOME") ? NULL : *(const char *const *)arg;
}

static void test_others(void **state)
{
	struct installers *installers = shipped();

	(void)state;
	assert_int_equal(get(installers, "setup_py")->role, CORDON_ROLE_PROJECT);
	assert_int_equal(get(installers, "npm")->interpreter, CORDON_INTERPRETER_NODE);
	assert_token(&get(installers, "npm")->script, "npx-cli.js", TOKEN_EXACT);
	assert_string_equal(get(installers, "npm")->attribute_env[0], "npm_package_name=name");
	assert_token(&get(installers, "yarn")->script, "yarn-", TOKEN_PREFIX);
	assert_token(&get(installers, "uv")->exe, "uv", TOKEN_EXACT);
	assert_string_equal(get(installers, "uv")->passthrough[1], "tool run");
	assert_int_equal(helper(get(installers, "uv"), "ld-linux")->exe.match, TOKEN_PREFIX);
	assert_string_equal(get(installers, "cargo")->ecosystem, "cargo");
	assert_int_equal(get(installers, "cargo")->interpreter, 0);
	assert_string_equal(get(installers, "cargo")->attribute_exe[0], "*/build/{name}-*/build-script-build");
	installers_free(installers);
}

/* What package code adds to, of all installers together; never a store that only an installer writes. */
static void test_caches(void **state)
{
	static const char *const env[] = { "/srv/cargo" };
	const struct zones_scene scene = { .home = "/home/ann", .project = "/srv/p", .env = cargo_home, .env_arg = env };
	struct installers *installers = shipped();
	struct zones *zones = calloc(1, sizeof(*zones));
	struct diag diag = { 0 };
	bool gyp = false, lock = false, moved = false;

	(void)state;
	assert_accepted(installers_add_caches(installers, &scene, zones, &diag), &diag);
	for (size_t i = 0; i < zones->count; i++) {
		const char *path = zones->entries[i].path;

		assert_int_equal(zones->entries[i].zone, CORDON_ZONE_CACHE);
		gyp = gyp || !strcmp(path, "/home/ann/.cache/node-gyp");
		lock = lock || !strcmp(path, "/home/ann/.cargo/.package-cache");
		moved = moved || !strcmp(path, "/srv/cargo/registry");
		if (strstr(path, "/pip") || strstr(path, "/uv") || strstr(path, "_cacache") || strstr(path, "/store") ||
		    text_ends_with(path, "/.cache") || text_ends_with(path, "/bin"))
			fail_msg("%s is a cache", path);
	}
	assert_true(gyp && lock && moved);
	zones_free(zones);
	installers_free(installers);
}

static void test_built(void **state)
{
	static const char *const env[] = { "/srv/cargo" };
	const struct zones_scene scene = { .home = "/home/ann", .project = "/srv/p", .env = cargo_home, .env_arg = env };
	struct installers *installers = shipped();
	char **built = NULL;
	size_t count = 0;

	(void)state;
	assert_int_equal(installers_expand_built(installers, &scene, &built, &count), 0);
	/* Variables that are not set name no place. */
	assert_int_equal(count, 2);
	assert_string_equal(built[0], "/home/ann/.cache/pip/wheels");
	assert_string_equal(built[1], "/home/ann/.cache/pypoetry/artifacts");
	strings_free(built, count);
	installers_free(installers);
}

static void test_mistakes(void **state)
{
	static const struct {
		const char *text;
		unsigned int line, column;
		const char *part;
	} mistakes[] = {
		{ "ecosystem = \"pypi\"\nexe = [\"x\"]\n", 0, 0, "needs 'id'" },
		{ "id = \"x\"\nexe = [\"x\"]\n", 0, 0, "needs 'ecosystem'" },
		{ "id = \"X y\"\necosystem = \"pypi\"\n", 1, 6, "is no id" },
		{ "id = 1\necosystem = \"pypi\"\n", 1, 6, "must be a string" },
		{ "id = \"x\"\necosystem = \"pip\"\n", 2, 13, "one of: pypi, npm" },
		{ "id = \"x\"\necosystem = \"pypi\"\n", 0, 0, "matches nothing" },
		{ "id = \"x\"\nid = \"y\"\n", 2, 6, "redefine" },
		{ NATIVE "exes = []\n", 4, 1, "unknown key 'exes' in a recognition file; did you mean 'exe'?" },
		{ NATIVE "role = \"package\"\n", 4, 8, "one of: installer, project" },
		{ NATIVE "interpreter = \"perl\"\n", 4, 15, "one of: python, node, ruby, shell" },
		{ NATIVE "interpreter = \"\"\n", 4, 15, "is no value" },
		{ NATIVE "script = [\"x\"]\n", 4, 1, "'script' needs 'interpreter'" },
		{ NATIVE "code = [\"x\"]\n", 4, 1, "'code' needs 'interpreter'" },
		{ NATIVE "nested = \"pip\"\n", 4, 10, "must be a list" },
		{ NATIVE "caches = \"~/.cache/x/\"\n", 4, 10, "must be a list" },
		{ NATIVE "caches = [\"./x/\"]\n", 4, 11, "lies in the project" },
		{ NATIVE "caches = [\"~/\"]\n", 4, 11, "would be everything" },
		{ NATIVE "caches = [\"/a/../b/\"]\n", 4, 11, "'.' or '..'" },
		{ NATIVE "caches = [\"cache/\"]\n", 4, 11, "must start with" },
		{ NATIVE "built = \"~/.cache/x/\"\n", 4, 9, "must be a list" },
		{ NATIVE "built = [\"./x/\"]\n", 4, 10, "lies in the project" },
		{ NATIVE "passthrough = [\"\"]\n", 4, 16, "must not be empty" },
		{ "id = \"x\"\necosystem = \"pypi\"\nexe = [\"x*\"]\n", 3, 8, "a program has [0-9.]* or none" },
		{ "id = \"x\"\necosystem = \"pypi\"\nexe = [\"a\", \"*x\"]\n", 3, 13, "not allowed there" },
		{ "id = \"x\"\necosystem = \"pypi\"\nexe = [\"*\"]\n", 3, 8, "only a wildcard" },
		{ "id = \"x\"\necosystem = \"pypi\"\nexe = [\"bin/x\"]\n", 3, 8, "has a '/'" },
		{ SCRIPT "script = [\"a/b/c\"]\n", 4, 11, "FOLDER/NAME" },
		{ SCRIPT "script = [\"/x\"]\n", 4, 11, "FOLDER/NAME" },
		{ SCRIPT "script = [\"a/pip[0-9.]*\"]\n", 4, 11, "without a wildcard" },
		{ SCRIPT "script = [\"yarn*\"]\n", 4, 11, "before the '*'" },
		{ SCRIPT "script = [\"yarn-a-*\"]\n", 4, 11, "before the '*'" },
		{ SCRIPT "script = [\"pip[0-9]*\"]\n", 4, 11, "not allowed there" },
		{ SCRIPT "module = [\"pip[0-9.]*\"]\n", 4, 11, "modules have none" },
		{ SCRIPT "code = [\"12345678901234567\"]\n", 4, 9, "longer than the 16 bytes" },
		{ SCRIPT "code = [\"\"]\n", 4, 9, "must not be empty" },
		{ NATIVE "helper = 1\n", 4, 1, "[[helper]]" },
		{ NATIVE "[[helper]]\nreads = [\"ssh\"]\n", 4, 1, "needs 'exe'" },
		{ NATIVE "[[helper]]\nexe = \"git\"\nread = [\"ssh\"]\n", 6, 1, "did you mean 'reads'?" },
		{ NATIVE "[[helper]]\nexe = \"git\"\nreads = [\"aws\"]\n", 6, 10, "one of: ssh, git, keyring, gpg" },
		{ NATIVE "[[helper]]\nexe = \"git\"\nchildren = [\"*\"]\n", 6, 13, "no name of a program" },
		{ NATIVE "[[helper]]\nexe = \"git\"\nchildren = [\"a*b\"]\n", 6, 13, "no name of a program" },
		{ NATIVE "[[helper]]\nexe = \"git\"\nchildren = [\"/bin/sh\"]\n", 6, 13, "no name of a program" },
		{ NATIVE "[[helper]]\nexe = \"/usr/bin/git\"\n", 5, 7, "has a '/'" },
		{ NATIVE "[attribution]\ncmd = []\n", 5, 1, "did you mean 'cwd'?" },
		{ NATIVE "[attribution]\nenv = [\"NAME\"]\n", 5, 8, "VARIABLE=name" },
		{ NATIVE "[attribution]\nenv = [\"NAME=hash\"]\n", 5, 8, "VARIABLE=name" },
		{ NATIVE "[attribution]\ncwd = [\"a/{name}\"]\n", 5, 8, "must start with" },
		{ NATIVE "[attribution]\ncwd = [\"*/{version}\"]\n", 5, 8, "{name} is missing" },
		{ NATIVE "[attribution]\ncwd = [\"*/{name}/{name}\"]\n", 5, 8, "once each" },
		{ NATIVE "[attribution]\ncwd = [\"*/{nam}\"]\n", 5, 8, "unknown field" },
		{ NATIVE "[attribution]\ncwd = [\"*/{name}{version}\"]\n", 5, 8, "nothing between" },
		{ NATIVE "[attribution]\ncwd = [\"*/**/{name}\"]\n", 5, 8, "nothing between" },
		{ NATIVE "[attribution]\nexe = [\"*/{name}?\"]\n", 5, 8, "has a '?'" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		struct installers *installers = calloc(1, sizeof(*installers));
		const char *text = mistakes[i].text;
		struct diag diag = { 0 };
		int r = installer_parse(installers, text, strlen(text), "x.toml", &diag);

		if (r != -EINVAL)
			fail_msg("gave %d: %s", r, text);
		assert_int_equal(installers->count, 0);
		assert_string_equal(diag.file, "x.toml");
		assert_diag(&diag, mistakes[i].line, mistakes[i].column, mistakes[i].part);
		installers_free(installers);
	}
}

static int load_pair(const struct scratch *scratch, const char *a, const char *b, struct diag *diag)
{
	struct installers *installers = NULL;
	int r;

	scratch_write(scratch, "a.toml", a);
	scratch_write(scratch, "b.toml", b);
	r = installers_load(scratch->dir, &installers, diag);
	installers_free(installers);
	return r;
}

static void test_conflicts(void **state)
{
	static const struct {
		const char *b;
		unsigned int line, column;
		const char *part;
	} pairs[] = {
		{ "exe = [\"other\"]\necosystem = \"npm\"\nid = \"x\"\n", 3, 1, "'x' is claimed by" },
		{ "id = \"y\"\necosystem = \"npm\"\nexe = [\"y\", \"x\"]\n", 1, 1, "'x' is claimed by" },
		{ "id = \"y\"\necosystem = \"npm\"\nexe = [\"y\"]\nnested = [\"x\", \"z\"]\n", 4, 10, "names 'z'" },
	};
	struct scratch *scratch = *state;
	struct diag diag = { 0 };

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		assert_int_equal(load_pair(scratch, NATIVE, pairs[i].b, &diag), -EINVAL);
		assert_true(text_ends_with(diag.file, "/b.toml"));
		assert_diag(&diag, pairs[i].line, pairs[i].column, pairs[i].part);
	}
	assert_int_equal(load_pair(scratch, SCRIPT "module = [\"m\"]\n",
				   "id = \"y\"\necosystem = \"pypi\"\ninterpreter = \"python\"\nmodule = [\"m\"]\n",
				   &diag),
			 -EINVAL);
	assert_diag(&diag, 1, 1, "'m' is claimed by");
	/* The same name for another interpreter is another thing. */
	assert_accepted(
	    load_pair(scratch, SCRIPT "script = [\"m\"]\n",
		      "id = \"y\"\necosystem = \"npm\"\ninterpreter = \"node\"\nscript = [\"m\"]\nnested = [\"x\"]\n",
		      &diag),
	    &diag);
	assert_int_equal(load_pair(scratch, SCRIPT "role = \"project\"\nscript = [\"m\"]\n",
				   "id = \"y\"\necosystem = \"npm\"\nexe = [\"y\"]\nnested = [\"x\"]\n", &diag),
			 -EINVAL);
	assert_diag(&diag, 4, 10, "no installer but project code");
}

static void test_folder(void **state)
{
	struct scratch *scratch = *state;
	struct installers *installers = NULL;
	struct diag diag = { 0 };

	assert_int_equal(installers_load(scratch->dir, &installers, &diag), -ENOENT);
	assert_diag(&diag, 0, 0, "holds no recognition file");
	assert_int_equal(installers_load("/nonexistent/installers", &installers, &diag), -ENOENT);
	assert_diag(&diag, 0, 0, "cannot be opened");
	scratch_write(scratch, "z.toml", NATIVE);
	scratch_write(scratch, "a.toml", "id = \"zz\"\necosystem = \"npm\"\nexe = [\"zz\"]\n");
	scratch_write(scratch, "notes.txt", "no toml");
	assert_accepted(installers_load(scratch->dir, &installers, &diag), &diag);
	assert_int_equal(installers->count, 2);
	/* By id, not by file. */
	assert_string_equal(installers->items[0].id, "x");
	assert_true(text_ends_with(installers->items[0].file, "/z.toml"));
	installers_free(installers);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shipped),	 cmocka_unit_test(test_pip), cmocka_unit_test(test_others),
		cmocka_unit_test(test_caches),	 cmocka_unit_test(test_built), cmocka_unit_test(test_mistakes), TEST(test_conflicts),	     TEST(test_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
