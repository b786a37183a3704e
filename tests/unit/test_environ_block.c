/* SPDX-License-Identifier: Apache-2.0 */
/* test_environ_block.c - secrets out of blocks of strings, honest and hostile ones. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "guard/environ_block.h"

#include <stdlib.h>
#include <string.h>

static struct env_list *list;

static int setup(void **state)
{
	struct diag diag = { 0 };

	(void)state;
	list = calloc(1, sizeof(*list));
	return env_parse(list, "*_TOKEN class=git\n*_URL url class=keyring\nKEPT_TOKEN keep\nnpm_config_//*\n", "x", &diag);
}

static int teardown(void **state)
{
	(void)state;
	env_free(list);
	return 0;
}

/* What is left of a value; with what follows, so that nothing beyond it counts. */
static void assert_cut(const char *value, const char *left)
{
	_cleanup_free_ char *copy = strdup(value);
	size_t len = environ_cut(copy, strlen(copy));

	copy[len] = '\0';
	if (strcmp(copy, left) != 0)
		fail_msg("'%s' became '%s', not '%s'", value, copy, left);
}

static void test_urls(void **state)
{
	(void)state;
	assert_cut("https://user:pass@host/simple", "https://host/simple");
	assert_cut("https://host/simple", "https://host/simple");
	assert_cut("http://TOKEN@host:8080/simple/", "http://host:8080/simple/");
	assert_cut("http://:pass@host", "http://host");
	assert_cut("HTTPS://u:p@host", "HTTPS://host");
	assert_cut("git+https://u:p@host/x.git", "git+https://host/x.git");
	assert_cut("sparse+https://t@host/index/", "sparse+https://host/index/");
	assert_cut("postgres://u:p@db:5432/name?sslmode=require", "postgres://db:5432/name?sslmode=require");
	assert_cut("redis://:p@[::1]:6379/0", "redis://[::1]:6379/0");
	/* No password: the name of the account. */
	assert_cut("ssh://git@host:22/x.git", "ssh://git@host:22/x.git");
	assert_cut("postgres://me@localhost/x", "postgres://me@localhost/x");
	assert_cut("git@host:owner/x.git", "git@host:owner/x.git");
	/* No login, but such characters. */
	assert_cut("https://host/@scope/x", "https://host/@scope/x");
	assert_cut("https://host:8443/@scope/x:y", "https://host:8443/@scope/x:y");
	assert_cut("http://[::1]:80/x@y", "http://[::1]:80/x@y");
	assert_cut("https://host/x?mail=a@b.example", "https://host/x?mail=a@b.example");
	assert_cut("localhost,127.0.0.1,.example", "localhost,127.0.0.1,.example");
	assert_cut("*", "*");
	assert_cut("1", "1");
	assert_cut("safe.directory", "safe.directory");
	assert_cut("", "");
	/* More than one. */
	assert_cut("https://a:b@one/x https://two/y\nhttps://c:d@three/", "https://one/x https://two/y\nhttps://three/");
	assert_cut("one=https://a:b@one/ two=https://two/", "one=https://one/ two=https://two/");
	assert_cut("https://a:b@one,direct|https://c:d@two", "https://one,direct|https://two");
	assert_cut("https://one,https://c:d@two", "https://one,https://two");
	/* Without a scheme, as proxies are written. */
	assert_cut("user:pass@proxy:3128", "proxy:3128");
	assert_cut("//user:pass@proxy:3128", "//proxy:3128");
	assert_cut("proxy:3128", "proxy:3128");
	assert_cut("-Dproxy=user:pass@proxy", "-Dproxy=proxy");
}

static void test_odd_urls(void **state)
{
	(void)state;
	/* What should have been escaped: rather too much than a part of it left. */
	assert_cut("https://u:p@ss@host/x", "https://host/x");
	assert_cut("https://u:p/ss@host/x", "https://host/x");
	assert_cut("https://u:p#s?s@host/x", "https://host/x");
	assert_cut("https://u:pa@b/ss@host/x", "https://host/x");
	assert_cut("https://u:p ss@host/x", "https://host/x");
	assert_cut("https://u:p,ss@host/x", "https://host/x");
	assert_cut("u:p,ss@proxy", "proxy");
	assert_cut("https://u:p@", "https://");
	assert_cut("https://@host", "https://host");
	assert_cut("https://", "https://");
	assert_cut("://u:p@host", "://host");
	assert_cut("http://http://u:p@host", "http://http://host");
	assert_cut("https://u:nodigits", "https://u:nodigits");
	/* Parameters and headers. */
	assert_cut("postgres://h/x?user=u&password=p&a=b", "postgres://h/x?user=u&password=&a=b");
	assert_cut("https://h/c?sig=abc&se=1;token=t#top", "https://h/c?sig=&se=1;token=#top");
	assert_cut("https://u:p@h/c?access_token=t", "https://h/c?access_token=");
	assert_cut("AUTHORIZATION: basic abc==", "AUTHORIZATION:");
	assert_cut("Proxy-Authorization:Bearer x y\nHost: h", "Proxy-Authorization:\nHost: h");
	assert_cut("'http.https://h/.extraheader=AUTHORIZATION: basic x' 'a.b=c'", "'http.https://h/.extraheader=AUTHORIZATION:' 'a.b=c'");
	assert_cut("PRIVATE-TOKEN: glpat-x", "PRIVATE-TOKEN: ");
	assert_cut("url.https://oauth2:t@h/.insteadOf", "url.https://h/.insteadOf");
}

#define BLOCK(text) text, sizeof(text) - 1

