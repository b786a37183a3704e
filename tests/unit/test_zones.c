/* SPDX-License-Identifier: Apache-2.0 */
#include "policy_scratch.h"

#include "policy/zone_expand.h"
#include "policy/zones.h"

#include <errno.h>

#define HOME "/home/ann"
#define PROJECT "/srv/project"

static int parse(struct zones *zones, const char *text, const char *home, const char *project, struct diag *diag)
{
	const struct zone_list list = { text, "x.list", CORDON_ZONE_SECRET, home, project };

	return zones_parse(zones, &list, diag);
}

static struct zones *accepted(const char *text, const char *home, const char *project)
{
	struct zones *zones = calloc(1, sizeof(*zones));
	struct diag diag = { 0 };

	assert_non_null(zones);
	assert_accepted(parse(zones, text, home, project, &diag), &diag);
	return zones;
}

static const struct zone_entry *find(const struct zones *zones, const char *path)
{
	for (size_t i = 0; i < zones->count; i++)
		if (!strcmp(zones->entries[i].path, path))
			return &zones->entries[i];
	return NULL;
}

static void test_lines(void **state)
{
	struct zones *zones = accepted("# comment\n\n  ~/.ssh/\tclass=ssh class=git # why\n/etc/shadow\n./.env\n"
				       "~/My\\ Wallet/\nproc:environ\n~/#x\n",
				       HOME "/", PROJECT);
	const struct zone_entry *entry = zones->entries;

	(void)state;
	assert_int_equal(zones->count, 6);
	assert_string_equal(entry[0].path, HOME "/.ssh");
	assert_true(entry[0].subtree);
	assert_false(entry[0].procfs);
	assert_int_equal(entry[0].classes, CORDON_CLASS_SSH | CORDON_CLASS_GIT);
	assert_int_equal(entry[0].zone, CORDON_ZONE_SECRET);
	assert_int_equal(entry[0].line, 3);
	assert_string_equal(entry[0].file, "x.list");
	assert_string_equal(entry[1].path, "/etc/shadow");
	assert_false(entry[1].subtree);
	assert_int_equal(entry[1].classes, 0);
	assert_string_equal(entry[2].path, PROJECT "/.env");
	assert_string_equal(entry[3].path, HOME "/My Wallet");
	assert_string_equal(entry[4].path, "environ");
	assert_true(entry[4].procfs);
	assert_string_equal(entry[5].path, HOME "/#x");
	zones_free(zones);
}

static void test_braces(void **state)
{
	struct zones *zones = accepted("~/.{bash,zsh}_{history,log}\n~/.config/{a,b}/x/\n", HOME, PROJECT);

	(void)state;
	assert_int_equal(zones->count, 6);
	assert_non_null(find(zones, HOME "/.bash_history"));
	assert_non_null(find(zones, HOME "/.bash_log"));
	assert_non_null(find(zones, HOME "/.zsh_log"));
	assert_true(find(zones, HOME "/.config/b/x")->subtree);
	zones_free(zones);
}

static void test_root_as_home(void **state)
{
	struct zones *zones = accepted("~/.ssh/\n./.env\n", "/", "/");

	(void)state;
	assert_string_equal(zones->entries[0].path, "/.ssh");
	assert_string_equal(zones->entries[1].path, "/.env");
	zones_free(zones);
}

static void test_globs(void **state)
{
	struct scratch *scratch = *state;
	struct zones *zones;
	char *key, *pem;

	scratch_mkdir(scratch, "p1");
	scratch_mkdir(scratch, "p2");
	scratch_mkdir(scratch, ".hidden");
	scratch_write(scratch, "p3", "a file, so nothing is below it");
	scratch_write(scratch, "a.pem", "");
	scratch_write(scratch, ".pem", "");
	zones = accepted("./p*/key\n./*.pem\n./nothing*\n./missing/*/x\n", HOME, scratch->dir);
	/* Both folders, though there is no key in either; not the file, and no name with a dot that was not asked for.
	 */
	assert_int_equal(zones->count, 3);
	key = scratch_path(scratch, "p2/key");
	pem = scratch_path(scratch, "a.pem");
	assert_non_null(find(zones, key));
	assert_non_null(find(zones, pem));
	zones_free(zones);
	/* What a * met again is no mistake, but it is there once. */
	zones = accepted("./a.pem\n./*.pem\n", HOME, scratch->dir);
	assert_int_equal(zones->count, 1);
	assert_int_equal(zones->entries[0].line, 1);
	zones_free(zones);
	free(key);
	free(pem);
}

