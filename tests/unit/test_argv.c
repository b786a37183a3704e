/* SPDX-License-Identifier: Apache-2.0 */
/* test_argv.c - what bpf/argv.h extracts; which installer that is, is tests/cases/'s matter. */
#include "argv.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

static const struct cordon_code no_codes[CORDON_CODES_MAX];

static uint64_t hash(const char *text)
{
	return text_hash(text, strlen(text));
}

static struct cordon_features scan(uint32_t interpreter, const char *args, size_t len, bool truncated)
{
	struct cordon_features f;

	cordon_argv_exe(&f, "/usr/bin/python3", 16);
	cordon_argv_scan(&f, interpreter, no_codes, &(struct cordon_args){ args, (uint32_t)len, truncated });
	return f;
}
#define SCAN(interpreter, args) scan(CORDON_INTERPRETER_##interpreter, args, sizeof(args), false)

static void test_options_have_their_hashes(void **state __attribute__((unused)))
{
	static const struct {
		const char *option;
		uint64_t hash;
	} options[] = {
		{ "--", CORDON_OPTION_END },
		{ "--check-hash-based-pycs", CORDON_OPTION_CHECK_HASH_BASED_PYCS },
		{ "--require", CORDON_OPTION_REQUIRE },
		{ "--import", CORDON_OPTION_IMPORT },
		{ "--loader", CORDON_OPTION_LOADER },
		{ "--experimental-loader", CORDON_OPTION_EXPERIMENTAL_LOADER },
		{ "--conditions", CORDON_OPTION_CONDITIONS },
		{ "--env-file", CORDON_OPTION_ENV_FILE },
		{ "--input-type", CORDON_OPTION_INPUT_TYPE },
		{ "--title", CORDON_OPTION_TITLE },
		{ "--eval", CORDON_OPTION_EVAL },
		{ "--print", CORDON_OPTION_PRINT },
		{ "--encoding", CORDON_OPTION_ENCODING },
		{ "--external-encoding", CORDON_OPTION_EXTERNAL_ENCODING },
		{ "--internal-encoding", CORDON_OPTION_INTERNAL_ENCODING },
		{ "--enable", CORDON_OPTION_ENABLE },
		{ "--disable", CORDON_OPTION_DISABLE },
		{ "--rcfile", CORDON_OPTION_RCFILE },
		{ "--init-file", CORDON_OPTION_INIT_FILE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		assert_int_equal(hash(options[i].option), options[i].hash);
}

static void test_program(void **state __attribute__((unused)))
{
	struct cordon_features f;

	cordon_argv_exe(&f, "/usr/bin/python3.11", 19);
	assert_int_equal(f.token[CORDON_TOKEN_EXE], hash("python3.11"));
	assert_int_equal(f.token[CORDON_TOKEN_EXE_VERSION], hash("python"));
	assert_int_equal(f.token[CORDON_TOKEN_INTERPRETER], hash("python"));
	assert_int_equal(f.token[CORDON_TOKEN_SCRIPT], 0);
	/* With its NUL, and what lies behind it in the buffer. */
	cordon_argv_exe(&f, "uv\0garbage", 10);
	assert_int_equal(f.token[CORDON_TOKEN_EXE], hash("uv"));
	cordon_argv_exe(&f, "", 0);
	assert_int_equal(f.token[CORDON_TOKEN_EXE], CORDON_HASH_START);
}

static void test_script(void **state __attribute__((unused)))
{
	static const char args[] = "python3\0-I\0/opt/x/yarn-4.1-beta\0more";
	struct cordon_features f = SCAN(PYTHON, args);

	assert_int_equal(f.flags, CORDON_FEATURE_SCRIPT);
	assert_string_equal(args + f.value, "/opt/x/yarn-4.1-beta");
	assert_int_equal(f.token[CORDON_TOKEN_SCRIPT], hash("yarn-4.1-beta"));
	assert_int_equal(f.token[CORDON_TOKEN_SCRIPT_PAIR], hash("x/yarn-4.1-beta"));
	assert_int_equal(f.token[CORDON_TOKEN_SCRIPT_PREFIX], hash("yarn-"));
	assert_int_equal(f.token[CORDON_TOKEN_MODULE], 0);
	f = SCAN(PYTHON, "python3\0pip3.11");
	assert_int_equal(f.token[CORDON_TOKEN_SCRIPT_VERSION], hash("pip"));
	assert_int_equal(f.token[CORDON_TOKEN_SCRIPT_PAIR], 0);
	assert_int_equal(f.token[CORDON_TOKEN_SCRIPT_PREFIX], 0);
}

static void test_module_and_code(void **state __attribute__((unused)))
{
	static const char bundled[] = "python3\0-Impip\0x", apart[] = "python3\0-Im\0pip\0x",
			  code[] = "python3\0-c\0print(1)";
	struct cordon_features f = SCAN(PYTHON, bundled);

	assert_int_equal(f.flags, CORDON_FEATURE_MODULE);
	assert_string_equal(bundled + f.value, "pip");
	assert_int_equal(f.token[CORDON_TOKEN_MODULE], hash("pip"));
	f = SCAN(PYTHON, apart);
	assert_int_equal(f.flags, CORDON_FEATURE_MODULE);
	assert_string_equal(apart + f.value, "pip");
	f = SCAN(PYTHON, code);
	assert_int_equal(f.flags, CORDON_FEATURE_CODE);
	assert_string_equal(code + f.value, "print(1)");
	assert_int_equal(f.code, 0);
}

/* Wherever the arguments are cut, either the same is found or nobody can tell; never something else. */
static void test_cut_anywhere(void **state __attribute__((unused)))
{
	static const char args[] = "python3\0-W\0-mpip\0-I\0--\0/a/b/pip3\0install\0-m\0build";
	struct cordon_features whole = SCAN(PYTHON, args);

	for (size_t len = 0; len < sizeof(args); len++) {
		struct cordon_features f = scan(CORDON_INTERPRETER_PYTHON, args, len, true);

		if (f.flags & CORDON_FEATURE_UNDECIDABLE) {
			assert_int_equal(f.flags, CORDON_FEATURE_UNDECIDABLE);
			assert_int_equal(f.token[CORDON_TOKEN_SCRIPT], 0);
		} else {
			assert_memory_equal(&f, &whole, sizeof(f));
		}
	}
	/* Cut in the script's name and behind it. */
	assert_true(scan(CORDON_INTERPRETER_PYTHON, args, 31, true).flags & CORDON_FEATURE_UNDECIDABLE);
	assert_int_equal(scan(CORDON_INTERPRETER_PYTHON, args, 33, true).flags, CORDON_FEATURE_SCRIPT);
}

/* execve's arguments end with a NUL, but a record's need not. */
static void test_last_argument_without_nul(void **state __attribute__((unused)))
{
	struct cordon_features f = scan(CORDON_INTERPRETER_PYTHON, "python3\0/bin/pip", 16, false);

	assert_int_equal(f.flags, CORDON_FEATURE_SCRIPT);
	assert_int_equal(f.token[CORDON_TOKEN_SCRIPT], hash("pip"));
	f = scan(CORDON_INTERPRETER_PYTHON, "python3\0-m", 10, false);
	assert_int_equal(f.token[CORDON_TOKEN_MODULE], 0);
	assert_int_equal(scan(CORDON_INTERPRETER_PYTHON, "", 0, false).flags, 0);
}

static void test_keys(void **state __attribute__((unused)))
{
	struct cordon_features f = SCAN(NODE, "node\0/usr/bin/npm");
	struct cordon_recognition_key key;

	assert_int_equal(cordon_recognition_key(&f, CORDON_TOKEN_SCRIPT, 7, &key), 1);
	assert_int_equal(key.hash, hash("npm"));
	assert_int_equal(key.session, 7);
	assert_int_equal(key.token, CORDON_TOKEN_SCRIPT);
	assert_int_equal(key.interpreter, CORDON_INTERPRETER_NODE);
	assert_int_equal(cordon_recognition_key(&f, CORDON_TOKEN_EXE, 7, &key), 1);
	assert_int_equal(key.interpreter, 0);
	assert_int_equal(cordon_recognition_key(&f, CORDON_TOKEN_MODULE, 7, &key), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options_have_their_hashes),
		cmocka_unit_test(test_program),
		cmocka_unit_test(test_script),
		cmocka_unit_test(test_module_and_code),
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_last_argument_without_nul),
		cmocka_unit_test(test_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
