/* SPDX-License-Identifier: Apache-2.0 */
/* reviewed.c - a grant as TOML, and its way into the file of reviewed grants. */
#include "policy/reviewed.h"

#include "base/cleanup.h"
#include "base/rule.h"
#include "base/text.h"
#include "policy/diag.h"
#include "policy/parse.h"
#include "policy/read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

DEFINE_CLEANUP(struct policy *, policy_free)

static const char file_head[] =
    "# Written by `cordon allow`, one [[grant]] after the other. Edit and remove them as you like;\n"
    "# nothing but grants may stand here.\n";

/*
 * A basic string of TOML. Values may be an attacker's: after the escaping for terminals no control character, no
 * invalid UTF-8 and nothing that reorders text is left, so quotes and backslashes are all that TOML has to be told of.
 */
static int put_string(FILE *out, const char *key, const char *value)
{
	_cleanup_free_ char *text = NULL;

	if (!value)
		return 0;
	text = text_escape_terminal(value);
	if (!text)
		return -ENOMEM;
	fprintf(out, "%s = \"", key);
	for (const char *c = text; *c; c++) {
		if (*c == '"' || *c == '\\')
			fputc('\\', out);
		fputc(*c, out);
	}
	fputs("\"\n", out);
	return 0;
}

static int put_host(FILE *out, const struct policy_grant *grant)
{
	_cleanup_free_ char *text = NULL;

	if (!grant->host)
		return 0;
	if (!grant->port)
		return put_string(out, "host", grant->host);
	text = strchr(grant->host, ':') ? text_format("[%s]:%u", grant->host, grant->port)
					: text_format("%s:%u", grant->host, grant->port);
	return text ? put_string(out, "host", text) : -ENOMEM;
}

static int put_grant(FILE *out, const struct policy_grant *grant)
{
	const bool any = !grant->ecosystem || !*grant->ecosystem;
	_cleanup_free_ char *package =
	    text_format("%s%s%s", any ? "" : grant->ecosystem, any ? "" : ":", grant->package);
	int r = package ? 0 : -ENOMEM;

	fputs("[[grant]]\n", out);
	if (!r)
		r = put_string(out, "package", package);
	if (!r)
		r = put_string(out, "version", grant->version);
	if (!r)
		r = put_string(out, "rule", rule_name(grant->rule));
	if (!r)
		r = put_host(out, grant);
	if (!r)
		r = put_string(out, "path", grant->path);
	if (!r)
		r = put_string(out, "program", grant->program);
	if (!r)
		r = put_string(out, "variable", grant->variable);
	if (!r)
		r = put_string(out, "sha256", grant->sha256);
	if (!r)
		r = put_string(out, "reason", grant->reason);
	if (!r)
		r = put_string(out, "author", grant->author);
	/* No quotes: it is a date. What is none does not parse when it is read back. */
	if (!r && grant->expires)
		fprintf(out, "expires = %.10s\n", grant->expires);
	return r;
}

char *grant_format(const struct policy_grant *grant)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	int r;

	if (!out)
		return NULL;
	r = put_grant(out, grant);
	if (fclose(out) != 0 || r < 0) {
		free(text);
		return NULL;
	}
	return text;
}

static int make_dir(const char *path, struct diag *ret_diag)
{
	const struct diag_place place = { path, 0, 0 };

	if (mkdir(path, 0755) == 0) {
		/* Whatever the umask says: everyone may read which policy holds. */
		if (chmod(path, 0755) < 0)
			return diag_set(ret_diag, -errno, place, "cannot be made readable: %s", strerror(errno));
		return 0;
	}
	return errno == EEXIST ? 0 : diag_set(ret_diag, -errno, place, "cannot be made: %s", strerror(errno));
}

/* Opens conf.d, made where needed, for us alone until the descriptor is closed. */
static int lock_dir(const char *etc, const char *dir, struct diag *ret_diag)
{
	const struct diag_place place = { dir, 0, 0 };
	_cleanup_close_ int fd = -1;
	int r = make_dir(etc, ret_diag);

	if (!r)
		r = make_dir(dir, ret_diag);
	if (r < 0)
		return r;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return diag_set(ret_diag, -errno, place, "cannot be opened: %s", strerror(errno));
	r = policy_check_trust(fd, dir, ret_diag);
	if (r < 0)
		return r;
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return diag_set(ret_diag, -errno, place, "cannot be locked: %s", strerror(errno));
	return TAKE_FD(fd);
}

