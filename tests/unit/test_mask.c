/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "journal/mask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Shapes of tokens, put together here so that no scanner takes this file for a leak. */
#define A10 "aB3dE5gH7j"
#define A30 A10 A10 A10
#define GITHUB "ghp_" A30 "k1L2m3"
#define NPM "npm_" A30 "k1L2m3"
#define AWS "AK" "IA" "ABCDEFGH" "IJ234567"

struct mask_case {
	const char *in, *out;
};

static void check(const struct mask_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		_cleanup_free_ char *out = mask_text(cases[i].in);
		_cleanup_free_ char *again = out ? mask_text(out) : NULL;

		assert_non_null(again);
		assert_string_equal(out, cases[i].out);
		assert_string_equal(again, cases[i].out);
	}
}

static void masks_users_of_urls(void **state)
{
	static const struct mask_case cases[] = {
		{ "https://ann:secret@host.example/simple", "https://ann:***@host.example/simple" },
		{ "HTTPS://ann:se@cr@et@host/", "HTTPS://ann:***@host/" },
		{ "https://ann:pa'ss`w@host", "https://ann:***@host" },
		{ "https://sometoken@host/x", "https://***@host/x" },
		{ "git+https://sometoken@host/x.git@v1", "git+https://***@host/x.git@v1" },
		{ "https://sometoken:@host", "https://***@host" },
		{ "https://sometoken:x-oauth-basic@host", "https://***@host" },
		{ "https://" GITHUB ":x@host", "https://***@host" },
		{ "git+ssh://git@host/x.git", "git+ssh://git@host/x.git" },
		{ "ssh://git:pw@host", "ssh://git:***@host" },
		{ "a https://u:p@h/ b https://v:q@i/", "a https://u:***@h/ b https://v:***@i/" },
		/* An '@' behind the host is no user. */
		{ "https://host/@scope/pkg", "https://host/@scope/pkg" },
		{ "https://host?mail=a@b", "https://host?mail=a@b" },
		{ "{\"url\":\"https://host\",\"mail\":\"a@b\"}", "{\"url\":\"https://host\",\"mail\":\"a@b\"}" },
		{ "https://", "https://" },
		{ "://@", "://***@" },
	};

	(void)state;
	check(cases, ARRAY_SIZE(cases));
}

static void masks_values_by_their_name(void **state)
{
	static const struct mask_case cases[] = {
		{ "GITHUB_TOKEN=abc", "GITHUB_TOKEN=***" },
		{ "AWS_SECRET_ACCESS_KEY=a/b+c next", "AWS_SECRET_ACCESS_KEY=*** next" },
		{ "PASSWORD=a\\ b next", "PASSWORD=*** next" },
		{ "PGPASSWORD='a b' psql", "PGPASSWORD='***' psql" },
		{ "'PASSPHRASE=correct horse' next", "'PASSPHRASE=***' next" },
		{ "MYSQL_PWD=x", "MYSQL_PWD=***" },
		{ "token = \"a b\" rest", "token = \"***\" rest" },
		{ "{\"token\": \"a b\", \"x\": 1}", "{\"token\": \"***\", \"x\": 1}" },
		{ "https://host/?token=a&user=b", "https://host/?token=***&user=b" },
		{ "_authToken=abc", "_authToken=***" },
		{ "//host.example/:_authToken=abc", "//host.example/:_authToken=***" },
		{ "//host.example/:_password=\"abc=\"", "//host.example/:_password=\"***\"" },
		{ "npm_config__auth=abc", "npm_config__auth=***" },
		{ "password:", "password:" },
		{ "TOKEN=", "TOKEN=" },
		{ "TOKEN=''", "TOKEN=''" },
	};

	(void)state;
	check(cases, ARRAY_SIZE(cases));
}

static void masks_options_and_headers(void **state)
{
	static const struct mask_case cases[] = {
		{ "--password hunter2 next", "--password *** next" },
		{ "--password   'hunter 2' next", "--password   '***' next" },
		{ "--password=hunter2 next", "--password=*** next" },
		{ "--client-secret -dash next", "--client-secret *** next" },
		{ "--token --verbose", "--token --verbose" },
		{ "Authorization: Bearer abc def\nHost: x", "Authorization: ***\nHost: x" },
		{ "-H \"Authorization: Basic abc\" https://host", "-H \"Authorization: ***\" https://host" },
		{ "-H 'Cookie: a=b; c=d' x", "-H 'Cookie: ***' x" },
		{ "X-Auth-Token: abc", "X-Auth-Token: ***" },
	};

	(void)state;
	check(cases, ARRAY_SIZE(cases));
}

static void masks_tokens_anywhere(void **state)
{
	static const struct mask_case cases[] = {
		{ GITHUB, "ghp_***" },
		{ "x-" GITHUB ".tar", "x-ghp_***.tar" },
		{ "echo " NPM ";", "echo npm_***;" },
		{ "github_pat_" A30, "github_pat_***" },
		{ "pypi-AgEI" A30 "-_x", "pypi-AgEI***" },
		{ "key " AWS " x", "key AKIA*** x" },
		{ "xoxb-1-2-" A10, "xoxb-***" },
		{ "xoxp-1-2-" A10, "xoxp-***" },
		{ "glpat-" A10 A10, "glpat-***" },
		{ GITHUB "Authorization: x", "ghp_***: x" },
		{ "(" GITHUB ")(" NPM ")", "(ghp_***)(npm_***)" },
	};

	(void)state;
	check(cases, ARRAY_SIZE(cases));
}

