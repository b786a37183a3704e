/* SPDX-License-Identifier: Apache-2.0 */
/* One policy file: what is taken, and every mistake with its place. */
#include "policy_scratch.h"

#include "policy/parse.h"

#include <errno.h>

static int parse(struct policy *policy, const char *text, enum policy_source source, struct diag *diag)
{
	return policy_parse(policy, text, strlen(text), "x.toml", source, diag);
}

/* A local file in which this must hold; for the test to free. */
static struct policy *accepted(const char *text)
{
	struct policy *policy = policy_new();
	struct diag diag = { 0 };

	assert_non_null(policy);
	assert_accepted(parse(policy, text, POLICY_SOURCE_LOCAL, &diag), &diag);
	return policy;
}

struct mistake {
	const char *text;
	unsigned int line;
	unsigned int column;
	const char *part;
};

static void assert_refused(const struct mistake *mistakes, size_t count, const char *before)
{
	for (size_t i = 0; i < count; i++) {
		struct policy *policy = policy_new();
		char *text = text_format("%s%s", before, mistakes[i].text);
		struct diag diag = { 0 };
		int r;

		assert_non_null(policy);
		assert_non_null(text);
		r = parse(policy, text, POLICY_SOURCE_LOCAL, &diag);
		if (r != -EINVAL)
			fail_msg("gave %d: %s", r, text);
		assert_diag(&diag, mistakes[i].line, mistakes[i].column, mistakes[i].part);
		free(text);
		policy_free(policy);
	}
}

static void test_keys(void **state)
{
	struct policy *policy = accepted("mode = \"audit\"\nfail_on = \"never\"\nbackend = \"lsm\"\n"
					 "[rules.package]\n\"net.connect\" = \"log\"\n\"file.hidden\" = \"hide\"\n"
					 "[rules.helper]\n\"net.connect\" = \"condemn\"\n");

	(void)state;
	assert_int_equal(policy->mode, CORDON_MODE_AUDIT);
	assert_int_equal(policy->fail_on, POLICY_FAIL_ON_NEVER);
	assert_int_equal(policy->backend, CORDON_BACKEND_LSM);
	assert_int_equal(policy->actions[CORDON_ROLE_PACKAGE][CORDON_RULE_NET_CONNECT], CORDON_ACTION_LOG);
	assert_int_equal(policy->actions[CORDON_ROLE_PACKAGE][CORDON_RULE_FILE_HIDDEN], CORDON_ACTION_HIDE);
	assert_int_equal(policy->actions[CORDON_ROLE_HELPER][CORDON_RULE_NET_CONNECT], CORDON_ACTION_CONDEMN);
	/* What nobody set is no allow. */
	assert_int_equal(policy->actions[CORDON_ROLE_PROJECT][CORDON_RULE_NET_CONNECT], CORDON_ACTION_COUNT);
	assert_int_equal(policy->inert_count, 0);
	policy_free(policy);
	policy = accepted("backend = \"any\"\n");
	assert_int_equal(policy->backend, -1);
	policy_free(policy);
}

