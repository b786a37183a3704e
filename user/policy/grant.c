/* SPDX-License-Identifier: Apache-2.0 */
/* grant.c - one [[grant]]: what it must say, and of whom it speaks. */
#include "base/rule.h"
#include "base/text.h"
#include "policy/diag.h"
#include "policy/name.h"
#include "policy/parse.h"

#include <errno.h>
#include <string.h>

/* What a grant for a rule has to name. */
enum grant_object {
	GRANT_OBJECT_NONE,
	GRANT_OBJECT_HOST,
	GRANT_OBJECT_PATH,
	GRANT_OBJECT_PROGRAM,
	GRANT_OBJECT_VARIABLE,
	GRANT_OBJECT_SHA256, /* of a file, not of the package */
	GRANT_OBJECT_NEVER, /* no grant for it */
	GRANT_OBJECT_COUNT,
};

static const char *const object_keys[GRANT_OBJECT_COUNT] = {
	[GRANT_OBJECT_HOST] = "host",
	[GRANT_OBJECT_PATH] = "path",
	[GRANT_OBJECT_PROGRAM] = "program",
	[GRANT_OBJECT_VARIABLE] = "variable",
	[GRANT_OBJECT_SHA256] = "sha256",
};

static const uint8_t rule_objects[CORDON_RULE_COUNT] = {
	[CORDON_RULE_NET_CONNECT] = GRANT_OBJECT_HOST,
	[CORDON_RULE_NET_SEND] = GRANT_OBJECT_HOST,
	[CORDON_RULE_NET_LISTEN] = GRANT_OBJECT_HOST,
	[CORDON_RULE_NET_FAMILY] = GRANT_OBJECT_NEVER, /* a kind of socket has no name that could be granted */
	[CORDON_RULE_NET_BROKER] = GRANT_OBJECT_PATH,
	[CORDON_RULE_EXEC_DROPPED] = GRANT_OBJECT_PROGRAM,
	[CORDON_RULE_EXEC_SETUID] = GRANT_OBJECT_PROGRAM,
	[CORDON_RULE_FILE_SECRET] = GRANT_OBJECT_PATH,
	[CORDON_RULE_FILE_HIDDEN] = GRANT_OBJECT_PATH,
	[CORDON_RULE_FILE_PRIVATE] = GRANT_OBJECT_PATH,
	[CORDON_RULE_FILE_PERSIST] = GRANT_OBJECT_PATH,
	[CORDON_RULE_FILE_OUTSIDE] = GRANT_OBJECT_PATH,
	[CORDON_RULE_FILE_STARTUP] = GRANT_OBJECT_SHA256,
	[CORDON_RULE_FILE_SETUID] = GRANT_OBJECT_PATH,
	[CORDON_RULE_FILE_CONDEMNED] = GRANT_OBJECT_NEVER, /* whoever trusts the package grants what it was condemned for */
	[CORDON_RULE_ENV_SECRET] = GRANT_OBJECT_VARIABLE,
	[CORDON_RULE_GUARD_TAMPER] = GRANT_OBJECT_NEVER,
};

void grant_release(struct policy_grant *grant)
{
	free(grant->ecosystem);
	free(grant->package);
	free(grant->version);
	free(grant->host);
	free(grant->path);
	free(grant->program);
	free(grant->variable);
	free(grant->sha256);
	free(grant->reason);
	free(grant->author);
	free(grant->expires);
	free(grant->file);
	memset(grant, 0, sizeof(*grant));
}

