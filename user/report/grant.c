/* SPDX-License-Identifier: Apache-2.0 */
#include "report/report.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <string.h>

/* What a grant of a rule is bound to; what is not here no grant speaks of (yet). */
enum grant_key { GRANT_KEY_NONE, GRANT_KEY_HOST, GRANT_KEY_PATH, GRANT_KEY_PROGRAM, GRANT_KEY_CONTENT, GRANT_KEY_VARIABLE };

static enum grant_key grant_key(unsigned int rule)
{
	switch (rule) {
	case CORDON_RULE_NET_CONNECT:
	case CORDON_RULE_NET_SEND:
	case CORDON_RULE_NET_LISTEN:
		return GRANT_KEY_HOST;
	case CORDON_RULE_FILE_SECRET:
	case CORDON_RULE_FILE_HIDDEN:
	case CORDON_RULE_FILE_PRIVATE:
	case CORDON_RULE_FILE_PERSIST:
	case CORDON_RULE_FILE_OUTSIDE:
		return GRANT_KEY_PATH;
	case CORDON_RULE_EXEC_DROPPED:
		return GRANT_KEY_PROGRAM;
	case CORDON_RULE_FILE_STARTUP:
	case CORDON_RULE_IDENTITY_STARTUP: /* the same file, before it is written */
		return GRANT_KEY_CONTENT;
	case CORDON_RULE_ENV_SECRET:
		return GRANT_KEY_VARIABLE;
	default:
		return GRANT_KEY_NONE;
	}
}

static const char *why_not_path(const char *path)
{
	if (!path || path[0] != '/')
		return "the whole path is not known";
	if (text_starts_with(path, "/proc/"))
		return "the path belongs to another process";
	return strpbrk(path, "*?[{") ? "its path cannot be told from a pattern" : NULL;
}

/* NULL: a grant can allow it. An empty field of a grant means "any", so where the finding does not know, none is
 * made. */
static const char *why_not(const struct finding *f)
{
	if (f->rule == CORDON_RULE_GUARD_TAMPER)
		return "nothing may touch the guard";
	if (f->rule == CORDON_RULE_IDENTITY_KNOWN_BAD)
		return "the policy denies it; it can be taken off that list";
	if (!f->package || !*f->package)
		return "it was no package's code";
	if (!strcmp(f->package, "unknown"))
		return "it is not known which package did it, and a grant names one";
	/* "*" is how a grant says "every package": one that calls itself so would be allowed for all. */
	if (!f->ecosystem || !*f->ecosystem || strpbrk(f->package, "*?["))
		return "its name cannot be told from a pattern";
	if (f->version && strpbrk(f->version, "*?["))
		return "its version cannot be told from a pattern";
	switch (grant_key(f->rule)) {
	case GRANT_KEY_HOST:
		if (!f->object_address || !*f->object_address)
			return "the address is not known";
		return f->object_port && f->object_port <= 65535 ? NULL : "the port is not known";
	case GRANT_KEY_PATH:
		return why_not_path(f->object_path);
	case GRANT_KEY_PROGRAM:
		if (f->object_path && f->object_path[0] == '/' &&
		    (strstr(f->object_path, "/pip-") || text_starts_with(f->object_path, "/tmp/")))
			return "the program lay in a temporary folder, whose name the next install does not have";
		return why_not_path(f->object_path);
	case GRANT_KEY_CONTENT:
		return f->sha256 ? NULL : "a grant names the content of such a file, and this one was not written";
	case GRANT_KEY_VARIABLE:
		if (!f->object_protocol)
			return "it is not known which variable it was about";
		return grant_is_variable(f->object_protocol) ? NULL : "the variable's name is none that a grant can have";
	default:
		return "no grant speaks of this rule; the policy can change it for all packages";
	}
}

static int copy(const char *from, char **ret)
{
	char *text;

	if (!from)
		return 0;
	text = strdup(from);
	if (!text)
		return -ENOMEM;
	*ret = text;
	return 0;
}

int report_narrowest_grant(const struct finding *f, struct policy_grant *ret, const char **ret_why)
{
	CLEANUP(grant_release) struct policy_grant grant = { .rule = f->rule };
	const char *why = why_not(f);
	int r;

	if (why) {
		*ret_why = why;
		return -ENOTSUP;
	}
	r = copy(f->ecosystem, &grant.ecosystem);
	if (r == 0)
		r = copy(f->package, &grant.package);
	if (r == 0)
		r = copy(f->version, &grant.version);
	if (r == 0 && grant_key(f->rule) == GRANT_KEY_HOST) {
		grant.port = f->object_port;
		r = copy(f->object_address, &grant.host);
	} else if (r == 0 && grant_key(f->rule) == GRANT_KEY_PROGRAM) {
		r = copy(f->object_path, &grant.program);
	} else if (r == 0 && grant_key(f->rule) == GRANT_KEY_CONTENT) {
		grant.rule = CORDON_RULE_FILE_STARTUP;
		r = copy(f->sha256, &grant.sha256);
	} else if (r == 0 && grant_key(f->rule) == GRANT_KEY_VARIABLE) {
		r = copy(f->object_protocol, &grant.variable);
	} else if (r == 0) {
		r = copy(f->object_path, &grant.path);
	}
	if (r < 0)
		return r;
	*ret = grant;
	grant = (struct policy_grant){ 0 };
	return 0;
}