static void test_mistakes_in_keys(void **state)
{
	static const struct mistake mistakes[] = {
		{ "mod = \"audit\"\n", 1, 1, "unknown key 'mod' in a policy; did you mean 'mode'?" },
		{ "\n  colour = 1\n", 2, 3, "unknown key 'colour' in a policy" },
		{ "mode = \"audit\"\nmode = \"audit\"\n", 2, 8, "redefine" },
		{ "mode = true\n", 1, 8, "'mode' must be a string" },
		{ "mode = \"enforced\"\n", 1, 8, "did you mean 'enforce'?" },
		{ "mode = \"off\"\n", 1, 8, "one of: audit, enforce" },
		{ "fail_on = \"hide\"\n", 1, 11, "one of: never, condemn, deny" },
		{ "backend = \"ebpf\"\n", 1, 11, "one of: lsm, fmod_ret, trace, any" },
		{ "rules = 1\n", 1, 9, "'rules' must be a table" },
		{ "[rules.pakage]\n", 1, 8, "did you mean 'package'?" },
		{ "[rules.root]\n", 1, 8, "'root' has no rules" },
		{ "[rules.none]\n", 1, 8, "'none' has no rules" },
		{ "[rules]\npackage = \"deny\"\n", 2, 11, "'package' must be a table" },
		{ "[rules.package]\n\"net.conect\" = \"deny\"\n", 2, 1, "did you mean 'net.connect'?" },
		{ "[rules.package]\n\"none\" = \"deny\"\n", 2, 1, "unknown rule 'none'" },
		{ "[rules.package]\nnet.connect = \"deny\"\n", 2, 1, "needs quotes" },
		{ "[rules.package]\n\"net.connect\" = \"block\"\n", 2, 17, "one of: allow, log, deny, hide, condemn" },
		{ "[rules.package]\n\"net.connect\" = \"hide\"\n", 2, 17, "is about no file" },
		{ "[rules.package]\n\"net.connect\" = [\"deny\"]\n", 2, 17, "must be a string" },
		{ "[rules.package]\n\"guard.tamper\" = \"log\"\n", 2, 18, "nothing weaker" },
		{ "[rules.helper]\n\"guard.tamper\" = \"allow\"\n", 2, 18, "nothing weaker" },
		{ "[rules.package]\n\"env.secret\" = \"condemn\"\n", 2, 16, "nobody is condemned" },
		{ "[rules.helper]\n\"identity.hash\" = \"deny\"\n", 2, 1, "belongs into [rules.package]" },
		{ "grant = 1\n", 1, 1, "[[grant]]" },
		{ "[grant]\nrule = \"net.connect\"\n", 1, 2, "[[grant]]" },
		{ "[identity]\nrequired = \"any\"\n", 2, 1, "did you mean 'require'?" },
		{ "[identity]\nrequire = \"some\"\n", 2, 11, "one of: any, name, hash, locked" },
		{ "[identity]\nlockfiles = \"uv.lock\"\n", 2, 13, "must be a list" },
		{ "[identity]\ndeny = [1]\n", 2, 9, "must be a string" },
		{ "[sources]\nhosts = [\"\"]\n", 2, 10, "must not be empty" },
		{ "[sources]\nhost = []\n", 2, 1, "did you mean 'hosts'?" },
	};

	(void)state;
	assert_refused(mistakes, sizeof(mistakes) / sizeof(mistakes[0]), "");
}

static void test_mistakes_in_grants(void **state)
{
	static const char before[] = "[[grant]]\npackage = \"npm:a\"\nrule = \"net.connect\"\n";
	static const struct mistake mistakes[] = {
		{ "", 1, 1, "needs 'host'" },
		{ "host = \"a.example\"\nhots = \"b.example\"\n", 5, 1,
		  "unknown key 'hots' in a grant; did you mean 'host'?" },
		{ "host = \"a.example\"\npath = \"/x\"\n", 5, 1, "which wants 'host'" },
		{ "host = \"a.example\"\nprogram = \"/bin/x\"\n", 5, 1,
		  "'program' says nothing for the rule 'net.connect'" },
		{ "host = 443\n", 4, 8, "must be a string" },
		{ "host = \"https://a.example\"\n", 4, 8, "is a URL" },
		{ "host = \"*.example\"\n", 4, 8, "is a pattern" },
		{ "host = \"192.0.2.0/24\"\n", 4, 8, "is a range" },
		{ "host = \"a.example:0\"\n", 4, 8, "port outside" },
		{ "host = \"a.example:65536\"\n", 4, 8, "port outside" },
		{ "host = \"a.example:\"\n", 4, 8, "has no port" },
		{ "host = \"a.example:http\"\n", 4, 8, "has no port" },
		{ "host = \"[2001:db8::1\"\n", 4, 8, "bracket" },
		{ "host = \"[192.0.2.1]:80\"\n", 4, 8, "is no host" },
		{ "host = \"2001:db8::g\"\n", 4, 8, "is no host" },
		{ "host = \"127.1\"\n", 4, 8, "is no host" },
		{ "host = \"192.0.2.256\"\n", 4, 8, "is no host" },
		{ "host = \"-a.example\"\n", 4, 8, "is no host" },
		{ "host = \"a..example\"\n", 4, 8, "is no host" },
		{ "host = \"a b\"\n", 4, 8, "is no host" },
		{ "host = \"\"\n", 4, 8, "is no host" },
		{ "host = \"a.example\"\nversion = \">=1.0\"\n", 5, 11, "is no version" },
		{ "host = \"a.example\"\nversion = \"\"\n", 5, 11, "must not be empty" },
		{ "host = \"a.example\"\nexpires = \"2027-03-01\"\n", 5, 11, "without quotes" },
		{ "host = \"a.example\"\nexpires = 2027-03-01T00:00:00Z\n", 5, 11, "a date" },
		{ "host = \"a.example\"\nexpires = 2027-02-30\n", 5, 21, "no TOML" },
		{ "host = \"a.example\"\nsha256 = \"abc\"\n", 5, 10, "64 hexadecimal" },
		{ "host = \"a.example\"\nreason = 1\n", 5, 10, "must be a string" },
	};

	(void)state;
	assert_refused(mistakes, sizeof(mistakes) / sizeof(mistakes[0]), before);
}