static bool equal_or_null(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

bool grant_equal(const struct policy_grant *a, const struct policy_grant *b)
{
	return a->rule == b->rule && a->port == b->port &&
	       !strcmp(a->ecosystem ? a->ecosystem : "", b->ecosystem ? b->ecosystem : "") &&
	       equal_or_null(a->package, b->package) && equal_or_null(a->version, b->version) &&
	       equal_or_null(a->host, b->host) && equal_or_null(a->path, b->path) && equal_or_null(a->program, b->program) &&
	       equal_or_null(a->variable, b->variable) && equal_or_null(a->sha256, b->sha256) &&
	       equal_or_null(a->expires, b->expires);
}

/* A path of one file or folder: absolute or below ~, without detours. */
static const char *path_mistake(const char *path)
{
	const char *rest = path[0] == '~' && path[1] == '/' ? path + 1 : path;

	if (rest[0] != '/')
		return "must be absolute, or start with ~/";
	if (!rest[1])
		return "is everything; name what is needed";
	if (strchr(path, '*'))
		return "is a pattern; a grant names one file or folder";
	for (const char *part = rest + 1; *part;) {
		size_t len = strcspn(part, "/");

		if (!len || (len == 1 && part[0] == '.') || (len == 2 && part[0] == '.' && part[1] == '.'))
			return "has an empty part, '.' or '..'";
		part += len + (part[len] == '/');
	}
	return NULL;
}

bool grant_is_variable(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
	size_t len = strspn(text, letters);

	return len && strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") == strlen(text);
}

static int parse_who(struct policy_grant *grant, const struct schema *s, const struct toml_node *table)
{
	const struct toml_node *package = toml_get(table, "package"), *version = toml_get(table, "version");
	const char *why = NULL;
	int r;

	if (!package)
		return schema_error(s, table, "a grant needs 'package'");
	r = schema_kind(s, package, TOML_STRING);
	if (r < 0)
		return r;
	r = package_parse(package->string, &grant->ecosystem, &grant->package, &why);
	if (r == -EINVAL)
		return schema_error(s, package, "'%s' %s", package->string, why);
	if (r < 0)
		return r;
	r = schema_string(s, version, &grant->version);
	if (!r && grant->version && !version_is_plain(grant->version))
		return schema_error(s, version, "'%s' is no version; a grant names one, or leaves it out",
				    grant->version);
	return r;
}

static int parse_host(struct policy_grant *grant, const struct schema *s, const struct toml_node *node)
{
	const char *why = NULL;
	int r = schema_kind(s, node, TOML_STRING);

	if (r < 0)
		return r;
	r = host_parse(node->string, &grant->host, &grant->port, &why);
	return r == -EINVAL ? schema_error(s, node, "'%s' %s", node->string, why) : r;
}

static int parse_path(struct policy_grant *grant, const struct schema *s, const struct toml_node *node)
{
	const char *why;
	int r = schema_string(s, node, &grant->path);

	if (r < 0)
		return r;
	why = path_mistake(grant->path);
	return why ? schema_error(s, node, "'%s' %s", grant->path, why) : 0;
}

static int parse_program(struct policy_grant *grant, const struct schema *s, const struct toml_node *node)
{
	int r = schema_string(s, node, &grant->program);

	if (r < 0)
		return r;
	if (grant->program[0] != '/' || path_mistake(grant->program))
		return schema_error(s, node, "'%s' is no absolute path of a program", grant->program);
	return 0;
}

static int parse_variable(struct policy_grant *grant, const struct schema *s, const struct toml_node *node)
{
	int r = schema_string(s, node, &grant->variable);

	if (r < 0)
		return r;
	return grant_is_variable(grant->variable) ? 0 : schema_error(s, node, "'%s' is no name of a variable", grant->variable);
}

static int parse_object(struct policy_grant *grant, const struct schema *s, const struct toml_node *table)
{
	const enum grant_object wanted = rule_objects[grant->rule];
	const struct toml_node *node;

	for (enum grant_object object = GRANT_OBJECT_HOST; object <= GRANT_OBJECT_VARIABLE; object++) {
		node = toml_get(table, object_keys[object]);
		if (node && object != wanted)
			return schema_error_key(s, node, "'%s' says nothing for the rule '%s'%s%s%s", node->key,
						rule_name(grant->rule), object_keys[wanted] ? ", which wants '" : "",
						object_keys[wanted] ? object_keys[wanted] : "",
						object_keys[wanted] ? "'" : "");
	}
	if (!object_keys[wanted])
		return 0;
	node = toml_get(table, object_keys[wanted]);
	if (!node)
		return schema_error(s, table, "a grant for '%s' needs '%s'", rule_name(grant->rule),
				    object_keys[wanted]);
	switch (wanted) {
	case GRANT_OBJECT_HOST:
		return parse_host(grant, s, node);
	case GRANT_OBJECT_PATH:
		return parse_path(grant, s, node);
	case GRANT_OBJECT_SHA256:
		return schema_string(s, node, &grant->sha256); /* parse_rest() looks at it, as at every grant's */
	case GRANT_OBJECT_PROGRAM:
		return parse_program(grant, s, node);
	default:
		return parse_variable(grant, s, node);
	}
}

static int parse_rule(struct policy_grant *grant, const struct schema *s, const struct toml_node *table)
{
	const struct toml_node *node = toml_get(table, "rule");
	unsigned int index;
	int r;

	if (!node)
		return schema_error(s, table, "a grant needs 'rule'");
	r = schema_choice(s, node, rule_names(), &index);
	if (r < 0)
		return r;
	grant->rule = index + 1;
	if (grant->rule == CORDON_RULE_GUARD_TAMPER)
		return schema_error(s, node, "'guard.tamper' cannot be granted to anybody");
	if (rule_objects[grant->rule] == GRANT_OBJECT_NEVER)
		return schema_error(s, node, "'%s' cannot be granted to one package; set its action in [rules.package]",
				    node->string);
	return 0;
}

static int parse_rest(struct policy_grant *grant, const struct schema *s, const struct toml_node *table)
{
	const struct toml_node *expires = toml_get(table, "expires"), *sha256 = toml_get(table, "sha256");
	int r = schema_string(s, toml_get(table, "reason"), &grant->reason);

	if (!r)
		r = schema_string(s, toml_get(table, "author"), &grant->author);
	if (!r && sha256) {
		r = schema_kind(s, sha256, TOML_STRING);
		if (!r && !hex_is_valid(sha256->string, 64))
			return schema_error(s, sha256, "'sha256' must be 64 hexadecimal digits in lower case");
	}
	if (!r && expires) {
		r = schema_kind(s, expires, TOML_DATE);
		if (!r) {
			grant->expires = strdup(expires->string);
			r = grant->expires ? 0 : -ENOMEM;
		}
	}
	return r;
}

/* Notes every key without effect. Gives 1 where the whole grant has to be left out. */
static int note_inert(struct policy *policy, const struct schema *s, const struct toml_node *table,
		      const struct policy_grant *grant)
{
	static const struct {
		const char *key, *name;
	} inert[] = { { "sha256", "grant.sha256" }, { "program", "grant.program" } };
	bool noted = false;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(inert); i++) {
		const struct toml_node *node = toml_get(table, inert[i].key);

		if (!node || (grant->sha256 && !strcmp(inert[i].key, "sha256")) ||
		    (grant->rule == CORDON_RULE_EXEC_DROPPED && !strcmp(inert[i].key, "program")))
			continue;
		noted = true;
		r = policy_add_inert(policy, s, node, inert[i].name);
		if (r < 0)
			return r;
	}
	if (!noted && !rule_is_enforced(grant->rule)) {
		_cleanup_free_ char *key = text_format("grant for %s", rule_name(grant->rule));

		r = key ? policy_add_inert(policy, s, table, key) : -ENOMEM;
		if (r < 0)
			return r;
	}
	/* The hash limits the grant to one artifact. Without the limit it would grant more than its author meant. */
	return noted;
}

