/* SPDX-License-Identifier: Apache-2.0 */
/* policy.c - `cordon policy check`: reads everything that `run` would read, and says what is wrong or without effect.
 */
#include "base/cleanup.h"
#include "base/log.h"
#include "base/rule.h"
#include "base/text.h"
#include "policy/data.h"
#include "cmd/cmd.h"
#include "policy/parse.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <limits.h>
#include <pwd.h>
#include <stdarg.h>
#include <string.h>

DEFINE_CLEANUP(json_t *, json_decref)

static const char usage_text[] =
    "usage: cordon policy check [--policy FILE] [--json]\n"
    "\n"
    "Reads the policy, the lists of protected files, recognition and start-up forms, and tells every mistake in them,\n"
    "and what is without effect: keys that nothing enforces yet, grants whose last day is over.\n"
    "\n"
    "  --policy FILE  in place of /etc/cordon/cordon.toml and conf.d/\n"
    "  --json         for programs\n"
    "  --help\n"
    "\n"
    "Status: 0 all of it has an effect, 1 some has none, 2 a mistake.\n";

/* All that is checked. */
struct checked {
	struct policy *policy;
	struct policy_data data;
};

static void checked_release(struct checked *checked)
{
	policy_free(checked->policy);
	policy_data_release(&checked->data);
}

enum notice_kind { NOTICE_INERT, NOTICE_EXPIRED, NOTICE_ENDLESS, NOTICE_COUNT };

static const char *const notice_names[NOTICE_COUNT] = { "inert", "expired", "endless" };

/* To stdout, one line, safe for a terminal: reasons and paths of a policy may have been written by anyone. */
static void put_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void put_line(const char *format, ...)
{
	_cleanup_free_ char *text = NULL, *safe = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	if (text)
		safe = text_escape_terminal(text);
	puts(safe ? safe : "out of memory");
}

/* Without a home the lists would protect nothing below it, so there has to be one; the user's own here. */
static char *home_dir(void)
{
	const char *home = getenv("HOME");
	struct passwd *entry;

	if (home && home[0] == '/')
		return strdup(home);
	entry = getpwuid(geteuid());
	return entry && entry->pw_dir ? strdup(entry->pw_dir) : NULL;
}

static const char *env_of_ours(const void *arg, const char *name)
{
	(void)arg;
	return getenv(name);
}

static int check_all(const char *override, struct checked *ret, struct diag *ret_diag)
{
	_cleanup_free_ char *vendor = policy_vendor_dir(), *home = home_dir(), *project = getcwd(NULL, 0);
	const struct policy_paths paths = { .vendor = vendor, .override = override };
	const struct zones_scene scene = { home, project, getuid(), env_of_ours, NULL };
	int r = policy_load(&paths, &ret->policy, ret_diag);

	/* policy_load() has told where there is none. */
	return r < 0 ? r : policy_data_load(vendor ? vendor : "", &scene, &ret->data, ret_diag);
}

static bool grant_notice(const struct policy_grant *grant, enum notice_kind kind)
{
	switch (kind) {
	case NOTICE_EXPIRED:
		return grant_is_expired(grant, time(NULL));
	case NOTICE_ENDLESS:
		return !grant->expires;
	default:
		return false;
	}
}

/* "pypi:name: net.connect" */
static char *grant_subject(const struct policy_grant *grant)
{
	return text_format("%s%s%s: %s", grant->ecosystem, *grant->ecosystem ? ":" : "", grant->package,
			   rule_name(grant->rule));
}

static void print_notices(const struct policy *policy)
{
	for (size_t i = 0; i < policy->inert_count; i++)
		put_line("%s: not enforced yet", policy->inert[i]);
	for (size_t i = 0; i < policy->grant_count; i++) {
		const struct policy_grant *grant = &policy->grants[i];
		_cleanup_free_ char *subject = grant_subject(grant);

		if (grant_notice(grant, NOTICE_EXPIRED))
			put_line("%s:%u: %s: expired on %s", grant->file, grant->line, subject ? subject : "?",
				 grant->expires);
		if (grant_notice(grant, NOTICE_ENDLESS))
			put_line("%s:%u: %s: note: never expires", grant->file, grant->line, subject ? subject : "?");
	}
}

