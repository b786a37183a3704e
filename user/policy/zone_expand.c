/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/zone_expand.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "policy/read.h"
#include "wire.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

static void dir_close(DIR *dir)
{
	closedir(dir);
}
DEFINE_CLEANUP(DIR *, dir_close)

/* How many bytes the name of $VARIABLE has. */
static size_t variable_len(const char *path)
{
	return strspn(path + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
}

/* Behind the prefix; NULL: it has none of the four. */
static const char *behind_prefix(const char *path)
{
	if (path[0] == '/')
		return path + 1;
	if (path[0] == '$') {
		size_t len = variable_len(path);
		const char *rest = path + 1 + len;

		return !len || (*rest && *rest != '/') ? NULL : rest + (*rest == '/');
	}
	if ((path[0] == '~' || path[0] == '.') && path[1] == '/')
		return path + 2;
	return NULL;
}

static const char *braces_mistake(const char *path)
{
	bool open = false;

	for (const char *c = path; *c; c++) {
		if (*c == '{' && open)
			return "has braces in braces";
		if (*c == '}' && !open)
			return "has a brace that does not start";
		if (open && *c == '/')
			return "has braces around a '/'; write two lines";
		if (open && (*c == ',' || *c == '}') && (c[-1] == '{' || c[-1] == ','))
			return "has an empty alternative";
		if (*c == '{' || *c == '}')
			open = *c == '{';
	}
	return open ? "has a brace that does not end" : NULL;
}

const char *zone_path_mistake(const char *path)
{
	const char *rest = behind_prefix(path);

	if (!rest)
		return "must start with '/', '~/', './', '*/', '$VARIABLE' or 'proc:'";
	if (!*rest && path[0] != '$')
		return "would be everything";
	if (strlen(path) >= PATH_MAX)
		return "is longer than a path can be";
	if (strpbrk(path, "?[]"))
		return "has a wildcard other than '*'";
	for (const char *part = rest; *part;) {
		size_t len = strcspn(part, "/");

		if (!len)
			return "has an empty part";
		if (!strncmp(part, ".", len) || (len == 2 && !strncmp(part, "..", 2)))
			return "has a part '.' or '..'";
		if (part == rest && !strncmp(part, "*", len))
			return "would be everything";
		/* With alternatives: each is looked at when it stands alone. */
		if (len >= CORDON_NAME_LEN && !memchr(part, '{', len))
			return "has a part that is too long";
		part += len + (part[len] == '/');
	}
	return braces_mistake(path);
}

/* Appends what the first {a,b} of `path` makes of it, for each alternative in turn; no braces: `path` itself. */
static int expand_braces(const char *path, char ***list, size_t *count)
{
	const char *open = strchr(path, '{'), *close = open ? strchr(open, '}') : NULL;
	int r = 0;

	if (*count >= ZONE_EXPAND_MAX)
		return -E2BIG;
	if (!close)
		return strings_append(list, count, path);
	for (const char *item = open + 1; !r && item <= close;) {
		size_t len = strcspn(item, ",}");
		_cleanup_free_ char *one =
		    text_format("%.*s%.*s%s", (int)(open - path), path, (int)len, item, close + 1);

		r = one ? expand_braces(one, list, count) : -ENOMEM;
		item += len + 1;
	}
	return r;
}

static int expand_globs(const char *base, const char *rest, char ***list, size_t *count);

/* `base` is a folder; goes on with each of its entries that `pattern` matches. */
static int expand_in(const char *base, const char *pattern, const char *rest, char ***list, size_t *count)
{
	CLEANUP(dir_close_cleanup) DIR *dir = opendir(*base ? base : "/");
	int r = 0;

	/* Nothing there to be protected; a folder that is there and closed to us is another matter. */
	if (!dir)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	while (!r) {
		_cleanup_free_ char *path = NULL;
		struct dirent *entry;

		errno = 0;
		entry = readdir(dir);
		if (!entry)
			return -errno;
		/* A leading dot is only met by one: as shells do, and so never . and .. */
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") ||
		    fnmatch(pattern, entry->d_name, FNM_PERIOD | FNM_NOESCAPE) != 0)
			continue;
		/* Below a profile there may be a file tomorrow; below a file there is none. */
		if (*rest && entry->d_type != DT_DIR && entry->d_type != DT_LNK && entry->d_type != DT_UNKNOWN)
			continue;
		path = text_format("%s/%s", base, entry->d_name);
		r = path ? expand_globs(path, rest, list, count) : -ENOMEM;
	}
	return r;
}

