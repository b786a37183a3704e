/* SPDX-License-Identifier: Apache-2.0 */
#include "policy_scratch.h"

#include "policy/toml.h"

#include <errno.h>

static struct toml_node *parse(const char *text)
{
	struct toml_node *root = NULL;
	struct diag diag = { 0 };

	assert_accepted(toml_parse(text, strlen(text), "x.toml", &root, &diag), &diag);
	return root;
}

static void refused(const char *text, size_t len, unsigned int line, unsigned int column, const char *part)
{
	struct toml_node *root = NULL;
	struct diag diag = { 0 };

	assert_int_equal(toml_parse(text, len, "x.toml", &root, &diag), -EINVAL);
	assert_null(root);
	assert_string_equal(diag.file, "x.toml");
	assert_diag(&diag, line, column, part);
}

static void test_values(void **state)
{
	struct toml_node *root =
	    parse("s = \"a\\\"b\"\nn = -3\nt = true\nd = 2027-03-01\nf = 1.5\nl = [\"x\", 2]\n[a.\"b.c\"]\nk = 1\n");
	const struct toml_node *node;

	(void)state;
	assert_int_equal(root->kind, TOML_TABLE);
	assert_int_equal(root->count, 7);
	assert_string_equal(toml_get(root, "s")->string, "a\"b");
	assert_int_equal(toml_get(root, "n")->integer, -3);
	assert_int_equal(toml_get(root, "t")->kind, TOML_BOOLEAN);
	assert_int_equal(toml_get(root, "t")->integer, 1);
	assert_int_equal(toml_get(root, "d")->kind, TOML_DATE);
	assert_string_equal(toml_get(root, "d")->string, "2027-03-01");
	assert_int_equal(toml_get(root, "f")->kind, TOML_OTHER);
	node = toml_get(root, "l");
	assert_int_equal(node->count, 2);
	assert_string_equal(node->items[0].string, "x");
	assert_null(node->items[0].key);
	assert_int_equal(node->items[1].column, 11);
	node = toml_get(toml_get(root, "a"), "b.c");
	assert_int_equal(toml_get(node, "k")->key_line, 8);
	assert_null(toml_get(root, "missing"));
	toml_free(root);
}

static void test_order_is_the_files(void **state)
{
	struct toml_node *root = parse("z = 1\nm = 2\na = 3\n");

	(void)state;
	assert_string_equal(root->items[0].key, "z");
	assert_string_equal(root->items[2].key, "a");
	assert_int_equal(root->items[2].key_line, 3);
	assert_int_equal(root->items[2].column, 5);
	toml_free(root);
}

static void test_mistakes(void **state)
{
	static const char nul[] = "a = \"x\\u0000y\"\n", nul_key[] = "\"a\\u0000\" = 1\n";

	(void)state;
	refused("a = 1\na = 2\n", 12, 2, 5, "redefine");
	refused("[t]\nk = 1\n[t]\n", 14, 3, 1, "redefine");
	refused("a = \n", 5, 1, 5, "no TOML");
	refused("a = \"\xff\"\n", 8, 1, 5, "no TOML");
	refused(nul, strlen(nul), 1, 5, "NUL");
	refused(nul_key, strlen(nul_key), 1, 1, "NUL");
	refused("a = \"\0\"\n", 8, 1, 6, "no TOML");
}

static void test_depth(void **state)
{
	const char *shallow = "a = [[[[[[[[[[[[1]]]]]]]]]]]]\n", *deep = "a = [[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]\n";

	(void)state;
	toml_free(parse(shallow));
	refused(deep, strlen(deep), 1, 21, "too deep");
}

/* Would end the process in toml++'s destructors, not in an exception. */
static void test_dots(void **state)
{
	/* Neither strings nor comments hide it: each of these ends before the key. */
	static const char before[] = "x = \"\"\"\"a\"\"\"\" # \"\ny = 'it' # '\n";
	const size_t count = 300000;
	char *text = malloc(2 * count + sizeof(before) + 8);
	size_t len = sizeof(before) - 1;

	(void)state;
	assert_non_null(text);
	memcpy(text, before, len);
	for (size_t i = 0; i < count; i++) {
		text[len++] = 'a';
		text[len++] = '.';
	}
	memcpy(text + len, "a = 1\n", 6);
	refused(text, len + 6, 3, 1, "too many parts");
	free(text);
	/* And what only looks like it is none. */
	toml_free(parse("a = \"................................\"\n"));
	toml_free(parse("a = \"\"\"\n.................\n.................\"\"\"\n# ....................\n"));
	toml_free(parse("a = '.................'\nb = 1\n"));
}

static void test_size(void **state)
{
	char *text = malloc(TOML_SIZE_MAX + 1);
	struct toml_node *root = NULL;
	struct diag diag = { 0 };

	(void)state;
	assert_non_null(text);
	memset(text, '\n', TOML_SIZE_MAX + 1);
	assert_accepted(toml_parse(text, TOML_SIZE_MAX, "x.toml", &root, &diag), &diag);
	toml_free(root);
	assert_int_equal(toml_parse(text, TOML_SIZE_MAX + 1, "x.toml", &root, &diag), -E2BIG);
	assert_diag(&diag, 0, 0, "longer than");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),	 cmocka_unit_test(test_order_is_the_files),
		cmocka_unit_test(test_mistakes), cmocka_unit_test(test_depth),
		cmocka_unit_test(test_dots),	 cmocka_unit_test(test_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
