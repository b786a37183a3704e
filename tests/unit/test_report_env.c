/* SPDX-License-Identifier: Apache-2.0 */
/* test_report_env.c - variables that were emptied, as reports show them: by name, as no refusal. */
#include "base/cleanup.h"
#include "report/report.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct finding emptied = {
	.id = 12,
	.session = 3,
	.time = 1700000000123,
	.mode = CORDON_MODE_ENFORCE,
	.backend = CORDON_BACKEND_LSM,
	.rule = CORDON_RULE_ENV_SECRET,
	.action = CORDON_ACTION_LOG,
	.answer = CORDON_ANSWER_ENOENT,
	.ecosystem = "pypi",
	.package = "evil",
	.version = "1.0",
	.installer = "pip",
	.process = { 7, "/usr/bin/python3", "python setup.py", "/tmp/x", 1000, CORDON_ROLE_PACKAGE },
	.op = CORDON_OP_EXEC,
	.object_protocol = "AWS_SECRET_ACCESS_KEY",
	.reason = "its value was emptied",
	.count = 1,
};

static char *shown(const struct finding *finding, void (*show)(FILE *out, const struct finding *finding, bool color))
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	show(out, finding, false);
	fclose(out);
	return text;
}

static void test_text(void **state)
{
	_cleanup_free_ char *line = shown(&emptied, report_finding_line), *all = shown(&emptied, report_finding_text);

	(void)state;
	assert_non_null(strstr(line, "  taken out     env.secret        pypi:evil 1.0  AWS_SECRET_ACCESS_KEY  `python setup.py`\n"));
	assert_non_null(strstr(all, "taken out: has secrets in its environment (env.secret)\n"));
	assert_non_null(strstr(all, "  object     AWS_SECRET_ACCESS_KEY\n"));
	assert_non_null(strstr(all, "  decided    recorded as log, mode enforce, backend lsm\n"));
	assert_non_null(strstr(all, "  allow      cordon allow 12\n"));
}

static void test_json(void **state)
{
	json_t *json = report_finding_json(&emptied), *object = json_object_get(json, "object");

	(void)state;
	assert_int_equal(json_object_size(object), 1);
	assert_string_equal(json_string_value(json_object_get(object, "variable")), "AWS_SECRET_ACCESS_KEY");
	assert_string_equal(json_string_value(json_object_get(json, "action")), "log");
	assert_string_equal(json_string_value(json_object_get(json, "answer")), "hidden");
	assert_string_equal(json_string_value(json_object_get(json, "hint")), "cordon allow 12");
	json_decref(json);
}

static void test_grant(void **state)
{
	CLEANUP(grant_release) struct policy_grant grant = { 0 };
	_cleanup_free_ char *text = NULL;
	struct finding other = emptied;
	const char *why = NULL;

	(void)state;
	assert_int_equal(report_narrowest_grant(&emptied, &grant, &why), 0);
	assert_string_equal(grant.variable, "AWS_SECRET_ACCESS_KEY");
	assert_null(grant.path);
	text = grant_format(&grant);
	assert_string_equal(text, "[[grant]]\npackage = \"pypi:evil\"\nversion = \"1.0\"\nrule = \"env.secret\"\n"
				  "variable = \"AWS_SECRET_ACCESS_KEY\"\n");
	/* No grant can name these. */
	other.object_protocol = (char *)"npm_config_//registry.example/:_authToken";
	assert_int_equal(report_narrowest_grant(&other, &grant, &why), -ENOTSUP);
	assert_non_null(strstr(why, "the variable's name"));
	other.object_protocol = NULL;
	assert_int_equal(report_narrowest_grant(&other, &grant, &why), -ENOTSUP);
	other = emptied;
	other.package = NULL; /* of a helper */
	assert_int_equal(report_narrowest_grant(&other, &grant, &why), -ENOTSUP);
}

/* Said is only what could not be emptied: that ended a program. */
static void test_summary(void **state)
{
	struct finding ended = emptied;
	_cleanup_free_ char *silent = report_summary(&emptied, 1, CORDON_MODE_ENFORCE, 0), *said = NULL;

	(void)state;
	assert_string_equal(silent, "");
	assert_false(report_is_refusal(&emptied));
	ended.action = CORDON_ACTION_DENY;
	ended.answer = CORDON_ANSWER_KILL;
	ended.object_protocol = NULL;
	said = report_summary(&ended, 1, CORDON_MODE_ENFORCE, 0);
	assert_non_null(strstr(said, "cordon: ended in pypi:evil 1.0: has secrets in its environment (env.secret) from `python setup.py`\n"));
	assert_non_null(strstr(said, "  No grant allows this: it is not known which variable it was about."));
	assert_string_equal(report_outcome(&ended), "ended");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_grant),
		cmocka_unit_test(test_summary),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
