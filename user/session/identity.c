/* SPDX-License-Identifier: Apache-2.0 */
#include "session/identity.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "policy/name.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Every byte is alphanumeric or in `more`. */
static bool only(const char *text, size_t len, const char *more)
{
	for (size_t i = 0; i < len; i++)
		if (!text[i] || (!is_alnum(text[i]) && !strchr(more, text[i])))
			return false;
	return true;
}

/* A part of an npm name: neither '.' nor '_' in front, which also leaves out "." and "..". */
static bool npm_part_valid(const char *text, size_t len)
{
	return len && (is_alnum(text[0]) || text[0] == '-' || text[0] == '~') && only(text, len, "-._~");
}

static bool npm_name_valid(const char *name, size_t len)
{
	const char *slash;

	if (!len || name[0] != '@')
		return npm_part_valid(name, len);
	slash = memchr(name, '/', len);
	return slash && npm_part_valid(name + 1, (size_t)(slash - name - 1)) &&
	       npm_part_valid(slash + 1, (size_t)(name + len - slash - 1));
}

bool identity_name_valid(const char *ecosystem, const char *name, size_t len)
{
	if (!len || len > IDENTITY_NAME_MAX)
		return false;
	if (!strcmp(ecosystem, "npm"))
		return npm_name_valid(name, len);
	if (!strcmp(ecosystem, "pypi"))
		return is_alnum(name[0]) && is_alnum(name[len - 1]) && only(name, len, "-._");
	/* Without '.', so that NAME-VERSION divides in one way only. */
	if (!strcmp(ecosystem, "cargo"))
		return is_alnum(name[0]) && only(name, len, "-_");
	return is_alnum(name[0]) && only(name, len, "-._");
}

bool identity_version_valid(const char *version, size_t len)
{
	return len && len <= IDENTITY_VERSION_MAX && is_alnum(version[0]) && only(version, len, "-._+!~");
}

int identity_set_name(struct identity *identity, const char *name, size_t len)
{
	if (!identity_name_valid(identity->ecosystem, name, len))
		return -EINVAL;
	memcpy(identity->name, name, len);
	identity->name[len] = '\0';
	if (!strcmp(identity->ecosystem, "pypi"))
		package_normalize_pypi(identity->name);
	return 0;
}

int identity_set_version(struct identity *identity, const char *version, size_t len)
{
	if (!identity_version_valid(version, len))
		return -EINVAL;
	memcpy(identity->version, version, len);
	identity->version[len] = '\0';
	return 0;
}

static const char *const suffixes[] = {
	".whl", ".tar.gz", ".tgz", ".tar.bz2", ".tbz", ".tar.xz", ".txz", ".tar.lzma", ".tar.lz", ".tlz", ".tar.zst", ".zip", ".tar",
	".gem", ".crate", ".conda",
};

/* pip takes capitals for small letters there. */
static bool has_suffix(const char *file, const char *suffix)
{
	size_t len = strlen(file), end = strlen(suffix);

	return len >= end && !strcasecmp(file + len - end, suffix);
}

/* Sets the name, `name_len` bytes, and the version that follows it behind one byte. */
static int take(struct identity *out, const char *file, size_t name_len, size_t version_len)
{
	if (identity_set_name(out, file, name_len) < 0)
		return -ENOENT;
	return identity_set_version(out, file + name_len + 1, version_len) < 0 ? -ENOENT : 0;
}

/* NAME-VERSION(-BUILD)-PYTHON-ABI-PLATFORM: the escaped name has no '-' in it. */
static int wheel_split(const char *file, size_t len, struct identity *out)
{
	const char *name_end = memchr(file, '-', len);
	const char *version_end;

	if (!name_end)
		return -ENOENT;
	version_end = memchr(name_end + 1, '-', (size_t)(file + len - name_end - 1));
	if (!version_end)
		return -ENOENT;
	return take(out, file, (size_t)(name_end - file), (size_t)(version_end - name_end - 1));
}

static int source_split(const char *file, size_t len, const char *name, struct identity *out)
{
	for (size_t i = len; i-- > 1;) {
		const char *version = file + i + 1;

		/* "six-extra-9" is no version "extra-9" of six. */
		if (file[i] != '-' || !(is_digit(version[0]) || (version[0] == 'v' && is_digit(version[1]))))
			continue;
		if (take(out, file, i, len - i - 1) == 0 && (!name || !strcmp(out->name, name)))
			return 0;
	}
	return -ENOENT;
}

int identity_from_archive(const char *ecosystem, const char *file, const char *name, struct identity *ret)
{
	struct identity out = { 0 };
	size_t len = 0;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(suffixes) && !len; i++)
		if (has_suffix(file, suffixes[i]))
			len = strlen(file) - strlen(suffixes[i]);
	if (!len || strlen(ecosystem) >= sizeof(out.ecosystem))
		return -ENOENT;
	memcpy(out.ecosystem, ecosystem, strlen(ecosystem) + 1);
	r = text_ends_with(file, ".whl") ? wheel_split(file, len, &out) : source_split(file, len, name, &out);
	if (r < 0)
		return r;
	if (name && strcmp(out.name, name) != 0)
		return -ENOENT;
	*ret = out;
	return 0;
}
