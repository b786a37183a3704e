/* SPDX-License-Identifier: Apache-2.0 */
#include "session/identity.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

static bool name_valid(const char *ecosystem, const char *name)
{
	return identity_name_valid(ecosystem, name, strlen(name));
}

static void test_names(void **state __attribute__((unused)))
{
	static const char *const good[][2] = { { "pypi", "a" },		  { "pypi", "Zope.Interface" },
					       { "pypi", "a--b" },	  { "npm", "left-pad" },
					       { "npm", "@scope/name" },  { "npm", "JSONStream" },
					       { "cargo", "serde_json" }, { "gem", "net-http" } };
	static const char *const bad[][2] = {
		{ "pypi", "" },	     { "pypi", "-a" },	   { "pypi", "a-" },	      { "pypi", "a b" },
		{ "pypi", "a/b" },   { "pypi", "a\nb" },   { "pypi", "caf\xc3\xa9" }, { "npm", "@scope" },
		{ "npm", "@/name" }, { "npm", "@scope/" }, { "npm", ".." },	      { "npm", "_x" },
		{ "npm", "@a/b/c" }, { "npm", "a/b" },	   { "npm", "@s/../x" },      { "cargo", "a.b" },
		{ "gem", "../x" }
	};
	char longest[IDENTITY_NAME_MAX + 2];

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(name_valid(good[i][0], good[i][1]));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(name_valid(bad[i][0], bad[i][1]));
	memset(longest, 'a', sizeof(longest));
	assert_true(identity_name_valid("npm", longest, IDENTITY_NAME_MAX));
	assert_false(identity_name_valid("npm", longest, IDENTITY_NAME_MAX + 1));
	/* A NUL within the length is no part of a name. */
	assert_false(identity_name_valid("pypi", "a\0b", 3));
}

static void test_versions(void **state __attribute__((unused)))
{
	static const char *const good[] = { "1", "1.0.0-rc.1+build.5", "2!1.0.post1", "v1" };
	static const char *const bad[] = { "", "-1", "1 0", "1/0", "1:0", "../1", "1\n" };

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(identity_version_valid(good[i], strlen(good[i])));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(identity_version_valid(bad[i], strlen(bad[i])));
}

static void test_normal_form(void **state __attribute__((unused)))
{
	struct identity id = { .ecosystem = "pypi" };

	assert_int_equal(identity_set_name(&id, "Zope._-Interface", 16), 0);
	assert_string_equal(id.name, "zope-interface");
	assert_int_equal(identity_set_name(&id, "-bad", 4), -EINVAL);
	assert_string_equal(id.name, "zope-interface");
	memcpy(id.ecosystem, "npm", 4);
	assert_int_equal(identity_set_name(&id, "JSONStream", 10), 0);
	assert_string_equal(id.name, "JSONStream");
}

static void check(const char *ecosystem, const char *file, const char *expected, const char *name, const char *version)
{
	struct identity id = { 0 };

	if (!name) {
		assert_int_equal(identity_from_archive(ecosystem, file, expected, &id), -ENOENT);
		return;
	}
	assert_int_equal(identity_from_archive(ecosystem, file, expected, &id), 0);
	assert_string_equal(id.ecosystem, ecosystem);
	assert_string_equal(id.name, name);
	assert_string_equal(id.version, version);
}

static void test_archives(void **state __attribute__((unused)))
{
	check("pypi", "six-1.16.0-py2.py3-none-any.whl", NULL, "six", "1.16.0");
	check("pypi", "zope_interface-6.0-1-cp311-cp311-linux_x86_64.whl", "zope-interface", "zope-interface", "6.0");
	check("pypi", "six-1.16.0-py2.py3-none-any.whl", "seven", NULL, NULL);
	check("pypi", "six.whl", NULL, NULL, NULL);
	check("pypi", "six-1.16.0.tar.gz", NULL, "six", "1.16.0");
	check("pypi", "python-dateutil-2.8.2.tar.gz", NULL, "python-dateutil", "2.8.2");
	check("pypi", "Foo.Bar-1.0.zip", "foo-bar", "foo-bar", "1.0");
	/* Where a name is expected nothing is guessed; the longest that fits counts. */
	check("pypi", "foo-1-2.0.tar.gz", "foo", "foo", "1-2.0");
	check("pypi", "foo-1-2.0.tar.gz", "foo-1", "foo-1", "2.0");
	check("pypi", "foo-v1.0.tar.gz", "foo", "foo", "v1.0");
	check("pypi", "foo-extra-9.tar.gz", "foo", NULL, NULL);
	check("pypi", "foo-dev.tar.gz", "foo", NULL, NULL);
	check("pypi", "foo-dev.tar.gz", NULL, NULL, NULL);
	check("pypi", "foo.tar.gz", NULL, NULL, NULL);
	check("pypi", "foo-.tar.gz", NULL, NULL, NULL);
	check("pypi", "foo-1.0.exe", NULL, NULL, NULL);
	check("pypi", "-1.0.tar.gz", NULL, NULL, NULL);
	check("pypi", ".tar.gz", NULL, NULL, NULL);
	check("pypi", "foo-1.0.tbz", NULL, "foo", "1.0");
	check("pypi", "foo-1.0.txz", NULL, "foo", "1.0");
	check("pypi", "foo-1.0.tlz", NULL, "foo", "1.0");
	check("pypi", "foo-1.0.tar.lzma", NULL, "foo", "1.0");
	check("pypi", "Foo-1.0.TAR.GZ", NULL, "foo", "1.0");
	check("npm", "left-pad-1.3.0.tgz", NULL, "left-pad", "1.3.0");
	check("gem", "rake-13.0.6.gem", NULL, "rake", "13.0.6");
	check("cargo", "serde-1.0.200.crate", NULL, "serde", "1.0.200");
	check("an-ecosystem-of-a-long-name", "six-1.0.zip", NULL, NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_normal_form),
		cmocka_unit_test(test_archives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
