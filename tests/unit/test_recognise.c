/* SPDX-License-Identifier: Apache-2.0 */
#include "session/recognise.h"

#include "../fixtures/installers.h"

#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

static struct recognise_table *table;

static int setup(void **state __attribute__((unused)))
{
	return recognise_compile(&fixture_installers, 7, &table);
}

static int teardown(void **state __attribute__((unused)))
{
	recognise_free(table);
	return 0;
}

static const struct cordon_recognition *find(unsigned int token, unsigned int interpreter, const char *name)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct cordon_recognition_key *key = &table->entries[i].key;

		if (key->token == token && key->interpreter == interpreter &&
		    key->hash == text_hash(name, strlen(name)))
			return &table->entries[i].value;
	}
	return NULL;
}

static void test_keys(void **state __attribute__((unused)))
{
	const struct cordon_recognition *value = find(CORDON_TOKEN_MODULE, CORDON_INTERPRETER_PYTHON, "pip");

	assert_non_null(value);
	assert_int_equal(value->installer, fixture_find("pip") + 1);
	assert_int_equal(value->role, CORDON_ROLE_INSTALLER);
	value = find(CORDON_TOKEN_SCRIPT, CORDON_INTERPRETER_PYTHON, "setup.py");
	assert_non_null(value);
	assert_int_equal(value->role, CORDON_ROLE_PROJECT);
	value = find(CORDON_TOKEN_INTERPRETER, 0, "pypy");
	assert_non_null(value);
	assert_int_equal(value->installer, CORDON_INTERPRETER_PYTHON);
	assert_non_null(find(CORDON_TOKEN_EXE, 0, "uv"));
	assert_non_null(find(CORDON_TOKEN_SCRIPT_PAIR, CORDON_INTERPRETER_PYTHON, "pip/__main__.py"));
	assert_non_null(find(CORDON_TOKEN_SCRIPT_VERSION, CORDON_INTERPRETER_PYTHON, "pip"));
	assert_non_null(find(CORDON_TOKEN_SCRIPT_PREFIX, CORDON_INTERPRETER_NODE, "yarn-"));
	assert_null(find(CORDON_TOKEN_SCRIPT, CORDON_INTERPRETER_NODE, "setup.py"));
	for (size_t i = 0; i < table->count; i++)
		assert_int_equal(table->entries[i].key.session, 7);
	assert_int_equal(table->codes[0].installer, fixture_find("pip") + 1);
	assert_int_equal(table->codes[0].high_mask, UINT64_MAX);
	assert_int_equal(table->codes[1].installer, 0);
}

static int compile(struct installer *items, size_t count)
{
	struct installers installers = { items, count };
	struct recognise_table *made = NULL;
	int r = recognise_compile(&installers, 1, &made);

	recognise_free(made);
	return r;
}

static void test_what_no_key_can_say(void **state __attribute__((unused)))
{
	struct installer deep = { .script = TOKENS(EXACT("a/b/c")) };
	struct installer prefix = { .script = TOKENS(PREFIX("yarn")) };
	struct installer prefix_late = { .script = TOKENS(PREFIX("a-b-")) };
	struct installer exe = { .exe = TOKENS(PREFIX("uv-")) };
	struct installer module = { .module = TOKENS(VERSION("pip")) };
	struct installer pair = { .script = TOKENS(VERSION("pip/x")) };
	struct installer long_code = { WORDS(code, code_count, "seventeen bytes !") };
	struct installer no_code = { WORDS(code, code_count, "") };
	struct installer many_codes = { WORDS(code, code_count, "a", "b", "c", "d", "e") };
	struct installer four_codes = { WORDS(code, code_count, "a", "b", "c", "sixteen bytes !!") };

	assert_int_equal(compile(&deep, 1), -ENOTSUP);
	assert_int_equal(compile(&prefix, 1), -ENOTSUP);
	assert_int_equal(compile(&prefix_late, 1), -ENOTSUP);
	assert_int_equal(compile(&exe, 1), -ENOTSUP);
	assert_int_equal(compile(&module, 1), -ENOTSUP);
	assert_int_equal(compile(&pair, 1), -ENOTSUP);
	assert_int_equal(compile(&long_code, 1), -ENOTSUP);
	assert_int_equal(compile(&no_code, 1), -ENOTSUP);
	assert_int_equal(compile(&many_codes, 1), -E2BIG);
	assert_int_equal(compile(&four_codes, 1), 0);
}

