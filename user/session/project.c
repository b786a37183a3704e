/* SPDX-License-Identifier: Apache-2.0 */
#include "session/project.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* Folders of a project that hold what is not its own. Hidden ones: .venv, .tox, .yarn, .pnpm, .cache, .cargo. */
static const char *const foreign[] = { ".*",   "node_modules", "site-packages", "dist-packages", "__pypackages__",
				       "_npx", "_cacache" };

/* Where installers keep their caches, if not in a hidden folder. */
static const char *const cache_variables[] = { "TMPDIR",     "XDG_CACHE_HOME",	  "PIP_CACHE_DIR",   "UV_CACHE_DIR",
					       "CARGO_HOME", "npm_config_cache",  "GEM_HOME",	     "GOMODCACHE",
					       "GOPATH",     "YARN_CACHE_FOLDER", "POETRY_CACHE_DIR" };

static bool is_cached(const struct context *c, const char *path)
{
	const struct decide_session *session = c->session;
	const char *start = session->start;

	/* A cache around the whole tree says nothing: people work in /tmp. */
	for (size_t i = 0; i < session->temp_count; i++)
		if (path_is_under(session->temps[i], start) && path_is_under(path, session->temps[i]))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(cache_variables); i++) {
		const char *cache = facts_env(c->facts, cache_variables[i]);

		if (cache && cache[0] == '/' && path_is_under(cache, start) && path_is_under(path, cache))
			return true;
	}
	return false;
}

/* Neither `path` nor a folder between it and the start is a Python environment. */
static bool is_environment(const char *path, const char *start)
{
	_cleanup_free_ char *at = strdup(path);

	while (at && strlen(at) > strlen(start)) {
		_cleanup_free_ char *mark = text_format("%s/pyvenv.cfg", at);
		char *slash = strrchr(at, '/');

		if (!mark || access(mark, F_OK) == 0)
			return true;
		if (!slash)
			break;
		*slash = '\0';
	}
	return !at;
}

/* A workspace member was there before the installer; what it cloned or unpacked was not. A file system that does not
 * keep the time of birth leaves only the start itself. */
static bool is_older(const struct context *c, const char *path)
{
	int64_t since = context_since(c);
	struct statx stx;
	struct timespec born;

	if (!since || statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BTIME, &stx) < 0 ||
	    !(stx.stx_mask & STATX_BTIME))
		return false;
	born = (struct timespec){ .tv_sec = stx.stx_btime.tv_sec, .tv_nsec = stx.stx_btime.tv_nsec };
	return time_of_stat(&born) < since;
}

static bool is_project_place(const struct context *c, const char *path)
{
	const char *start = c->session->start;
	const char *below;

	if (!path || !start || !strcmp(start, "/") || !path_is_under(path, start))
		return false;
	below = path + strlen(start);
	if (path_has_component(below, foreign, ARRAY_SIZE(foreign)) || is_cached(c, path) ||
	    is_environment(path, start))
		return false;
	return !*below || is_older(c, path);
}

/* -I among the options before the value: how uv asks an interpreter, and never how a hook is run. */
static bool is_isolated(const struct context *c)
{
	const char *at = c->input.args.bytes;
	const char *value = context_value(c);

	/* Not argv[0]; the option that has the value in it (-Ic) ends in it. */
	for (at += strlen(at) + 1; value && at < value; at += strlen(at) + 1)
		if (at[0] == '-' && at[1] != '-' && memchr(at, 'I', strnlen(at, (size_t)(value - at))))
			return true;
	return false;
}

/* How installers run build hooks: PEP 517, the shim around setup.py, uv's script. */
static bool is_python_hook(const struct context *c)
{
	if (facts_env(c->facts, "_PYPROJECT_HOOKS_BUILD_BACKEND") || facts_env(c->facts, "PEP517_BUILD_BACKEND"))
		return true;
	return (c->recognised.features.flags & CORDON_FEATURE_CODE) && !is_isolated(c);
}

/* The program was named as an interpreter and is one. Names from node_modules/.bin are a dependency's. */
static unsigned int named_interpreter(const struct context *c)
{
	struct cordon_features named, runs;
	static const char *const modules[] = { "node_modules" };
	unsigned int interpreter;

	if (!c->facts->exe || path_has_component(c->input.path, modules, 1))
		return 0;
	cordon_argv_exe(&named, c->input.path, (uint32_t)strlen(c->input.path));
	cordon_argv_exe(&runs, c->facts->exe, (uint32_t)strlen(c->facts->exe));
	interpreter = recognise_interpreter(c->session->table, &named);
	return recognise_interpreter(c->session->table, &runs) ? interpreter : 0;
}

bool project_hook(const struct context *c)
{
	const char *ecosystem = c->installer->ecosystem;
	unsigned int interpreter = named_interpreter(c);

	if (!is_project_place(c, c->facts->cwd))
		return false;
	if (!strcmp(ecosystem, "pypi"))
		return interpreter == CORDON_INTERPRETER_PYTHON && is_python_hook(c);
	/* yarn 4 has its own shell and starts its `node` first. */
	if (!strcmp(ecosystem, "npm"))
		return (interpreter == CORDON_INTERPRETER_SHELL || interpreter == CORDON_INTERPRETER_NODE) &&
		       facts_env(c->facts, "npm_package_name");
	return interpreter || (c->facts->exe && path_is_under(c->facts->exe, c->session->start));
}

bool project_script(const struct context *c)
{
	_cleanup_free_ char *script = context_script(c);
	_cleanup_free_ char *real = script ? realpath(script, NULL) : NULL;
	_cleanup_free_ char *folder = real ? strndup(real, (size_t)(text_basename(real) - real)) : NULL;

	if (!folder)
		return false;
	/* Without its slash; a script in "/" is nobody's project. */
	folder[strlen(folder) - 1] = '\0';
	return is_project_place(c, folder) && is_project_place(c, c->facts->cwd);
}