static void leaves_what_is_no_secret(void **state)
{
	static const char *const texts[] = {
		"",
		"pip install token==1.0 secret==2 python-auth>=3",
		"npm_config_cache=/x npm_lifecycle_event=install",
		"PWD=/home/ann OLDPWD=/ SSH_AUTH_SOCK=/run/x TOKEN_FILE=/x",
		"--tokenizer=x --no-password --author=ann",
		"use token::new; Secret::x",
		"AKIA AKIAN ghp_short npm_run",
		"-p hunter2",
		"bypass=1 compat=2 path=3",
		"grün \xff\xfe 📦",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_free_ char *out = mask_text(texts[i]);

		assert_string_equal(out, texts[i]);
	}
}

#define ARGV(text) mask_argv(text, sizeof(text) - 1)

static void joins_arguments(void **state)
{
	_cleanup_free_ char *plain = ARGV("python\0-m\0pip\0install\0evil==1.0\0");
	_cleanup_free_ char *open_end = ARGV("pip\0inst");
	_cleanup_free_ char *quoted = ARGV("sh\0-c\0echo 'a' \"b\" $c\0\0*\0");
	_cleanup_free_ char *control = ARGV("printf\0a\nb\033\x31'\\\0");
	_cleanup_free_ char *bytes = ARGV("x\0\xff \xfe\0grün\0");
	_cleanup_free_ char *none = mask_argv("", 0);

	(void)state;
	assert_string_equal(plain, "python -m pip install evil==1.0");
	assert_string_equal(open_end, "pip inst");
	assert_string_equal(quoted, "sh -c 'echo '\\''a'\\'' \"b\" $c' '' '*'");
	assert_string_equal(control, "printf $'a\\012b\\0331\\'\\\\'");
	assert_string_equal(bytes, "x '\xff \xfe' 'grün'");
	assert_string_equal(none, "");
}

static void masks_arguments(void **state)
{
	static const struct {
		const char *in;
		size_t len;
		const char *out;
	} cases[] = {
#define CASE(in, out) { in, sizeof(in) - 1, out }
		CASE("x\0--password\0hunter2\0y", "x --password '***' y"),
		CASE("x\0--password\0-hunter 2\0y", "x --password '***' y"),
		CASE("x\0--password\0--verbose", "x --password --verbose"),
		CASE("x\0--password", "x --password"),
		CASE("x\0--password=a b\0y", "x '--password=***' y"),
		CASE("env\0TOKEN=a b\0cmd", "env 'TOKEN=***' cmd"),
		CASE("sh\0-c\0TOKEN=a wget evil", "sh -c 'TOKEN=*** wget evil'"),
		CASE("curl\0-H\0Authorization: Bearer a b\0u", "curl -H 'Authorization: ***' u"),
		CASE("pip\0-i\0https://ann:pw@host/simple", "pip -i 'https://ann:***@host/simple'"),
		CASE("npm\0config\0set\0//host/:_authToken\0abc", "npm config set //host/:_authToken '***'"),
		CASE("pip\0install\0token==1.0", "pip install token==1.0"),
		CASE("x\0" GITHUB, "x 'ghp_***'"),
#undef CASE
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *out = mask_argv(cases[i].in, cases[i].len);

		assert_non_null(out);
		assert_string_equal(out, cases[i].out);
	}
}

/* A shell must read the line back as the same arguments: no byte may break out of its quotes. */
static void shell_reads_arguments_back(void **state)
{
	_cleanup_free_ char *line = NULL;
	_cleanup_free_ char *command = NULL;
	char args[600], back[600];
	size_t n = 0, got;
	FILE *pipe;

	(void)state;
	for (unsigned int c = 1; c < 256; c++) {
		args[n++] = (char)c;
		args[n++] = '\0';
	}
	line = mask_argv(args, n);
	assert_non_null(line);
	/* LC_ALL=C: bash would take lone bytes above 0x7f for broken characters elsewhere. */
	if (asprintf(&command,
		     "LC_ALL=C exec bash -c 'eval \"printf \\\"%%s\\\\0\\\" $(cat <&3)\"' 3<<'__END__'\n%s\n__END__\n",
		     line) < 0)
		fail();
	pipe = popen(command, "r");
	assert_non_null(pipe);
	got = fread(back, 1, sizeof(back), pipe);
	assert_int_equal(pclose(pipe), 0);
	assert_int_equal(got, n);
	assert_memory_equal(back, args, n);
}

/* Whatever stands around it, weighted to what the rules look at: a token that is a word of its own is masked. */
static void finds_tokens_in_noise(void **state)
{
	static const char *const bits[] = { "://", "@", ":", "=", "token", "--password", " ", "\"", "'", "\\",
					    "Authorization: ", "ghp_", "_auth", "\n", "\xff", "x", "/", "&", "***" };
	uint32_t seed = 42;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		char text[256] = "";
		_cleanup_free_ char *out = NULL;
		_cleanup_free_ char *line = NULL;

		for (int i = 0; i < 12; i++) {
			seed = seed * 1664525 + 1013904223;
			strcat(text, i == 6 ? " " GITHUB : bits[(seed >> 16) % ARRAY_SIZE(bits)]);
		}
		out = mask_text(text);
		line = mask_argv(text, strlen(text));
		assert_non_null(out);
		assert_non_null(line);
		assert_null(strstr(out, A30));
		assert_null(strstr(line, A30));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(masks_users_of_urls),
		cmocka_unit_test(masks_values_by_their_name),
		cmocka_unit_test(masks_options_and_headers),
		cmocka_unit_test(masks_tokens_anywhere),
		cmocka_unit_test(leaves_what_is_no_secret),
		cmocka_unit_test(joins_arguments),
		cmocka_unit_test(masks_arguments),
		cmocka_unit_test(shell_reads_arguments_back),
		cmocka_unit_test(finds_tokens_in_noise),
	};

	return cmocka_run_group_tests_name("mask", tests, NULL, NULL);
}
