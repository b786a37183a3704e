/* SPDX-License-Identifier: Apache-2.0 */
/* doctor_print.c - the findings of `cordon doctor`, for people and for programs. */
#include "cmd/doctor.h"

#include "base/cleanup.h"
#include "base/rule.h"
#include "base/text.h"
#include "judge.h"
#include "report/report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LABEL_WIDTH 12

/* One line, escaped whole: kernel messages, paths and policies can hold anything. */
static void put(const char *label, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(const char *label, const char *format, ...)
{
	_cleanup_free_ char *text = NULL, *safe = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	if (text)
		safe = text_escape_terminal(text);
	printf("%-*s %s\n", LABEL_WIDTH, label, safe ? safe : "out of memory");
}

static const char *yes_no(bool value)
{
	return value ? "yes" : "no";
}

static void print_machine(const struct machine *m)
{
	put("kernel", "%s", m->release);
	put("preemption", "%s%s", m->preempt, m->preempts ? "" : " (programs are not interrupted)");
	put("lockdown", "%s", m->lockdown);
	put("LSMs", "%s%s", m->lsms[0] ? m->lsms : "not known: no securityfs",
	    m->lsms[0] && !m->lsm_bpf ? " (without bpf)" : "");
	put("BTF", "%s", yes_no(m->btf));
	put("bpffs", "%s", yes_no(m->bpffs));
	put("cgroup2", "%s", yes_no(m->cgroup2));
}

static void print_backends(const struct doctor *d)
{
	for (unsigned int i = 0; i < CORDON_BACKEND_COUNT; i++) {
		const struct kernel_attempt *attempt = &d->attempts.of[i];
		const char *weak = attempt->error ? NULL : kernel_weakness(i, attempt->twins);

		if (attempt->error)
			put(i ? "" : "backends", "%-8s  %s", backend_name(i), attempt->reason);
		else
			put(i ? "" : "backends", "%-8s  works%s%s%s%s", backend_name(i), weak ? ", weakly: " : "", weak ? weak : "",
			    attempt->twins ? ", and ends who was missed" : "", d->backend == (int)i ? "  <- taken" : "");
		if (!attempt->error && attempt->twin_reason[0])
			put("", "%-8s  cannot end who was missed: %s", "", attempt->twin_reason);
	}
}

/* A program that was skipped has not judged: on fmod_ret its twin has, or nobody. */
static void print_misses(const struct doctor *d)
{
	const char *label = "skipped", *program;
	json_t *misses;

	if (d->live < 0)
		put(label, "not known: %s", strerror(-d->live));
	else if (d->live && !json_object_size(d->skipped))
		put(label, "none of the %d programs that guard sessions now", d->live);
	json_object_foreach(d->skipped, program, misses) {
		put(label, "%-16s %lld times", program, (long long)json_integer_value(misses));
		label = "";
	}
}

/* Appends ", NAME" to *list. */
static void list_add(char **list, const char *name)
{
	char *more = *list ? text_format("%s, %s", *list, name) : strdup(name);

	if (!more)
		return;
	free(*list);
	*list = more;
}

static void print_rules(const struct doctor *d)
{
	_cleanup_free_ char *missing = NULL;
	const char *label = "rules";

	if (d->backend < 0)
		return;
	for (unsigned int rule = CORDON_RULE_NONE + 1; rule < CORDON_RULE_COUNT; rule++) {
		unsigned int strength = cordon_strength(rule, (unsigned int)d->backend);

		if (strength == CORDON_STRENGTH_NOT_YET) {
			list_add(&missing, rule_name(rule));
			continue;
		}
		put(label, "%-13s %s", rule_name(rule), strength_name(strength));
		label = "";
	}
	if (missing)
		put("", "%s: %s", strength_name(CORDON_STRENGTH_NOT_YET), missing);
}

/* Whether its recognition file says where artifacts wait for a verdict. */
static bool is_gated(const struct installer_gate *gate)
{
	return gate->archives || gate->hold || gate->open_count || gate->rename_count;
}

static char *ungated(const struct doctor *d)
{
	char *list = NULL;

	for (size_t i = 0; d->data.installers && i < d->data.installers->count; i++)
		if (!is_gated(&d->data.installers->items[i].gate))
			list_add(&list, d->data.installers->items[i].id);
	return list;
}

static void print_setup(const struct doctor *d)
{
	_cleanup_free_ char *gates = ungated(d);

	if (d->mistake)
		put("policy", "%s", d->mistake);
	else
		put("policy", "mode %s, backend %s, %zu grants, %zu entries without effect, last read: %s",
		    mode_name(d->policy->mode), d->policy->backend < 0 ? "any" : backend_name((unsigned int)d->policy->backend),
		    d->policy->grant_count, d->policy->inert_count,
		    d->policy->file_count ? d->policy->files[d->policy->file_count - 1] : "nothing");
	if (!d->root)
		put("journal", "%s: not tried: that takes root", d->journal);
	else
		put("journal", "%s: %s%s", d->journal, d->journal_error ? "cannot be written: " : "can be written",
		    d->journal_error ? strerror(-d->journal_error) : d->journal_is_there ? "" : ", not begun yet");
	if (d->data.zones)
		put("places", "%zu protected, %zu of them cannot be held%s%s", d->data.zones->count, d->unheld,
		    d->unheld_example ? ": " : "", d->unheld_example ? d->unheld_example : "");
	if (gates)
		put("gates", "none for %s: what they install is not looked at before use", gates);
}

char *doctor_summary(const struct doctor *d)
{
	switch (d->verdict) {
	case DOCTOR_ENFORCES:
		return text_format("can enforce, with backend %s", backend_name((unsigned int)d->backend));
	case DOCTOR_WEAKLY:
		return text_format("can guard weakly, with backend %s: %s", backend_name((unsigned int)d->backend), d->weakness);
	default:
		return text_format("cannot guard: %s", d->obstacle ? d->obstacle : "out of memory");
	}
}

int doctor_print_text(const struct doctor *d)
{
	_cleanup_free_ char *summary = doctor_summary(d);

	print_machine(&d->machine);
	print_backends(d);
	print_misses(d);
	print_rules(d);
	print_setup(d);
	put("verdict", "%s", summary ? summary : "out of memory");
	for (size_t i = 0; i < d->advice_count; i++)
		put(i ? "" : "to do", "%s", d->advice[i]);
	return fflush(stdout) ? -errno : 0;
}

/* --- JSON -------------------------------------------------------------------------------------------------------- */

static json_t *json_machine(const struct machine *m)
{
	return json_pack("{s:o, s:s, s:b, s:s, s:o, s:b, s:b, s:b, s:b}", "release", report_json_string(m->release),
			 "preemption", m->preempt, "preempts", m->preempts, "lockdown", m->lockdown, "lsms",
			 report_json_string(m->lsms[0] ? m->lsms : NULL), "lsm_bpf", m->lsm_bpf, "btf", m->btf, "bpffs",
			 m->bpffs, "cgroup2", m->cgroup2);
}

static json_t *json_backends(const struct doctor *d)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < CORDON_BACKEND_COUNT; i++) {
		const struct kernel_attempt *attempt = &d->attempts.of[i];
		const char *reason = attempt->error ? attempt->reason : NULL;
		const char *no_twins = !attempt->error && attempt->twin_reason[0] ? attempt->twin_reason : NULL;
		const char *weak = attempt->error ? NULL : kernel_weakness(i, attempt->twins);

		json_array_append_new(list, json_pack("{s:s, s:b, s:b, s:o, s:s?, s:b, s:o, s:b}", "name", backend_name(i), "tried",
						      attempt->tried, "works", !attempt->error, "reason",
						      report_json_string(reason), "weakness", weak, "twins",
						      attempt->twins, "no_twins", report_json_string(no_twins),
						      "taken", d->backend == (int)i));
	}
	return list;
}

