/* SPDX-License-Identifier: Apache-2.0 */
/* log.c - `cordon log`: what happened, newest first. */
#include "cmd/cmd.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/rule.h"
#include "cmd/query.h"
#include "report/report.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>

/* What fits on a screen or two, and is read. */
#define DEFAULT_LIMIT 50

enum { OPT_SESSION = 256, OPT_LAST, OPT_PACKAGE, OPT_RULE, OPT_SINCE, OPT_SESSIONS, OPT_ALL, OPT_VERIFY, OPT_JSON };

static const struct option options[] = {
	{ "session", required_argument, NULL, OPT_SESSION },
	{ "last", no_argument, NULL, OPT_LAST },
	{ "package", required_argument, NULL, OPT_PACKAGE },
	{ "rule", required_argument, NULL, OPT_RULE },
	{ "since", required_argument, NULL, OPT_SINCE },
	{ "sessions", no_argument, NULL, OPT_SESSIONS },
	{ "all", no_argument, NULL, OPT_ALL },
	{ "verify", no_argument, NULL, OPT_VERIFY },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static const char help[] =
	"usage: cordon log [OPTION...]\n\n"
	"What cordon refused or recorded, newest first, the last 50.\n\n"
	"  --last            only the newest session\n"
	"  --session N       only that session\n"
	"  --package NAME    only of this package: evil, or pypi:evil\n"
	"  --rule ID         only of this rule: net.connect\n"
	"  --since WHEN      not before: 30m, 2h, 2d, 1w ago, or 2027-01-31[T12:00]\n"
	"  -n N              at most N, 0: all\n"
	"  --sessions        list sessions instead\n"
	"  --all             under sudo: everybody's sessions, not only yours\n"
	"  --json            JSON Lines\n"
	"  --verify          check that no row of the journal was changed or removed\n\n"
	"Exit status: 0 nothing found (--verify: all sound), 1 found, 2 could not look.\n";

struct log_args {
	struct journal_query query;
	bool last, sessions, all, verify, json;
};

static int parse_option(struct log_args *args, int option)
{
	int64_t number;
	int r;

	switch (option) {
	case OPT_SESSION:
		return query_number(optarg, "session's number", 1, &args->query.session);
	case OPT_LAST:
		args->last = true;
		return 0;
	case OPT_PACKAGE:
		args->query.package = optarg;
		return 0;
	case OPT_RULE:
		args->query.rule = rule_from_name(optarg);
		if (args->query.rule <= CORDON_RULE_NONE) {
			log_error("no rule '%s'", optarg);
			return -EINVAL;
		}
		return 0;
	case OPT_SINCE:
		return query_since(optarg, &args->query.since);
	case 'n':
		r = query_number(optarg, "number of rows", 0, &number);
		args->query.limit = r == 0 && number <= INT_MAX ? (int)number : 0;
		return r;
	case OPT_SESSIONS:
		args->sessions = true;
		return 0;
	case OPT_ALL:
		args->all = true;
		return 0;
	case OPT_VERIFY:
		args->verify = true;
		return 0;
	case OPT_JSON:
		args->json = true;
		return 0;
	default:
		return -EINVAL; /* getopt said what is wrong */
	}
}

/* 1: go on; else 0 or -errno, and the command is at its end. */
static int parse(int argc, char **argv, struct log_args *args)
{
	int option, r;

	while ((option = getopt_long(argc, argv, "hn:", options, NULL)) != -1) {
		if (option == 'h') {
			fputs(help, stdout);
			return 0;
		}
		r = parse_option(args, option);
		if (r < 0)
			return r;
	}
	if (optind < argc) {
		log_error("'%s' is one argument too many; `cordon log --help` tells the options", argv[optind]);
		return -EINVAL;
	}
	if (args->last && args->query.session) {
		log_error("--last and --session exclude each other");
		return -EINVAL;
	}
	if (!args->all)
		args->query.uid = query_uid();
	return 1;
}

struct printer {
	bool json, color;
	int64_t printed;
};

static int print_finding(const struct finding *finding, void *arg)
{
	struct printer *p = arg;

	p->printed++;
	if (p->json)
		return report_json_write(stdout, report_finding_json(finding));
	report_finding_line(stdout, finding, p->color);
	return 0;
}

static int print_session(const struct journal_session *session, void *arg)
{
	struct printer *p = arg;

	p->printed++;
	if (p->json)
		return report_json_write(stdout, report_session_json(session));
	report_session_line(stdout, session, p->color);
	return 0;
}

static int verify(struct journal *journal, bool json)
{
	int64_t rows = 0, bad = 0;
	int r;

	r = journal_verify(journal, &rows, &bad);
	if (r < 0 && r != -EBADMSG) {
		query_error(r);
		return EXIT_ERROR;
	}
	if (json && report_json_write(stdout, json_pack("{s:b,s:I,s:o}", "sound", r == 0, "entries", (json_int_t)rows,
							"bad", r == 0 ? json_null() : json_integer(bad))) < 0)
		return EXIT_ERROR;
	if (json)
		return r == 0 ? EXIT_CLEAN : EXIT_FOUND;
	if (r == 0)
		printf("the journal is sound: %lld entries\n", (long long)rows);
	else if (bad)
		printf("the journal was changed: entry %lld does not fit what was written\n", (long long)bad);
	else
		printf("the journal was changed: rows are missing at its end, or were added\n");
	return r == 0 ? EXIT_CLEAN : EXIT_FOUND;
}

static int take_id(const struct journal_session *session, void *arg)
{
	*(int64_t *)arg = session->id;
	return 0;
}

static int list(struct journal *journal, struct log_args *args)
{
	struct printer printer = { .json = args->json, .color = report_color(stdout) };
	int r = 0;

	if (args->last) {
		struct journal_query newest = { .uid = args->query.uid, .rule = -1, .limit = 1 };

		r = journal_sessions(journal, &newest, take_id, &args->query.session);
		if (r == 0 && !args->query.session)
			return EXIT_CLEAN;
	}
	if (r == 0)
		r = args->sessions ? journal_sessions(journal, &args->query, print_session, &printer) :
				     journal_findings(journal, &args->query, print_finding, &printer);
	if (r < 0) {
		query_error(r);
		return EXIT_ERROR;
	}
	return printer.printed ? EXIT_FOUND : EXIT_CLEAN;
}

int cmd_log(int argc, char **argv)
{
	struct log_args args = { .query = { .uid = -1, .rule = -1, .limit = DEFAULT_LIMIT } };
	CLEANUP(journal_close_cleanup) struct journal *journal = NULL;
	int r;

	r = parse(argc, argv, &args);
	if (r <= 0)
		return r < 0 ? EXIT_ERROR : EXIT_CLEAN;
	r = query_open(&journal);
	if (r == -ENOENT) {
		log_info("no journal in '%s': nothing was guarded on this machine yet", journal_dir());
		return EXIT_CLEAN;
	}
	if (r < 0)
		return EXIT_ERROR;
	r = args.verify ? verify(journal, args.json) : list(journal, &args);
	if (fflush(stdout) != 0) {
		log_err(-errno, "cannot write");
		return EXIT_ERROR;
	}
	return r;
}
