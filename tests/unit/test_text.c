/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/text.h"
#include "hashes.h"
#include "judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct escape_case {
	const char *in, *out;
};

static void check_escapes(const struct escape_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		_cleanup_free_ char *out = text_escape_terminal(cases[i].in);

		assert_non_null(out);
		assert_string_equal(out, cases[i].out);
	}
}

static void escapes_what_moves_the_cursor(void **state)
{
	static const struct escape_case cases[] = {
		{ "", "" },
		{ "plain ~!@#$%^&*()", "plain ~!@#$%^&*()" },
		{ "\033[2J\033]0;title\007", "\\x1b[2J\\x1b]0;title\\x07" },
		{ "a\r\nb\tc\bd", "a\\x0d\\x0ab\\x09c\\x08d" },
		{ "\x7f", "\\x7f" },
		/* C1: CSI as one 8-bit byte (no UTF-8), and as U+009B. */
		{ "\x9b" "31m", "\\x9b31m" },
		{ "\xc2\x9b" "31m", "\\u{9B}31m" },
		{ "back\\slash", "back\\slash" },
	};

	(void)state;
	check_escapes(cases, ARRAY_SIZE(cases));
}

static void escapes_what_is_no_utf8(void **state)
{
	static const struct escape_case cases[] = {
		{ "\xff\xfe", "\\xff\\xfe" },
		{ "\x80", "\\x80" },
		{ "\xc3", "\\xc3" },		       /* cut before its second byte, by the end */
		{ "\xc3(", "\\xc3(" },		       /* cut by another character, which stays */
		{ "\xe2\x82", "\\xe2\\x82" },
		{ "\xf0\x9f\x98", "\\xf0\\x9f\\x98" },
		{ "\xc0\xaf", "\\xc0\\xaf" },	       /* overlong '/' */
		{ "\xe0\x80\xaf", "\\xe0\\x80\\xaf" },
		{ "\xf0\x80\x80\xaf", "\\xf0\\x80\\x80\\xaf" },
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" }, /* a surrogate */
		{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" }, /* above U+10FFFF */
		{ "\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80" },
	};

	(void)state;
	check_escapes(cases, ARRAY_SIZE(cases));
}

static void escapes_what_reorders_or_hides(void **state)
{
	static const struct escape_case cases[] = {
		{ "a\u202egpj.exe", "a\\u{202E}gpj.exe" },
		{ "\u2066x\u2069", "\\u{2066}x\\u{2069}" },
		{ "\u061c", "\\u{61C}" },
		{ "pay\u200bpal", "pay\\u{200B}pal" },
		{ "soft\u00adhyphen", "soft\\u{AD}hyphen" },
		{ "\u2028\u2029", "\\u{2028}\\u{2029}" },
		{ "\ufeffx", "\\u{FEFF}x" },
		{ "\u3164", "\\u{3164}" },
		{ "\ufe01", "\\u{FE01}" },
		{ "\U000e0041", "\\u{E0041}" },
		{ "\U000e0100", "\\u{E0100}" },
	};

	(void)state;
	check_escapes(cases, ARRAY_SIZE(cases));
}

static void keeps_other_languages(void **state)
{
	static const struct escape_case cases[] = {
		{ "grün", "grün" }, { "пакет", "пакет" }, { "パッケージ", "パッケージ" }, { "📦", "📦" },
		{ "\u00a0", "\u00a0" }, { "\u07ff\u0800\uffff", "\u07ff\u0800\uffff" }, { "\U0010ffff", "\U0010ffff" },
	};

	(void)state;
	check_escapes(cases, ARRAY_SIZE(cases));
}

/* The output's size is reckoned from the input's: the longest forms, many of them, under the sanitizers. */
static void escapes_long_text_within_its_buffer(void **state)
{
	static const char *const units[] = { "\033", "\xff", "\u00ad", "\u061c", "\u202e", "\U000e0fff" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		size_t n = strlen(units[i]), count = 5000;
		_cleanup_free_ char *in = malloc(n * count + 1);
		_cleanup_free_ char *one = text_escape_terminal(units[i]);
		_cleanup_free_ char *out = NULL;

		assert_non_null(in);
		for (size_t k = 0; k < count; k++)
			memcpy(in + k * n, units[i], n);
		in[n * count] = '\0';
		out = text_escape_terminal(in);
		assert_int_equal(strlen(out), strlen(one) * count);
	}
}

/* Whatever goes in, nothing comes out that a terminal obeys, and what came out goes through unchanged. */
static void escapes_every_pair_of_bytes(void **state)
{
	(void)state;
	for (unsigned int pair = 0; pair < 0x10000; pair++) {
		const char in[] = { (char)(pair >> 8 ? pair >> 8 : 'x'), (char)pair, '\0' };
		_cleanup_free_ char *out = text_escape_terminal(in);
		_cleanup_free_ char *again = text_escape_terminal(out);

		for (const char *s = out; *s; s++)
			assert_true((unsigned char)*s >= 0x20 && *s != 0x7f);
		assert_string_equal(out, again);
	}
}

static void decodes_one_character(void **state)
{
	uint32_t code = 7;

	(void)state;
	assert_int_equal(text_utf8_decode("A", &code), 1);
	assert_int_equal(code, 'A');
	assert_int_equal(text_utf8_decode("é!", &code), 2);
	assert_int_equal(code, 0xe9);
	assert_int_equal(text_utf8_decode("📦", &code), 4);
	assert_int_equal(code, 0x1f4e6);
	assert_int_equal(text_utf8_decode("\xc3", &code), 0);
	assert_int_equal(code, 0x1f4e6);
}

static void compares_ends(void **state)
{
	(void)state;
	assert_true(text_starts_with("net.connect", "net."));
	assert_true(text_starts_with("x", ""));
	assert_false(text_starts_with("ne", "net."));
	assert_true(text_ends_with("a.whl", ".whl"));
	assert_true(text_ends_with("a.whl", ""));
	assert_false(text_ends_with("whl", ".whl"));
	assert_string_equal(text_basename("/usr/bin/pip"), "pip");
	assert_string_equal(text_basename("pip"), "pip");
	assert_string_equal(text_basename("/usr/bin/"), "");
}

static void hashes_as_the_kernel_does(void **state)
{
	uint64_t hash = CORDON_HASH_START;

	(void)state;
	assert_true(text_hash("", 0) == hash);
	hash = cordon_hash_step(cordon_hash_step(hash, 'a'), 0xff);
	assert_true(text_hash("a\xff", 2) == hash);
	assert_true(text_hash("a", 1) != text_hash("b", 1));
}

static void names_have_their_hashes(void **state)
{
	static const struct {
		const char *name;
		uint64_t hash;
	} names[] = {
		{ "node_modules", HASH_NODE_MODULES },
		{ "__pycache__", HASH_PYCACHE },
		{ ".cache", HASH_DOT_CACHE },
		{ "security.capability", HASH_CAPABILITY },
		{ "easy-install.pth", HASH_EASY_INSTALL },
		{ ".egg-link", HASH_EGG_LINK },
		{ ".write-test", HASH_WRITE_TEST },
		{ "installed-files.txt", HASH_INSTALLED_FILES },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (text_hash(names[i].name, strlen(names[i].name)) != names[i].hash)
			fail_msg("%s has another hash", names[i].name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(escapes_what_moves_the_cursor),
		cmocka_unit_test(names_have_their_hashes),
		cmocka_unit_test(escapes_what_is_no_utf8),
		cmocka_unit_test(escapes_what_reorders_or_hides),
		cmocka_unit_test(keeps_other_languages),
		cmocka_unit_test(escapes_long_text_within_its_buffer),
		cmocka_unit_test(escapes_every_pair_of_bytes),
		cmocka_unit_test(decodes_one_character),
		cmocka_unit_test(compares_ends),
		cmocka_unit_test(hashes_as_the_kernel_does),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
