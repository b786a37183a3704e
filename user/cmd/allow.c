/* SPDX-License-Identifier: Apache-2.0 */
/* allow.c - `cordon allow`: the narrowest grant for one finding, shown before it is written. */
#include "cmd/cmd.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "cmd/query.h"
#include "policy/policy.h"
#include "report/report.h"

#include <errno.h>
#include <getopt.h>
#include <pwd.h>
#include <string.h>
#include <termios.h>
#include <time.h>

enum { OPT_LAST = 256, OPT_YES, OPT_EXPIRES, OPT_REASON, OPT_ALL, OPT_JSON };

static const struct option options[] = {
	{ "last", no_argument, NULL, OPT_LAST },
	{ "yes", no_argument, NULL, OPT_YES },
	{ "expires", required_argument, NULL, OPT_EXPIRES },
	{ "reason", required_argument, NULL, OPT_REASON },
	{ "all", no_argument, NULL, OPT_ALL },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static const char help[] =
	"usage: cordon allow [OPTION...] ID | --last\n\n"
	"Writes the narrowest grant that allows a finding: this package and version, this rule, and exactly this\n"
	"host and port, path or variable. Shows it first, and then the command to go on with.\n\n"
	"  --last           the newest refusal of your newest session\n"
	"  --yes            do not ask; without it and without a terminal nothing is written\n"
	"  --expires DATE   the grant's last day: 2027-01-31\n"
	"  --reason TEXT    why, for whoever reads the policy later\n"
	"  --all            under sudo: also of other users' sessions\n"
	"  --json           JSON\n\n"
	"Exit status: 0 written, or granted already; 1 not written; 2 error, or no grant can allow it.\n";

struct allow_args {
	struct journal_query query;
	bool last, yes, all, json;
	const char *expires, *reason;
};

static int check_expires(const char *text)
{
	struct tm tm = { .tm_isdst = -1 };
	const char *end = strlen(text) == 10 ? strptime(text, "%Y-%m-%d", &tm) : NULL;
	int day = tm.tm_mday;
	time_t when;

	if (!end || *end) {
		log_error("'%s' is no date: 2027-01-31", text);
		return -EINVAL;
	}
	when = mktime(&tm);
	/* mktime() makes March of the 30th of February. */
	if (when == (time_t)-1 || tm.tm_mday != day) {
		log_error("there is no day '%s'", text);
		return -EINVAL;
	}
	if (when + 24 * 3600 <= time(NULL)) {
		log_error("'%s' is over: the grant would never count", text);
		return -EINVAL;
	}
	return 0;
}

static int parse_option(struct allow_args *args, int option)
{
	switch (option) {
	case OPT_LAST:
		args->last = true;
		return 0;
	case OPT_YES:
		args->yes = true;
		return 0;
	case OPT_EXPIRES:
		args->expires = optarg;
		return check_expires(optarg);
	case OPT_REASON:
		args->reason = optarg;
		return 0;
	case OPT_ALL:
		args->all = true;
		return 0;
	case OPT_JSON:
		args->json = true;
		return 0;
	default:
		return -EINVAL; /* getopt said what is wrong */
	}
}

/* 1: go on; else 0 or -errno, and the command is at its end. */
static int parse(int argc, char **argv, struct allow_args *args)
{
	int option, r;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (option == 'h') {
			fputs(help, stdout);
			return 0;
		}
		r = parse_option(args, option);
		if (r < 0)
			return r;
	}
	if (args->last ? optind != argc : argc - optind != 1) {
		log_error("one finding's id or --last is wanted; `cordon log` lists them");
		return -EINVAL;
	}
	if (!args->all)
		args->query.uid = query_uid();
	if (!args->last && query_number(argv[optind], "finding's id", 1, &args->query.id) < 0)
		return -EINVAL;
	return 1;
}

/* What is kept of the journal: it is read and closed before anybody is asked. */
struct subject {
	int64_t finding;
	int64_t session;
	struct policy_grant grant;
	char *command;
	int error; /* of report_narrowest_grant() */
	const char *why;
};

static void subject_release(struct subject *subject)
{
	grant_release(&subject->grant);
	free(subject->command);
}