/* Takes: what is expanded so far, without trailing slash, and the components that are left. */
static int expand_globs(const char *base, const char *rest, char ***list, size_t *count)
{
	_cleanup_free_ char *path = strdup(base);

	if (!path)
		return -ENOMEM;
	while (*rest) {
		size_t len = strcspn(rest, "/");
		_cleanup_free_ char *part = strndup(rest, len);
		char *longer;

		if (!part)
			return -ENOMEM;
		rest += len + (rest[len] == '/');
		if (strchr(part, '*'))
			return expand_in(path, part, rest, list, count);
		longer = text_format("%s/%s", path, part);
		if (!longer)
			return -ENOMEM;
		free(path);
		path = longer;
	}
	return *count >= ZONE_EXPAND_MAX ? -E2BIG : strings_append(list, count, path);
}

/* A copy without trailing slashes; "/" becomes "". */
static char *trim_slashes(const char *dir)
{
	size_t len = strlen(dir);

	while (len && dir[len - 1] == '/')
		len--;
	return strndup(dir, len);
}

bool zone_path_is_under(const char *path, const char *above)
{
	size_t len = strlen(above);

	while (len && above[len - 1] == '/')
		len--;
	return !strncmp(path, above, len) && (!path[len] || path[len] == '/');
}

/* What stands before the rest, without trailing slash; *ret NULL: nothing here. */
static int base_of(const char *path, const struct zones_scene *scene, char **ret)
{
	_cleanup_free_ char *name = NULL, *runtime = NULL;
	const char *value = path[0] == '~' ? scene->home : path[0] == '.' ? scene->project : "";

	*ret = NULL;
	if (path[0] == '$') {
		name = strndup(path + 1, variable_len(path));
		if (!name)
			return -ENOMEM;
		value = scene->env ? scene->env(scene->env_arg, name) : NULL;
		/* sudo and cron leave it out, and the sockets are there all the same. */
		if ((!value || !*value) && !strcmp(name, "XDG_RUNTIME_DIR"))
			value = runtime = text_format("/run/user/%u", (unsigned int)scene->uid);
		if (!value || value[0] != '/' || strlen(value) >= PATH_MAX || strstr(value, "//") ||
		    strstr(value, "/./") || strstr(value, "/../") || text_ends_with(value, "/..") ||
		    text_ends_with(value, "/."))
			return 0;
	}
	*ret = trim_slashes(value);
	return *ret ? 0 : -ENOMEM;
}

/* A variable may say anything: /dev/null for no settings at all, or a folder that everything lies in. */
static bool is_too_much(const char *path, const struct zones_scene *scene)
{
	return zone_path_is_under(path, "/dev") || zone_path_is_under(path, "/proc") ||
	       zone_path_is_under(path, "/sys") || zone_path_is_under(scene->home, path) ||
	       zone_path_is_under(scene->project, path);
}

static void drop_too_much(const struct zones_scene *scene, char **list, size_t *count)
{
	size_t kept = 0;

	for (size_t i = 0; i < *count; i++) {
		if (is_too_much(list[i], scene))
			free(list[i]);
		else
			list[kept++] = list[i];
	}
	*count = kept;
}

int zone_path_expand(const char *path, const struct zones_scene *scene, char ***ret, size_t *ret_count)
{
	_cleanup_free_ char *base = NULL;
	char **plain = NULL, **list = NULL;
	size_t plain_count = 0, count = 0;
	int r = base_of(path, scene, &base);

	if (!r && base)
		r = expand_braces(path, &plain, &plain_count);
	/* Looked at again: alternatives may join to a part "..". */
	for (size_t i = 0; !r && i < plain_count; i++)
		r = zone_path_mistake(plain[i]) ? -EINVAL : expand_globs(base, behind_prefix(plain[i]), &list, &count);
	strings_free(plain, plain_count);
	if (r < 0) {
		strings_free(list, count);
		return r;
	}
	if (path[0] == '$')
		drop_too_much(scene, list, &count);
	*ret = list;
	*ret_count = count;
	return 0;
}
