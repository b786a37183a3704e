/* SPDX-License-Identifier: Apache-2.0 */
#include "policy_scratch.h"

#include "policy/zone_expand.h"
#include "policy/zones.h"

#include <errno.h>

#define HOME "/home/ann"
#define PROJECT "/srv/project"

/* NAME=VALUE of the command's environment, NULL at the end. */
static const char *look_up(const void *arg, const char *name)
{
	for (const char *const *at = arg; at && *at; at++)
		if (text_starts_with(*at, name) && (*at)[strlen(name)] == '=')
			return *at + strlen(name) + 1;
	return NULL;
}

static int parse_as(struct zones *zones, unsigned int zone, const char *text, const struct zones_scene *scene,
		    struct diag *diag)
{
	const struct zone_list list = { text, "x.list", zone, scene };

	return zones_parse(zones, &list, diag);
}

static int parse(struct zones *zones, const char *text, const char *home, const char *project, struct diag *diag)
{
	const struct zones_scene scene = { .home = home, .project = project };

	return parse_as(zones, CORDON_ZONE_SECRET, text, &scene, diag);
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
		{ "$/x\n", 1, 1, "must start with" },
		{ "$A-B/x\n", 1, 1, "must start with" },
		{ "$A/*/x\n", 1, 1, "would be everything" },
		{ "$A/../x\n", 1, 1, "'.' or '..'" },
		{ "*/\n", 1, 1, "one name" },
		{ "*/a/b\n", 1, 1, "one name" },
		{ "*/*\n", 1, 1, "*.SUFFIX" },
		{ "*/*pem\n", 1, 1, "*.SUFFIX" },
		{ "*/*.tar.gz\n", 1, 1, "*.SUFFIX" },
		{ "*/a*\n", 1, 1, "second '*'" },
		{ "*/..\n", 1, 1, "cannot be looked up" },
		{ "*/.env\n*/.env\n", 2, 1, "already in" },
		{ "*/0123456789012345678901234567890123456789012345678901234567890123\n", 1, 1, "too long" },
		{ "/a by=installer\n", 1, 4, "unknown tag" },
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

static void test_variables(void **state)
{
	static const char *const env[] = { "GNUPGHOME=/srv/keys/", "KUBECONFIG=/a:/b",	     "NULLED=/dev/null",
					   "RELATIVE=a/b",	   "DOTS=/srv/../etc",	     "HOMES=/home",
					   "ROOT=/",		   "PROJECTS=" PROJECT "/", NULL };
	const struct zones_scene scene = { HOME, PROJECT, 1000, look_up, env };
	struct zones *zones = calloc(1, sizeof(*zones));
	struct diag diag = { 0 };

	(void)state;
	assert_accepted(parse_as(zones, CORDON_ZONE_SECRET,
				 "$GNUPGHOME/ class=gpg\n$GNUPGHOME/{a,b}\n/srv/keys/b\n$KUBECONFIG\n$NULLED\n"
				 "$RELATIVE\n$DOTS\n$HOMES\n$HOMES/x\n$ROOT\n$PROJECTS/\n$MISSING/x\n"
				 "$XDG_RUNTIME_DIR/bus\n",
				 &scene, &diag),
			&diag);
	assert_int_equal(zones->count, 6);
	assert_int_equal(find(zones, "/srv/keys")->classes, CORDON_CLASS_GPG);
	assert_non_null(find(zones, "/srv/keys/a"));
	/* By chance a second time: no mistake. */
	assert_int_equal(find(zones, "/srv/keys/b")->line, 2);
	/* Two paths in one are a path that is not there; it protects nothing and harms nobody. */
	assert_non_null(find(zones, "/a:/b"));
	/* What the home lies in is no secret, what lies beside it may be. */
	assert_null(find(zones, "/home"));
	assert_non_null(find(zones, "/home/x"));
	assert_non_null(find(zones, "/run/user/1000/bus"));
	zones_free(zones);
}

static void test_kinds_of_lists(void **state)
{
	static const struct {
		unsigned int zone;
		const char *text, *part;
	} mistakes[] = {
		{ CORDON_ZONE_PERSIST, "/a class=ssh\n", "kept from readers" },
		{ CORDON_ZONE_TOOL, "/a class=ssh\n", "kept from readers" },
		{ CORDON_ZONE_TOOL, "/a by=installer\n", "unknown tag" },
		{ CORDON_ZONE_TOOL, "*/a\n", "only in secret.list and persist.list" },
		{ CORDON_ZONE_BROKER, "*/*.sock\n", "only in secret.list and persist.list" },
		{ CORDON_ZONE_PERSIST, "/a\n/a\n", "already in" },
	};
	const struct zones_scene scene = { .home = HOME, .project = PROJECT };
	struct zones *zones = calloc(1, sizeof(*zones));
	struct diag diag = { 0 };
	const struct zone_entry *entry;

	(void)state;
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		assert_int_equal(parse_as(zones, mistakes[i].zone, mistakes[i].text, &scene, &diag), -EINVAL);
		assert_non_null(strstr(diag.text, mistakes[i].part));
		diag_release(&diag);
		zones_free(zones);
		zones = calloc(1, sizeof(*zones));
	}
	/* In either order. */
	assert_accepted(parse_as(zones, CORDON_ZONE_SECRET, "/a class=git\n*/*.pem\n", &scene, &diag), &diag);
	assert_accepted(parse_as(zones, CORDON_ZONE_PERSIST, "/a by=installer\n/b\n*/.envrc\n", &scene, &diag), &diag);
	assert_accepted(parse_as(zones, CORDON_ZONE_TOOL, "/b/\n", &scene, &diag), &diag);
	assert_int_equal(zones->count, 4);
	entry = find(zones, "/a");
	assert_int_equal(entry->zone, CORDON_ZONE_SECRET);
	assert_int_equal(entry->write_zone, CORDON_ZONE_PERSIST);
	assert_int_equal(entry->classes, CORDON_CLASS_GIT | CORDON_CLASS_INSTALLER);
	entry = find(zones, "/b");
	assert_true(entry->subtree);
	assert_int_equal(entry->zone, CORDON_ZONE_TOOL);
	assert_int_equal(entry->write_zone, CORDON_ZONE_PERSIST);
	entry = find(zones, ".envrc");
	assert_true(entry->anywhere && !entry->suffix);
	assert_int_equal(entry->write_zone, CORDON_ZONE_PERSIST);
	/* A cache lies where a tool's folder is, and is more than that; a secret stays one. */
	assert_int_equal(zones_add(zones, "/b/", CORDON_ZONE_CACHE, &scene, "x.toml"), 0);
	assert_int_equal(find(zones, "/b")->zone, CORDON_ZONE_CACHE);
	assert_int_equal(zones_add(zones, "/a/", CORDON_ZONE_CACHE, &scene, "x.toml"), 0);
	assert_int_equal(find(zones, "/a")->zone, CORDON_ZONE_SECRET);
	assert_int_equal(zones_add(zones, "~/", CORDON_ZONE_CACHE, &scene, "x.toml"), -EINVAL);
	zones_free(zones);
}

