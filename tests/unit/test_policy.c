/* SPDX-License-Identifier: Apache-2.0 */
/* Which files make a policy, and that what is shipped is whole. */
#include "policy_scratch.h"

#include "base/rule.h"

#include <errno.h>

static struct policy_paths paths_of(const struct scratch *scratch, const char *override)
{
	return (struct policy_paths){ .etc = scratch->dir, .override = override };
}

static struct policy *loaded(const struct scratch *scratch, const char *override)
{
	struct policy_paths paths = paths_of(scratch, override);
	struct policy *policy = NULL;
	struct diag diag = { 0 };

	assert_accepted(policy_load(&paths, &policy, &diag), &diag);
	return policy;
}

/* Gives the error; the diag names `file` in the scratch folder. */
static int refused(const struct scratch *scratch, const char *file, const char *part)
{
	struct policy_paths paths = paths_of(scratch, NULL);
	char *path = scratch_path(scratch, file);
	struct policy *policy = NULL;
	struct diag diag = { 0 };
	int r = policy_load(&paths, &policy, &diag);

	assert_true(r < 0);
	assert_null(policy);
	assert_string_equal(diag.file, path);
	assert_non_null(strstr(diag.text, part));
	diag_release(&diag);
	free(path);
	return r;
}

static unsigned int action(const struct policy *policy, unsigned int role, unsigned int rule)
{
	return policy->actions[role][rule];
}

static void test_shipped(void **state)
{
	struct policy *policy = loaded(*state, NULL);

	assert_int_equal(policy->mode, CORDON_MODE_ENFORCE);
	assert_int_equal(policy->fail_on, POLICY_FAIL_ON_DENY);
	assert_int_equal(policy->backend, -1);
	assert_int_equal(policy->file_count, 1);
	assert_int_equal(policy->inert_count, 0);
	assert_int_equal(policy->grant_count, 0);
	for (unsigned int role = 0; role < CORDON_ROLE_COUNT; role++)
		for (unsigned int rule = 0; rule < CORDON_RULE_COUNT; rule++)
			assert_true(action(policy, role, rule) < CORDON_ACTION_COUNT);
	assert_int_equal(action(policy, CORDON_ROLE_PACKAGE, CORDON_RULE_FILE_SECRET), CORDON_ACTION_CONDEMN);
	assert_int_equal(action(policy, CORDON_ROLE_PACKAGE, CORDON_RULE_NET_CONNECT), CORDON_ACTION_DENY);
	assert_int_equal(action(policy, CORDON_ROLE_PACKAGE, CORDON_RULE_FILE_HIDDEN), CORDON_ACTION_HIDE);
	assert_int_equal(action(policy, CORDON_ROLE_PROJECT, CORDON_RULE_FILE_SECRET), CORDON_ACTION_CONDEMN);
	assert_int_equal(action(policy, CORDON_ROLE_INSTALLER, CORDON_RULE_NET_CONNECT), CORDON_ACTION_ALLOW);
	assert_int_equal(action(policy, CORDON_ROLE_INSTALLER, CORDON_RULE_FILE_SECRET), CORDON_ACTION_DENY);
	assert_int_equal(action(policy, CORDON_ROLE_HELPER, CORDON_RULE_NET_SEND), CORDON_ACTION_ALLOW);
	assert_int_equal(action(policy, CORDON_ROLE_HELPER, CORDON_RULE_IDENTITY_HASH), CORDON_ACTION_DENY);
	policy_free(policy);
}

static void test_root_is_not_confined(void **state)
{
	struct policy *policy = loaded(*state, NULL);

	for (unsigned int rule = CORDON_RULE_NONE + 1; rule < CORDON_RULE_COUNT; rule++)
		assert_int_equal(action(policy, CORDON_ROLE_ROOT, rule),
				 rule == CORDON_RULE_GUARD_TAMPER ? CORDON_ACTION_DENY : CORDON_ACTION_ALLOW);
	policy_free(policy);
}

