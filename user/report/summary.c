/* SPDX-License-Identifier: Apache-2.0 */
/*
 * summary.c - what `cordon run` says at its end. Four lines for each package: the worst thing, the next one, the rest,
 * and how to allow it. Names, paths and commands are clipped, so that an attacker cannot push the lines off the screen.
 */
#include "report/report.h"

#include "base/cleanup.h"
#include "base/rule.h"
#include "base/text.h"
#include "judge.h"
#include "report/field.h"

#include <string.h>

/* Ids on the last line. More do not help: whoever has so many to allow reads `cordon log`. */
#define ALLOW_IDS_MAX 4

/* The findings of one package that count, in the order in which they are told. */
struct group {
	const struct finding **items;
	size_t count;
	const struct finding *all; /* of all packages, told or not */
	size_t all_count;
};

static bool same_text(const char *a, const char *b)
{
	return !strcmp(a ? a : "", b ? b : "");
}

static bool same_package(const struct finding *a, const struct finding *b)
{
	if (!same_text(a->package, b->package) || !same_text(a->ecosystem, b->ecosystem) ||
	    !same_text(a->version, b->version))
		return false;
	/* Where it was no package, who did it stands in for one. */
	return a->package || (same_text(a->installer, b->installer) && a->process.role == b->process.role);
}

static bool is_told(const struct finding *f, unsigned int mode)
{
	if (!report_is_refusal(f))
		return false;
	return mode == CORDON_MODE_AUDIT || f->answer == CORDON_ANSWER_EPERM || f->answer == CORDON_ANSWER_KILL;
}

/* A package that was stopped for it, and not only refused a call. */
static bool is_condemned(const struct group *group)
{
	for (size_t i = 0; i < group->count; i++)
		if (group->items[i]->action == CORDON_ACTION_CONDEMN && cordon_is_confined(group->items[i]->process.role))
			return true;
	return false;
}

/* Of the first `count`, which are what the line speaks of. */
static bool is_ended(const struct group *group, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (group->items[i]->answer == CORDON_ANSWER_KILL)
			return true;
	return false;
}

/* Moves the findings of the rule that comes next to `from`: condemned before denied, else as they happened. Gives the
 * index behind them. */
static size_t gather_rule(struct group *group, size_t from)
{
	size_t best = from, end = from;
	unsigned int rule;

	for (size_t i = from; i < group->count; i++) {
		if (group->items[i]->action == CORDON_ACTION_CONDEMN) {
			best = i;
			break;
		}
	}
	rule = group->items[best]->rule;
	for (size_t i = from; i < group->count; i++) {
		const struct finding *f = group->items[i];

		if (f->rule != rule)
			continue;
		memmove(&group->items[end + 1], &group->items[end], (i - end) * sizeof(*group->items));
		group->items[end++] = f;
	}
	return end;
}

/* "connects to the network (net.connect) 127.0.0.1:9 from `python setup.py`, and 2 more" */
static void put_rule(FILE *out, const struct group *group, size_t from, size_t end)
{
	const struct finding *f = group->items[from];
	_cleanup_free_ char *object = field_object(f, FIELD_OBJECT_MAX);
	_cleanup_free_ char *command = field_command(f, FIELD_COMMAND_MAX);

	/* Of an artifact the reason says more than its rule. */
	if (f->op == CORDON_OP_ARTIFACT && f->reason) {
		_cleanup_free_ char *reason = text_escape_terminal(f->reason);

		fprintf(out, "%s (%s)", reason ? reason : "?", rule_name(f->rule));
	} else {
		fprintf(out, "%s (%s)", rule_summary(f->rule), rule_name(f->rule));
	}
	if (object && *object)
		fprintf(out, " %s", object);
	if (f->op != CORDON_OP_ARTIFACT)
		fprintf(out, " from `%s`", command ? command : "?");
	if (end - from > 1)
		fprintf(out, ", and %zu more", end - from - 1);
	fputc('\n', out);
}

