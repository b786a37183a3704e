/* SPDX-License-Identifier: Apache-2.0 */
/* deny.c - identity.deny: packages and archives that nobody may take into use. Lists of several files add up. */
#include "base/cleanup.h"
#include "policy/name.h"
#include "policy/parse.h"

#include <errno.h>
#include <string.h>

void deny_release(struct policy_deny *deny)
{
	free(deny->ecosystem);
	free(deny->package);
	free(deny->version);
	free(deny->digest);
	free(deny->file);
	memset(deny, 0, sizeof(*deny));
}

static bool is_digest(const char *text)
{
	return (!strncmp(text, "sha256:", 7) && hex_is_valid(text + 7, 64)) ||
	       (!strncmp(text, "sha512:", 7) && hex_is_valid(text + 7, 128));
}

static int parse_package(struct policy_deny *deny, const struct schema *s, const struct toml_node *node)
{
	const char *equals = strstr(node->string, "==");
	_cleanup_free_ char *name = equals ? strndup(node->string, (size_t)(equals - node->string)) : strdup(node->string);
	const char *why;
	int r;

	if (!name)
		return -ENOMEM;
	r = package_parse(name, &deny->ecosystem, &deny->package, &why);
	if (r == -EINVAL)
		return schema_error(s, node, "'%s' %s", node->string, why);
	if (r < 0)
		return r;
	if (!strcmp(deny->package, "*"))
		return schema_error(s, node, "'%s' is every package; name those that are meant", node->string);
	if (!equals)
		return 0;
	if (!equals[2] || !version_is_plain(equals + 2))
		return schema_error(s, node, "'%s' has no version behind its '=='; one exact version is meant", node->string);
	deny->version = strdup(equals + 2);
	return deny->version ? 0 : -ENOMEM;
}

static int parse_entry(struct policy_deny *deny, const struct schema *s, const struct toml_node *node)
{
	int r = schema_kind(s, node, TOML_STRING);

	if (r < 0)
		return r;
	if (!strncmp(node->string, "sha", 3) && strchr(node->string, ':')) {
		if (!is_digest(node->string))
			return schema_error(s, node, "'%s' is no digest; write sha256: and 64, or sha512: and 128 digits of 0-9a-f",
					    node->string);
		deny->digest = strdup(node->string);
		r = deny->digest ? 0 : -ENOMEM;
	} else {
		r = parse_package(deny, s, node);
	}
	deny->file = r < 0 ? NULL : strdup(s->file);
	deny->line = node->line;
	return r < 0 ? r : deny->file ? 0 : -ENOMEM;
}

int deny_parse(struct policy *policy, const struct schema *s, const struct toml_node *list)
{
	int r;

	if (!list)
		return 0;
	r = schema_kind(s, list, TOML_ARRAY);
	for (size_t i = 0; !r && i < list->count; i++) {
		CLEANUP(deny_release) struct policy_deny deny = { 0 };
		struct policy_deny *grown;

		r = parse_entry(&deny, s, &list->items[i]);
		if (r < 0)
			return r;
		grown = reallocarray(policy->denies, policy->deny_count + 1, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		policy->denies = grown;
		grown[policy->deny_count++] = deny;
		memset(&deny, 0, sizeof(deny));
	}
	return r;
}

static bool deny_matches(const struct policy_deny *deny, const struct policy_artifact *artifact)
{
	if (deny->digest)
		return (artifact->sha256 && !strncmp(deny->digest, "sha256:", 7) && !strcmp(deny->digest + 7, artifact->sha256)) ||
		       (artifact->sha512 && !strncmp(deny->digest, "sha512:", 7) && !strcmp(deny->digest + 7, artifact->sha512));
	if (!artifact->name || !*artifact->name)
		return false;
	if (deny->ecosystem[0] && strcmp(deny->ecosystem, artifact->ecosystem) != 0)
		return false;
	/* A version that nobody knows may be the one. */
	if (deny->version && artifact->version && *artifact->version && strcmp(deny->version, artifact->version) != 0)
		return false;
	return package_equal(artifact->ecosystem, deny->package, artifact->name);
}

const struct policy_deny *policy_denies(const struct policy *policy, const struct policy_artifact *artifact)
{
	for (size_t i = 0; i < policy->deny_count; i++)
		if (deny_matches(&policy->denies[i], artifact))
			return &policy->denies[i];
	return NULL;
}
