/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/parse.h"

#include "base/rule.h"
#include "base/text.h"
#include "judge.h"
#include "policy/diag.h"
#include "policy/read.h"

#include <errno.h>
#include <string.h>

#define FAIL_ON_UNSET ((enum policy_fail_on)(POLICY_FAIL_ON_DENY + 1))

static const char *const fail_on_names[] = {
	[POLICY_FAIL_ON_NEVER] = "never",
	[POLICY_FAIL_ON_CONDEMN] = "condemn",
	[POLICY_FAIL_ON_DENY] = "deny",
	NULL,
};

/* The roles whose rows a policy sets; the index + CORDON_ROLE_INSTALLER is the role. */
static const char *const row_names[] = { "installer", "helper", "project", "package", NULL };
_Static_assert(CORDON_ROLE_HELPER == CORDON_ROLE_INSTALLER + 1 && CORDON_ROLE_PROJECT == CORDON_ROLE_INSTALLER + 2 &&
		   CORDON_ROLE_PACKAGE == CORDON_ROLE_INSTALLER + 3 && CORDON_ROLE_COUNT == CORDON_ROLE_PACKAGE + 1,
	       "row_names follows enum cordon_role");

static const char *const require_names[] = { "any", "name", "hash", "locked", NULL };

/* Every name of an enumeration as schema_choice() wants it; the tables of base/rule.h are their only source. */
#define NAMES_OF(function, noun, first, end)                                                                           \
	static const char *const *function(void)                                                                       \
	{                                                                                                              \
		static const char *names[(end) - (first) + 1];                                                         \
                                                                                                                       \
		for (unsigned int i = (first); i < (end); i++)                                                         \
			names[i - (first)] = noun##_name(i);                                                           \
		return names;                                                                                          \
	}

NAMES_OF(mode_names, mode, 0, CORDON_MODE_COUNT)
NAMES_OF(action_names, action, 0, CORDON_ACTION_COUNT)
NAMES_OF(all_rule_names, rule, CORDON_RULE_NONE + 1, CORDON_RULE_COUNT)

const char *const *rule_names(void)
{
	return all_rule_names();
}

bool rule_is_enforced(unsigned int rule)
{
	for (unsigned int backend = 0; backend < CORDON_BACKEND_COUNT; backend++)
		if (cordon_strength(rule, backend) != CORDON_STRENGTH_NOT_YET)
			return true;
	return false;
}

/* Rules on artifacts: they speak of packages, no other role has any. */
static bool rule_is_identity(unsigned int rule)
{
	return text_starts_with(rule_name(rule), "identity.");
}

struct policy *policy_new(void)
{
	struct policy *policy = calloc(1, sizeof(*policy));

	if (!policy)
		return NULL;
	policy->mode = CORDON_MODE_COUNT;
	policy->fail_on = FAIL_ON_UNSET;
	policy->backend = -1;
	memset(policy->actions, CORDON_ACTION_COUNT, sizeof(policy->actions));
	return policy;
}

int policy_add_inert(struct policy *policy, const struct schema *s, const struct toml_node *node, const char *key)
{
	_cleanup_free_ char *text = text_format("%s:%u: %s", s->file, node->key_line, key);

	return text ? strings_append(&policy->inert, &policy->inert_count, text) : -ENOMEM;
}

static int parse_action(struct policy *policy, const struct schema *s, const struct toml_node *node, unsigned int role,
			unsigned int rule)
{
	unsigned int action;
	int r = schema_choice(s, node, action_names(), &action);

	if (r < 0)
		return r;
	if (action == CORDON_ACTION_HIDE && !text_starts_with(node->key, "file."))
		return schema_error(s, node, "'hide' answers that a file is not there; '%s' is about no file",
				    node->key);
	if (rule == CORDON_RULE_GUARD_TAMPER && action != CORDON_ACTION_DENY && action != CORDON_ACTION_CONDEMN)
		return schema_error(s, node,
				    "'guard.tamper' is 'deny' or 'condemn'; nothing weaker protects cordon itself");
	if (rule == CORDON_RULE_ENV_SECRET && action == CORDON_ACTION_CONDEMN)
		return schema_error(s, node, "nobody is condemned for what it was given; 'deny' empties the variables");
	policy->actions[role][rule] = (uint8_t)action;
	return 0;
}

