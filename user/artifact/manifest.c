/* SPDX-License-Identifier: Apache-2.0 */
/* manifest.c - package.json; a gem's specification. */
#include "artifact/claims.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

static void json_cleanup(json_t **json)
{
	json_decref(*json);
}

/* npm reads it so: without a byte order mark, the last of two keys counts. */
int manifest_package(const char *text, size_t len, struct identity *ret)
{
	bool mark = len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3);
	/* A NUL may stand in a string of no interest; in a name it is no name. Depth is bounded by jansson. */
	CLEANUP(json_cleanup) json_t *root = json_loadb(text + 3 * mark, len - 3 * mark, JSON_ALLOW_NUL, NULL);
	const json_t *name = json_object_get(root, "name"), *version = json_object_get(root, "version");
	struct identity identity = *ret;

	if (!json_is_object(root) || (name && !json_is_string(name)) || (version && !json_is_string(version)))
		return -EINVAL;
	/* Without a name it is what a host of repositories packs; npm takes it too. */
	if (name && identity_set_name(&identity, json_string_value(name), json_string_length(name)))
		return -EINVAL;
	if (version && identity_set_version(&identity, json_string_value(version), json_string_length(version)))
		return -EINVAL;
	*ret = identity;
	return 0;
}

/* The value behind `key`, in quotes or not, up to the end of the line; *ret_len 0: it is not there. */
static const char *yaml_value(const char *line, size_t len, const char *key, size_t *ret_len)
{
	size_t n = strlen(key);

	*ret_len = 0;
	if (len <= n || memcmp(line, key, n) != 0)
		return NULL;
	line += n;
	len -= n;
	if (len > 2 && (*line == '\'' || *line == '"') && line[len - 1] == *line) {
		line++;
		len -= 2;
	}
	*ret_len = len;
	return line;
}

/*
 * A mapping, one key a line:
 *	--- !ruby/object:Gem::Specification
 *	name: rake
 *	version: !ruby/object:Gem::Version
 *	  version: 13.0.6
 */
int manifest_gem(const char *text, size_t len, struct identity *ret)
{
	static const char version_head[] = "version: !ruby/object:Gem::Version";
	struct identity identity = *ret;
	unsigned int names = 0, versions = 0;
	bool inside = false;

	for (const char *line = text, *end = text + len, *next; line < end; line = next + 1) {
		const char *value;
		size_t n, value_len;

		next = memchr(line, '\n', (size_t)(end - line));
		if (!next)
			next = end;
		n = (size_t)(next - line);
		while (n && (line[n - 1] == '\r' || line[n - 1] == ' '))
			n--;
		value = yaml_value(line, n, "name: ", &value_len);
		if (value && (names++ || identity_set_name(&identity, value, value_len)))
			return -EINVAL;
		value = inside ? yaml_value(line, n, "  version: ", &value_len) : NULL;
		if (value && (versions++ || identity_set_version(&identity, value, value_len)))
			return -EINVAL;
		inside = n == sizeof(version_head) - 1 && !memcmp(line, version_head, n);
	}
	if (names != 1 || versions != 1)
		return -EINVAL;
	*ret = identity;
	return 0;
}
