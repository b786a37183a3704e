/* SPDX-License-Identifier: Apache-2.0 */
/* Of whom a grant speaks and until when; how it is written, by whatever name. */
#include "policy_scratch.h"

#include "policy/parse.h"

#include <errno.h>

static struct policy_grant grant_of(const char *ecosystem, const char *package)
{
	return (struct policy_grant){ .ecosystem = (char *)ecosystem,
				      .package = (char *)package,
				      .rule = CORDON_RULE_NET_CONNECT,
				      .host = (char *)"files.example" };
}

static void test_matches_package(void **state)
{
	struct policy_grant grant = grant_of("pypi", "foo-bar"), any = grant_of("", "Foo"), all = grant_of("", "*");
	struct policy_grant npm_all = grant_of("npm", "*");

	(void)state;
	assert_true(policy_grant_matches(&grant, "pypi", "foo-bar", NULL, 0));
	assert_false(policy_grant_matches(&grant, "npm", "foo-bar", NULL, 0));
	assert_false(policy_grant_matches(&grant, "", "foo-bar", NULL, 0));
	assert_false(policy_grant_matches(&grant, NULL, "foo-bar", NULL, 0));
	assert_false(policy_grant_matches(&grant, "pypi", "foo-ba", NULL, 0));
	assert_false(policy_grant_matches(&grant, "pypi", "foo-bar2", NULL, 0));
	/* A name without ecosystem is compared as the package's own ecosystem does. */
	assert_true(policy_grant_matches(&any, "pypi", "foo", NULL, 0));
	assert_true(policy_grant_matches(&any, "npm", "Foo", NULL, 0));
	assert_false(policy_grant_matches(&any, "npm", "foo", NULL, 0));
	assert_true(policy_grant_matches(&all, "npm", "@a/b", "1.0", 0));
	assert_true(policy_grant_matches(&npm_all, "npm", "x", NULL, 0));
	assert_false(policy_grant_matches(&npm_all, "pypi", "x", NULL, 0));
}

static void test_unknown_matches_nothing(void **state)
{
	struct policy_grant all = grant_of("", "*"), pypi = grant_of("pypi", "*"), named = grant_of("", "unknown");

	(void)state;
	assert_false(policy_grant_matches(&all, "", "unknown", NULL, 0));
	assert_false(policy_grant_matches(&all, NULL, NULL, NULL, 0));
	assert_false(policy_grant_matches(&all, "pypi", "", NULL, 0));
	assert_false(policy_grant_matches(&pypi, "pypi", "unknown", NULL, 0));
	assert_false(policy_grant_matches(&named, "", "unknown", NULL, 0));
}

static void test_matches_version(void **state)
{
	struct policy_grant grant = grant_of("npm", "a");

	(void)state;
	grant.version = (char *)"1.0";
	assert_true(policy_grant_matches(&grant, "npm", "a", "1.0", 0));
	assert_false(policy_grant_matches(&grant, "npm", "a", "1.0.1", 0));
	assert_false(policy_grant_matches(&grant, "npm", "a", NULL, 0));
}

/* 2027-03-01 is day 20878 of the epoch. */
static void test_last_day_counts(void **state)
{
	const time_t day = (time_t)20878 * 86400;
	struct policy_grant grant = grant_of("npm", "a");

	(void)state;
	grant.expires = (char *)"2027-03-01";
	assert_true(policy_grant_matches(&grant, "npm", "a", NULL, day - 1));
	assert_true(policy_grant_matches(&grant, "npm", "a", NULL, day + 86399));
	assert_false(policy_grant_matches(&grant, "npm", "a", NULL, day + 86400));
	assert_false(grant_is_expired(&grant, day + 86399));
	assert_true(grant_is_expired(&grant, day + 86400));
}

static void test_format(void **state)
{
	struct policy_grant grant = grant_of("pypi", "foo"), file = grant_of("", "b");
	char *text;

	(void)state;
	grant.version = (char *)"1.0";
	grant.host = (char *)"2001:db8::1";
	grant.port = 443;
	grant.reason = (char *)"says \"no\" \\ more";
	grant.author = (char *)"ann";
	grant.expires = (char *)"2027-03-01";
	text = grant_format(&grant);
	assert_string_equal(text,
			    "[[grant]]\npackage = \"pypi:foo\"\nversion = \"1.0\"\nrule = \"net.connect\"\n"
			    "host = \"[2001:db8::1]:443\"\nreason = \"says \\\"no\\\" \\\\ more\"\nauthor = \"ann\"\n"
			    "expires = 2027-03-01\n");
	free(text);
	file.rule = CORDON_RULE_FILE_HIDDEN;
	file.host = NULL;
	file.path = (char *)"~/.netrc";
	text = grant_format(&file);
	assert_string_equal(text, "[[grant]]\npackage = \"b\"\nrule = \"file.hidden\"\npath = \"~/.netrc\"\n");
	free(text);
}

static int append(const struct scratch *scratch, const struct policy_grant *grant, struct diag *diag)
{
	return grant_append(scratch->dir, grant, diag);
}

static struct policy *reviewed(const struct scratch *scratch)
{
	char *text = scratch_read(scratch, "conf.d/90-reviewed.toml");
	struct policy *policy = policy_new();
	struct diag diag = { 0 };

	assert_accepted(policy_parse(policy, text, strlen(text), "x", POLICY_SOURCE_REVIEWED, &diag), &diag);
	free(text);
	return policy;
}

