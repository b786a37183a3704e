/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/aside.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define ASIDE_MAX 100

static const char aside_suffix[] = ".refused-by-cordon";

char *put_aside(int folder, const char *name)
{
	for (unsigned int i = 0; i < ASIDE_MAX; i++) {
		_cleanup_free_ char *to = i ? text_format("%s%s.%u", name, aside_suffix, i) : text_format("%s%s", name, aside_suffix);
		int r = to ? renameat2(folder, name, folder, to, RENAME_NOREPLACE) : -1;

		/* Where the file system does not know the flag, a name that is free is one too. */
		if (r && errno == EINVAL && faccessat(folder, to, F_OK, AT_SYMLINK_NOFOLLOW))
			r = renameat(folder, name, folder, to);
		if (!r)
			return TAKE_PTR(to);
		if (!to || errno != EEXIST)
			return NULL;
	}
	return NULL;
}