/* The shipped file with one key commented out. */
static void test_vendor_must_be_whole(void **state)
{
	static const char *const keys[] = { "mode = ", "fail_on = ", "\"net.connect\" = ", "\"identity.unlisted\" = ",
					    "\"guard.tamper\" = " };
	struct scratch *scratch = *state;
	char *vendor = policy_vendor_dir(), *shipped = text_format("%s/cordon.toml", vendor);
	FILE *f = fopen(shipped, "r");
	char *text = calloc(1, 1 << 16);

	assert_non_null(f);
	assert_true(fread(text, 1, (1 << 16) - 1, f) > 0);
	fclose(f);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct policy_paths paths = { .vendor = scratch->dir, .etc = scratch->dir };
		char *cut = strdup(text), *at = strstr(cut, keys[i]);
		struct policy *policy = NULL;
		struct diag diag = { 0 };

		assert_non_null(at);
		*at = '#';
		scratch_write(scratch, "cordon.toml", cut);
		assert_int_equal(policy_load(&paths, &policy, &diag), -EINVAL);
		assert_diag(&diag, 0, 0, "does not set");
		free(cut);
	}
	free(text);
	free(shipped);
	free(vendor);
}

static void test_vendor_missing(void **state)
{
	struct scratch *scratch = *state;
	struct policy_paths paths = { .vendor = scratch->dir, .etc = scratch->dir };
	struct policy *policy = NULL;
	struct diag diag = { 0 };

	assert_int_equal(policy_load(&paths, &policy, &diag), -ENOENT);
	assert_non_null(strstr(diag.file, "cordon.toml"));
	diag_release(&diag);
	paths.vendor = "/nonexistent/cordon";
	assert_int_equal(policy_load(&paths, &policy, &diag), -ENOENT);
	assert_diag(&diag, 0, 0, "cannot be opened");
}

#define GRANT(name) "[[grant]]\npackage = \"" name "\"\nrule = \"net.connect\"\nhost = \"a.example\"\n"

static void test_later_files_win(void **state)
{
	struct scratch *scratch = *state;
	struct policy *policy;

	scratch_write(scratch, "cordon.toml",
		      "mode = \"audit\"\n[rules.package]\n\"net.connect\" = \"log\"\n" GRANT("one"));
	scratch_mkdir(scratch, "conf.d");
	scratch_write(scratch, "conf.d/20-b.toml", "fail_on = \"never\"\n" GRANT("three"));
	scratch_write(scratch, "conf.d/10-a.toml",
		      "fail_on = \"condemn\"\n[rules.package]\n\"net.connect\" = \"condemn\"\n" GRANT("two"));
	scratch_write(scratch, "conf.d/30-c.toml.dpkg-dist", "no toml");
	scratch_write(scratch, "conf.d/.40-d.toml", "no toml");
	policy = loaded(scratch, NULL);
	assert_int_equal(policy->file_count, 4);
	assert_true(text_ends_with(policy->files[2], "/conf.d/10-a.toml"));
	assert_int_equal(policy->mode, CORDON_MODE_AUDIT);
	assert_int_equal(policy->fail_on, POLICY_FAIL_ON_NEVER);
	assert_int_equal(action(policy, CORDON_ROLE_PACKAGE, CORDON_RULE_NET_CONNECT), CORDON_ACTION_CONDEMN);
	/* What no file of the machine names is as shipped. */
	assert_int_equal(action(policy, CORDON_ROLE_PACKAGE, CORDON_RULE_NET_SEND), CORDON_ACTION_DENY);
	assert_int_equal(policy->grant_count, 3);
	assert_string_equal(policy->grants[2].package, "three");
	policy_free(policy);
}

static void test_override(void **state)
{
	struct scratch *scratch = *state;
	char *mine = scratch_path(scratch, "mine.toml");
	struct policy *policy;

	scratch_write(scratch, "cordon.toml", "fail_on = \"never\"\n");
	scratch_mkdir(scratch, "conf.d");
	scratch_write(scratch, "conf.d/10-a.toml", "no toml at all");
	scratch_write(scratch, "conf.d/90-reviewed.toml", GRANT("reviewed"));
	scratch_write(scratch, "mine.toml", "mode = \"audit\"\n");
	/* A file of the user's own choice may be anybody's; only the machine's must not. */
	assert_int_equal(chmod(mine, 0666), 0);
	policy = loaded(scratch, mine);
	assert_int_equal(policy->mode, CORDON_MODE_AUDIT);
	assert_int_equal(policy->fail_on, POLICY_FAIL_ON_DENY);
	assert_int_equal(policy->grant_count, 1);
	assert_string_equal(policy->grants[0].package, "reviewed");
	policy_free(policy);
	free(mine);
}

static void test_override_missing(void **state)
{
	struct policy_paths paths = paths_of(*state, "/nonexistent/policy.toml");
	struct policy *policy = NULL;
	struct diag diag = { 0 };

	assert_int_equal(policy_load(&paths, &policy, &diag), -ENOENT);
	assert_string_equal(diag.file, "/nonexistent/policy.toml");
	assert_diag(&diag, 0, 0, "cannot be opened");
}