static void test_load_refuses(void **state)
{
	struct scratch *scratch = *state;
	char *vendor = policy_vendor_dir(), *dir = text_format("%s/zones", vendor);
	static const char *const homes[] = { NULL, "", "home/ann" };
	struct zones_scene scene = { .project = PROJECT };
	struct zones *zones = NULL;
	struct diag diag = { 0 };

	for (size_t i = 0; i < sizeof(homes) / sizeof(homes[0]); i++) {
		scene.home = homes[i];
		assert_int_equal(zones_load(dir, &scene, &zones, &diag), -EINVAL);
		assert_diag(&diag, 0, 0, "home must be known");
	}
	scene = (struct zones_scene){ .home = HOME };
	assert_int_equal(zones_load(dir, &scene, &zones, &diag), -EINVAL);
	assert_diag(&diag, 0, 0, "working folder must be known");
	scene.project = PROJECT;
	scratch_write(scratch, "secret.list", "/a\n");
	assert_int_equal(zones_load(scratch->dir, &scene, &zones, &diag), -ENOENT);
	assert_true(text_ends_with(diag.file, "/hidden.list"));
	assert_diag(&diag, 0, 0, "cannot be opened");
	scratch_write(scratch, "broker.list", "/run/x.sock class=ssh\n");
	scratch_write(scratch, "tool.list", "~/.cache/\n");
	scratch_write(scratch, "persist.list", "/b\n/c/ by=installer\n");
	scratch_write(scratch, "hidden.list", "/b\n/a\n");
	assert_int_equal(zones_load(scratch->dir, &scene, &zones, &diag), -EINVAL);
	assert_diag(&diag, 2, 1, "secret.list, line 1");
	scratch_write(scratch, "hidden.list", "/b\n");
	assert_accepted(zones_load(scratch->dir, &scene, &zones, &diag), &diag);
	assert_int_equal(zones->count, 5);
	/* One entry: hidden from readers, and a way to stay for writers. */
	assert_int_equal(zones->entries[1].zone, CORDON_ZONE_HIDDEN);
	assert_int_equal(zones->entries[1].write_zone, CORDON_ZONE_PERSIST);
	assert_int_equal(zones->entries[2].zone, CORDON_ZONE_BROKER);
	assert_int_equal(zones->entries[3].zone, CORDON_ZONE_TOOL);
	assert_int_equal(zones->entries[4].zone, CORDON_ZONE_NONE);
	assert_int_equal(zones->entries[4].write_zone, CORDON_ZONE_PERSIST);
	assert_int_equal(zones->entries[4].classes, CORDON_CLASS_INSTALLER);
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
		cmocka_unit_test(test_variables),
		cmocka_unit_test(test_kinds_of_lists),
		TEST(test_load_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