/* Names of the rules, with no end of the line. */
static void put_rest(FILE *out, struct group *group, size_t from)
{
	const char *separator = "";

	fputs("  also ", out);
	while (from < group->count) {
		fprintf(out, "%s%s", separator, rule_name(group->items[from]->rule));
		separator = ", ";
		from = gather_rule(group, from);
		if (from < group->count)
			gather_rule(group, from);
	}
}

/* What it did that its rules only log. Names of the rules behind `before`; gives whether there are any. */
static bool put_logged(FILE *out, const struct group *group, const char *before)
{
	bool told[CORDON_RULE_COUNT] = { false }, any = false;

	for (size_t i = 0; i < group->all_count; i++) {
		const struct finding *f = &group->all[i];

		if (f->action != CORDON_ACTION_LOG || f->rule >= CORDON_RULE_COUNT || told[f->rule] ||
		    !same_package(f, group->items[0]))
			continue;
		fprintf(out, "%s%s", any ? ", " : before, rule_name(f->rule));
		told[f->rule] = any = true;
	}
	return any;
}

static bool can_grant(const struct finding *f, const char **ret_why)
{
	CLEANUP(grant_release) struct policy_grant grant = { 0 };

	return report_narrowest_grant(f, &grant, ret_why) == 0;
}

/* `only`: it is the one finding of the whole summary, so that --last means it. */
static void put_allow(FILE *out, const struct group *group, bool only)
{
	const char *why = "";
	size_t listed = 0;

	for (size_t i = 0; i < group->count; i++) {
		if (!can_grant(group->items[i], &why))
			continue;
		if (listed == ALLOW_IDS_MAX) {
			fputs(", ...", out);
			break;
		}
		if (only)
			fputs("  Allow: cordon allow --last", out);
		else if (!listed)
			fprintf(out, "  Allow: cordon allow %lld", (long long)group->items[i]->id);
		else
			fprintf(out, "%s%lld", listed == 1 ? "; also " : ", ", (long long)group->items[i]->id);
		listed++;
	}
	if (!listed)
		fprintf(out, "  No grant allows this: %s. Details: cordon show %lld", why,
			(long long)group->items[0]->id);
	fputc('\n', out);
}

/* What the controller found of it at the end (guard/remains.c). NULL: nothing. `count`: of how many. */
static const struct finding *find_left(const struct group *group, size_t *count)
{
	const struct finding *first = NULL;

	*count = 0;
	for (size_t i = 0; i < group->all_count; i++) {
		const struct finding *f = &group->all[i];

		if (f->rule != CORDON_RULE_FILE_CONDEMNED || f->answer != CORDON_ANSWER_PASS || !same_package(f, group->items[0]))
			continue;
		if (!(*count)++)
			first = f;
	}
	return first;
}

/* What became of a condemned package: no more than was seen. */
static void put_outcome(FILE *out, const struct group *group)
{
	bool nothing_left = false, unended = false;
	size_t count;
	const struct finding *left = find_left(group, &count);

	for (size_t i = 0; i < group->count; i++) {
		nothing_left |= group->items[i]->nothing_left;
		unended |= group->items[i]->unended;
	}
	fputs(unended ? "  some of its processes could not be ended" : "  its processes were ended", out);
	if (left) {
		_cleanup_free_ char *path = field_object(left, FIELD_OBJECT_MAX);

		fprintf(out, "; but %s is there", path ? path : "?");
		if (count > 1)
			fprintf(out, ", and %zu more", count - 1);
		if (left->hint)
			fprintf(out, "; %s", left->hint);
	} else if (nothing_left) {
		fputs(", and nothing of it was found installed", out);
	}
	fputc('\n', out);
}