static void test_too_many(void **state)
{
	struct zones *zones = calloc(1, sizeof(*zones));
	struct diag diag = { 0 };

	(void)state;
	/* 2 to the power of 11 */
	assert_int_equal(
	    parse(zones, "/{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}\n", HOME, PROJECT, &diag), -E2BIG);
	assert_diag(&diag, 1, 1, "more than");
	zones_free(zones);
}

static void test_mistakes(void **state)
{
	static const struct {
		const char *text;
		unsigned int line, column;
		const char *part;
	} mistakes[] = {
		{ "# nothing\n", 0, 0, "names no path" },
		{ "/a\nssh/id\n", 2, 1, "must start with" },
		{ "  .ssh\n", 1, 3, "must start with" },
		{ "~ann/.ssh\n", 1, 1, "must start with" },
		{ "/\n", 1, 1, "would be everything" },
		{ "~/\n", 1, 1, "would be everything" },
		{ "./\n", 1, 1, "would be everything" },
		{ "~/*\n", 1, 1, "would be everything" },
		{ "~/*/\n", 1, 1, "would be everything" },
		{ "~/{*,a}\n", 1, 1, "cannot be looked up" },
		{ "/a/../b\n", 1, 1, "'.' or '..'" },
		{ "/a/./b\n", 1, 1, "'.' or '..'" },
		{ "/a/.{.,x}\n", 1, 1, "cannot be looked up" },
		{ "/a//b\n", 1, 1, "empty part" },
		{ "/a//\n", 1, 1, "empty part" },
		{ "/a?\n", 1, 1, "wildcard other" },
		{ "/[ab]\n", 1, 1, "wildcard other" },
		{ "/{a\n", 1, 1, "does not end" },
		{ "/a}\n", 1, 1, "does not start" },
		{ "/{a,{b,c}}\n", 1, 1, "braces in braces" },
		{ "/{a,}\n", 1, 1, "empty alternative" },
		{ "/{a/b,c}\n", 1, 1, "around a '/'" },
		{ "/a\\b\n", 1, 3, "backslash" },
		{ "/a\\\n", 1, 3, "backslash" },
		{ "/a b\n", 1, 4, "unknown tag 'b'" },
		{ "/a  class=\n", 1, 5, "unknown class ''" },
		{ "/a class=ssh class=sh\n", 1, 14, "unknown class 'sh'" },
		{ "/a\r\n", 1, 3, "control character" },
		{ "/a\x1b[2J\n", 1, 3, "control character" },
		{ "proc:\n", 1, 1, "no file of /proc/PID" },
		{ "proc:fd/0\n", 1, 1, "no file of /proc/PID" },
		{ "proc:../mem\n", 1, 1, "no file of /proc/PID" },
		{ "/a\n/b\n/a/\n", 3, 1, "already in x.list, line 1" },
		{ "proc:mem\nproc:mem\n", 2, 1, "already in" },
		{ "/0123456789012345678901234567890123456789012345678901234567890123\n", 1, 1, "too long" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		struct zones *zones = calloc(1, sizeof(*zones));
		struct diag diag = { 0 };
		int r = parse(zones, mistakes[i].text, HOME, PROJECT, &diag);

		if (r != -EINVAL)
			fail_msg("gave %d: %s", r, mistakes[i].text);
		assert_string_equal(diag.file, "x.list");
		assert_diag(&diag, mistakes[i].line, mistakes[i].column, mistakes[i].part);
		zones_free(zones);
	}
}

/* A path this long is never a name of PATH_MAX, and its braces would be followed one inside the other. */
static void test_long_line(void **state)
{
	const size_t count = 300000;
	char *text = malloc(3 * count + 2);
	struct zones *zones = calloc(1, sizeof(*zones));
	struct diag diag = { 0 };

	(void)state;
	text[0] = '/';
	for (size_t i = 0; i < count; i++)
		memcpy(text + 1 + 3 * i, "{a}", 3);
	text[1 + 3 * count] = '\0';
	assert_int_equal(parse(zones, text, HOME, PROJECT, &diag), -EINVAL);
	assert_diag(&diag, 1, 1, "longer than a path");
	zones_free(zones);
	free(text);
}

static struct zones *shipped(const char *home, const char *project)
{
	char *vendor = policy_vendor_dir(), *dir = text_format("%s/zones", vendor);
	struct zones *zones = NULL;
	struct diag diag = { 0 };

	assert_accepted(zones_load(dir, home, project, &zones, &diag), &diag);
	free(dir);
	free(vendor);
	return zones;
}

/* What one of these attacks was seen to read, and what builds are known to read. */
static void test_shipped(void **state)
{
	static const struct {
		const char *path;
		unsigned int zone, classes;
	} wanted[] = {
		{ "/.ssh", CORDON_ZONE_SECRET, CORDON_CLASS_SSH },
		{ "/.aws", CORDON_ZONE_SECRET, 0 },
		{ "/.gnupg", CORDON_ZONE_SECRET, CORDON_CLASS_GPG },
		{ "/.git-credentials", CORDON_ZONE_SECRET, CORDON_CLASS_GIT },
		{ "/.local/share/keyrings", CORDON_ZONE_SECRET, CORDON_CLASS_KEYRING },
		{ "/.pypirc", CORDON_ZONE_SECRET, 0 },
		{ "/.kube", CORDON_ZONE_SECRET, 0 },
		{ "/.docker/config.json", CORDON_ZONE_SECRET, 0 },
		{ "/.node_repl_history", CORDON_ZONE_SECRET, 0 },
		{ "/.config/google-chrome", CORDON_ZONE_SECRET, 0 },
		{ "/.mozilla", CORDON_ZONE_SECRET, 0 },
		{ "/.claude.json", CORDON_ZONE_SECRET, 0 },
		{ "/.netrc", CORDON_ZONE_HIDDEN, 0 },
		{ "/.npmrc", CORDON_ZONE_HIDDEN, 0 },
		{ "/.yarnrc.yml", CORDON_ZONE_HIDDEN, 0 },
		{ "/.config/pip/pip.conf", CORDON_ZONE_HIDDEN, 0 },
	};
	static const char *const honest[] = { "/.gitconfig", "/.config/git",	  "/.config/git/config",
					      "/.config",    "/.cargo",		  "/.cache",
					      "/.local",     "/.pydistutils.cfg", "/.rustup" };
	struct zones *zones = shipped(HOME, PROJECT);
	const struct zone_entry *entry;

	(void)state;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		char *path = text_format(HOME "%s", wanted[i].path);

		entry = find(zones, path);
		if (!entry || entry->zone != wanted[i].zone || entry->classes != wanted[i].classes)
			fail_msg("%s is not protected as it should be", path);
		free(path);
	}
	for (size_t i = 0; i < sizeof(honest) / sizeof(honest[0]); i++) {
		char *path = text_format(HOME "%s", honest[i]);

		assert_null(find(zones, path));
		free(path);
	}
	entry = find(zones, "environ");
	assert_true(entry && entry->procfs && entry->zone == CORDON_ZONE_SECRET);
	entry = find(zones, "cmdline");
	assert_true(entry && entry->procfs && entry->zone == CORDON_ZONE_HIDDEN);
	assert_non_null(find(zones, PROJECT "/.env"));
	assert_non_null(find(zones, "/etc/shadow"));
	zones_free(zones);
	/* Each list for itself and both together, also where ~ and . are one. */
	zones_free(shipped(HOME, HOME));
	zones_free(shipped("/", "/"));
}