static void test_mistakes_in_whose_grants(void **state)
{
	static const struct mistake mistakes[] = {
		{ "rule = \"proc.signal\"\n", 1, 1, "needs 'package'" },
		{ "package = \"npm:a\"\n", 1, 1, "needs 'rule'" },
		{ "package = 1\nrule = \"proc.signal\"\n", 2, 11, "must be a string" },
		{ "package = \"pip:a\"\nrule = \"proc.signal\"\n", 2, 11, "names no ecosystem" },
		{ "package = \"pypi:\"\nrule = \"proc.signal\"\n", 2, 11, "names no package" },
		{ "package = \"\"\nrule = \"proc.signal\"\n", 2, 11, "names no package" },
		{ "package = \"pypi:a*\"\nrule = \"proc.signal\"\n", 2, 11, "is a pattern" },
		{ "package = \"pypi:-a\"\nrule = \"proc.signal\"\n", 2, 11, "is no package's name" },
		{ "package = \"npm:a b\"\nrule = \"proc.signal\"\n", 2, 11, "is no package's name" },
		{ "package = \"npm:a\\u001b[2J\"\nrule = \"proc.signal\"\n", 2, 11, "is no package's name" },
		{ "package = \"unknown\"\nrule = \"proc.signal\"\n", 2, 11, "gets no grants" },
		{ "package = \"pypi:UNKNOWN\"\nrule = \"proc.signal\"\n", 2, 11, "gets no grants" },
		{ "package = \"npm:a\"\nrule = \"proc.signl\"\n", 3, 8, "did you mean 'proc.signal'?" },
		{ "package = \"npm:a\"\nrule = \"none\"\n", 3, 8, "'none' is no value" },
		{ "package = \"npm:a\"\nrule = \"guard.tamper\"\n", 3, 8, "cannot be granted" },
		{ "package = \"npm:a\"\nrule = \"net.family\"\n", 3, 8, "cannot be granted" },
		{ "package = \"npm:a\"\nrule = \"file.secret\"\n", 1, 1, "needs 'path'" },
		{ "package = \"npm:a\"\nrule = \"file.secret\"\nhost = \"a.example\"\n", 4, 1, "which wants 'path'" },
		{ "package = \"npm:a\"\nrule = \"file.secret\"\npath = \".aws\"\n", 4, 8, "must be absolute" },
		{ "package = \"npm:a\"\nrule = \"file.secret\"\npath = \"~ann/x\"\n", 4, 8, "must be absolute" },
		{ "package = \"npm:a\"\nrule = \"file.secret\"\npath = \"/\"\n", 4, 8, "is everything" },
		{ "package = \"npm:a\"\nrule = \"file.secret\"\npath = \"~/\"\n", 4, 8, "is everything" },
		{ "package = \"npm:a\"\nrule = \"file.secret\"\npath = \"~/../x\"\n", 4, 8, "'.' or '..'" },
		{ "package = \"npm:a\"\nrule = \"file.secret\"\npath = \"/a//b\"\n", 4, 8, "empty part" },
		{ "package = \"npm:a\"\nrule = \"file.secret\"\npath = \"~/.ssh/*\"\n", 4, 8, "is a pattern" },
		{ "package = \"npm:a\"\nrule = \"proc.signal\"\npath = \"/a\"\n", 4, 1, "says nothing" },
		{ "package = \"npm:a\"\nrule = \"exec.dropped\"\nprogram = \"x\"\n", 4, 11, "no absolute path" },
		{ "package = \"npm:a\"\nrule = \"env.secret\"\nvariable = \"1X\"\n", 4, 12, "no name of a variable" },
		{ "package = \"npm:a\"\nrule = \"env.secret\"\nvariable = \"A*\"\n", 4, 12, "no name of a variable" },
		{ "package = \"npm:a\"\nrule = \"env.secret\"\n", 1, 1, "needs 'variable'" },
	};

	(void)state;
	assert_refused(mistakes, sizeof(mistakes) / sizeof(mistakes[0]), "[[grant]]\n");
}

