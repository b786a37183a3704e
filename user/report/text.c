/* SPDX-License-Identifier: Apache-2.0 */
#include "report/report.h"

#include "base/cleanup.h"
#include "base/rule.h"
#include "base/text.h"
#include "report/field.h"

#include <string.h>
#include <unistd.h>

bool report_color(FILE *out)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	return isatty(fileno(out)) && !(no_color && *no_color) && term && *term && strcmp(term, "dumb") != 0;
}

bool report_is_refusal(const struct finding *f)
{
	return f->action == CORDON_ACTION_DENY || f->action == CORDON_ACTION_CONDEMN;
}

const char *report_outcome(const struct finding *f)
{
	if (f->rule == CORDON_RULE_ENV_SECRET && f->answer == CORDON_ANSWER_ENOENT)
		return "taken out"; /* all of a value, or only who logs in: the reason says which */
	if (f->answer != CORDON_ANSWER_PASS)
		return answer_name(f->answer);
	if (!report_is_refusal(f) && f->action != CORDON_ACTION_HIDE)
		return "logged";
	if (f->mode == CORDON_MODE_AUDIT)
		return f->action == CORDON_ACTION_HIDE ? "would hide" : "would refuse";
	return "not stopped";
}

/* Red for what was refused, yellow for what would be or was not; grey is left to the terminal. */
static const char *color_of(const struct finding *f, bool color)
{
	if (!color)
		return "";
	if (f->answer == CORDON_ANSWER_EPERM || f->answer == CORDON_ANSWER_KILL)
		return "\033[31m";
	return report_is_refusal(f) ? "\033[33m" : "";
}

static const char *color_end(const char *start)
{
	return *start ? "\033[0m" : "";
}

/* A report with a hole is better than none: what could not be allocated is "?". */
static const char *or_unknown(const char *text)
{
	return text ? text : "?";
}

void report_finding_line(FILE *out, const struct finding *f, bool color)
{
	_cleanup_free_ char *package = field_package(f);
	_cleanup_free_ char *object = field_object(f, FIELD_OBJECT_MAX);
	_cleanup_free_ char *command = field_command(f, FIELD_COMMAND_MAX);
	const char *start = color_of(f, color);
	char time[FIELD_TIME_SIZE];

	field_time(f->time, time, sizeof(time));
	fprintf(out, "%6lld  %s  %s%-12s%s  %-16s  %s", (long long)f->id, time, start, report_outcome(f),
		color_end(start), rule_name(f->rule), or_unknown(package));
	if (object && *object)
		fprintf(out, "  %s", object);
	fprintf(out, "  `%s`", or_unknown(command));
	if (f->count > 1)
		fprintf(out, "  x%u", f->count);
	fputc('\n', out);
}

void report_session_line(FILE *out, const struct journal_session *s, bool color)
{
	_cleanup_free_ char *command = s->command ? field_clip(s->command, FIELD_OBJECT_MAX) : NULL;
	const char *start = color && s->refused ? "\033[31m" : "";
	char time[FIELD_TIME_SIZE];
	char status[24];

	field_time(s->started, time, sizeof(time));
	if (!s->ended)
		snprintf(status, sizeof(status), "not ended");
	else if (s->status < 0)
		snprintf(status, sizeof(status), "status ?");
	else
		snprintf(status, sizeof(status), "status %d", s->status);
	fprintf(out, "session:%lld  %s  %s/%s  uid %d  %s  %lld findings, %s%lld refused%s", (long long)s->id, time,
		mode_name(s->mode), backend_name(s->backend), s->uid, status, (long long)s->findings, start,
		(long long)s->refused, color_end(start));
	if (s->lost)
		fprintf(out, ", %lld lost", (long long)s->lost);
	fprintf(out, "  `%s`\n", or_unknown(command));
}

static void field_row(FILE *out, const char *label, const char *text)
{
	_cleanup_free_ char *safe = text ? text_escape_terminal(text) : NULL;

	if (text && *text)
		fprintf(out, "  %-10s %s\n", label, or_unknown(safe));
}

static void process_rows(FILE *out, const char *label, const struct finding_process *p)
{
	_cleanup_free_ char *argv = p->argv ? text_escape_terminal(p->argv) : NULL;

	fprintf(out, "  %-10s %d, %s, uid %d", label, p->pid, role_name(p->role), p->uid);
	fprintf(out, p->argv ? ": %s\n" : "\n", or_unknown(argv));
	field_row(out, "  program", p->exe);
	field_row(out, "  folder", p->cwd);
}

static void hint_row(FILE *out, const struct finding *f)
{
	CLEANUP(grant_release) struct policy_grant grant = { 0 };
	const char *why = "";

	if (f->hint)
		field_row(out, "hint", f->hint);
	else if (report_narrowest_grant(f, &grant, &why) == 0)
		fprintf(out, "  %-10s cordon allow %lld\n", "allow", (long long)f->id);
	else
		fprintf(out, "  %-10s no grant allows this: %s\n", "allow", why);
}

void report_finding_text(FILE *out, const struct finding *f, bool color)
{
	_cleanup_free_ char *package = field_package(f);
	_cleanup_free_ char *object = field_object(f, SIZE_MAX);
	const char *start = color_of(f, color);
	char time[FIELD_TIME_SIZE];

	field_time(f->time, time, sizeof(time));
	fprintf(out, "finding %lld  %s  session:%lld\n", (long long)f->id, time, (long long)f->session);
	fprintf(out, "  %-10s %s%s%s: %s (%s)\n", "what", start, report_outcome(f), color_end(start),
		rule_summary(f->rule), rule_name(f->rule));
	if (object && *object)
		fprintf(out, "  %-10s %s\n", "object", object);
	if (f->object_address)
		field_row(out, "protocol", f->object_protocol);
	fprintf(out, "  %-10s %s\n", "package", or_unknown(package));
	field_row(out, "sha256", f->sha256);
	field_row(out, "origin", f->origin);
	field_row(out, "reason", f->reason);
	fprintf(out, "  %-10s %s %s, mode %s, backend %s\n", "decided",
		/* What was emptied is recorded as no refusal, whatever the policy calls it. */
		f->rule == CORDON_RULE_ENV_SECRET ? "recorded as" : "rule says", action_name(f->action),
		mode_name(f->mode), backend_name(f->backend));
	if (f->count > 1)
		fprintf(out, "  %-10s %u times\n", "seen", f->count);
	field_row(out, "installer", f->installer);
	process_rows(out, "process", &f->process);
	/* Nearest first, as one asks: who started it, and who started that. */
	for (size_t i = f->ancestry_count; i > 0; i--)
		process_rows(out, "started by", &f->ancestry[i - 1]);
	hint_row(out, f);
}