static json_t *json_misses(const struct doctor *d)
{
	return json_pack("{s:i, s:O?}", "programs", d->live < 0 ? 0 : d->live, "skipped", d->skipped);
}

static json_t *json_rules(const struct doctor *d)
{
	json_t *rules = json_object();

	for (unsigned int rule = CORDON_RULE_NONE + 1; d->backend >= 0 && rule < CORDON_RULE_COUNT; rule++)
		json_object_set_new(rules, rule_name(rule),
				    json_string(strength_name(cordon_strength(rule, (unsigned int)d->backend))));
	return rules;
}

static json_t *json_policy(const struct doctor *d)
{
	json_t *files = json_array();

	for (size_t i = 0; d->policy && i < d->policy->file_count; i++)
		json_array_append_new(files, report_json_string(d->policy->files[i]));
	return json_pack("{s:o, s:s?, s:o}", "mistake", report_json_string(d->mistake), "mode",
			 d->policy ? mode_name(d->policy->mode) : NULL, "files", files);
}

static json_t *json_journal(const struct doctor *d)
{
	return json_pack("{s:o, s:b, s:b, s:s?}", "dir", report_json_string(d->journal), "exists", d->journal_is_there,
			 "writable", !d->journal_error, "error", d->journal_error ? strerror(-d->journal_error) : NULL);
}

static json_t *json_places(const struct doctor *d)
{
	return json_pack("{s:I, s:I, s:o}", "protected", (json_int_t)(d->data.zones ? d->data.zones->count : 0), "unheld",
			 (json_int_t)d->unheld, "example", report_json_string(d->unheld_example));
}

int doctor_print_json(const struct doctor *d)
{
	_cleanup_free_ char *summary = doctor_summary(d);
	json_t *advice = json_array(), *gates = json_array();

	for (size_t i = 0; i < d->advice_count; i++)
		json_array_append_new(advice, report_json_string(d->advice[i]));
	for (size_t i = 0; d->data.installers && i < d->data.installers->count; i++)
		if (!is_gated(&d->data.installers->items[i].gate))
			json_array_append_new(gates, json_string(d->data.installers->items[i].id));
	return report_json_write(stdout,
				 json_pack("{s:i, s:o, s:o, s:o, s:s?, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "status",
					   (int)d->verdict, "summary", report_json_string(summary), "kernel",
					   json_machine(&d->machine), "backends", json_backends(d), "backend",
					   d->backend >= 0 ? backend_name((unsigned int)d->backend) : NULL, "misses",
					   json_misses(d), "rules", json_rules(d), "policy", json_policy(d), "journal", json_journal(d), "places",
					   json_places(d), "installers_without_gate", gates, "advice", advice));
}
