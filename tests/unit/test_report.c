/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "report/report.h"

#include <errno.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* What an attacker would put everywhere: a terminal's escape, a newline, a broken byte, a reordering mark. */
#define HOSTILE "\033[2Jx\ny\xff\u202e"

static const struct finding base = {
	.id = 12,
	.session = 3,
	.time = 1700000000123,
	.mode = CORDON_MODE_ENFORCE,
	.backend = CORDON_BACKEND_LSM,
	.rule = CORDON_RULE_NET_CONNECT,
	.action = CORDON_ACTION_DENY,
	.answer = CORDON_ANSWER_EPERM,
	.ecosystem = "pypi",
	.package = "evil",
	.version = "1.0",
	.installer = "pip",
	.process = { 7, "/usr/bin/python3", "python setup.py", "/tmp/x", 1000, CORDON_ROLE_PACKAGE },
	.op = CORDON_OP_CONNECT,
	.object_address = "127.0.0.1",
	.object_port = 9,
	.object_protocol = "tcp",
	.count = 1,
};

static struct finding file_finding(int64_t id, unsigned int rule, const char *path)
{
	struct finding f = base;

	f.id = id;
	f.rule = rule;
	f.object_address = f.object_protocol = NULL;
	f.object_port = 0;
	f.object_path = (char *)path;
	return f;
}

static void assert_text(json_t *object, const char *key, const char *want)
{
	json_t *value = json_object_get(object, key);

	assert_non_null(value);
	if (want)
		assert_string_equal(json_string_value(value), want);
	else
		assert_true(json_is_null(value));
}

static void assert_number(json_t *object, const char *key, json_int_t want)
{
	json_t *value = json_object_get(object, key);

	assert_true(json_is_integer(value));
	assert_int_equal(json_integer_value(value), want);
}

static void json_has_every_field(void **state)
{
	static const char *const keys[] = {
		"id",	   "time",	"session", "mode",   "backend", "action", "answer", "rule",
		"package", "installer", "process", "object", "origin",	"reason", "hint",   "count",
	};
	struct finding_process parent = { 6, "/usr/bin/pip", "pip install evil", "/home", 1000, CORDON_ROLE_INSTALLER };
	struct finding f = base;
	json_t *json, *package, *process, *object;

	(void)state;
	f.ancestry = &parent;
	f.ancestry_count = 1;
	json = report_finding_json(&f);
	assert_int_equal(json_object_size(json), ARRAY_SIZE(keys));
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		assert_non_null(json_object_get(json, keys[i]));
	assert_number(json, "id", 12);
	assert_text(json, "time", "2023-11-14T22:13:20.123Z");
	assert_number(json, "session", 3);
	assert_text(json, "mode", "enforce");
	assert_text(json, "backend", "lsm");
	assert_text(json, "action", "deny");
	assert_text(json, "answer", "refused");
	assert_text(json, "rule", "net.connect");
	assert_text(json, "installer", "pip");
	assert_text(json, "origin", NULL);
	assert_text(json, "reason", "connects to the network");
	assert_text(json, "hint", "cordon allow 12");
	assert_number(json, "count", 1);
	package = json_object_get(json, "package");
	assert_text(package, "ecosystem", "pypi");
	assert_text(package, "name", "evil");
	assert_text(package, "version", "1.0");
	assert_text(package, "sha256", NULL);
	process = json_object_get(json, "process");
	assert_number(process, "pid", 7);
	assert_text(process, "exe", "/usr/bin/python3");
	assert_text(process, "argv", "python setup.py");
	assert_text(process, "cwd", "/tmp/x");
	assert_number(process, "uid", 1000);
	assert_text(process, "role", "package");
	process = json_array_get(json_object_get(process, "ancestry"), 0);
	assert_number(process, "pid", 6);
	assert_text(process, "role", "installer");
	object = json_object_get(json, "object");
	assert_int_equal(json_object_size(object), 3);
	assert_text(object, "address", "127.0.0.1");
	assert_number(object, "port", 9);
	assert_text(object, "protocol", "tcp");
	json_decref(json);
}

