/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mountinfo.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Space, tab, newline and backslash stand in there as \ooo. */
static void unescape(char *path)
{
	char *out = path;

	for (const char *in = path; *in; out++) {
		if (in[0] == '\\' && in[1] >= '0' && in[1] <= '3' && in[2] >= '0' && in[2] <= '7' && in[3] >= '0' &&
		    in[3] <= '7') {
			*out = (char)((in[1] - '0') << 6 | (in[2] - '0') << 3 | (in[3] - '0'));
			in += 4;
		} else {
			*out = *in++;
		}
	}
	*out = '\0';
}

/* 36 35 98:0 /root /mount/point options - type source options */
static bool parse(char *line, struct mount *ret)
{
	char *fields[5];

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		fields[i] = strsep(&line, " ");
		if (!fields[i])
			return false;
	}
	if (!line || sscanf(fields[2], "%u:%u", &ret->major, &ret->minor) != 2 || fields[3][0] != '/' || fields[4][0] != '/')
		return false;
	unescape(fields[3]);
	unescape(fields[4]);
	ret->root = fields[3];
	ret->target = fields[4];
	return true;
}

int mountinfo_each(const char *file, int (*each)(const struct mount *mount, void *data), void *data)
{
	_cleanup_fclose_ FILE *in = fopen(file, "re");
	_cleanup_free_ char *line = NULL;
	size_t size = 0;
	int r = 0;

	if (!in)
		return -errno;
	while (!r && getline(&line, &size, in) > 0) {
		struct mount mount;

		if (parse(line, &mount))
			r = each(&mount, data);
	}
	return r ? r : ferror(in) ? -EIO : 0;
}
