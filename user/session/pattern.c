/* SPDX-License-Identifier: Apache-2.0 */
#include "session/pattern.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <string.h>

/* Backtracking is bounded: the patterns are ours, but the paths are not. The shipped ones need some hundred steps. */
#define STEPS_MAX 20000

struct matcher {
	struct identity identity;
	const char *name_at, *version_at;
	int steps;
};

static bool match_here(struct matcher *m, const char *pattern, const char *path);

static size_t component_len(const char *path)
{
	return strcspn(path, "/");
}

static bool capture_name(struct matcher *m, const char *text, size_t len)
{
	char npm[IDENTITY_NAME_MAX + 1];
	char *plus;

	if (len > IDENTITY_NAME_MAX)
		return false;
	memcpy(npm, text, len);
	npm[len] = '\0';
	plus = !strcmp(m->identity.ecosystem, "npm") && npm[0] == '@' && !strchr(npm, '/') ? strchr(npm, '+') : NULL;
	if (plus)
		*plus = '/';
	return identity_set_name(&m->identity, npm, len) == 0;
}

static bool match_name(struct matcher *m, const char *rest, const char *path)
{
	size_t len = component_len(path);

	if (path[0] == '@' && path[len] == '/')
		len += 1 + component_len(path + len + 1);
	for (; len; len--)
		if (capture_name(m, path, len) && match_here(m, rest, path + len)) {
			/* Shorter ones were tried behind this one. */
			capture_name(m, path, len);
			m->name_at = path;
			return true;
		}
	m->identity.name[0] = '\0';
	return false;
}

static bool match_version(struct matcher *m, const char *rest, const char *path)
{
	for (size_t len = component_len(path); len; len--) {
		size_t kept = len;

		if (!strcmp(m->identity.ecosystem, "npm"))
			for (kept = 0; kept < len && path[kept] != '_' && path[kept] != '('; kept++)
				;
		/* Nobody's version begins with a letter where a name may come before it. */
		if (path[0] < '0' || path[0] > '9' || identity_set_version(&m->identity, path, kept) < 0)
			continue;
		if (match_here(m, rest, path + len)) {
			m->version_at = path;
			return true;
		}
	}
	m->identity.version[0] = '\0';
	return false;
}

/* As many as an MD5 or a UUID has. */
#define HEX_LEN 32

static bool match_hex(struct matcher *m, const char *rest, const char *path)
{
	return strspn(path, "0123456789abcdef") == HEX_LEN && match_here(m, rest, path + HEX_LEN);
}

static bool match_here(struct matcher *m, const char *pattern, const char *path)
{
	for (;; pattern++, path++) {
		if (m->steps++ > STEPS_MAX)
			return false;
		if (text_starts_with(pattern, "{name}"))
			return match_name(m, pattern + strlen("{name}"), path);
		if (text_starts_with(pattern, "{version}"))
			return match_version(m, pattern + strlen("{version}"), path);
		if (text_starts_with(pattern, "{hex}"))
			return match_hex(m, pattern + strlen("{hex}"), path);
		if (*pattern == '*') {
			size_t len = component_len(path);

			for (size_t i = 0; i <= len; i++)
				if (match_here(m, pattern + 1, path + i))
					return true;
			return false;
		}
		if (*pattern != *path)
			return false;
		if (!*pattern)
			return true;
	}
}

int pattern_match(const char *pattern, const char *path, const char *ecosystem, struct pattern_match *ret)
{
	struct matcher m = { 0 };
	bool any = text_starts_with(pattern, "*/");

	if (strlen(ecosystem) >= sizeof(m.identity.ecosystem))
		return -ENOENT;
	memcpy(m.identity.ecosystem, ecosystem, strlen(ecosystem) + 1);
	if (any)
		pattern += 2;
	for (const char *at = path; at; at = any ? strchr(at, '/') : NULL) {
		if (any && *at == '/')
			at++;
		if (!match_here(&m, pattern, at))
			continue;
		ret->identity = m.identity;
		ret->joined = m.name_at && m.version_at > m.name_at &&
			      !memchr(m.name_at, '/', (size_t)(m.version_at - m.name_at));
		return 0;
	}
	return -ENOENT;
}

int pattern_match_above(const char *pattern, const char *path, const char *ecosystem, struct pattern_match *ret)
{
	_cleanup_free_ char *part = strdup(path);

	if (!part)
		return -ENOMEM;
	for (size_t i = 1; path[i]; i++) {
		int r;

		if (path[i] != '/')
			continue;
		part[i] = '\0';
		r = pattern_match(pattern, part, ecosystem, ret);
		if (r != -ENOENT)
			return r;
		part[i] = '/';
	}
	return -ENOENT;
}