static void json_object_follows_the_rule(void **state)
{
	struct finding f = file_finding(1, CORDON_RULE_FILE_SECRET, "/root/.ssh/id_rsa");
	json_t *json = report_finding_json(&f);
	json_t *object = json_object_get(json, "object");

	(void)state;
	assert_int_equal(json_object_size(object), 1);
	assert_text(object, "path", "/root/.ssh/id_rsa");
	json_decref(json);

	f = file_finding(1, CORDON_RULE_PROC_SIGNAL, NULL);
	f.object_pid = 99;
	json = report_finding_json(&f);
	object = json_object_get(json, "object");
	assert_int_equal(json_object_size(object), 1);
	assert_number(object, "pid", 99);
	json_decref(json);

	f = file_finding(1, CORDON_RULE_NET_FAMILY, NULL);
	f.object_protocol = "AF_ALG";
	json = report_finding_json(&f);
	object = json_object_get(json, "object");
	assert_text(object, "address", NULL);
	assert_text(object, "port", NULL);
	assert_text(object, "protocol", "AF_ALG");
	json_decref(json);

	f = file_finding(1, CORDON_RULE_KERNEL_IO_URING, NULL);
	f.package = NULL;
	json = report_finding_json(&f);
	assert_text(json, "object", NULL);
	assert_text(json, "package", NULL);
	json_decref(json);
}

static void json_survives_any_bytes(void **state)
{
	struct finding f = base;
	_cleanup_free_ char *line = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&line, &size);
	json_t *json;

	(void)state;
	f.package = f.version = f.process.argv = f.process.exe = f.reason = HOSTILE;
	assert_int_equal(report_json_write(out, report_finding_json(&f)), 0);
	fclose(out);
	/* One line, of printable ASCII alone. */
	assert_ptr_equal(strchr(line, '\n'), line + size - 1);
	for (size_t i = 0; i + 1 < size; i++)
		assert_in_range(line[i], 0x20, 0x7e);
	json = json_loads(line, 0, NULL);
	assert_non_null(json);
	assert_text(json, "reason", "\033[2Jx\ny\\xff\u202e");
	json_decref(json);
	assert_int_equal(report_json_write(stdout, NULL), -ENOMEM);
}

static void json_of_a_session(void **state)
{
	struct journal_session s = { .id = 3, .started = 1700000000000, .mode = CORDON_MODE_AUDIT, .backend =
				     CORDON_BACKEND_TRACE, .uid = 1000, .command = "pip install \xff", .status = -1,
				     .findings = 5, .refused = 2, .lost = 1 };
	json_t *json = report_session_json(&s);

	(void)state;
	assert_number(json, "id", 3);
	assert_text(json, "started", "2023-11-14T22:13:20.000Z");
	assert_text(json, "ended", NULL);
	assert_text(json, "mode", "audit");
	assert_text(json, "backend", "trace");
	assert_number(json, "uid", 1000);
	assert_text(json, "command", "pip install \\xff");
	assert_text(json, "cwd", NULL);
	assert_text(json, "status", NULL);
	assert_number(json, "findings", 5);
	assert_number(json, "refused", 2);
	assert_number(json, "lost", 1);
	json_decref(json);
}

static void texts_obey_no_attacker(void **state)
{
	struct finding_process parent = { 6, HOSTILE, HOSTILE, HOSTILE, 0, CORDON_ROLE_INSTALLER };
	struct journal_session session = { .id = 1, .command = HOSTILE };
	struct finding f = base;
	_cleanup_free_ char *text = NULL;
	_cleanup_free_ char *summary = NULL;
	size_t size = 0, lines = 0;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	f.ecosystem = f.package = f.version = f.sha256 = f.installer = f.origin = f.reason = f.hint = HOSTILE;
	f.object_path = f.object_address = f.object_protocol = HOSTILE;
	f.process = parent;
	f.ancestry = &parent;
	f.ancestry_count = 1;
	report_finding_line(out, &f, false);
	report_session_line(out, &session, false);
	report_finding_text(out, &f, false);
	fclose(out);
	summary = report_summary(&f, 1, CORDON_MODE_ENFORCE, 0);
	for (const char *s = text; *s; s++) {
		assert_true((unsigned char)*s >= 0x20 || *s == '\n');
		lines += *s == '\n';
	}
	/* As many lines as without hostile newlines: 1, 1, and the rows of a finding. */
	assert_int_equal(lines, 2 + 17);
	for (const char *s = summary; *s; s++)
		assert_true((unsigned char)*s >= 0x20 || *s == '\n');
	assert_null(strstr(text, "\u202e"));
	assert_null(strstr(summary, "\u202e"));
	assert_non_null(strstr(text, "\\x1b[2Jx\\x0ay\\xff\\u{202E}"));
}

