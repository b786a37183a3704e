/* SPDX-License-Identifier: Apache-2.0 */
/* policy_scratch.h - a folder for each test, and assertions on struct diag. Only for the tests of user/policy/. */
#ifndef CORDON_TESTS_POLICY_SCRATCH_H
#define CORDON_TESTS_POLICY_SCRATCH_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "policy/policy.h"

struct scratch {
	char dir[64];
};

static inline int scratch_setup(void **state)
{
	struct scratch *scratch = calloc(1, sizeof(*scratch));

	umask(022);
	snprintf(scratch->dir, sizeof(scratch->dir), "/tmp/cordon-policy-XXXXXX");
	if (!mkdtemp(scratch->dir))
		return -1;
	chmod(scratch->dir, 0755);
	*state = scratch;
	return 0;
}

static inline int scratch_remove(const char *path, const struct stat *st, int type, struct FTW *walk)
{
	(void)st, (void)type, (void)walk;
	return remove(path);
}

static inline int scratch_teardown(void **state)
{
	struct scratch *scratch = *state;
	int r = nftw(scratch->dir, scratch_remove, 16, FTW_DEPTH | FTW_PHYS);

	free(scratch);
	return r;
}

/* The path of `name` in the test's folder; for the test to free. */
static inline char *scratch_path(const struct scratch *scratch, const char *name)
{
	char *path = text_format("%s/%s", scratch->dir, name);

	assert_non_null(path);
	return path;
}

static inline void scratch_mkdir(const struct scratch *scratch, const char *name)
{
	char *path = scratch_path(scratch, name);

	assert_int_equal(mkdir(path, 0755), 0);
	free(path);
}

static inline void scratch_write(const struct scratch *scratch, const char *name, const char *text)
{
	char *path = scratch_path(scratch, name);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	free(path);
}

static inline char *scratch_read(const struct scratch *scratch, const char *name)
{
	char *path = scratch_path(scratch, name), *text = calloc(1, 1 << 16);
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	assert_non_null(text);
	assert_true(fread(text, 1, (1 << 16) - 1, f) > 0);
	fclose(f);
	free(path);
	return text;
}

/* Where the mistake is, and a part of what is said; releases the diag. */
static inline void assert_diag(struct diag *diag, unsigned int line, unsigned int column, const char *part)
{
	assert_non_null(diag->text);
	if (diag->line != line || diag->column != column || !strstr(diag->text, part)) {
		char *text = diag_format(diag);

		fail_msg("expected %u:%u and '%s' in: %s", line, column, part, text);
	}
	assert_null(strchr(diag->text, '\n'));
	diag_release(diag);
}

/* Fails with what was said against it. */
static inline void assert_accepted(int r, struct diag *diag)
{
	if (r < 0) {
		char *text = diag_format(diag);

		fail_msg("refused with %d: %s", r, text);
	}
	assert_null(diag->text);
}

#endif