static bool keeps_granted(const void *arg, const char *name, size_t len)
{
	return len == strlen(arg) && !memcmp(name, arg, len);
}

/* The block must be of the same length, and `names` those that changed, with a '+' where something is left. */
static void assert_block(const struct environ_owner *owner, const char *before, size_t len, const char *after, size_t after_len,
			 const char *names)
{
	_cleanup_free_ char *block = malloc(len + 1), *said = strdup("");
	_cleanup_free_ struct environ_change *changes = NULL;
	size_t count = 0;

	assert_int_equal(len, after_len);
	memcpy(block, before, len);
	block[len] = 'x';
	assert_int_equal(environ_rewrite(block, len, owner, &changes, &count), 0);
	assert_memory_equal(block, after, len);
	assert_int_equal(block[len], 'x');
	for (size_t i = 0; i < count; i++) {
		char *more = text_format("%s%s%.*s%s", said, *said ? " " : "", (int)changes[i].name_len, block + changes[i].name,
					 changes[i].part ? "+" : "");

		free(said);
		said = more;
		assert_true(changes[i].end <= len && changes[i].name + changes[i].name_len < changes[i].end);
	}
	assert_string_equal(said, names);
}

static void test_blocks(void **state)
{
	const struct environ_owner package = { list, 0, NULL, NULL };
	const struct environ_owner git = { list, CORDON_CLASS_GIT, NULL, NULL };
	const struct environ_owner granted = { list, 0, keeps_granted, "B_TOKEN" };

	(void)state;
	assert_block(&package, BLOCK("A=b\0A_TOKEN=xyz\0HOME=/h\0"), BLOCK("A=b\0A_TOKEN=\0\0\0\0HOME=/h\0"), "A_TOKEN");
	assert_block(&package, BLOCK("X_URL=http://u:p@h/\0Z=1\0"), BLOCK("X_URL=http://h/\0\0\0\0\0Z=1\0"), "X_URL+");
	assert_block(&package, BLOCK("KEPT_TOKEN=x\0"), BLOCK("KEPT_TOKEN=x\0"), "");
	assert_block(&package, BLOCK("NPM_CONFIG_//r/:_authToken=s\0"), BLOCK("NPM_CONFIG_//r/:_authToken=\0\0"),
		     "NPM_CONFIG_//r/:_authToken");
	/* Twice, with '=' in the value, with newlines, empty already. */
	assert_block(&package, BLOCK("A_TOKEN=x=y\0A_TOKEN=z\0"), BLOCK("A_TOKEN=\0\0\0\0A_TOKEN=\0\0"), "A_TOKEN A_TOKEN");
	assert_block(&package, BLOCK("A_TOKEN=x\nB_TOKEN=y\n\0C=d\0"), BLOCK("A_TOKEN=\0\0\0\0\0\0\0\0\0\0\0\0\0C=d\0"), "A_TOKEN");
	assert_block(&package, BLOCK("A_TOKEN=\0"), BLOCK("A_TOKEN=\0"), "");
	/* No '=', no name, no NUL at the end, nothing at all. */
	assert_block(&package, BLOCK("A_TOKEN\0B_TOKEN"), BLOCK("A_TOKEN\0B_TOKEN"), "");
	assert_block(&package, BLOCK("=A_TOKEN=x\0=\0\0\0A_TOKEN=yz"), BLOCK("=A_TOKEN=x\0=\0\0\0A_TOKEN=\0\0"), "A_TOKEN");
	assert_block(&package, BLOCK(""), BLOCK(""), "");
	assert_block(&package, BLOCK("\0\0\0"), BLOCK("\0\0\0"), "");
	assert_block(&package, BLOCK("A\377_TOKEN=\377\200\0"), BLOCK("A\377_TOKEN=\0\0\0"), "A\377_TOKEN");
	assert_block(&git, BLOCK("A_TOKEN=x\0B_URL=http://u:p@h\0"), BLOCK("A_TOKEN=x\0B_URL=http://h\0\0\0\0\0"), "B_URL+");
	assert_block(&granted, BLOCK("A_TOKEN=x\0B_TOKEN=y\0"), BLOCK("A_TOKEN=\0\0B_TOKEN=y\0"), "A_TOKEN");
}

/* As large as they come, of what costs most: within a second each. */
static void test_large(void **state)
{
	static const char *const units[] = { "A_TOKEN=x", "B_URL=a://b:c@d", "=", "", "NAME", "C_URL=authorization:" };
	const struct environ_owner package = { list, 0, NULL, NULL };
	const size_t size = 2 << 20;
	char *block = malloc(size);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		struct environ_change *changes = NULL;
		uint64_t began = clock_ns();
		size_t count = 0, unit = strlen(units[i]) + 1;

		for (size_t at = 0; at < size; at++)
			block[at] = units[i][at % unit];
		assert_int_equal(environ_rewrite(block, size, &package, &changes, &count), 0);
		assert_true(i > 1 || count >= size / unit);
		assert_true(clock_ns() - began < 2000000000ULL);
		free(changes);
	}
	/* One value as long as the kernel takes any, which is nothing but logins. */
	memcpy(block, "B_URL=", 6);
	for (size_t at = 0; at < 131072; at++)
		block[6 + at] = "a://b:c@d "[at % 10];
	for (unsigned int i = 0; i < 2; i++) {
		struct environ_change *changes = NULL;
		uint64_t began = clock_ns();
		size_t count = 0;

		assert_int_equal(environ_rewrite(block, 131072, &package, &changes, &count), 0);
		assert_int_equal(count, i == 0);
		assert_true(clock_ns() - began < 2000000000ULL);
		free(changes);
	}
	free(block);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_odd_urls),
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_large),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