static int parse_row(struct policy *policy, const struct schema *s, const struct toml_node *row, bool vendor)
{
	const unsigned int role = (unsigned int)role_from_name(row->key);
	int r = schema_kind(s, row, TOML_TABLE);

	for (size_t i = 0; !r && i < row->count; i++) {
		const struct toml_node *item = &row->items[i];
		int rule = rule_from_name(item->key);

		if (rule <= CORDON_RULE_NONE) {
			const char *near = schema_suggest(item->key, rule_names());

			if (item->kind == TOML_TABLE)
				return schema_error_key(s, item,
							"unknown rule '%s'; an id has a dot and so needs quotes: "
							"\"net.connect\" = \"deny\"",
							item->key);
			return schema_error_key(s, item, "unknown rule '%s'%s%s%s", item->key,
						near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
		}
		if (role != CORDON_ROLE_PACKAGE && rule_is_identity((unsigned int)rule))
			return schema_error_key(s, item, "'%s' judges packages; it belongs into [rules.package]",
						item->key);
		r = parse_action(policy, s, item, role, (unsigned int)rule);
		if (!r && !vendor && !rule_is_enforced((unsigned int)rule)) {
			_cleanup_free_ char *key = text_format("rules.%s.\"%s\"", row->key, item->key);

			r = key ? policy_add_inert(policy, s, item, key) : -ENOMEM;
		}
	}
	return r;
}

static int parse_rules(struct policy *policy, const struct schema *s, const struct toml_node *rules, bool vendor)
{
	int r = schema_kind(s, rules, TOML_TABLE);

	if (r < 0)
		return r;
	for (size_t i = 0; i < rules->count; i++)
		if (!strcmp(rules->items[i].key, "root") || !strcmp(rules->items[i].key, "none"))
			return schema_error_key(s, &rules->items[i],
						"'%s' has no rules: it is not confined; `cordon run --confine` "
						"treats it as 'project'",
						rules->items[i].key);
	r = schema_keys(s, rules, "[rules]", row_names);
	for (size_t i = 0; !r && i < rules->count; i++)
		r = parse_row(policy, s, &rules->items[i], vendor);
	return r;
}

static int parse_list_inert(struct policy *policy, const struct schema *s, const struct toml_node *node,
			    const char *key)
{
	char **list = NULL;
	size_t count = 0;
	int r;

	if (!node)
		return 0;
	r = schema_strings(s, node, &list, &count);
	strings_free(list, count);
	return r < 0 ? r : policy_add_inert(policy, s, node, key);
}

/* Checked as strictly as what has an effect, so that a policy that passes today is none that breaks tomorrow. */
static int parse_identity(struct policy *policy, const struct schema *s, const struct toml_node *identity)
{
	static const char *const keys[] = { "require", "lockfiles", "internal", "deny", NULL };
	const struct toml_node *require;
	unsigned int choice;
	int r = schema_keys(s, identity, "[identity]", keys);

	if (r < 0)
		return r;
	require = toml_get(identity, "require");
	r = schema_choice(s, require, require_names, &choice);
	if (!r && require)
		r = policy_add_inert(policy, s, require, "identity.require");
	if (!r)
		r = parse_list_inert(policy, s, toml_get(identity, "lockfiles"), "identity.lockfiles");
	if (!r)
		r = parse_list_inert(policy, s, toml_get(identity, "internal"), "identity.internal");
	if (!r)
		r = deny_parse(policy, s, toml_get(identity, "deny"));
	return r;
}

static int parse_sources(struct policy *policy, const struct schema *s, const struct toml_node *sources)
{
	static const char *const keys[] = { "hosts", NULL };
	int r = schema_keys(s, sources, "[sources]", keys);

	return r < 0 ? r : parse_list_inert(policy, s, toml_get(sources, "hosts"), "sources.hosts");
}

static int parse_backend(struct policy *policy, const struct schema *s, const struct toml_node *node)
{
	static const char *const names[] = {
		[CORDON_BACKEND_LSM] = "lsm",	   [CORDON_BACKEND_FMOD_RET] = "fmod_ret",
		[CORDON_BACKEND_TRACE] = "trace",  [CORDON_BACKEND_COUNT] = "any",
		[CORDON_BACKEND_COUNT + 1] = NULL,
	};
	unsigned int choice;
	int r;

	if (!node)
		return 0;
	r = schema_choice(s, node, names, &choice);
	if (!r)
		policy->backend = choice == CORDON_BACKEND_COUNT ? -1 : (int)choice;
	return r;
}

static int parse_grants(struct policy *policy, const struct schema *s, const struct toml_node *grants)
{
	int r;

	if (!grants)
		return 0;
	if (grants->kind != TOML_ARRAY)
		return schema_error_key(s, grants, "grants are written [[grant]], with two brackets");
	for (size_t i = 0; i < grants->count; i++) {
		r = grant_parse(policy, s, &grants->items[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

static int parse_root(struct policy *policy, const struct schema *s, const struct toml_node *root,
		      enum policy_source source)
{
	static const char *const keys[] = {
		"mode", "fail_on", "backend", "rules", "grant", "identity", "sources", NULL
	};
	static const char *const reviewed_keys[] = { "grant", NULL };
	const struct toml_node *node;
	unsigned int choice = policy->fail_on;
	int r;

	r = source == POLICY_SOURCE_REVIEWED
		? schema_keys(s, root, "a file that cordon writes: only grants stand there", reviewed_keys)
		: schema_keys(s, root, "a policy", keys);
	if (!r)
		r = schema_choice(s, toml_get(root, "mode"), mode_names(), &policy->mode);
	if (!r)
		r = schema_choice(s, toml_get(root, "fail_on"), fail_on_names, &choice);
	if (r < 0)
		return r;
	policy->fail_on = (enum policy_fail_on)choice;
	r = parse_backend(policy, s, toml_get(root, "backend"));
	node = toml_get(root, "rules");
	if (!r && node)
		r = parse_rules(policy, s, node, source == POLICY_SOURCE_VENDOR);
	node = toml_get(root, "identity");
	if (!r && node)
		r = parse_identity(policy, s, node);
	node = toml_get(root, "sources");
	if (!r && node)
		r = parse_sources(policy, s, node);
	return r < 0 ? r : parse_grants(policy, s, toml_get(root, "grant"));
}

int policy_parse(struct policy *policy, const char *text, size_t len, const char *file, enum policy_source source,
		 struct diag *ret_diag)
{
	CLEANUP(toml_free_cleanup) struct toml_node *root = NULL;
	const struct schema s = { file, ret_diag };
	int r = toml_parse(text, len, file, &root, ret_diag);

	if (r < 0)
		return r;
	r = parse_root(policy, &s, root, source);
	return r < 0 ? r : strings_append(&policy->files, &policy->file_count, file);
}

int policy_complete(struct policy *policy, const char *file, struct diag *ret_diag)
{
	const struct diag_place place = { file, 0, 0 };

	if (policy->mode == CORDON_MODE_COUNT)
		return diag_set(ret_diag, -EINVAL, place, "does not set 'mode'");
	if (policy->fail_on == FAIL_ON_UNSET)
		return diag_set(ret_diag, -EINVAL, place, "does not set 'fail_on'");
	for (unsigned int rule = CORDON_RULE_NONE + 1; rule < CORDON_RULE_COUNT; rule++) {
		for (unsigned int role = CORDON_ROLE_INSTALLER; role < CORDON_ROLE_COUNT; role++) {
			if (policy->actions[role][rule] != CORDON_ACTION_COUNT)
				continue;
			/* Never asked there; a refusal in case it is. */
			if (role != CORDON_ROLE_PACKAGE && rule_is_identity(rule))
				policy->actions[role][rule] = CORDON_ACTION_DENY;
			else
				return diag_set(ret_diag, -EINVAL, place, "does not set \"%s\" in [rules.%s]",
						rule_name(rule), role_name(role));
		}
	}
	for (unsigned int role = CORDON_ROLE_NONE; role <= CORDON_ROLE_ROOT; role++) {
		memset(policy->actions[role], CORDON_ACTION_ALLOW, sizeof(policy->actions[role]));
		policy->actions[role][CORDON_RULE_GUARD_TAMPER] = CORDON_ACTION_DENY;
	}
	for (unsigned int role = 0; role < CORDON_ROLE_COUNT; role++)
		policy->actions[role][CORDON_RULE_NONE] = CORDON_ACTION_ALLOW;
	return 0;
}