static int write_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

/* The new content beside the old one, on disk before it takes its place. */
static int replace(int dir_fd, const char *dir, const char *text)
{
	_cleanup_free_ char *temp = text_format("%s/." REVIEWED_NAME ".XXXXXX", dir);
	_cleanup_close_ int fd = -1;
	int r;

	if (!temp)
		return -ENOMEM;
	fd = mkostemp(temp, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = write_all(fd, text, strlen(text));
	if (!r &&
	    (fchmod(fd, 0644) < 0 || fsync(fd) < 0 || renameat(dir_fd, text_basename(temp), dir_fd, REVIEWED_NAME) < 0))
		r = -errno;
	if (r < 0) {
		unlink(temp);
		return r;
	}
	return fsync(dir_fd) < 0 ? -errno : 0;
}

static int parse_reviewed(const char *text, const char *path, struct policy **ret, struct diag *ret_diag)
{
	CLEANUP(policy_free_cleanup) struct policy *policy = policy_new();
	int r;

	if (!policy)
		return -ENOMEM;
	r = policy_parse(policy, text, strlen(text), path, POLICY_SOURCE_REVIEWED, ret_diag);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(policy);
	return 0;
}

/* Takes: the old text and the text of the grant. Gives: 0 and the new text, which holds the old grants, then this one,
 * and nothing else: it is read back to see. -EEXIST where the grant is in the old one. */
static int compose(const char *old, const struct policy_grant *grant, const char *path, char **ret,
		   struct diag *ret_diag)
{
	CLEANUP(policy_free_cleanup) struct policy *before = NULL, *after = NULL;
	_cleanup_free_ char *added = grant_format(grant), *text = NULL;
	int r = parse_reviewed(old, path, &before, ret_diag);

	for (size_t i = 0; !r && i < before->grant_count; i++)
		if (grant_equal(&before->grants[i], grant))
			return diag_set(ret_diag, -EEXIST, (struct diag_place){ path, before->grants[i].line, 1 },
					"this grant is there already");
	if (r < 0)
		return r;
	if (added)
		text = text_format("%s%s\n%s", old, *old && !text_ends_with(old, "\n") ? "\n" : "", added);
	if (!text)
		return -ENOMEM;
	r = parse_reviewed(text, path, &after, ret_diag);
	if (r < 0)
		return r;
	if (after->grant_count != before->grant_count + 1 || !grant_equal(&after->grants[before->grant_count], grant))
		return diag_set(
		    ret_diag, -EINVAL, (struct diag_place){ path, 0, 0 },
		    "the grant has characters that a policy cannot carry, or a name that is not normalised");
	*ret = TAKE_PTR(text);
	return 0;
}

int grant_append(const char *etc, const struct policy_grant *grant, struct diag *ret_diag)
{
	_cleanup_free_ char *dir = text_format("%s/" REVIEWED_DIR, etc);
	_cleanup_free_ char *path = text_format("%s/" REVIEWED_DIR "/" REVIEWED_NAME, etc);
	_cleanup_free_ char *old = NULL, *new = NULL;
	_cleanup_close_ int dir_fd = -1;
	size_t old_len = 0;
	int r;

	memset(ret_diag, 0, sizeof(*ret_diag));
	if (!dir || !path)
		return -ENOMEM;
	dir_fd = lock_dir(etc, dir, ret_diag);
	if (dir_fd < 0)
		return dir_fd;
	r = policy_read(path, true, &old, &old_len, ret_diag);
	if (r == -ENOENT) {
		diag_release(ret_diag);
		old = strdup(file_head);
		r = old ? 0 : -ENOMEM;
	} else if (!r && strlen(old) != old_len) {
		r = diag_set(ret_diag, -EINVAL, (struct diag_place){ path, 0, 0 }, "a NUL character");
	}
	if (!r)
		r = compose(old, grant, path, &new, ret_diag);
	if (r < 0)
		return r;
	r = replace(dir_fd, dir, new);
	if (r < 0)
		return diag_set(ret_diag, r, (struct diag_place){ path, 0, 0 }, "cannot be written: %s", strerror(-r));
	return 0;
}