static void lines_tell_the_outcome(void **state)
{
	static const struct {
		unsigned int mode, action, answer;
		const char *outcome;
	} cases[] = {
		{ CORDON_MODE_ENFORCE, CORDON_ACTION_DENY, CORDON_ANSWER_EPERM, "refused" },
		{ CORDON_MODE_ENFORCE, CORDON_ACTION_CONDEMN, CORDON_ANSWER_KILL, "ended" },
		{ CORDON_MODE_ENFORCE, CORDON_ACTION_HIDE, CORDON_ANSWER_ENOENT, "hidden" },
		{ CORDON_MODE_ENFORCE, CORDON_ACTION_LOG, CORDON_ANSWER_PASS, "logged" },
		{ CORDON_MODE_ENFORCE, CORDON_ACTION_DENY, CORDON_ANSWER_PASS, "not stopped" },
		{ CORDON_MODE_AUDIT, CORDON_ACTION_DENY, CORDON_ANSWER_PASS, "would refuse" },
		{ CORDON_MODE_AUDIT, CORDON_ACTION_HIDE, CORDON_ANSWER_PASS, "would hide" },
		{ CORDON_MODE_AUDIT, CORDON_ACTION_LOG, CORDON_ANSWER_PASS, "logged" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct finding f = base;

		f.mode = cases[i].mode;
		f.action = cases[i].action;
		f.answer = cases[i].answer;
		assert_string_equal(report_outcome(&f), cases[i].outcome);
	}
}

static void grants_are_the_narrowest(void **state)
{
	struct policy_grant grant = { 0 };
	const char *why = NULL;
	struct finding f = base;

	(void)state;
	assert_int_equal(report_narrowest_grant(&f, &grant, &why), 0);
	assert_string_equal(grant.ecosystem, "pypi");
	assert_string_equal(grant.package, "evil");
	assert_string_equal(grant.version, "1.0");
	assert_int_equal(grant.rule, CORDON_RULE_NET_CONNECT);
	assert_string_equal(grant.host, "127.0.0.1");
	assert_int_equal(grant.port, 9);
	assert_null(grant.path);
	grant_release(&grant);

	f = file_finding(1, CORDON_RULE_FILE_SECRET, "/root/.npmrc");
	assert_int_equal(report_narrowest_grant(&f, &grant, &why), 0);
	assert_string_equal(grant.path, "/root/.npmrc");
	assert_null(grant.host);
	assert_int_equal(grant.port, 0);
	grant_release(&grant);
	assert_null(why);
}

/* Where a field is not known, the grant's would be empty, and empty means "any". */
static void grants_never_widen(void **state)
{
	struct finding cases[] = {
		base, base, base, base, base, base, base,
		file_finding(1, CORDON_RULE_FILE_SECRET, NULL),
		file_finding(1, CORDON_RULE_FILE_SECRET, ".../.aws/credentials"),
		file_finding(1, CORDON_RULE_FILE_SECRET, "/home/*/.npmrc"),
		file_finding(1, CORDON_RULE_FILE_HIDDEN, "/proc/12/cmdline"),
		file_finding(1, CORDON_RULE_GUARD_TAMPER, "/var/lib/cordon/journal.db"),
		file_finding(1, CORDON_RULE_KERNEL_BPF, NULL),
	};

	(void)state;
	cases[0].package = NULL;
	cases[1].package = "unknown";
	cases[2].package = "*";
	cases[3].ecosystem = NULL;
	cases[4].object_address = NULL;
	cases[5].object_port = 0;
	cases[6].version = "*";
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct policy_grant grant = { 0 };
		const char *why = NULL;

		assert_int_equal(report_narrowest_grant(&cases[i], &grant, &why), -ENOTSUP);
		assert_non_null(why);
		assert_null(grant.package);
	}
}

static void color_follows_the_environment(void **state)
{
	int controller = -1, terminal = -1;
	FILE *file = tmpfile(), *out;

	(void)state;
	assert_non_null(file);
	assert_int_equal(openpty(&controller, &terminal, NULL, NULL, NULL), 0);
	out = fdopen(terminal, "w");
	assert_non_null(out);
	setenv("TERM", "xterm", 1);
	unsetenv("NO_COLOR");
	assert_true(report_color(out));
	assert_false(report_color(file));
	setenv("NO_COLOR", "", 1);
	assert_true(report_color(out));
	setenv("NO_COLOR", "1", 1);
	assert_false(report_color(out));
	unsetenv("NO_COLOR");
	setenv("TERM", "dumb", 1);
	assert_false(report_color(out));
	unsetenv("TERM");
	assert_false(report_color(out));
	fclose(out);
	fclose(file);
	close(controller);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_has_every_field),
		cmocka_unit_test(json_object_follows_the_rule),
		cmocka_unit_test(json_survives_any_bytes),
		cmocka_unit_test(json_of_a_session),
		cmocka_unit_test(texts_obey_no_attacker),
		cmocka_unit_test(lines_tell_the_outcome),
		cmocka_unit_test(grants_are_the_narrowest),
		cmocka_unit_test(grants_never_widen),
		cmocka_unit_test(color_follows_the_environment),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
