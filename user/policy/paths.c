/* SPDX-License-Identifier: Apache-2.0 */
/* paths.c - where the policy lies. */
#include "base/cleanup.h"
#include "base/text.h"
#include "policy/policy.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

/* How far above the program its source tree is looked for: .output/san/unit/test_policy is three below it. */
#define LEVELS_MAX 4

static bool has_file(const char *dir, const char *name)
{
	_cleanup_free_ char *path = text_format("%s/%s", dir, name);

	return path && access(path, F_OK) == 0;
}

/* Cuts the last component off; false: nothing is left. */
static bool go_up(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash || slash == path)
		return false;
	*slash = '\0';
	return true;
}

static char *exe_dir(void)
{
	char path[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (len <= 0 || (size_t)len >= sizeof(path) - 1)
		return NULL;
	path[len] = '\0';
	return go_up(path) ? strdup(path) : NULL;
}

char *policy_vendor_dir(void)
{
	const char *data = getenv("CORDON_DATA");
	_cleanup_free_ char *dir = NULL, *installed = NULL;

	if (data && *data)
		return strdup(data);
	dir = exe_dir();
	if (dir) {
		/* Moved as a whole, bin/ and share/ stay beside each other. */
		installed = text_format("%s/../share/cordon", dir);
		if (installed && has_file(installed, "cordon.toml"))
			return TAKE_PTR(installed);
		/* Three marks, so that no stranger's policy/ folder above a copied program is taken for ours. */
		for (int level = 0; level < LEVELS_MAX && go_up(dir); level++)
			if (has_file(dir, "policy/cordon.toml") && has_file(dir, "Makefile") &&
			    has_file(dir, "bpf/wire.h"))
				return text_format("%s/policy", dir);
	}
	return has_file(CORDON_PREFIX "/share/cordon", "cordon.toml") ? strdup(CORDON_PREFIX "/share/cordon") : NULL;
}

const char *policy_etc_dir(void)
{
	const char *etc = getenv("CORDON_ETC");

	return etc && *etc ? etc : "/etc/cordon";
}
