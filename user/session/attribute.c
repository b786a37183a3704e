/* SPDX-License-Identifier: Apache-2.0 */
#include "session/attribute.h"

#include "base/text.h"
#include "session/pattern.h"

#include <errno.h>
#include <string.h>

static void begin(struct identity *identity, const char *ecosystem)
{
	*identity = (struct identity){ 0 };
	snprintf(identity->ecosystem, sizeof(identity->ecosystem), "%s", ecosystem);
}

/* "VARIABLE=FIELD" pairs. A variable that holds no well-formed value counts as not set. */
void attribute_claim(const struct installer *installer, const struct facts *facts, struct identity *claim)
{
	begin(claim, installer->ecosystem);
	for (size_t i = 0; i < installer->attribute_env_count; i++) {
		const char *pair = installer->attribute_env[i];
		const char *field = strchr(pair, '=');
		char variable[64];
		const char *value;

		if (!field || (size_t)(field - pair) >= sizeof(variable))
			continue;
		memcpy(variable, pair, (size_t)(field - pair));
		variable[field - pair] = '\0';
		value = facts_env(facts, variable);
		if (!value)
			continue;
		if (!strcmp(field + 1, "name") && !claim->name[0])
			identity_set_name(claim, value, strlen(value));
		else if (!strcmp(field + 1, "version") && !claim->version[0])
			identity_set_version(claim, value, strlen(value));
	}
}

/* https://HOST/PATH/[@SCOPE/]NAME/-/NAME-VERSION.tgz, the scope's slash maybe as %2f. */
static int from_npm_address(const char *address, struct identity *ret)
{
	const char *dash = strstr(address, "/-/");
	const char *file, *base, *name;
	size_t base_len;
	char full[IDENTITY_NAME_MAX + 1];

	if (!dash || (!text_starts_with(address, "https://") && !text_starts_with(address, "http://")))
		return -ENOENT;
	for (base = dash; base > address && base[-1] != '/'; base--)
		;
	name = base;
	if (base - address >= 2 && base[0] != '@') {
		const char *scope = base - 1;

		while (scope > address && scope[-1] != '/')
			scope--;
		if (*scope == '@')
			name = scope;
	}
	if ((size_t)(dash - name) >= sizeof(full))
		return -ENOENT;
	memcpy(full, name, (size_t)(dash - name));
	full[dash - name] = '\0';
	if (full[0] == '@') {
		char *escaped = strcasestr(full, "%2f");

		if (escaped) {
			*escaped = '/';
			memmove(escaped + 1, escaped + 3, strlen(escaped + 3) + 1);
		}
	}
	begin(ret, "npm");
	if (identity_set_name(ret, full, strlen(full)) < 0)
		return -ENOENT;
	base = strchr(full, '/') ? strchr(full, '/') + 1 : full;
	base_len = strlen(base);
	file = dash + strlen("/-/");
	if (!strncmp(file, base, base_len) && file[base_len] == '-' && strstr(file, ".tgz")) {
		const char *version = file + base_len + 1;

		identity_set_version(ret, version, (size_t)(strstr(file, ".tgz") - version));
	}
	return 0;
}

/* The archive that `folder` was unpacked from: the one that was bound to it, else the last one opened that has the name
 * (NULL: any) and is nobody else's. */
static struct archive *find_archive(const struct attribute_input *in, const char *name, struct identity *ret)
{
	struct process *p = in->starter;
	struct archive *found = NULL;

	for (size_t i = 0; p && i < p->archive_count; i++) {
		struct archive *a = &p->archives[i];
		bool own = a->bound && !strcmp(a->bound, in->facts->cwd);
		struct identity identity;

		if ((a->bound && !own) || (found && !own && found->order > a->order))
			continue;
		if (identity_from_archive(in->installer->ecosystem, a->name, name, &identity) < 0)
			continue;
		*ret = identity;
		found = a;
		if (own)
			break;
	}
	return found;
}

static int from_match(const struct attribute_input *in, const struct pattern_match *match, struct identity *ret)
{
	const char *name = match->identity.name[0] ? match->identity.name : NULL;
	bool named_by_content = match->joined && !strcmp(in->installer->ecosystem, "pypi");
	struct identity of_archive;
	struct archive *archive;
	int r;

	if (name && match->identity.version[0] && !named_by_content) {
		*ret = match->identity;
		return 0;
	}
	archive = find_archive(in, name, &of_archive);
	if (!archive) {
		/* A source without an archive: a clone. The folder's name is the installer's, the version nobody's. */
		if (!name || named_by_content)
			return -ENOENT;
		*ret = match->identity;
		return 0;
	}
	r = archive->bound ? 0 : archive_bind(archive, in->facts->cwd);
	if (r < 0)
		return r;
	*ret = of_archive;
	return 0;
}

static int from_patterns(const struct attribute_input *in, struct identity *ret)
{
	const struct installer *installer = in->installer;
	struct pattern_match match;
	int r;

	for (size_t i = 0; in->facts->cwd && i < installer->attribute_cwd_count; i++) {
		const char *pattern = installer->attribute_cwd[i];

		r = pattern_match(pattern, in->facts->cwd, installer->ecosystem, &match);
		if (r == -ENOENT)
			r = pattern_match_above(pattern, in->facts->cwd, installer->ecosystem, &match);
		if (r == 0)
			r = from_match(in, &match, ret);
		if (r != -ENOENT)
			return r;
	}
	for (size_t i = 0; i < installer->attribute_exe_count; i++) {
		r = pattern_match(installer->attribute_exe[i], in->path, installer->ecosystem, &match);
		/* A program's path has no archive of its own. */
		if (r == 0 && match.identity.name[0]) {
			*ret = match.identity;
			return 0;
		}
	}
	return -ENOENT;
}

int attribute(const struct attribute_input *in, struct identity *ret)
{
	const char *ecosystem = in->installer->ecosystem;
	bool own_claim = !strcmp(ecosystem, "npm") || !strcmp(ecosystem, "cargo");
	struct identity claim, found;
	int r;

	attribute_claim(in->installer, in->facts, &claim);
	if (!strcmp(ecosystem, "npm") && facts_env(in->facts, "npm_package_resolved"))
		return from_npm_address(facts_env(in->facts, "npm_package_resolved"), ret);
	if (claim.name[0] && !own_claim) {
		*ret = claim;
		return 0;
	}
	r = from_patterns(in, &found);
	if (r < 0)
		return r;
	if (claim.name[0] && strcmp(claim.name, found.name) != 0)
		return -ENOENT;
	/* A version that is only claimed stays unknown: grants for one version would follow it. */
	if (claim.name[0] && claim.version[0] && found.version[0] && strcmp(claim.version, found.version) != 0)
		return -ENOENT;
	*ret = found;
	return 0;
}
