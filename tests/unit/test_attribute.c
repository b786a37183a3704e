/* SPDX-License-Identifier: Apache-2.0 */
#include "session/attribute.h"

#include "../fixtures/installers.h"
#include "records.h"

#include <errno.h>

static int setup(void **state)
{
	*state = tree_new();
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	tree_free(*state);
	return 0;
}

/* An installer's child: its folder, its environment ("A=1\0B=2"). */
static int attributed(const char *id, struct process *starter, const char *cwd, const struct facts_block *env,
		      struct identity *ret)
{
	struct facts facts = { .cwd = (char *)cwd, .environ = *env };
	struct attribute_input input = { &fixture_items[fixture_find(id)], "/bin/sh", &facts, starter };

	*ret = (struct identity){ 0 };
	return attribute(&input, ret);
}
#define ENV(text) (&(struct facts_block){ .bytes = (char *)text, .len = sizeof(text) })

static void check(int r, const struct identity *id, const char *name, const char *version)
{
	assert_int_equal(r, 0);
	assert_string_equal(id->name, name);
	assert_string_equal(id->version, version);
}
#define CHECK(id, starter, cwd, env, name, version)                                                                    \
	check(attributed(id, starter, cwd, ENV(env), &got), &got, name, version)
#define CHECK_NONE(id, starter, cwd, env) assert_int_equal(attributed(id, starter, cwd, ENV(env), &got), -ENOENT)

static struct process *pip_of(struct tree *tree)
{
	struct cordon_record_exec record;
	struct process *p;

	record_exec(&record, 10, 1, "/usr/bin/pip", "python3\0/usr/bin/pip\0install");
	assert_int_equal(tree_exec(tree, &record, &p), 0);
	return p;
}

static void test_pip_by_name(void **state)
{
	struct process *pip = pip_of(*state);
	struct identity got;

	tree_open(*state, 10, "pip-unpack-a", "Six-1.15.0.tar.gz");
	tree_open(*state, 10, "pip-unpack-b", "Six-1.16.0.tar.gz");
	tree_open(*state, 10, "pip-unpack-c", "six-extra-9.tar.gz");
	tree_open(*state, 10, "pip-unpack-d", "idna-3.4.tar.gz");
	CHECK("pip", pip, "/tmp/pip-install-x/six_0123456789abcdef0123456789abcdef", "", "six", "1.16.0");
	CHECK("pip", pip, "/tmp/pip-install-x/six-extra_0123456789abcdef0123456789abcdef", "", "six-extra", "9");
	/* A folder below it, by #subdirectory. */
	CHECK("pip", pip, "/tmp/pip-install-x/idna_0123456789abcdef0123456789abcdef/python", "", "idna", "3.4");
	/* Before 20.3 there is nothing behind the name, which may have a "_" of its own: that is not six. */
	tree_open(*state, 10, "pip-unpack-f", "six_more-2.tar.gz");
	CHECK("pip", pip, "/tmp/pip-install-x/six_more", "", "six-more", "2");
	/* A clone has no archive, so no version. */
	CHECK("pip", pip, "/tmp/pip-install-x/cloned_0123456789abcdef0123456789abcdef", "", "cloned", "");
	CHECK("pip", NULL, "/tmp/pip-install-x/six_0123456789abcdef0123456789abcdef", "", "six", "");
	/* The same folder again says the same, whatever was opened since. */
	tree_open(*state, 10, "pip-unpack-e", "six-1.17.0.tar.gz");
	CHECK("pip", pip, "/tmp/pip-install-x/six_0123456789abcdef0123456789abcdef", "", "six", "1.16.0");
	CHECK("pip", pip, "/tmp/pip-install-y/six_ffffffffffffffffffffffffffffffff", "", "six", "1.17.0");
}

static void test_pip_without_name(void **state)
{
	struct process *pip = pip_of(*state);
	struct identity got;

	CHECK_NONE("pip", pip, "/tmp/pip-req-build-a", "");
	tree_open(*state, 10, "ann", "first-1.0.tar.gz");
	CHECK("pip", pip, "/tmp/pip-req-build-a", "", "first", "1.0");
	tree_open(*state, 10, "ann", "second-2.0.zip");
	tree_open(*state, 10, "ann", "notes.txt");
	CHECK("pip", pip, "/tmp/pip-req-build-b", "", "second", "2.0");
	/* Both are built only now. */
	CHECK("pip", pip, "/tmp/pip-req-build-a", "", "first", "1.0");
	CHECK("pip", pip, "/tmp/pip-req-build-b", "", "second", "2.0");
	/* Each archive is bound to its folder: a third has none. */
	CHECK_NONE("pip", pip, "/tmp/pip-req-build-c", "");
	/* A local folder says nothing. */
	CHECK_NONE("pip", pip, "/home/ann/project", "");
	CHECK_NONE("pip", pip, NULL, "");
}

static void test_uv(void **state __attribute__((unused)))
{
	struct identity got;

	CHECK("uv", NULL, "/h/.cache/uv/sdists-v9/pypi/Foo_Bar/1.0/rev/src", "", "foo-bar", "1.0");
	CHECK("uv", NULL, "/h/.cache/uv/sdists-v9/index/0abc/foo/1.0/rev/src", "", "foo", "1.0");
	CHECK_NONE("uv", NULL, "/h/.cache/uv/sdists-v9/url/0abc/rev/src", "");
}

