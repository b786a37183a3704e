/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/read.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "policy/diag.h"
#include "policy/toml.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static void dir_close(DIR *dir)
{
	closedir(dir);
}
DEFINE_CLEANUP(DIR *, dir_close)

int strings_append(char ***list, size_t *count, const char *text)
{
	char **grown = reallocarray(*list, *count + 1, sizeof(**list));
	char *copy = strdup(text);

	if (grown)
		*list = grown;
	if (!grown || !copy) {
		free(copy);
		return -ENOMEM;
	}
	grown[(*count)++] = copy;
	return 0;
}

void strings_free(char **list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(list[i]);
	free(list);
}

int policy_check_trust(int fd, const char *path, struct diag *ret_diag)
{
	const struct diag_place place = { path, 0, 0 };
	struct stat st;

	if (fstat(fd, &st) < 0)
		return diag_set(ret_diag, -errno, place, "cannot be examined: %s", strerror(errno));
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return diag_set(ret_diag, -EPERM, place,
				"belongs to user %u, who could change the policy; make it root's", st.st_uid);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return diag_set(ret_diag, -EPERM, place, "others than its owner may write it; chmod go-w");
	return 0;
}

/* Reads to the end, whatever fstat() said: the size is checked on what came. */
static int read_all(int fd, char **ret_text, size_t *ret_len)
{
	_cleanup_free_ char *text = malloc(TOML_SIZE_MAX + 2);
	size_t len = 0;

	if (!text)
		return -ENOMEM;
	for (;;) {
		ssize_t n = read(fd, text + len, TOML_SIZE_MAX + 1 - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		len += (size_t)n;
		if (len > TOML_SIZE_MAX)
			return -E2BIG;
	}
	text[len] = '\0';
	*ret_text = TAKE_PTR(text);
	*ret_len = len;
	return 0;
}

int policy_read(const char *path, bool trusted, char **ret_text, size_t *ret_len, struct diag *ret_diag)
{
	const struct diag_place place = { path, 0, 0 };
	/* O_NONBLOCK: a fifo put there must not hang us. */
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	int r;

	if (fd < 0)
		return diag_set(ret_diag, -errno, place, "cannot be opened: %s", strerror(errno));
	if (fstat(fd, &st) < 0)
		return diag_set(ret_diag, -errno, place, "cannot be examined: %s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return diag_set(ret_diag, -EINVAL, place, "is no regular file");
	if (trusted) {
		r = policy_check_trust(fd, path, ret_diag);
		if (r < 0)
			return r;
	}
	r = read_all(fd, ret_text, ret_len);
	if (r == -E2BIG)
		return diag_set(ret_diag, r, place, "longer than %u bytes", TOML_SIZE_MAX);
	if (r < 0)
		return diag_set(ret_diag, r, place, "cannot be read: %s", strerror(-r));
	return 0;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int policy_list(const char *dir, const char *suffix, char ***ret_names, size_t *ret_count, struct diag *ret_diag)
{
	const struct diag_place place = { dir, 0, 0 };
	CLEANUP(dir_close_cleanup) DIR *stream = opendir(dir);
	char **names = NULL;
	size_t count = 0;
	int r = 0;

	if (!stream)
		return diag_set(ret_diag, -errno, place, "cannot be opened: %s", strerror(errno));
	while (!r) {
		struct dirent *entry;

		errno = 0;
		entry = readdir(stream);
		if (!entry) {
			r = -errno;
			break;
		}
		if (entry->d_name[0] != '.' && text_ends_with(entry->d_name, suffix))
			r = strings_append(&names, &count, entry->d_name);
	}
	if (r < 0) {
		strings_free(names, count);
		return diag_set(ret_diag, r, place, "cannot be listed: %s", strerror(-r));
	}
	if (count)
		qsort(names, count, sizeof(*names), by_bytes);
	*ret_names = names;
	*ret_count = count;
	return 0;
}

int policy_parse_folder(const char *dir, policy_parse_fn parse, void *arg, struct diag *ret_diag)
{
	char **names = NULL;
	size_t count = 0;
	int r = policy_list(dir, ".toml", &names, &count, ret_diag);

	for (size_t i = 0; !r && i < count; i++) {
		_cleanup_free_ char *file = text_format("%s/%s", dir, names[i]), *text = NULL;
		size_t len = 0;

		r = file ? policy_read(file, false, &text, &len, ret_diag) : -ENOMEM;
		if (!r)
			r = parse(arg, text, len, file, ret_diag);
	}
	strings_free(names, count);
	return r;
}
