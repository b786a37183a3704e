/* SPDX-License-Identifier: Apache-2.0 */
/* show.c - `cordon show`: everything about one finding, or one session with its findings. */
#include "cmd/cmd.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "cmd/query.h"
#include "report/report.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>

enum { OPT_ALL = 256, OPT_JSON };

static const struct option options[] = {
	{ "all", no_argument, NULL, OPT_ALL },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static const char help[] =
	"usage: cordon show [OPTION...] ID | session:N\n\n"
	"Everything about one finding, or one session with its findings. `cordon log` lists the ids.\n\n"
	"  --all    under sudo: also of other users' sessions\n"
	"  --json   JSON; a session with its findings is one object\n\n"
	"Exit status: 0 the session has no findings, 1 shown, 2 no such thing, or could not look.\n";

struct show_args {
	struct journal_query query; /* `id` or `session` is set */
	bool all, json;
};

/* 1: go on; else 0 or -errno, and the command is at its end. */
static int parse(int argc, char **argv, struct show_args *args)
{
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (option) {
		case OPT_ALL:
			args->all = true;
			break;
		case OPT_JSON:
			args->json = true;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		default:
			return -EINVAL; /* getopt said what is wrong */
		}
	}
	if (argc - optind != 1) {
		log_error("one finding's id or session:N is wanted; `cordon log` lists them");
		return -EINVAL;
	}
	if (!args->all)
		args->query.uid = query_uid();
	if (text_starts_with(argv[optind], "session:")) {
		if (query_number(argv[optind] + strlen("session:"), "session's number", 1, &args->query.session) < 0)
			return -EINVAL;
	} else if (query_number(argv[optind], "finding's id", 1, &args->query.id) < 0) {
		return -EINVAL;
	}
	return 1;
}

struct printer {
	json_t *findings; /* with --json of a session: where they go; NULL: they are printed. Not owned */
	bool json, color;
	int64_t printed;
};

static int print_finding(const struct finding *finding, void *arg)
{
	struct printer *p = arg;

	p->printed++;
	if (p->findings)
		return json_array_append_new(p->findings, report_finding_json(finding)) < 0 ? -ENOMEM : 0;
	if (p->json)
		return report_json_write(stdout, report_finding_json(finding));
	report_finding_text(stdout, finding, p->color);
	return 0;
}

static int print_session_finding(const struct finding *finding, void *arg)
{
	struct printer *p = arg;

	if (p->json)
		return print_finding(finding, arg);
	p->printed++;
	report_finding_line(stdout, finding, p->color);
	return 0;
}

struct session_printer {
	struct journal *journal;
	struct printer *printer;
	bool found;
};

static int print_session_json(struct session_printer *sp, const struct journal_session *session,
			      const struct journal_query *query)
{
	json_t *json = report_session_json(session);
	json_t *findings = json_array();
	int r;

	/* Beside the count of the listing, whose name it would take. */
	if (!json || json_object_set_new(json, "finding_list", findings) < 0) {
		json_decref(json);
		return -ENOMEM;
	}
	sp->printer->findings = findings;
	r = journal_findings(sp->journal, query, print_session_finding, sp->printer);
	sp->printer->findings = NULL;
	if (r < 0) {
		json_decref(json);
		return r;
	}
	return report_json_write(stdout, json);
}

static int print_session(const struct journal_session *session, void *arg)
{
	struct session_printer *sp = arg;
	struct journal_query query = { .session = session->id, .uid = -1, .rule = -1 };

	sp->found = true;
	if (sp->printer->json)
		return print_session_json(sp, session, &query);
	report_session_line(stdout, session, sp->printer->color);
	return journal_findings(sp->journal, &query, print_session_finding, sp->printer);
}

static int show(struct journal *journal, const struct show_args *args)
{
	struct printer printer = { .json = args->json, .color = report_color(stdout) };
	struct session_printer sessions = { .journal = journal, .printer = &printer };
	bool found;
	int r;

	if (args->query.session) {
		r = journal_sessions(journal, &args->query, print_session, &sessions);
		found = sessions.found;
	} else {
		r = journal_findings(journal, &args->query, print_finding, &printer);
		found = printer.printed;
	}
	if (r < 0) {
		query_error(r);
		return EXIT_ERROR;
	}
	if (!found) {
		log_error("no %s %lld%s", args->query.session ? "session" : "finding",
			  (long long)(args->query.session ? args->query.session : args->query.id),
			  args->query.uid >= 0 ? " of yours; --all looks at everybody's" : "");
		return EXIT_ERROR;
	}
	return printer.printed ? EXIT_FOUND : EXIT_CLEAN;
}

int cmd_show(int argc, char **argv)
{
	struct show_args args = { .query = { .uid = -1, .rule = -1 } };
	CLEANUP(journal_close_cleanup) struct journal *journal = NULL;
	int r;

	r = parse(argc, argv, &args);
	if (r <= 0)
		return r < 0 ? EXIT_ERROR : EXIT_CLEAN;
	r = query_open(&journal);
	if (r == -ENOENT)
		log_error("no journal in '%s': nothing was guarded on this machine yet", journal_dir());
	if (r < 0)
		return EXIT_ERROR;
	r = show(journal, &args);
	if (fflush(stdout) != 0) {
		log_err(-errno, "cannot write");
		return EXIT_ERROR;
	}
	return r;
}
