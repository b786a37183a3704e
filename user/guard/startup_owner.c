/* SPDX-License-Identifier: Apache-2.0 */
/*
 * startup_owner.c - whose a file in an environment is. Installers write a RECORD of every file for each distribution
 * (PyPA's specification of installed projects), beside direct_url.json for what came from a folder or an address.
 */
#include "guard/startup.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of a distribution with a hundred thousand files. */
#define RECORD_MAX (16u << 20)
#define URL_MAX (64u << 10)

static const char suffix[] = ".dist-info";

int startup_read(int folder, const char *name, int flags, size_t max, char **ret, size_t *ret_len)
{
	_cleanup_close_ int fd = openat(folder, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | flags);
	_cleanup_free_ char *text = NULL;
	struct stat st;
	size_t len = 0;

	if (fd < 0 || fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (st.st_size < 0 || (size_t)st.st_size > max)
		return -EFBIG;
	text = malloc((size_t)st.st_size + 1);
	if (!text)
		return -ENOMEM;
	while (len < (size_t)st.st_size) {
		ssize_t n = read(fd, text + len, (size_t)st.st_size - len);

		if (n < 0)
			return -errno;
		if (!n)
			break;
		len += (size_t)n;
	}
	text[len] = '\0';
	*ret = TAKE_PTR(text);
	*ret_len = len;
	return 0;
}

/* A line of RECORD is PATH,HASH,SIZE; a path with a comma in it is quoted, and belongs to no start-up file. */
static bool record_names(const char *record, const char *name)
{
	size_t len = strlen(name);

	for (const char *line = record; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, name, len) && line[len] == ',')
			return true;
		/* A module that is a folder: what lies in it. */
		if (!strncmp(line, name, len) && line[len] == '/')
			return true;
	}
	return false;
}

static bool is_editable(int info)
{
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	int r = startup_read(info, "direct_url.json", O_NOFOLLOW, URL_MAX, &text, &len);
	json_t *json = r ? NULL : json_loadb(text, len, 0, NULL);
	bool editable = json_is_true(json_object_get(json_object_get(json, "dir_info"), "editable"));

	json_decref(json);
	return editable;
}

/* NAME-VERSION.dist-info, where neither has a '-' in it. */
static bool owner_set(struct startup_owner *owner, const char *info)
{
	size_t len = strlen(info) - strlen(suffix);
	const char *dash = memchr(info, '-', len);
	struct identity identity = { .ecosystem = "pypi" };

	if (!dash || identity_set_name(&identity, info, (size_t)(dash - info)))
		return false;
	identity_set_version(&identity, dash + 1, len - (size_t)(dash + 1 - info));
	owner->identity = identity;
	return true;
}

bool startup_owner_find(int folder, const char *name, struct startup_owner *ret)
{
	int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
	struct dirent *entry;
	bool installed = false, found = false;

	memset(ret, 0, sizeof(*ret));
	if (!dir) {
		if (copy >= 0)
			close(copy);
		return false;
	}
	while (!found && (entry = readdir(dir))) {
		_cleanup_close_ int info = -1;
		_cleanup_free_ char *record = NULL;
		size_t len = 0;

		if (!text_ends_with(entry->d_name, suffix))
			continue;
		installed = true;
		info = openat(folder, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (info < 0 || startup_read(info, "RECORD", O_NOFOLLOW, RECORD_MAX, &record, &len) || !record_names(record, name) || !owner_set(ret, entry->d_name))
			continue;
		found = true;
		ret->editable = is_editable(info);
	}
	closedir(dir);
	return installed;
}