static void test_one_mistake_refuses_all(void **state)
{
	struct scratch *scratch = *state;

	scratch_write(scratch, "cordon.toml", "mode = \"audit\"\n");
	scratch_mkdir(scratch, "conf.d");
	scratch_write(scratch, "conf.d/90-reviewed.toml", "mode = \"audit\"\n");
	assert_int_equal(refused(scratch, "conf.d/90-reviewed.toml", "only grants"), -EINVAL);
	scratch_write(scratch, "conf.d/90-reviewed.toml", "\n");
	scratch_write(scratch, "conf.d/10.toml", "mode = 1\n");
	assert_int_equal(refused(scratch, "conf.d/10.toml", "must be a string"), -EINVAL);
}

static void test_files_of_others(void **state)
{
	static const char *const names[] = { "cordon.toml", "conf.d/10.toml", "conf.d", "" };
	static const mode_t modes[] = { 0664, 0646, 0775, 01777 };
	struct scratch *scratch = *state;

	scratch_write(scratch, "cordon.toml", "mode = \"audit\"\n");
	scratch_mkdir(scratch, "conf.d");
	scratch_write(scratch, "conf.d/10.toml", "mode = \"audit\"\n");
	policy_free(loaded(scratch, NULL));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *path = *names[i] ? scratch_path(scratch, names[i]) : strdup(scratch->dir);
		struct policy_paths paths = paths_of(scratch, NULL);
		struct policy *policy = NULL;
		struct diag diag = { 0 };
		struct stat st;

		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(chmod(path, modes[i]), 0);
		assert_int_equal(policy_load(&paths, &policy, &diag), -EPERM);
		assert_string_equal(diag.file, path);
		assert_diag(&diag, 0, 0, "may write it");
		assert_int_equal(chmod(path, st.st_mode & 07777), 0);
		if (geteuid() == 0) {
			assert_int_equal(chown(path, 65534, 65534), 0);
			assert_int_equal(policy_load(&paths, &policy, &diag), -EPERM);
			assert_diag(&diag, 0, 0, "belongs to user 65534");
			assert_int_equal(chown(path, 0, 0), 0);
		}
		free(path);
	}
	policy_free(loaded(scratch, NULL));
}

static void test_no_regular_file(void **state)
{
	struct scratch *scratch = *state;
	char *path = scratch_path(scratch, "cordon.toml");

	/* Opened without waiting: nobody writes to it. */
	assert_int_equal(mkfifo(path, 0644), 0);
	assert_int_equal(refused(scratch, "cordon.toml", "no regular file"), -EINVAL);
	assert_int_equal(unlink(path), 0);
	free(path);
	scratch_mkdir(scratch, "conf.d");
	scratch_mkdir(scratch, "conf.d/10.toml");
	assert_int_equal(refused(scratch, "conf.d/10.toml", "no regular file"), -EINVAL);
}

static void test_examples(void **state)
{
	static const char *const names[] = { "ci.toml", "rollout.toml" };
	char *vendor = policy_vendor_dir();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *path = text_format("%s/examples/%s", vendor, names[i]);
		struct policy *policy = loaded(*state, path);

		assert_int_equal(policy->inert_count, 0);
		policy_free(policy);
		free(path);
	}
	free(vendor);
}

static void test_places(void **state)
{
	char *dir;

	(void)state;
	setenv("CORDON_DATA", "/data", 1);
	setenv("CORDON_ETC", "/other", 1);
	dir = policy_vendor_dir();
	assert_string_equal(dir, "/data");
	assert_string_equal(policy_etc_dir(), "/other");
	free(dir);
	unsetenv("CORDON_DATA");
	unsetenv("CORDON_ETC");
	assert_string_equal(policy_etc_dir(), "/etc/cordon");
	dir = policy_vendor_dir();
	assert_non_null(dir);
	assert_true(text_ends_with(dir, "/policy"));
	free(dir);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_shipped),
		TEST(test_root_is_not_confined),
		TEST(test_vendor_must_be_whole),
		TEST(test_vendor_missing),
		TEST(test_later_files_win),
		TEST(test_override),
		TEST(test_override_missing),
		TEST(test_one_mistake_refuses_all),
		TEST(test_files_of_others),
		TEST(test_no_regular_file),
		TEST(test_examples),
		TEST(test_places),
	};

	unsetenv("CORDON_DATA");
	unsetenv("CORDON_ETC");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
