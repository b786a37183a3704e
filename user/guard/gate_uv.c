/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_uv.c - uv hashes an archive while it unpacks it, and nobody sees it on a disk: the digest is in the entry that uv's cache
 * has of it, beside the name under which it is kept. uv alone writes there; package code has its own folder below.
 *
 *   wheels-vN/[pypi | index/X | url/X]/NAME/VERSION-TAGS.http    ID of archive-vN/ID, digests
 *   sdists-vN/.../NAME/VERSION/revision.http                     ID of .../ID/src, digests
 *
 * Both are MessagePack: an array whose first item is the id, then the digests, each "Sha256" and 64 hexadecimal digits.
 */
#include "guard/gate_internal.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where both stand, at the start; behind them is what a server said. */
#define ENTRY_MAX 1024
/* MessagePack's str8 of 64 bytes. */
static const char digest_mark[] = "Sha256\xd9\x40";
#define DIGEST_LEN 64

static ssize_t entry_read(const char *path, char bytes[ENTRY_MAX])
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	return fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode) ? read(fd, bytes, ENTRY_MAX) : -1;
}

/* -ENOENT: it is of another archive, or has no such digest. */
static int entry_digest(const char *path, const char *id, size_t id_len, char ret[65])
{
	char bytes[ENTRY_MAX];
	ssize_t len = entry_read(path, bytes);
	const char *at;

	/* An array, a short string: the id's length is in the second byte. */
	if (len < (ssize_t)(2 + id_len) || (bytes[1] & 0x1f) != (char)id_len || memcmp(bytes + 2, id, id_len) != 0)
		return -ENOENT;
	at = memmem(bytes, (size_t)len, digest_mark, strlen(digest_mark));
	if (!at || bytes + len - at < (ssize_t)strlen(digest_mark) + DIGEST_LEN)
		return -ENOENT;
	memcpy(ret, at + strlen(digest_mark), DIGEST_LEN);
	ret[DIGEST_LEN] = '\0';
	if (strspn(ret, "0123456789abcdef") == DIGEST_LEN)
		return 0;
	ret[0] = '\0';
	return -ENOENT;
}

/* The part of `path` in front of `name`, which begins with a slash and ends where the folder's version does. */
static const char *find_store(const char *path, const char *name)
{
	const char *at = strstr(path, name), *end;

	if (!at)
		return NULL;
	end = at + strlen(name);
	end += strspn(end, "0123456789");
	return *end == '/' ? end + 1 : NULL;
}

int gate_uv_wheel_digest(const char *path, const struct identity *identity, char ret[65])
{
	static const char *const below[] = { "pypi", "index/*", "url/*" };
	const char *id = path ? find_store(path, "/archive-v") : NULL;
	size_t id_len = id ? strcspn(id, "/") : 0;
	int r = -ENOENT;

	/* What the user calls a folder is no pattern. */
	if (!id_len || !identity->name[0] || strlen(path) >= PATH_MAX || strpbrk(path, "*?[\\"))
		return -ENOENT;
	for (size_t i = 0; r && i < ARRAY_SIZE(below); i++) {
		_cleanup_free_ char *pattern = text_format("%.*s/wheels-v*/%s/%s/*.http", (int)(strstr(path, "/archive-v") - path), path,
							   below[i], identity->name);
		glob_t found = { 0 };

		if (pattern && !glob(pattern, GLOB_NOSORT, NULL, &found))
			for (size_t k = 0; r && k < found.gl_pathc; k++)
				r = entry_digest(found.gl_pathv[k], id, id_len, ret);
		globfree(&found);
	}
	return r;
}

int gate_uv_source_digest(const char *folder, char ret[65])
{
	const char *store = folder ? find_store(folder, "/sdists-v") : NULL;
	int r = -ENOENT;

	/* ID/src, where it is built; the package may be called src too. */
	for (const char *end = store ? strstr(store, "/src") : NULL; r && end; end = strstr(end + 1, "/src")) {
		_cleanup_free_ char *path = NULL;
		const char *id = end;

		if (end[4] && end[4] != '/')
			continue;
		while (id > store && id[-1] != '/')
			id--;
		path = text_format("%.*srevision.http", (int)(id - folder), folder);
		r = path ? entry_digest(path, id, (size_t)(end - id), ret) : -ENOMEM;
	}
	return r;
}
