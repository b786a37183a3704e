/* SPDX-License-Identifier: Apache-2.0 */
#include "session/pattern.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

/* What pip puts behind a name. */
#define HEX "0123456789abcdef0123456789abcdef"

static void check(const char *ecosystem, const char *pattern, const char *path, const char *name, const char *version)
{
	struct pattern_match m = { 0 };

	assert_int_equal(pattern_match(pattern, path, ecosystem, &m), 0);
	assert_string_equal(m.identity.ecosystem, ecosystem);
	assert_string_equal(m.identity.name, name);
	assert_string_equal(m.identity.version, version);
}

static void check_none(const char *ecosystem, const char *pattern, const char *path)
{
	struct pattern_match m = { 0 };

	assert_int_equal(pattern_match(pattern, path, ecosystem, &m), -ENOENT);
}

static void test_shipped_shapes(void **state __attribute__((unused)))
{
	check("pypi", "*/pip-install-*/{name}_{hex}", "/tmp/pip-install-x1/six_" HEX, "six", "");
	check("pypi", "*/pip-install-*/{name}_{hex}", "/var/tmp/a/pip-install-/my-lib_" HEX, "my-lib", "");
	check("pypi", "*/pip-install-*/{name}", "/tmp/pip-install-x1/my_lib", "my-lib", "");
	check("pypi", "*/pip-req-build-*", "/tmp/pip-req-build-x", "", "");
	check("pypi", "*/sdists-v*/pypi/{name}/{version}/*/src", "/h/.cache/uv/sdists-v9/pypi/six/1.16.0/rev/src",
	      "six", "1.16.0");
	check("npm", "*/node_modules/{name}", "/p/node_modules/left-pad", "left-pad", "");
	check("npm", "*/node_modules/{name}", "/p/node_modules/@s/name", "@s/name", "");
	check("npm", "*/node_modules/{name}", "/p/node_modules/a/node_modules/b", "b", "");
	check("npm", "*/node_modules/.pnpm/{name}@{version}/node_modules/*/*",
	      "/p/node_modules/.pnpm/@s+name@1.2.3/node_modules/@s/name", "@s/name", "1.2.3");
	check("npm", "*/node_modules/.pnpm/{name}@{version}/node_modules/*",
	      "/p/node_modules/.pnpm/name@1.2.3_react@18.2.0/node_modules/name", "name", "1.2.3");
	check("npm", "*/node_modules/.pnpm/{name}@{version}/node_modules/*",
	      "/p/node_modules/.pnpm/name@1.2.3(react@18.2.0)/node_modules/name", "name", "1.2.3");
	check("cargo", "*/registry/src/*/{name}-{version}", "/h/.cargo/registry/src/index-0/serde-json-1.0.0-rc.1",
	      "serde-json", "1.0.0-rc.1");
	check("gem", "*/gems/{name}-{version}", "gems/net-http-0.3.0", "net-http", "0.3.0");
}

static void test_nothing_else(void **state __attribute__((unused)))
{
	check_none("pypi", "*/pip-install-*/{name}_{hex}", "/tmp/pip-install-x/six_" HEX "/sub");
	check_none("pypi", "*/pip-install-*/{name}_{hex}", "/tmp/pip-install-x");
	check_none("pypi", "*/pip-install-*/{name}_{hex}", "/tmp/pip-install-x/_" HEX);
	check_none("pypi", "*/pip-install-*/{name}_{hex}", "/tmp/pip-install-x/-bad-_" HEX);
	check_none("pypi", "*/pip-install-*/{name}_{hex}", "/tmp/pip-install-x/a b_" HEX);
	/* "my_lib" of an older pip is not "my". */
	check_none("pypi", "*/pip-install-*/{name}_{hex}", "/tmp/pip-install-x/my_lib");
	check_none("pypi", "*/pip-install-*/{name}_{hex}", "/tmp/pip-install-x/six_0" HEX);
	check_none("pypi", "*/pip-install-*/{name}_{hex}", "/tmp/pip-install-x/six_0123");
	check_none("pypi", "*/pip-req-build-*", "/tmp/not-pip-req-build-x");
	check_none("pypi", "/a/{name}", "/b/a/x");
	check_none("npm", "*/node_modules/{name}", "/p/node_modules/@s/name/lib");
	check_none("npm", "*/node_modules/{name}", "/p/node_modules/..");
	check_none("cargo", "*/registry/src/*/{name}-{version}", "/h/registry/src/x/name-beta");
	check_none("pypi", "{name}/{version}", "a/");
	check_none("pypi", "", "x");
	check_none("an-ecosystem-of-a-long-name", "x", "x");
}

/* The whole path comes first; above it the part nearest to the root, which package code cannot have chosen. */
static void test_above(void **state __attribute__((unused)))
{
	static const char pattern[] = "*/pip-install-*/{name}_{hex}";
	struct pattern_match m = { 0 };

	assert_int_equal(pattern_match_above(pattern, "/tmp/pip-install-x/evil_" HEX "/pip-install-y/good_" HEX "/sub", "pypi", &m),
			 0);
	assert_string_equal(m.identity.name, "evil");
	assert_int_equal(pattern_match_above(pattern, "/tmp/pip-install-x/evil_" HEX, "pypi", &m), -ENOENT);
}

static void test_joined(void **state __attribute__((unused)))
{
	struct pattern_match m = { 0 };

	assert_int_equal(pattern_match("*/tmp*/{name}-{version}", "/tmp/tmpx/six-1.0", "pypi", &m), 0);
	assert_true(m.joined);
	assert_int_equal(pattern_match("*/{name}/{version}", "/tmp/six/1.0", "pypi", &m), 0);
	assert_false(m.joined);
	assert_int_equal(pattern_match("*/{name}", "/tmp/six", "pypi", &m), 0);
	assert_false(m.joined);
}

/* Without a bound this would take longer than the age of the universe. */
static void test_backtracking_is_bounded(void **state __attribute__((unused)))
{
	char path[4096];

	memset(path, 'a', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	check_none("pypi", "*a*a*a*a*a*a*a*a*b", path);
	check_none("pypi", "*/{name}-{name}-{name}-{name}-{version}", path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shipped_shapes),
		cmocka_unit_test(test_nothing_else),
		cmocka_unit_test(test_above),
		cmocka_unit_test(test_joined),
		cmocka_unit_test(test_backtracking_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
