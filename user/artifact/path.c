/* SPDX-License-Identifier: Apache-2.0 */
#include "artifact/path.h"

#include "artifact/artifact.h"
#include "base/text.h"

#include <errno.h>
#include <string.h>

int path_canonical(const char *name, size_t len, char *ret, bool *ret_folder)
{
	char *out = ret;

	if (!len || len > ARTIFACT_PATH_MAX || memchr(name, '\0', len))
		return -EINVAL;
	if (name[0] == '/')
		return -EXDEV;
	for (size_t i = 0; i < len;) {
		const char *slash = memchr(name + i, '/', len - i);
		size_t part = slash ? (size_t)(slash - name) - i : len - i;

		if (part == 2 && !memcmp(name + i, "..", 2))
			return -EXDEV;
		if (part && (part > 1 || name[i] != '.')) {
			if (out != ret)
				*out++ = '/';
			memcpy(out, name + i, part);
			out += part;
		}
		i += part + 1;
	}
	*out = '\0';
	*ret_folder = name[len - 1] == '/' || out == ret;
	return 0;
}

size_t path_depth(const char *path)
{
	size_t n = *path != '\0';

	for (; *path; path++)
		n += *path == '/';
	return n;
}

size_t path_top(const char *path)
{
	return strcspn(path, "/");
}

bool path_link_stays(const char *path, const char *target)
{
	size_t depth = path_depth(path), least = depth > 1 ? 1 : 0;

	if (target[0] == '/' || !depth)
		return false;
	depth--;
	for (const char *part = target; *part;) {
		size_t len = strcspn(part, "/");

		if (len == 2 && !memcmp(part, "..", 2)) {
			if (depth <= least)
				return false;
			depth--;
		} else if (len && (len > 1 || *part != '.')) {
			depth++;
		}
		part += len + (part[len] == '/');
	}
	return true;
}

/* 13 letters, and a dot or the end. */
static bool is_customize(const char *name, size_t len)
{
	return len >= 13 && (!memcmp(name, "sitecustomize", 13) || !memcmp(name, "usercustomize", 13)) &&
	       (len == 13 || name[13] == '.');
}

static bool is_list(const char *name, size_t len)
{
	return (len > 4 && !memcmp(name + len - 4, ".pth", 4)) || (len > 6 && !memcmp(name + len - 6, ".start", 6));
}

/* In a folder of modules: the file itself, or one right in a folder of that name. */
static bool is_startup_there(const char *path, bool lists)
{
	size_t len = path_top(path);

	if (path[len] && strchr(path + len + 1, '/'))
		return false;
	return is_customize(path, len) || (lists && is_list(path, len));
}

/* A folder below the environment's root in which python looks: for modules, for lists of folders too. */
static bool is_modules(const char *name, size_t len, bool *ret_lists)
{
	*ret_lists = len == 13 && (!memcmp(name, "site-packages", 13) || !memcmp(name, "dist-packages", 13));
	return *ret_lists || (len >= 6 && !memcmp(name, "python", 6)) ||
	       (len == 11 && !memcmp(name, "lib-dynload", 11));
}

bool path_is_startup(const char *path)
{
	size_t top = path_top(path), scheme;
	const char *at = path + top;

	if (is_startup_there(path, true))
		return true;
	if (top < 5 || memcmp(at - 5, ".data", 5) != 0 || !*at)
		return false;
	at++;
	scheme = path_top(at);
	if (!at[scheme])
		return false;
	if (scheme == 7 && (!memcmp(at, "purelib", 7) || !memcmp(at, "platlib", 7)))
		return is_startup_there(at + scheme + 1, true);
	if (scheme != 4 || memcmp(at, "data", 4) != 0)
		return false;
	for (at += scheme + 1;;) {
		size_t len = path_top(at);
		bool lists = false;

		if (!at[len])
			return false;
		if (is_modules(at, len, &lists) && is_startup_there(at + len + 1, lists))
			return true;
		at += len + 1;
	}
}