/* The folder's name is the archive's own: it counts only with an archive of that name. */
static void test_poetry_needs_the_archive(void **state)
{
	struct process *poetry = pip_of(*state);
	struct identity got;

	CHECK_NONE("poetry", poetry, "/tmp/tmpx/requests-2.31.0", "");
	tree_open(*state, 10, "x", "evil-1.0.tar.gz");
	CHECK_NONE("poetry", poetry, "/tmp/tmpx/requests-2.31.0", "");
	tree_open(*state, 10, "x", "requests-2.0.0.tar.gz");
	/* The version too is the installer's. */
	CHECK("poetry", poetry, "/tmp/tmpx/requests-2.31.0", "", "requests", "2.0.0");
}

static void test_npm_follows_the_address(void **state __attribute__((unused)))
{
	static const char cwd[] = "/p/node_modules/esbuild";
	struct identity got;

	CHECK("npm", NULL, cwd,
	      "npm_package_name=esbuild\0npm_package_version=0.20.0\0"
	      "npm_package_resolved=https://registry.example.org/esbuild/-/esbuild-0.20.0.tgz",
	      "esbuild", "0.20.0");
	CHECK("npm", NULL, cwd,
	      "npm_package_resolved=https://registry.example.org/api/npm/npm/@esbuild/linux/-/linux-0.20.0.tgz",
	      "@esbuild/linux", "0.20.0");
	CHECK("npm", NULL, cwd, "npm_package_resolved=https://registry.example.org/@s%2Fname/-/name-1.0.0.tgz?x=1",
	      "@s/name", "1.0.0");
	/* Manifest confusion: the package calls itself something else than what was fetched. */
	CHECK("npm", NULL, cwd,
	      "npm_package_name=esbuild\0npm_package_version=0.20.0\0"
	      "npm_package_resolved=https://registry.example.org/evil/-/evil-6.6.6.tgz",
	      "evil", "6.6.6");
	CHECK("npm", NULL, cwd, "npm_package_resolved=https://registry.example.org/evil/-/good-1.0.0.tgz", "evil", "");
}

static void test_npm_claims_alone_are_nothing(void **state __attribute__((unused)))
{
	static const char cwd[] = "/p/node_modules/esbuild";
	struct identity got;

	CHECK_NONE("npm", NULL, cwd, "npm_package_name=esbuild\0npm_package_version=0.20.0");
	CHECK_NONE("npm", NULL, cwd,
		   "npm_package_name=esbuild\0npm_package_resolved=git+ssh://git@example.org/x.git#0abc");
	CHECK_NONE("npm", NULL, cwd, "npm_package_name=esbuild\0npm_package_resolved=https://example.org/esbuild.tgz");
	CHECK_NONE("npm", NULL, cwd, "npm_package_name=esbuild\0npm_package_resolved=file:/-/esbuild-1.0.0.tgz");
	CHECK_NONE("npm", NULL, cwd, "npm_package_resolved=https://example.org/../-/x-1.0.0.tgz");
	CHECK_NONE("npm", NULL, cwd, "npm_package_resolved=https:///-/");
}

static void test_claim_and_folder_agree(void **state __attribute__((unused)))
{
	static const char pnpm[] = "/p/node_modules/.pnpm/@s+name@1.0.0/node_modules/@s/name";
	struct identity got;

	CHECK("pnpm", NULL, pnpm, "npm_package_name=@s/name\0npm_package_version=1.0.0", "@s/name", "1.0.0");
	CHECK("pnpm", NULL, pnpm, "", "@s/name", "1.0.0");
	CHECK_NONE("pnpm", NULL, pnpm, "npm_package_name=esbuild\0npm_package_version=1.0.0");
	CHECK_NONE("pnpm", NULL, pnpm, "npm_package_name=@s/name\0npm_package_version=2.0.0");
	CHECK("yarn", NULL, "/p/node_modules/x", "npm_package_name=x\0npm_package_version=1.0.0", "x", "");
	CHECK_NONE("yarn", NULL, "/p/node_modules/alias", "npm_package_name=x");
	CHECK("cargo", NULL, "/h/.cargo/registry/src/i-0/openssl-sys-0.9.1",
	      "CARGO_PKG_NAME=openssl-sys\0CARGO_PKG_VERSION=0.9.1", "openssl-sys", "0.9.1");
	CHECK_NONE("cargo", NULL, "/h/.cargo/registry/src/i-0/evil-0.9.1",
		   "CARGO_PKG_NAME=openssl-sys\0CARGO_PKG_VERSION=0.9.1");
	/* conda's are conda's own. */
	CHECK("conda", NULL, "/opt", "PKG_NAME=numpy\0PKG_VERSION=1.26", "numpy", "1.26");
	CHECK_NONE("conda", NULL, "/opt", "PKG_NAME=../x\0PKG_VERSION=1.26");
}

static void test_program_names_the_package(void **state __attribute__((unused)))
{
	struct installer cargo = { .ecosystem = "cargo",
				   STRINGS(attribute_exe, "*/build/{name}-*/build-script-build") };
	struct facts facts = { .cwd = (char *)"/" };
	struct attribute_input input = { &cargo, "/p/target/debug/build/ring-0abc/build-script-build", &facts, NULL };
	struct identity got = { 0 };

	check(attribute(&input, &got), &got, "ring", "");
	input.path = "/p/target/debug/build/build-script-build";
	assert_int_equal(attribute(&input, &got), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_pip_by_name, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pip_without_name, setup, teardown),
		cmocka_unit_test(test_uv),
		cmocka_unit_test_setup_teardown(test_poetry_needs_the_archive, setup, teardown),
		cmocka_unit_test(test_npm_follows_the_address),
		cmocka_unit_test(test_npm_claims_alone_are_nothing),
		cmocka_unit_test(test_claim_and_folder_agree),
		cmocka_unit_test(test_program_names_the_package),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
