/* SPDX-License-Identifier: Apache-2.0 */
#include "session/nested.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define RUNNER "/__pip-runner__.py"
#define STANDALONE "/__env_pip__.zip/pip"

static bool is_listed(const struct context *c)
{
	const char *id = c->session->installers->items[c->recognised.installer].id;

	for (size_t i = 0; i < c->installer->nested_count; i++)
		if (!strcmp(c->installer->nested[i], id))
			return true;
	return false;
}

static bool predates(const struct context *c, const struct stat *st)
{
	int64_t since = context_since(c);

	return since && time_of_stat(&st->st_ctim) < since;
}

/* The state of the file that a script's path leads to: itself, the main module of a folder, the zip it lies in. */
static int stat_script(const char *script, struct stat *ret)
{
	_cleanup_free_ char *path = strdup(script);
	_cleanup_free_ char *inner = NULL;
	char *slash;

	if (!path)
		return -ENOMEM;
	while (stat(path, ret) < 0) {
		slash = strrchr(path, '/');
		if (errno != ENOTDIR || !slash || slash == path)
			return -errno;
		*slash = '\0';
	}
	if (!S_ISDIR(ret->st_mode))
		return S_ISREG(ret->st_mode) ? 0 : -EPERM;
	inner = text_format("%s/__main__.py", path);
	if (!inner)
		return -ENOMEM;
	return stat(inner, ret) < 0 ? -errno : S_ISREG(ret->st_mode) ? 0 : -EPERM;
}

static bool is_standalone(const struct context *c, const char *script)
{
	const struct decide_session *session = c->session;
	_cleanup_free_ char *folder = NULL;
	const char *name;
	struct stat st;

	if (!text_ends_with(script, STANDALONE))
		return false;
	folder = strndup(script, strlen(script) - strlen(STANDALONE));
	if (!folder)
		return false;
	name = text_basename(folder);
	if (!text_starts_with(name, "pip-standalone-pip-") || name == folder)
		return false;
	if (lstat(folder, &st) < 0 || !S_ISDIR(st.st_mode) || st.st_uid != session->uid || (st.st_mode & 077))
		return false;
	folder[name - folder - 1] = '\0';
	for (size_t i = 0; i < session->temp_count; i++)
		if (!strcmp(folder, session->temps[i]))
			return true;
	return false;
}

/* Where pip's own code lies, as far as its script tells; a new string. bin/pip does not. */
static char *pip_place(const char *script)
{
	if (text_ends_with(script, RUNNER))
		return strndup(script, strlen(script) - strlen(RUNNER));
	if (text_ends_with(script, "/pip/__main__.py"))
		return strndup(script, strlen(script) - strlen("/__main__.py"));
	if (text_ends_with(script, ".pyz") || text_ends_with(script, ".zip") ||
	    text_ends_with(script, "-packages/pip") || strstr(script, ".pyz/") || strstr(script, ".zip/"))
		return strdup(script);
	return NULL;
}

/* The new script lies where the one of the starter does, as far as that can be told. */
static bool same_place(const struct context *c, const char *script)
{
	_cleanup_free_ char *place = NULL;
	int installer = -ENOENT;
	const char *value = program_script(c->session->table, c->by, &installer);

	if (!value || installer != c->recognised.installer)
		return true;
	place = pip_place(value);
	/* One that was given relative to a folder that it may have left says nothing. */
	return !place || place[0] != '/' || path_is_under(script, place);
}

bool nested_installer(const struct context *c)
{
	_cleanup_free_ char *script = NULL;
	struct stat st;

	if (c->recognised_as < 0 || c->recognised.role != CORDON_ROLE_INSTALLER || !is_listed(c))
		return false;
	if (!c->facts->exe || c->facts->exe_deleted || !predates(c, &c->facts->exe_stat))
		return false;
	if (!(c->recognised.features.flags & CORDON_FEATURE_SCRIPT))
		return true;
	script = context_script(c);
	if (!script)
		return false;
	if (is_standalone(c, script))
		return true;
	return stat_script(script, &st) == 0 && predates(c, &st) && same_place(c, script);
}