/* Four lines: the worst thing, what became of the package, what it did else, how to allow it. */
static void put_condemned(FILE *out, struct group *group, bool only)
{
	_cleanup_free_ char *package = field_package(group->items[0]);
	size_t first = gather_rule(group, 0);

	fprintf(out, "cordon: condemned %s: ", package ? package : "?");
	put_rule(out, group, 0, first);
	put_outcome(out, group);
	if (first < group->count) {
		gather_rule(group, first);
		put_rest(out, group, first);
	}
	if (put_logged(out, group, first < group->count ? "; logged " : "  also logged ") || first < group->count)
		fputc('\n', out);
	put_allow(out, group, only);
}

static void put_group(FILE *out, struct group *group, bool only)
{
	_cleanup_free_ char *package = field_package(group->items[0]);
	size_t first = gather_rule(group, 0), second;

	if (is_condemned(group)) {
		put_condemned(out, group, only);
		return;
	}
	if (group->items[0]->op == CORDON_OP_ARTIFACT)
		fprintf(out, "cordon: refused %s: ", package ? package : "?");
	else
		/* A refused call stops nobody: what becomes of that install is its own affair. */
		fprintf(out, "cordon: %s in %s%s: ", is_ended(group, first) ? "ended" : "refused", package ? package : "?",
			group->items[0]->package && !is_ended(group, group->count) ? ", which was not stopped" : "");
	put_rule(out, group, 0, first);
	if (first < group->count) {
		second = gather_rule(group, first);
		fputs("  also ", out);
		put_rule(out, group, first, second);
		if (second < group->count) {
			gather_rule(group, second);
			put_rest(out, group, second);
			fputc('\n', out);
		}
	}
	put_allow(out, group, only);
}

/* Takes one package's findings out of `told` into `group`, in order; gives how many stay. */
static size_t take_group(const struct finding **told, size_t count, struct group *group)
{
	const struct finding *head = told[0];
	size_t kept = 0;

	group->count = 0;
	for (size_t i = 0; i < count; i++) {
		if (same_package(head, told[i]))
			group->items[group->count++] = told[i];
		else
			told[kept++] = told[i];
	}
	return kept;
}

static void put_audit(FILE *out, const struct finding **told, size_t count, struct group *group)
{
	unsigned long long operations = 0;
	size_t packages = 0;

	for (size_t i = 0; i < count; i++)
		operations += told[i]->count ? told[i]->count : 1;
	for (; count; packages++)
		count = take_group(told, count, group);
	if (packages)
		fprintf(out, "cordon: audit: would have refused %llu operation%s of %zu package%s; see cordon log\n",
			operations, operations == 1 ? "" : "s", packages, packages == 1 ? "" : "s");
}

static void put_enforce(FILE *out, const struct finding **told, size_t count, struct group *group)
{
	bool only = count == 1;

	while (count) {
		count = take_group(told, count, group);
		put_group(out, group, only);
	}
}

char *report_summary(const struct finding *findings, size_t count, unsigned int mode, int64_t lost)
{
	_cleanup_free_ const struct finding **told = calloc(count + 1, sizeof(*told));
	_cleanup_free_ const struct finding **items = calloc(count + 1, sizeof(*items));
	_cleanup_free_ char *text = NULL;
	struct group group = { .items = items, .all = findings, .all_count = count };
	size_t n = 0, size = 0;
	FILE *out;

	if (!told || !items)
		return NULL;
	out = open_memstream(&text, &size);
	if (!out)
		return NULL;
	for (size_t i = 0; i < count; i++)
		if (is_told(&findings[i], mode))
			told[n++] = &findings[i];
	if (mode == CORDON_MODE_AUDIT)
		put_audit(out, told, n, &group);
	else
		put_enforce(out, told, n, &group);
	/* The verdict came before the record, so what was lost was still refused. */
	if (lost > 0)
		fprintf(out, "cordon: %lld more record%s lost on the way%s\n", (long long)lost,
			lost == 1 ? " was" : "s were",
			mode == CORDON_MODE_AUDIT ? "" : "; what the rules refuse was refused all the same");
	/* Closing writes what was held back, and so may run out of memory. */
	return fclose(out) == 0 ? TAKE_PTR(text) : NULL;
}