static void test_load_refuses(void **state)
{
	struct scratch *scratch = *state;
	char *vendor = policy_vendor_dir(), *dir = text_format("%s/zones", vendor);
	static const char *const homes[] = { NULL, "", "home/ann" };
	struct zones *zones = NULL;
	struct diag diag = { 0 };

	for (size_t i = 0; i < sizeof(homes) / sizeof(homes[0]); i++) {
		assert_int_equal(zones_load(dir, homes[i], PROJECT, &zones, &diag), -EINVAL);
		assert_diag(&diag, 0, 0, "home must be known");
	}
	assert_int_equal(zones_load(dir, HOME, NULL, &zones, &diag), -EINVAL);
	assert_diag(&diag, 0, 0, "working folder must be known");
	scratch_write(scratch, "secret.list", "/a\n");
	assert_int_equal(zones_load(scratch->dir, HOME, PROJECT, &zones, &diag), -ENOENT);
	assert_true(text_ends_with(diag.file, "/hidden.list"));
	assert_diag(&diag, 0, 0, "cannot be opened");
	scratch_write(scratch, "hidden.list", "/b\n/a\n");
	assert_int_equal(zones_load(scratch->dir, HOME, PROJECT, &zones, &diag), -EINVAL);
	assert_diag(&diag, 2, 1, "secret.list, line 1");
	scratch_write(scratch, "hidden.list", "/b\n");
	assert_accepted(zones_load(scratch->dir, HOME, PROJECT, &zones, &diag), &diag);
	assert_int_equal(zones->count, 2);
	assert_int_equal(zones->entries[1].zone, CORDON_ZONE_HIDDEN);
	zones_free(zones);
	free(dir);
	free(vendor);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_braces),
		cmocka_unit_test(test_root_as_home),
		TEST(test_globs),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_shipped),
		TEST(test_load_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
