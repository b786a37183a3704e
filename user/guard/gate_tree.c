/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_tree.c - what is taken into use and is no archive: a wheel that uv has unpacked while it fetched it, which has its
 * name in the one folder NAME-VERSION.dist-info; the index that pnpm writes for a package, which has it in its own name; and what
 * pnpm has put together of the files of its store, to be a module.
 */
#include "guard/gate.h"
#include "session/pattern.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define TREE_ENTRIES_MAX 100000

/* NAME-VERSION with `len` bytes: a wheel's folder has one '-'. */
static int identity_of(const char *text, size_t len, struct identity *ret)
{
	const char *dash = memchr(text, '-', len);

	if (!dash || identity_set_name(ret, text, (size_t)(dash - text)))
		return -ENOENT;
	return identity_set_version(ret, dash + 1, len - (size_t)(dash + 1 - text)) ? -ENOENT : 0;
}

int gate_tree_identity(int folder, const char *ecosystem, struct identity *ret)
{
	static const char suffix[] = ".dist-info";
	int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = -ENOENT;
	DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
	struct dirent *entry;
	size_t seen = 0;

	if (!dir) {
		r = -errno;
		if (copy >= 0)
			close(copy);
		return r;
	}
	snprintf(ret->ecosystem, sizeof(ret->ecosystem), "%s", ecosystem);
	while ((entry = readdir(dir)) && seen++ < TREE_ENTRIES_MAX) {
		size_t len = strlen(entry->d_name);

		if (len <= sizeof(suffix) - 1 || strcmp(entry->d_name + len - (sizeof(suffix) - 1), suffix) != 0)
			continue;
		/* Two of them are no wheel, and which one uv would take is uv's to know. */
		if (!r) {
			r = -EINVAL;
			break;
		}
		r = identity_of(entry->d_name, len - (sizeof(suffix) - 1), ret);
		if (r)
			break;
	}
	if (seen > TREE_ENTRIES_MAX)
		r = -E2BIG;
	closedir(dir);
	return r;
}

int gate_info_identity(const char *path, const char *ecosystem, struct identity *ret)
{
	static const char end[] = ".dist-info/METADATA";
	size_t len = path ? strlen(path) : 0;
	const char *name;

	if (len < sizeof(end) || strcmp(path + len - (sizeof(end) - 1), end) != 0)
		return -ENOENT;
	len -= sizeof(end) - 1;
	for (name = path + len; name > path && name[-1] != '/'; name--)
		;
	snprintf(ret->ecosystem, sizeof(ret->ecosystem), "%s", ecosystem);
	return identity_of(name, (size_t)(path + len - name), ret);
}

/* As code in that folder would be attributed: pnpm's .pnpm/NAME@VERSION/node_modules/NAME. */
int gate_path_identity(const struct installer *installer, const char *path, struct identity *ret)
{
	struct pattern_match match;
	int r = -ENOENT;

	for (size_t i = 0; r && path && i < installer->attribute_cwd_count; i++) {
		r = pattern_match(installer->attribute_cwd[i], path, installer->ecosystem, &match);
		if (r)
			r = pattern_match_above(installer->attribute_cwd[i], path, installer->ecosystem, &match);
		if (!r && !match.identity.name[0])
			r = -ENOENT;
	}
	if (!r)
		*ret = match.identity;
	return r;
}

/* HEX-NAME@VERSION.json, the scope's slash as +. */
int gate_index_identity(const char *leaf, struct identity *ret)
{
	const char *name = strchr(leaf, '-'), *at = strrchr(leaf, '@'), *end = strstr(leaf, ".json");
	char text[IDENTITY_NAME_MAX + 1], *plus;

	if (!name || !at || !end || at < name + 2 || end < at + 2 || (size_t)(at - name - 1) >= sizeof(text))
		return -ENOENT;
	memcpy(text, name + 1, (size_t)(at - name - 1));
	text[at - name - 1] = '\0';
	plus = text[0] == '@' ? strchr(text, '+') : NULL;
	if (plus)
		*plus = '/';
	snprintf(ret->ecosystem, sizeof(ret->ecosystem), "npm");
	if (identity_set_name(ret, text, strlen(text)) || identity_set_version(ret, at + 1, (size_t)(end - at - 1)))
		return -ENOENT;
	return 0;
}