static int take_session(const struct journal_session *session, void *arg)
{
	struct subject *subject = arg;

	subject->session = session->id;
	free(subject->command);
	subject->command = session->command ? strdup(session->command) : NULL;
	return session->command && !subject->command ? -ENOMEM : 0;
}

static int take_finding(const struct finding *finding, void *arg)
{
	struct subject *subject = arg;

	subject->finding = finding->id;
	subject->session = finding->session;
	subject->error = report_narrowest_grant(finding, &subject->grant, &subject->why);
	return 1; /* the first is the newest */
}

static int take_refusal(const struct finding *finding, void *arg)
{
	return report_is_refusal(finding) ? take_finding(finding, arg) : 0;
}

static int find_last(struct journal *journal, const struct allow_args *args, struct subject *subject)
{
	struct journal_query newest = { .uid = args->query.uid, .rule = -1, .limit = 1 };
	struct journal_query refusals = { .uid = -1, .rule = -1 };
	int r;

	r = journal_sessions(journal, &newest, take_session, subject);
	if (r < 0)
		return query_error(r);
	refusals.session = subject->session;
	r = refusals.session ? journal_findings(journal, &refusals, take_refusal, subject) : 0;
	if (r < 0)
		return query_error(r);
	if (r > 0)
		return 0;
	if (subject->session)
		log_error("nothing was refused in your newest session, %lld; `cordon log` lists all",
			  (long long)subject->session);
	else
		log_error("there is no session of yours");
	return -ENOENT;
}

static int find_id(struct journal *journal, const struct allow_args *args, struct subject *subject)
{
	struct journal_query session = { .uid = -1, .rule = -1, .limit = 1 };
	int r;

	r = journal_findings(journal, &args->query, take_finding, subject);
	if (r < 0)
		return query_error(r);
	if (!r) {
		log_error("no finding %lld%s", (long long)args->query.id,
			  args->query.uid >= 0 ? " of yours; --all looks at everybody's" : "");
		return -ENOENT;
	}
	session.session = subject->session;
	r = journal_sessions(journal, &session, take_session, subject);
	return r < 0 ? query_error(r) : 0;
}

static int find_subject(const struct allow_args *args, struct subject *subject)
{
	CLEANUP(journal_close_cleanup) struct journal *journal = NULL;
	int r;

	r = query_open(&journal);
	if (r == -ENOENT)
		log_error("no journal in '%s': nothing was guarded on this machine yet", journal_dir());
	if (r < 0)
		return r;
	r = args->last ? find_last(journal, args, subject) : find_id(journal, args, subject);
	if (r < 0)
		return r;
	if (subject->error == -ENOTSUP)
		log_error("no grant can allow finding %lld: %s", (long long)subject->finding, subject->why);
	else if (subject->error < 0)
		log_err(subject->error, "cannot make a grant for finding %lld", (long long)subject->finding);
	return subject->error;
}

/* Who decided: the person behind sudo, not root. */
static char *author(void)
{
	const char *sudo = getenv("SUDO_USER");
	const struct passwd *pw;

	if (sudo && *sudo && geteuid() == 0)
		return strdup(sudo);
	pw = getpwuid(getuid());
	return pw ? strdup(pw->pw_name) : text_format("uid %u", getuid());
}

static int complete_grant(const struct allow_args *args, struct subject *subject)
{
	struct policy_grant *grant = &subject->grant;

	grant->author = author();
	grant->reason = args->reason ? strdup(args->reason) :
				       text_format("finding %lld of session %lld", (long long)subject->finding,
						   (long long)subject->session);
	grant->expires = args->expires ? strdup(args->expires) : NULL;
	if (!grant->author || !grant->reason || (args->expires && !grant->expires))
		return log_err(-ENOMEM, "cannot make a grant");
	return 0;
}

/* The grant carries an attacker's names; TOML's escapes are not a terminal's. */
static void print_block(const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");
		_cleanup_free_ char *line = strndup(text, len);
		_cleanup_free_ char *safe = line ? text_escape_terminal(line) : NULL;

		printf("    %s\n", safe ? safe : "?");
		text += len + (text[len] == '\n');
	}
}