int grant_parse(struct policy *policy, const struct schema *s, const struct toml_node *table)
{
	static const char *const keys[] = { "package", "version",  "sha256", "rule",   "host",	  "path",
					    "program", "variable", "reason", "author", "expires", NULL };
	CLEANUP(grant_release) struct policy_grant grant = { 0 };
	struct policy_grant *grown;
	int r = schema_keys(s, table, "a grant", keys);

	if (!r)
		r = parse_who(&grant, s, table);
	if (!r)
		r = parse_rule(&grant, s, table);
	if (!r)
		r = parse_object(&grant, s, table);
	if (!r)
		r = parse_rest(&grant, s, table);
	if (!r)
		r = note_inert(policy, s, table, &grant);
	if (r)
		return r < 0 ? r : 0;
	grant.file = strdup(s->file);
	grant.line = table->line;
	grown = reallocarray(policy->grants, policy->grant_count + 1, sizeof(*grown));
	if (grown)
		policy->grants = grown;
	if (!grown || !grant.file)
		return -ENOMEM;
	grown[policy->grant_count++] = grant;
	memset(&grant, 0, sizeof(grant));
	return 0;
}

bool grant_is_expired(const struct policy_grant *grant, time_t now)
{
	char today[32];
	struct tm tm;

	if (!grant->expires)
		return false;
	if (!gmtime_r(&now, &tm))
		return true;
	/* ISO dates compare as text. */
	snprintf(today, sizeof(today), "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
	return strcmp(today, grant->expires) > 0;
}

bool policy_grant_matches(const struct policy_grant *grant, const char *ecosystem, const char *package,
			  const char *version, time_t now)
{
	if (!ecosystem)
		ecosystem = "";
	/* Code that is bound to no package gets no grants, whatever is granted to everyone. */
	if (!package || !*package || !strcmp(package, PACKAGE_UNKNOWN))
		return false;
	if (*grant->ecosystem && strcmp(grant->ecosystem, ecosystem) != 0)
		return false;
	if (strcmp(grant->package, "*") != 0 && !package_equal(ecosystem, grant->package, package))
		return false;
	if (grant->version && (!version || strcmp(grant->version, version) != 0))
		return false;
	return !grant_is_expired(grant, now);
}