static void test_grants(void **state)
{
	struct policy *policy =
	    accepted("[[grant]]\npackage = \"pypi:Foo._Bar\"\nversion = \"1.0\"\nrule = \"net.send\"\n"
		     "host = \"[2001:DB8::1]:53\"\nreason = \"r\"\nauthor = \"a\"\nexpires = 2027-03-01\n"
		     "[[grant]]\npackage = \"npm:@Acme/Tool\"\nrule = \"net.connect\"\nhost = \"Files.Example\"\n"
		     "[[grant]]\npackage = \"*\"\nrule = \"file.hidden\"\npath = \"~/.netrc\"\n"
		     "[[grant]]\npackage = \"a\"\nrule = \"net.connect\"\nhost = \"::1\"\n"
		     "[[grant]]\npackage = \"a\"\nrule = \"env.secret\"\nvariable = \"A_TOKEN\"\n");
	const struct policy_grant *grant = policy->grants;

	(void)state;
	assert_int_equal(policy->grant_count, 5);
	assert_int_equal(policy->inert_count, 0);
	assert_string_equal(grant[0].ecosystem, "pypi");
	assert_string_equal(grant[0].package, "foo-bar");
	assert_string_equal(grant[0].version, "1.0");
	assert_int_equal(grant[0].rule, CORDON_RULE_NET_SEND);
	assert_string_equal(grant[0].host, "2001:db8::1");
	assert_int_equal(grant[0].port, 53);
	assert_string_equal(grant[0].expires, "2027-03-01");
	assert_string_equal(grant[0].file, "x.toml");
	assert_int_equal(grant[0].line, 1);
	assert_string_equal(grant[1].package, "@Acme/Tool");
	assert_string_equal(grant[1].host, "files.example");
	assert_int_equal(grant[1].port, 0);
	assert_null(grant[1].expires);
	assert_string_equal(grant[2].ecosystem, "");
	assert_string_equal(grant[2].package, "*");
	assert_string_equal(grant[2].path, "~/.netrc");
	assert_string_equal(grant[3].host, "::1");
	assert_string_equal(grant[4].variable, "A_TOKEN");
	policy_free(policy);
}

static void test_inert(void **state)
{
	static const char text[] =
	    "[identity]\nrequire = \"locked\"\nlockfiles = [\"uv.lock\"]\ninternal = []\ndeny = [\"x\"]\n"
	    "[sources]\nhosts = [\"a.example\"]\n"
	    "[rules.package]\n\"identity.internal\" = \"log\"\n\"net.connect\" = \"log\"\n"
	    "[[grant]]\npackage = \"a\"\nrule = \"identity.unlisted\"\n"
	    "[[grant]]\npackage = \"a\"\nrule = \"env.secret\"\nvariable = \"A_TOKEN\"\n"
	    "[[grant]]\npackage = \"a\"\nrule = \"exec.setuid\"\nprogram = \"/bin/x\"\n";
	static const char *const inert[] = {
		"x.toml:9: rules.package.\"identity.internal\"",
		"x.toml:2: identity.require",
		"x.toml:3: identity.lockfiles",
		"x.toml:4: identity.internal",
		"x.toml:7: sources.hosts",
		"x.toml:11: grant for identity.unlisted",
		"x.toml:21: grant.program",
	};
	struct policy *policy = accepted(text);

	(void)state;
	assert_int_equal(policy->inert_count, sizeof(inert) / sizeof(inert[0]));
	for (size_t i = 0; i < policy->inert_count; i++)
		assert_string_equal(policy->inert[i], inert[i]);
	policy_free(policy);
}

/* Without its hash the grant would be one for every archive of that name. */
static void test_grant_with_a_hash_grants_nothing(void **state)
{
	struct policy *policy =
	    accepted("[[grant]]\npackage = \"a\"\nrule = \"net.connect\"\nhost = \"a.example\"\nsha256 = \""
		     "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"\n");

	(void)state;
	assert_int_equal(policy->grant_count, 0);
	assert_int_equal(policy->inert_count, 1);
	assert_string_equal(policy->inert[0], "x.toml:5: grant.sha256");
	policy_free(policy);
}

static void test_reviewed_holds_only_grants(void **state)
{
	struct policy *policy = policy_new();
	struct diag diag = { 0 };

	(void)state;
	assert_int_equal(parse(policy, "[rules.package]\n\"net.connect\" = \"allow\"\n", POLICY_SOURCE_REVIEWED, &diag),
			 -EINVAL);
	assert_diag(&diag, 1, 2, "only grants");
	policy_free(policy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_mistakes_in_keys),
		cmocka_unit_test(test_mistakes_in_grants),
		cmocka_unit_test(test_mistakes_in_whose_grants),
		cmocka_unit_test(test_grants),
		cmocka_unit_test(test_inert),
		cmocka_unit_test(test_grant_with_a_hash_grants_nothing),
		cmocka_unit_test(test_reviewed_holds_only_grants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