static void test_two_claim_the_same(void **state __attribute__((unused)))
{
	struct installer twice[] = { { .exe = TOKENS(EXACT("x"), EXACT("x")) } };
	struct installer two[] = { { .exe = TOKENS(EXACT("x")) }, { .exe = TOKENS(EXACT("x")) } };

	assert_int_equal(compile(twice, 1), 0);
	assert_int_equal(compile(two, 2), -EEXIST);
}

static int recognise(const char *path, const char *exe, const char *args, size_t len, struct recognised *ret)
{
	struct recognise_input input = { path, exe, { args, (uint32_t)len, 0 } };

	return recognise_argv(table, &input, ret);
}
#define RECOGNISE(path, exe, args, ret) recognise(path, exe, args, sizeof(args), ret)

static void test_program_by_both_names(void **state __attribute__((unused)))
{
	struct recognised r;

	/* A script with a #! line: the path is the script's. */
	assert_int_equal(RECOGNISE("/usr/bin/pip", "/usr/bin/python3.11", "/usr/bin/python3\0/usr/bin/pip\0list", &r),
			 0);
	assert_int_equal(r.installer, fixture_find("pip"));
	/* An interpreter under another name. */
	assert_int_equal(RECOGNISE("/opt/snake", "/usr/bin/python3.11", "snake\0-m\0pip", &r), 0);
	assert_int_equal(r.installer, fixture_find("pip"));
	/* Nobody's name. */
	assert_int_equal(RECOGNISE("/opt/snake", "/opt/snake", "snake\0-m\0pip", &r), -ENOENT);
	assert_int_equal(r.installer, -ENOENT);
	assert_int_equal(RECOGNISE("/usr/bin/pip", NULL, "/usr/bin/python3\0/usr/bin/pip", &r), -ENOENT);
	/* A program that is the installer itself, by either. */
	assert_int_equal(RECOGNISE("/usr/bin/uv", "/usr/bin/uv", "uv\0sync", &r), 0);
	assert_int_equal(r.installer, fixture_find("uv"));
	assert_int_equal(RECOGNISE("/usr/bin/tool", "/opt/uv/uv", "tool\0sync", &r), 0);
	assert_int_equal(r.installer, fixture_find("uv"));
}

static void test_cut(void **state __attribute__((unused)))
{
	struct recognise_input input = { "/usr/bin/python3", NULL, { "python3\0-W\0x", 12, 1 } };
	struct recognised r;

	assert_int_equal(recognise_argv(table, &input, &r), -EOVERFLOW);
	input.args = (struct cordon_args){ "python3\0-mpip\0inst", 18, 1 };
	assert_int_equal(recognise_argv(table, &input, &r), 0);
	assert_int_equal(r.installer, fixture_find("pip"));
	/* No interpreter: its arguments do not matter. */
	input.path = "/usr/bin/cat";
	assert_int_equal(recognise_argv(table, &input, &r), -ENOENT);
}

static void test_value(void **state __attribute__((unused)))
{
	static const char args[] = "python3\0-m\0pip\0install";
	struct cordon_args a = { args, sizeof(args), 0 };
	struct recognised r;

	assert_int_equal(RECOGNISE("/usr/bin/python3", NULL, args, &r), 0);
	assert_string_equal(recognised_value(&r, &a), "pip");
	assert_int_equal(RECOGNISE("/usr/bin/python3", NULL, "python3\0-I", &r), -ENOENT);
	assert_null(recognised_value(&r, &a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_what_no_key_can_say),
		cmocka_unit_test(test_two_claim_the_same),
		cmocka_unit_test(test_program_by_both_names),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_value),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
