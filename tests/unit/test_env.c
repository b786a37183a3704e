/* SPDX-License-Identifier: Apache-2.0 */
/* test_env.c - lists of variables: what a line may say, and which line counts. */
#include "policy_scratch.h"

#include "base/cleanup.h"
#include "policy/env.h"

#include <errno.h>

DEFINE_CLEANUP(struct env_list *, env_free)

static struct env_list *parsed(const char *text)
{
	struct env_list *list = calloc(1, sizeof(*list));
	struct diag diag = { 0 };

	assert_non_null(list);
	assert_accepted(env_parse(list, text, "env.list", &diag), &diag);
	return list;
}

static void test_lines(void **state)
{
	CLEANUP(env_free_cleanup)
	struct env_list *list = parsed("# a comment\n\n*_TOKEN class=git class=ssh\n  A_URL\turl class=keyring  # as is this\nB keep");

	(void)state;
	assert_int_equal(list->count, 3);
	assert_string_equal(list->items[0].pattern, "*_TOKEN");
	assert_int_equal(list->items[0].kind, ENV_SECRET);
	assert_int_equal(list->items[0].classes, CORDON_CLASS_GIT | CORDON_CLASS_SSH);
	assert_int_equal(list->items[0].line, 3);
	assert_string_equal(list->items[1].pattern, "A_URL");
	assert_int_equal(list->items[1].kind, ENV_URL);
	assert_int_equal(list->items[1].classes, CORDON_CLASS_KEYRING);
	assert_int_equal(list->items[2].kind, ENV_KEEP);
}

static void test_mistakes(void **state)
{
	static const struct {
		const char *text;
		unsigned int line, column;
		const char *what;
	} wrong[] = {
		{ "", 0, 0, "names no variable" },
		{ "# nothing\n\n", 0, 0, "names no variable" },
		{ "A\nB=\n", 2, 1, "has a '='" },
		{ " [AB]\n", 1, 2, "means nothing here" },
		{ "A?\n", 1, 1, "means nothing here" },
		{ "A**\n", 1, 1, "two '*'" },
		{ "*\n", 1, 1, "every variable" },
		{ "A url keep\n", 1, 7, "behind another" },
		{ "A url url\n", 1, 7, "behind another" },
		{ "A classes=git\n", 1, 3, "unknown tag" },
		{ "A class=nobody\n", 1, 3, "unknown class" },
		{ "A class=names\n", 1, 3, "unknown class" },
		{ "A class=\n", 1, 3, "unknown class" },
		{ "A B\n", 1, 3, "unknown tag" },
		{ "A keep class=git\n", 1, 1, "taken from others" },
		{ "AB\nC\nab url\n", 3, 1, "already in line 1" },
		{ "A\001\n", 1, 2, "control character" },
		{ "A\r\n", 1, 2, "control character" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		CLEANUP(env_free_cleanup) struct env_list *list = calloc(1, sizeof(*list));
		CLEANUP(diag_release) struct diag diag = { 0 };

		assert_int_equal(env_parse(list, wrong[i].text, "env.list", &diag), -EINVAL);
		assert_string_equal(diag.file, "env.list");
		assert_int_equal(diag.line, wrong[i].line);
		assert_int_equal(diag.column, wrong[i].column);
		if (!strstr(diag.text, wrong[i].what))
			fail_msg("'%s' for '%s'", diag.text, wrong[i].text);
	}
}

static unsigned int line_of(const struct env_list *list, const char *name)
{
	const struct env_entry *entry = env_find(list, name, strlen(name));

	return entry ? entry->line : 0;
}

static void test_which_line(void **state)
{
	CLEANUP(env_free_cleanup) struct env_list *list =
		parsed("*_TOKEN\nAWS_*\nAWS_REGION keep\n*a*b*c*\nnpm_config_//*:_auth*\nEXACT\n*TAIL*MORE\n");

	(void)state;
	assert_int_equal(line_of(list, "MY_TOKEN"), 1);
	assert_int_equal(line_of(list, "my_Token"), 1);
	assert_int_equal(line_of(list, "_TOKEN"), 1);
	assert_int_equal(line_of(list, "TOKEN"), 0);
	assert_int_equal(line_of(list, "MY_TOKENS"), 0);
	assert_int_equal(line_of(list, "AWS_"), 2);
	assert_int_equal(line_of(list, "AWS_X_TOKEN"), 2);
	assert_int_equal(line_of(list, "AWS"), 0);
	assert_int_equal(line_of(list, "AWS_REGION"), 3);
	assert_int_equal(line_of(list, "AWS_REGION_2"), 2);
	assert_int_equal(line_of(list, "xaxbxbxc"), 4);
	assert_int_equal(line_of(list, "abacc"), 4);
	assert_int_equal(line_of(list, "cba"), 0);
	assert_int_equal(line_of(list, "NPM_CONFIG_//host/path/:_authToken"), 5);
	assert_int_equal(line_of(list, "EXACT"), 6);
	assert_int_equal(line_of(list, "EXACTLY"), 0);
	assert_int_equal(line_of(list, "EXAC"), 0);
	assert_int_equal(line_of(list, "TAILTAIL_MOREMORE"), 7);
	assert_int_equal(line_of(list, ""), 0);
	/* Not beyond its length. */
	assert_null(env_find(list, "EXACT", 4));
	assert_non_null(env_find(list, "EXACTLY", 5));
}

static void test_files(void **state)
{
	const struct scratch *scratch = *state;
	_cleanup_free_ char *path = scratch_path(scratch, "env.list");
	struct env_list *list = NULL;
	struct diag diag = { 0 };
	FILE *file;

	assert_int_equal(env_load(scratch->dir, &list, &diag), -ENOENT);
	assert_string_equal(diag.file, path);
	diag_release(&diag);
	file = fopen(path, "w");
	assert_non_null(file);
	fwrite("A\n\0B\n", 1, 5, file);
	fclose(file);
	assert_int_equal(env_load(scratch->dir, &list, &diag), -EINVAL);
	assert_non_null(strstr(diag.text, "NUL"));
	diag_release(&diag);
	assert_null(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_which_line),
		cmocka_unit_test_setup_teardown(test_files, scratch_setup, scratch_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
