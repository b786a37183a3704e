/* SPDX-License-Identifier: Apache-2.0 */
/* identity.deny: its entries, every mistake with its place, and what each speaks of. */
#include "policy_scratch.h"

#include "policy/parse.h"

#include <errno.h>

#define HEX64 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define OTHER "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static int parse(struct policy *policy, const char *list, struct diag *diag)
{
	char *text = text_format("[identity]\ndeny = [%s]\n", list);
	int r;

	assert_non_null(text);
	r = policy_parse(policy, text, strlen(text), "x.toml", POLICY_SOURCE_LOCAL, diag);
	free(text);
	return r;
}

static bool denies(const char *list, const char *ecosystem, const char *name, const char *version, const char *sha256)
{
	const struct policy_artifact artifact = { .ecosystem = ecosystem, .name = name, .version = version, .sha256 = sha256 };
	struct policy *policy = policy_new();
	struct diag diag = { 0 };
	bool answer;

	assert_non_null(policy);
	assert_accepted(parse(policy, list, &diag), &diag);
	answer = policy_denies(policy, &artifact) != NULL;
	policy_free(policy);
	return answer;
}

static void test_names(void **state)
{
	(void)state;
	assert_true(denies("\"evil\"", "pypi", "evil", "1.0", NULL));
	assert_true(denies("\"evil\"", "npm", "evil", "1.0", NULL));
	assert_true(denies("\"pypi:Evil_Name\"", "pypi", "evil-name", "1.0", NULL));
	assert_true(denies("\"Evil.Name\"", "pypi", "evil-name", "1.0", NULL));
	assert_false(denies("\"npm:evil\"", "pypi", "evil", "1.0", NULL));
	assert_false(denies("\"evil\"", "pypi", "evil-twin", "1.0", NULL));
	assert_true(denies("\"npm:@scope/evil\"", "npm", "@scope/evil", "1.0", NULL));
	assert_false(denies("\"npm:@scope/evil\"", "npm", "evil", "1.0", NULL));
	assert_false(denies("", "pypi", "evil", "1.0", NULL));
	assert_true(denies("\"a\", \"b\", \"evil\"", "pypi", "evil", "1.0", NULL));
	/* Whose name nobody knows is nobody's. */
	assert_false(denies("\"evil\"", "pypi", "", "", NULL));
	assert_false(denies("\"evil\"", "pypi", NULL, NULL, NULL));
}

static void test_versions(void **state)
{
	(void)state;
	assert_true(denies("\"evil==1.0\"", "pypi", "evil", "1.0", NULL));
	assert_false(denies("\"evil==1.0\"", "pypi", "evil", "1.1", NULL));
	/* It may be that one. */
	assert_true(denies("\"evil==1.0\"", "pypi", "evil", "", NULL));
	assert_true(denies("\"evil==1.0\"", "pypi", "evil", NULL, NULL));
}

static void test_digests(void **state)
{
	(void)state;
	assert_true(denies("\"sha256:" HEX64 "\"", "pypi", "any", "1.0", HEX64));
	assert_false(denies("\"sha256:" HEX64 "\"", "pypi", "any", "1.0", OTHER));
	assert_false(denies("\"sha256:" HEX64 "\"", "pypi", "any", "1.0", NULL));
	assert_false(denies("\"sha512:" HEX64 HEX64 "\"", "pypi", "any", "1.0", HEX64));
}

static void test_mistakes(void **state)
{
	static const struct {
		const char *list;
		unsigned int column;
		const char *part;
	} mistakes[] = {
		{ "1", 9, "must be a string" },
		{ "\"\"", 9, "names no package" },
		{ "\"a\", \"*\"", 14, "is every package" },
		{ "\"evil*\"", 9, "pattern" },
		{ "\"unknown\"", 9, "no known package" },
		{ "\"rust:evil\"", 9, "" },
		{ "\"evil==\"", 9, "has no version" },
		{ "\"evil==>=1\"", 9, "has no version" },
		{ "\"pypi:==1.0\"", 9, "names no package" },
		{ "\"sha256:" HEX64 "0\"", 9, "is no digest" },
		{ "\"sha256:abc\"", 9, "is no digest" },
		{ "\"sha1:" HEX64 "\"", 9, "is no digest" },
		{ "\"sha256:F" HEX64 "\"", 9, "is no digest" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		struct policy *policy = policy_new();
		struct diag diag = { 0 };
		int r;

		assert_non_null(policy);
		r = parse(policy, mistakes[i].list, &diag);
		if (r != -EINVAL)
			fail_msg("gave %d: %s", r, mistakes[i].list);
		assert_diag(&diag, 2, mistakes[i].column, mistakes[i].part);
		policy_free(policy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_digests),
		cmocka_unit_test(test_mistakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