static void print_text(const struct checked *checked)
{
	const struct policy *policy = checked->policy;

	for (size_t i = 0; i < policy->file_count; i++)
		put_line("read %s", policy->files[i]);
	put_line("mode %s, %zu grants, %zu protected paths, %zu installers", mode_name(policy->mode),
		 policy->grant_count, checked->data.zones->count, checked->data.installers->count);
	print_notices(policy);
}

static int json_add_grants(json_t *list, const struct policy *policy, enum notice_kind kind)
{
	for (size_t i = 0; i < policy->grant_count; i++) {
		const struct policy_grant *grant = &policy->grants[i];
		_cleanup_free_ char *subject = grant_subject(grant);

		if (!grant_notice(grant, kind))
			continue;
		if (!subject ||
		    json_array_append_new(list, json_pack("{s:s, s:s, s:i, s:s, s:s*}", "kind", notice_names[kind],
							  "file", grant->file, "line", (int)grant->line, "grant",
							  subject, "expires", grant->expires)) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int print_json(const struct checked *checked)
{
	const struct policy *policy = checked->policy;
	CLEANUP(json_decref_cleanup) json_t *root = NULL;
	json_t *files = json_array(), *notices = json_array();
	int r = 0;

	for (size_t i = 0; i < policy->file_count; i++)
		json_array_append_new(files, json_string(policy->files[i]));
	for (size_t i = 0; i < policy->inert_count; i++)
		json_array_append_new(
		    notices, json_pack("{s:s, s:s}", "kind", notice_names[NOTICE_INERT], "key", policy->inert[i]));
	r = json_add_grants(notices, policy, NOTICE_EXPIRED);
	if (!r)
		r = json_add_grants(notices, policy, NOTICE_ENDLESS);
	/* Takes `files` and `notices` over, also where it fails. */
	root = json_pack("{s:o, s:s, s:I, s:I, s:I, s:o}", "files", files, "mode", mode_name(policy->mode), "grants",
			 (json_int_t)policy->grant_count, "protected", (json_int_t)checked->data.zones->count, "installers",
			 (json_int_t)checked->data.installers->count, "notices", notices);
	if (!root || r < 0 || json_dumpf(root, stdout, JSON_INDENT(2)) < 0)
		return -ENOMEM;
	putchar('\n');
	return 0;
}

static bool has_finding(const struct policy *policy)
{
	if (policy->inert_count)
		return true;
	for (size_t i = 0; i < policy->grant_count; i++)
		if (grant_notice(&policy->grants[i], NOTICE_EXPIRED))
			return true;
	return false;
}

static int check(const char *override, bool json)
{
	CLEANUP(checked_release) struct checked checked = { 0 };
	CLEANUP(diag_release) struct diag diag = { 0 };
	int r = check_all(override, &checked, &diag);

	if (r < 0) {
		_cleanup_free_ char *text = diag_format(&diag);

		log_error("%s", text ? text : "out of memory");
		return EXIT_ERROR;
	}
	if (!json)
		print_text(&checked);
	else
		r = print_json(&checked);
	if (!r && fflush(stdout) != 0)
		r = -errno;
	if (r < 0) {
		log_err(r, "cannot write the answer");
		return EXIT_ERROR;
	}
	return has_finding(checked.policy) ? EXIT_FOUND : EXIT_CLEAN;
}

int cmd_policy(int argc, char **argv)
{
	static const struct option options[] = {
		{ "policy", required_argument, NULL, 'p' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	const char *override = NULL;
	bool json = false;
	int option;

	optind = 1;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'p':
			override = optarg;
			break;
		case 'j':
			json = true;
			break;
		case 'h':
			fputs(usage_text, stdout);
			return EXIT_CLEAN;
		default:
			return EXIT_ERROR;
		}
	}
	if (optind + 1 != argc || strcmp(argv[optind], "check") != 0) {
		fputs(usage_text, stderr);
		return EXIT_ERROR;
	}
	return check(override, json);
}