static void test_append(void **state)
{
	struct scratch *scratch = *state;
	struct policy_grant one = grant_of("npm", "@a/one"), two = grant_of("pypi", "two");
	char *path = scratch_path(scratch, "conf.d/90-reviewed.toml"), *dir = scratch_path(scratch, "conf.d");
	struct diag diag = { 0 };
	struct policy *policy;
	struct stat st;

	umask(077);
	assert_accepted(append(scratch, &one, &diag), &diag);
	umask(022);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	two.expires = (char *)"2027-03-01";
	assert_accepted(append(scratch, &two, &diag), &diag);
	policy = reviewed(scratch);
	assert_int_equal(policy->grant_count, 2);
	assert_true(grant_equal(&policy->grants[0], &one));
	assert_true(grant_equal(&policy->grants[1], &two));
	policy_free(policy);
	/* The same again, by another author for another reason. */
	one.reason = (char *)"other";
	assert_int_equal(append(scratch, &one, &diag), -EEXIST);
	assert_string_equal(diag.file, path);
	assert_diag(&diag, 4, 1, "there already");
	one.port = 443;
	assert_accepted(append(scratch, &one, &diag), &diag);
	free(path);
	free(dir);
}

/* What an attacker may choose: the name that its package goes by, and what stands in a finding. */
static void test_append_hostile(void **state)
{
	struct scratch *scratch = *state;
	struct policy_grant grant = grant_of("npm", "a");
	struct diag diag = { 0 };
	struct policy *policy;
	char *text;

	grant.reason = (char *)"x\"\n[[grant]]\npackage = \"*\"\nrule = \"file.secret\"\npath = "
			       "\"~/.ssh/\"\n\xff\xe2\x80\xae\x1b[2J";
	grant.author = (char *)"\\\"";
	assert_accepted(append(scratch, &grant, &diag), &diag);
	policy = reviewed(scratch);
	assert_int_equal(policy->grant_count, 1);
	assert_true(grant_equal(&policy->grants[0], &grant));
	assert_string_equal(policy->grants[0].author, "\\\"");
	policy_free(policy);
	text = scratch_read(scratch, "conf.d/90-reviewed.toml");
	assert_null(strchr(text, '\x1b'));
	assert_null(strstr(text, "\xe2\x80\xae"));
	free(text);
}

static void test_append_refuses(void **state)
{
	static const struct {
		const char *package, *host, *expires, *part;
	} bad[] = {
		{ "a\"\nrule = \"x", "a.example", NULL, "is no package's name" },
		{ "a\n", "a.example", NULL, "is no package's name" },
		{ "*x", "a.example", NULL, "is a pattern" },
		{ "unknown", "a.example", NULL, "gets no grants" },
		{ "a", "a.example\"\nversion = \"1", NULL, "is no host" },
		{ "a", "A.example", NULL, "not normalised" },
		{ "a", "a.example:80", NULL, "not normalised" },
		{ "a", "a.example", "soon", "no TOML" },
		{ "a", "a.example", "2027-02-31", "no TOML" },
		{ "a", NULL, NULL, "needs 'host'" },
	};
	struct scratch *scratch = *state;
	struct policy_grant good = grant_of("npm", "good");
	struct diag diag = { 0 };
	char *before, *after;

	assert_accepted(append(scratch, &good, &diag), &diag);
	before = scratch_read(scratch, "conf.d/90-reviewed.toml");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct policy_grant grant = grant_of("npm", bad[i].package);

		grant.host = (char *)bad[i].host;
		grant.expires = (char *)bad[i].expires;
		assert_int_equal(append(scratch, &grant, &diag), -EINVAL);
		assert_diag(&diag, diag.line, diag.column, bad[i].part);
	}
	after = scratch_read(scratch, "conf.d/90-reviewed.toml");
	assert_string_equal(before, after);
	free(before);
	free(after);
}

/* A file that a user broke is his to mend: nothing is added to it, nothing of it is lost. */
static void test_append_to_a_broken_file(void **state)
{
	struct scratch *scratch = *state;
	struct policy_grant grant = grant_of("npm", "a");
	struct diag diag = { 0 };
	char *text, *path = scratch_path(scratch, "conf.d/90-reviewed.toml");

	scratch_mkdir(scratch, "conf.d");
	scratch_write(scratch, "conf.d/90-reviewed.toml", "[[grant]\n");
	assert_int_equal(append(scratch, &grant, &diag), -EINVAL);
	assert_diag(&diag, 1, diag.column, "no TOML");
	text = scratch_read(scratch, "conf.d/90-reviewed.toml");
	assert_string_equal(text, "[[grant]\n");
	free(text);
	scratch_write(scratch, "conf.d/90-reviewed.toml", "# no newline at the end");
	assert_accepted(append(scratch, &grant, &diag), &diag);
	policy_free(reviewed(scratch));
	assert_int_equal(chmod(path, 0666), 0);
	grant.port = 1;
	assert_int_equal(append(scratch, &grant, &diag), -EPERM);
	assert_diag(&diag, 0, 0, "may write it");
	free(path);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_matches_package),
		cmocka_unit_test(test_unknown_matches_nothing),
		cmocka_unit_test(test_matches_version),
		cmocka_unit_test(test_last_day_counts),
		cmocka_unit_test(test_format),
		TEST(test_append),
		TEST(test_append_hostile),
		TEST(test_append_refuses),
		TEST(test_append_to_a_broken_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