static bool ask(void)
{
	char answer[8];

	fputs("write it? [y/N] ", stdout);
	fflush(stdout);
	/* Only what is typed after the question counts: hostile code may have typed ahead (TIOCSTI). */
	tcflush(STDIN_FILENO, TCIFLUSH);
	if (!fgets(answer, sizeof(answer), stdin))
		return false;
	return !strcmp(answer, "y\n") || !strcmp(answer, "Y\n") || !strcmp(answer, "yes\n");
}

/* 1: written; 0: granted already; -errno, which is logged. */
static int append(const struct policy_grant *grant, const char *file)
{
	struct diag diag = { 0 };
	_cleanup_free_ char *where = NULL;
	int r;

	r = grant_append(policy_etc_dir(), grant, &diag);
	if (r < 0 && r != -EEXIST) {
		where = diag.text ? diag_format(&diag) : NULL;
		if (r == -EACCES && geteuid() != 0)
			log_error("only root may change '%s': sudo cordon allow ...", file);
		else if (where)
			log_error("cannot write the grant: %s", where);
		else
			log_err(r, "cannot write '%s'", file);
	}
	diag_release(&diag);
	return r == 0 ? 1 : r == -EEXIST ? 0 : r;
}

static int report_json(const struct subject *subject, const char *file, const char *text, int written)
{
	json_t *json = json_object();
	_cleanup_free_ char *next = text_format("cordon run -- %s", subject->command ? subject->command : "");

	if (!next || json_object_set_new(json, "finding", json_integer(subject->finding)) < 0 ||
	    json_object_set_new(json, "file", report_json_string(file)) < 0 ||
	    json_object_set_new(json, "grant", report_json_string(text)) < 0 ||
	    json_object_set_new(json, "written", json_boolean(written > 0)) < 0 ||
	    json_object_set_new(json, "already_granted", json_boolean(written == 0)) < 0 ||
	    json_object_set_new(json, "next", subject->command ? report_json_string(next) : json_null()) < 0) {
		json_decref(json);
		json = NULL;
	}
	return report_json_write(stdout, json);
}

static void report_text(const struct subject *subject, int written)
{
	_cleanup_free_ char *command = subject->command ? text_escape_terminal(subject->command) : NULL;

	printf("%s\n", written ? "written." : "granted already.");
	if (!command)
		return;
	printf("go on with: cordon run -- %s\n", command);
	if (strstr(command, "***"))
		printf("(put in again what is masked by ***)\n");
}

static int allow(const struct allow_args *args, const struct subject *subject)
{
	_cleanup_free_ char *file = text_format("%s/conf.d/90-reviewed.toml", policy_etc_dir());
	_cleanup_free_ char *text = grant_format(&subject->grant);
	bool wanted = args->yes;
	int written = -ECANCELED;

	if (!file || !text)
		return log_err(-ENOMEM, "cannot make a grant");
	if (!args->json) {
		_cleanup_free_ char *safe = text_escape_terminal(file);

		printf("finding %lld would be allowed by, in %s:\n\n", (long long)subject->finding, safe ? safe : "?");
		print_block(text);
		putchar('\n');
		if (!wanted && isatty(STDIN_FILENO))
			wanted = ask();
	}
	if (wanted) {
		written = append(&subject->grant, file);
		if (written < 0)
			return written;
	}
	if (args->json)
		return report_json(subject, file, text, written) < 0 ? -EIO : written;
	if (wanted)
		report_text(subject, written);
	else
		printf("not written%s\n", isatty(STDIN_FILENO) ? "." : "; --yes writes it.");
	return written;
}

int cmd_allow(int argc, char **argv)
{
	struct allow_args args = { .query = { .uid = -1, .rule = -1 } };
	CLEANUP(subject_release) struct subject subject = { 0 };
	int r;

	r = parse(argc, argv, &args);
	if (r <= 0)
		return r < 0 ? EXIT_ERROR : EXIT_CLEAN;
	r = find_subject(&args, &subject);
	if (r == 0)
		r = complete_grant(&args, &subject);
	if (r < 0)
		return EXIT_ERROR;
	r = allow(&args, &subject);
	if (fflush(stdout) != 0) {
		log_err(-errno, "cannot write");
		return EXIT_ERROR;
	}
	return r >= 0 ? EXIT_CLEAN : r == -ECANCELED ? EXIT_FOUND : EXIT_ERROR;
}
