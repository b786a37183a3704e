/* SPDX-License-Identifier: Apache-2.0 */
/* policy.c - which files make the policy, in which order. */
#include "base/cleanup.h"
#include "base/text.h"
#include "policy/diag.h"
#include "policy/parse.h"
#include "policy/read.h"
#include "policy/reviewed.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

DEFINE_CLEANUP(struct policy *, policy_free)

void policy_free(struct policy *policy)
{
	if (!policy)
		return;
	for (size_t i = 0; i < policy->grant_count; i++)
		grant_release(&policy->grants[i]);
	free(policy->grants);
	for (size_t i = 0; i < policy->deny_count; i++)
		deny_release(&policy->denies[i]);
	free(policy->denies);
	strings_free(policy->inert, policy->inert_count);
	strings_free(policy->files, policy->file_count);
	free(policy);
}

static int load_file(struct policy *policy, const char *path, enum policy_source source, bool trusted,
		     struct diag *ret_diag)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r = policy_read(path, trusted, &text, &len, ret_diag);

	return r < 0 ? r : policy_parse(policy, text, len, path, source, ret_diag);
}

/* Gives 1 where the folder is there and nobody else can add files to it, 0 where there is none. */
static int check_dir(const char *dir, struct diag *ret_diag)
{
	_cleanup_close_ int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return diag_set(ret_diag, -errno, (struct diag_place){ dir, 0, 0 }, "cannot be opened: %s",
				strerror(errno));
	r = policy_check_trust(fd, dir, ret_diag);
	return r < 0 ? r : 1;
}

/* conf.d; with `reviewed_only` nothing but what `cordon allow` wrote. */
static int load_conf(struct policy *policy, const char *etc, bool reviewed_only, struct diag *ret_diag)
{
	_cleanup_free_ char *dir = text_format("%s/" REVIEWED_DIR, etc);
	char **names = NULL;
	size_t count = 0;
	int r;

	if (!dir)
		return -ENOMEM;
	r = check_dir(dir, ret_diag);
	if (r <= 0)
		return r;
	r = policy_list(dir, ".toml", &names, &count, ret_diag);
	for (size_t i = 0; !r && i < count; i++) {
		const bool reviewed = !strcmp(names[i], REVIEWED_NAME);
		_cleanup_free_ char *path = text_format("%s/%s", dir, names[i]);

		if (!path)
			r = -ENOMEM;
		else if (reviewed || !reviewed_only)
			r = load_file(policy, path, reviewed ? POLICY_SOURCE_REVIEWED : POLICY_SOURCE_LOCAL, true,
				      ret_diag);
	}
	strings_free(names, count);
	return r;
}

static int load_etc(struct policy *policy, const char *etc, const char *override, struct diag *ret_diag)
{
	_cleanup_free_ char *path = text_format("%s/cordon.toml", etc);
	int r = check_dir(etc, ret_diag);

	if (!path)
		return -ENOMEM;
	if (r < 0)
		return r;
	/* Named on the command line: whoever may do that may guard as he likes, so nobody asks whose file it is. */
	if (override)
		r = load_file(policy, override, POLICY_SOURCE_LOCAL, false, ret_diag);
	else if (r > 0 && access(path, F_OK) == 0)
		r = load_file(policy, path, POLICY_SOURCE_LOCAL, true, ret_diag);
	else if (r > 0 && errno != ENOENT)
		return diag_set(ret_diag, -errno, (struct diag_place){ path, 0, 0 }, "cannot be opened: %s",
				strerror(errno));
	return r < 0 ? r : load_conf(policy, etc, override, ret_diag);
}

int policy_load(const struct policy_paths *paths, struct policy **ret, struct diag *ret_diag)
{
	CLEANUP(policy_free_cleanup) struct policy *policy = policy_new();
	_cleanup_free_ char *vendor = paths && paths->vendor ? strdup(paths->vendor) : policy_vendor_dir();
	_cleanup_free_ char *path = NULL;
	int r;

	memset(ret_diag, 0, sizeof(*ret_diag));
	if (!policy)
		return -ENOMEM;
	if (!vendor)
		return diag_set(ret_diag, -ENOENT, (struct diag_place){ 0 },
				"no policy comes with this program: neither a source tree nor " CORDON_PREFIX
				"/share/cordon; set CORDON_DATA");
	path = text_format("%s/cordon.toml", vendor);
	if (!path)
		return -ENOMEM;
	r = load_file(policy, path, POLICY_SOURCE_VENDOR, false, ret_diag);
	if (!r)
		r = policy_complete(policy, path, ret_diag);
	if (!r)
		r = load_etc(policy, paths && paths->etc ? paths->etc : policy_etc_dir(),
			     paths ? paths->override : NULL, ret_diag);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(policy);
	return 0;
}
