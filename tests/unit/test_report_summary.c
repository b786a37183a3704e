/* SPDX-License-Identifier: Apache-2.0 */
/* The lines at the end of `cordon run`. */
#include "base/cleanup.h"
#include "report/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static int64_t next_id;

static struct finding refusal(const char *package, unsigned int rule)
{
	return (struct finding){
		.id = ++next_id,
		.mode = CORDON_MODE_ENFORCE,
		.rule = rule,
		.action = CORDON_ACTION_DENY,
		.answer = CORDON_ANSWER_EPERM,
		.ecosystem = "pypi",
		.package = (char *)package,
		.version = "1.0",
		.installer = "pip",
		.process = { .argv = "python setup.py", .role = CORDON_ROLE_PACKAGE },
		.object_address = "127.0.0.1",
		.object_port = 9,
		.count = 1,
	};
}

static void assert_summary(const struct finding *findings, size_t count, const char *want)
{
	_cleanup_free_ char *text = report_summary(findings, count, CORDON_MODE_ENFORCE, 0);

	assert_non_null(text);
	assert_string_equal(text, want);
}

static size_t lines_of(const char *text)
{
	size_t lines = 0;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

static int reset(void **state)
{
	(void)state;
	next_id = 0;
	return 0;
}

static void nothing_refused_says_nothing(void **state)
{
	struct finding f[] = { refusal("a", CORDON_RULE_FILE_PRIVATE), refusal("a", CORDON_RULE_FILE_HIDDEN),
			       refusal("a", CORDON_RULE_NET_CONNECT) };

	(void)state;
	f[0].action = CORDON_ACTION_LOG;
	f[0].answer = CORDON_ANSWER_PASS;
	f[1].action = CORDON_ACTION_HIDE;
	f[1].answer = CORDON_ANSWER_ENOENT;
	f[2].answer = CORDON_ANSWER_PASS; /* the backend could only log it */
	assert_summary(f, 3, "");
	assert_summary(NULL, 0, "");
}

static void one_refusal_takes_two_lines(void **state)
{
	const struct finding f = refusal("evil", CORDON_RULE_NET_CONNECT);

	(void)state;
	assert_summary(&f, 1,
		       "cordon: refused in pypi:evil 1.0, which was not stopped: connects to the network (net.connect) 127.0.0.1:9 from "
		       "`python setup.py`\n"
		       "  Allow: cordon allow --last\n");
}

static void findings_of_a_rule_share_a_line(void **state)
{
	const struct finding f[] = { refusal("evil", CORDON_RULE_NET_CONNECT), refusal("evil", CORDON_RULE_NET_CONNECT),
				     refusal("evil", CORDON_RULE_NET_CONNECT) };

	(void)state;
	assert_summary(f, 3,
		       "cordon: refused in pypi:evil 1.0, which was not stopped: connects to the network (net.connect) 127.0.0.1:9 from "
		       "`python setup.py`, and 2 more\n"
		       "  Allow: cordon allow 1; also 2, 3\n");
}

static void the_worst_comes_first(void **state)
{
	struct finding f[] = { refusal("evil", CORDON_RULE_NET_CONNECT), refusal("evil", CORDON_RULE_NET_SEND),
			       refusal("evil", CORDON_RULE_EXEC_MEMORY), refusal("evil", CORDON_RULE_NET_CONNECT),
			       refusal("evil", CORDON_RULE_FILE_SETUID), refusal("evil", CORDON_RULE_NET_SEND) };

	(void)state;
	f[0].answer = CORDON_ANSWER_KILL;
	f[0].object_address = NULL;
	assert_summary(f, 6,
		       "cordon: ended in pypi:evil 1.0: connects to the network (net.connect) from `python setup.py`, and 1 more\n"
		       "  also sends to the network (net.send) 127.0.0.1:9 from `python setup.py`, and 1 more\n"
		       "  also exec.memory, file.setuid\n"
		       "  Allow: cordon allow 4; also 2, 6\n");
}

static void what_became_of_a_condemned_package_is_said(void **state)
{
	struct finding f[] = { refusal("evil", CORDON_RULE_NET_CONNECT), refusal("evil", CORDON_RULE_NET_SEND),
			       refusal("evil", CORDON_RULE_EXEC_MEMORY), refusal("evil", CORDON_RULE_FILE_PRIVATE),
			       refusal("evil", CORDON_RULE_FILE_CONDEMNED), refusal("evil", CORDON_RULE_FILE_CONDEMNED),
			       refusal("good", CORDON_RULE_FILE_CONDEMNED) };

	(void)state;
	f[2].action = CORDON_ACTION_CONDEMN;
	f[2].object_address = NULL;
	f[3].action = CORDON_ACTION_LOG;
	f[3].answer = CORDON_ANSWER_PASS;
	/* Without a word on what is left, none is said. */
	assert_summary(&f[2], 1,
		       "cordon: condemned pypi:evil 1.0: runs a program from memory (exec.memory) from `python setup.py`\n"
		       "  its processes were ended\n"
		       "  No grant allows this: no grant speaks of this rule; the policy can change it for all packages. Details: "
		       "cordon show 3\n");
	f[2].nothing_left = true;
	assert_summary(f, 4,
		       "cordon: condemned pypi:evil 1.0: runs a program from memory (exec.memory) from `python setup.py`\n"
		       "  its processes were ended, and nothing of it was found installed\n"
		       "  also net.connect, net.send; logged file.private\n"
		       "  Allow: cordon allow 1; also 2\n");
	f[2].nothing_left = false;
	f[2].unended = true;
	assert_summary(&f[2], 1,
		       "cordon: condemned pypi:evil 1.0: runs a program from memory (exec.memory) from `python setup.py`\n"
		       "  some of its processes could not be ended\n"
		       "  No grant allows this: no grant speaks of this rule; the policy can change it for all packages. Details: "
		       "cordon show 3\n");
	f[2].unended = false;
	for (size_t i = 4; i < 7; i++) {
		f[i].object_address = NULL;
		f[i].answer = CORDON_ANSWER_PASS;
		f[i].object_path = "/env/evil-1.0.dist-info";
		f[i].hint = "to remove it: pip uninstall evil";
	}
	assert_summary(&f[2], 5,
		       "cordon: condemned pypi:evil 1.0: runs a program from memory (exec.memory) from `python setup.py`\n"
		       "  its processes were ended; but /env/evil-1.0.dist-info is there, and 1 more; to remove it: pip uninstall evil\n"
		       "  also logged file.private\n"
		       "  No grant allows this: no grant speaks of this rule; the policy can change it for all packages. Details: "
		       "cordon show 3\n");
}

static void packages_are_told_apart(void **state)
{
	struct finding f[] = { refusal("a", CORDON_RULE_NET_CONNECT), refusal("b", CORDON_RULE_NET_CONNECT),
			       refusal("unknown", CORDON_RULE_NET_CONNECT), refusal(NULL, CORDON_RULE_NET_LISTEN),
			       refusal("a", CORDON_RULE_NET_CONNECT) };

	(void)state;
	f[3].process.role = CORDON_ROLE_HELPER;
	assert_summary(f, 5,
		       "cordon: refused in pypi:a 1.0, which was not stopped: connects to the network (net.connect) 127.0.0.1:9 from "
		       "`python setup.py`, and 1 more\n"
		       "  Allow: cordon allow 1; also 5\n"
		       "cordon: refused in pypi:b 1.0, which was not stopped: connects to the network (net.connect) 127.0.0.1:9 from "
		       "`python setup.py`\n"
		       "  Allow: cordon allow 2\n"
		       "cordon: refused in an unknown package, which was not stopped: connects to the network (net.connect) 127.0.0.1:9 from "
		       "`python setup.py`\n"
		       "  No grant allows this: it is not known which package did it, and a grant names one. Details: "
		       "cordon show 3\n"
		       "cordon: refused in pip (helper): opens a port for others to connect to (net.listen) "
		       "127.0.0.1:9 from `python setup.py`\n"
		       "  No grant allows this: it was no package's code. Details: cordon show 4\n");
}

static void assert_flood_is_short(bool condemned)
{
	enum { MANY = 3000 };
	_cleanup_free_ struct finding *f = calloc(MANY, sizeof(*f));
	_cleanup_free_ char *text = NULL;
	static char name[5000], path[5000];

	assert_non_null(f);
	memset(name, 'n', sizeof(name) - 1);
	/* Two-byte characters, so that the cut falls within one. */
	for (size_t i = 0; i + 2 < sizeof(path); i += 2)
		memcpy(path + i, "é", 2);
	path[0] = '/';
	path[1] = 'x';
	memmove(path + 1, path + 2, sizeof(path) - 2);
	for (unsigned int i = 0; i < MANY; i++) {
		f[i] = refusal(name, CORDON_RULE_NET_CONNECT + i % (CORDON_RULE_COUNT - 1));
		f[i].object_address = NULL;
		f[i].object_path = path;
		f[i].process.argv = path;
		f[i].version = name;
		/* Condemned or not, four. */
		f[i].action = condemned && i == 7 ? CORDON_ACTION_CONDEMN : f[i].action;
	}
	text = report_summary(f, MANY, CORDON_MODE_ENFORCE, 0);
	assert_int_equal(lines_of(text), 4);
	for (const char *line = text; *line; line = strchr(line, '\n') + 1)
		assert_true(strcspn(line, "\n") < 800);
	/* Cut between characters, not within one. */
	assert_non_null(strstr(text, "é..."));
	assert_null(strstr(text, "\\x"));
}

static void a_flood_stays_four_short_lines(void **state)
{
	(void)state;
	assert_flood_is_short(false);
	assert_flood_is_short(true);
}

static void audit_takes_one_line(void **state)
{
	struct finding f[] = { refusal("a", CORDON_RULE_NET_CONNECT), refusal("b", CORDON_RULE_NET_CONNECT),
			       refusal("a", CORDON_RULE_FILE_SECRET), refusal("c", CORDON_RULE_FILE_PRIVATE) };
	_cleanup_free_ char *text = NULL;
	_cleanup_free_ char *one = NULL;
	_cleanup_free_ char *none = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(f); i++)
		f[i].answer = CORDON_ANSWER_PASS;
	f[0].count = 5;
	f[3].action = CORDON_ACTION_LOG;
	text = report_summary(f, 4, CORDON_MODE_AUDIT, 0);
	assert_string_equal(text, "cordon: audit: would have refused 7 operations of 2 packages; see cordon log\n");
	one = report_summary(&f[1], 1, CORDON_MODE_AUDIT, 0);
	assert_string_equal(one, "cordon: audit: would have refused 1 operation of 1 package; see cordon log\n");
	none = report_summary(&f[3], 1, CORDON_MODE_AUDIT, 0);
	assert_string_equal(none, "");
}

static void what_was_lost_is_said(void **state)
{
	_cleanup_free_ char *enforce = report_summary(NULL, 0, CORDON_MODE_ENFORCE, 3);
	_cleanup_free_ char *audit = report_summary(NULL, 0, CORDON_MODE_AUDIT, 1);

	(void)state;
	assert_string_equal(enforce, "cordon: 3 more records were lost on the way; what the rules refuse was refused "
				     "all the same\n");
	assert_string_equal(audit, "cordon: 1 more record was lost on the way\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nothing_refused_says_nothing, reset),
		cmocka_unit_test_setup(one_refusal_takes_two_lines, reset),
		cmocka_unit_test_setup(findings_of_a_rule_share_a_line, reset),
		cmocka_unit_test_setup(the_worst_comes_first, reset),
		cmocka_unit_test_setup(what_became_of_a_condemned_package_is_said, reset),
		cmocka_unit_test_setup(packages_are_told_apart, reset),
		cmocka_unit_test_setup(a_flood_stays_four_short_lines, reset),
		cmocka_unit_test_setup(audit_takes_one_line, reset),
		cmocka_unit_test_setup(what_was_lost_is_said, reset),
	};

	return cmocka_run_group_tests_name("report_summary", tests, NULL, NULL);
}
