/* SPDX-License-Identifier: Apache-2.0 */
/* test_env_shipped.c - what policy/zones/env.list makes of the variables that are known: tests/fixtures/variables/. */
#include "policy_scratch.h"

#include "base/cleanup.h"
#include "policy/env.h"
#include "policy/read.h"

static struct env_list *shipped;

static int setup(void **state)
{
	_cleanup_free_ char *vendor = policy_vendor_dir(), *dir = text_format("%s/zones", vendor);
	struct diag diag = { 0 };

	(void)state;
	assert_accepted(env_load(dir, &shipped, &diag), &diag);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	env_free(shipped);
	return 0;
}

static const char *outcome(const char *name)
{
	static const char *const words[] = { [ENV_KEEP] = "kept", [ENV_SECRET] = "emptied", [ENV_URL] = "cut" };
	const struct env_entry *entry = env_find(shipped, name, strlen(name));

	return words[entry ? entry->kind : ENV_KEEP];
}

static void check_file(const char *file, unsigned int least)
{
	_cleanup_free_ char *vendor = policy_vendor_dir(), *text = NULL;
	_cleanup_free_ char *path = text_format("%s/../tests/fixtures/variables/%s", vendor, file);
	unsigned int count = 0, wrong = 0;
	struct diag diag = { 0 };
	size_t len;

	assert_accepted(policy_read(path, false, &text, &len, &diag), &diag);
	for (char *line = text, *next; *line; line = next) {
		char *blank;

		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = '\0';
		if (!*line || *line == '#')
			continue;
		blank = strchr(line, ' ');
		assert_non_null(blank);
		*blank = '\0';
		count++;
		if (strcmp(outcome(line), blank + 1) != 0) {
			print_error("%s: %s is %s, and should be %s\n", file, line, outcome(line), blank + 1);
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
	assert_true(count >= least);
}

static void test_github(void **state)
{
	(void)state;
	check_file("github.list", 80);
}

static void test_gitlab(void **state)
{
	(void)state;
	check_file("gitlab.list", 140);
}

static void test_builds(void **state)
{
	(void)state;
	check_file("build.list", 240);
}

static void test_secrets(void **state)
{
	(void)state;
	check_file("secret.list", 140);
}

/* What git and keyring log in with is theirs; what is neither's business is not. */
static void test_classes(void **state)
{
	static const struct {
		const char *name;
		unsigned int classes;
	} wanted[] = {
		{ "GITHUB_TOKEN", CORDON_CLASS_GIT | CORDON_CLASS_KEYRING },
		{ "AWS_SECRET_ACCESS_KEY", CORDON_CLASS_GIT | CORDON_CLASS_KEYRING },
		{ "HTTPS_PROXY", CORDON_CLASS_GIT | CORDON_CLASS_SSH | CORDON_CLASS_KEYRING },
		{ "GIT_CONFIG_VALUE_0", CORDON_CLASS_GIT },
		{ "SSHPASS", CORDON_CLASS_GIT | CORDON_CLASS_SSH },
		{ "MNEMONIC", 0 },
		{ "SLACK_WEBHOOK", 0 },
		{ "PGPASSFILE", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		const struct env_entry *entry = env_find(shipped, wanted[i].name, strlen(wanted[i].name));

		assert_non_null(entry);
		assert_int_equal(entry->classes, wanted[i].classes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_github),	cmocka_unit_test(test_gitlab),	cmocka_unit_test(test_builds),
		cmocka_unit_test(test_secrets), cmocka_unit_test(test_classes),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
