/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remains_places.c - where the installers of a session may have put something: the environment of their own program, the
 * user's, the folder that they work in, and each that their arguments name.
 */
#include "guard/remains_internal.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <glob.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

/* Of installers that differ; a job that starts more of them in different folders gets no word on what is left. */
#define PLACES_MAX 256
/* Folders above the one that an installer works in. */
#define DEPTH_MAX 32

struct remains_place {
	char *cwd;
	char *program;
	char *args;
	size_t args_len;
};

void remains_note(struct controller *c, const struct process *installer)
{
	const struct program *program = installer->program;
	const char *cwd = program->cwd ? program->cwd : "";
	struct remains_place *more, *place;

	for (size_t i = 0; i < c->place_count; i++) {
		place = &c->remains[i];
		if (!strcmp(place->cwd, cwd) && !strcmp(place->program, program->path) && place->args_len == program->args_len &&
		    !memcmp(place->args, program->args, place->args_len))
			return;
	}
	more = c->place_count < PLACES_MAX ? reallocarray(c->remains, c->place_count + 1, sizeof(*more)) : NULL;
	if (!more) {
		c->places_lost = true;
		return;
	}
	c->remains = more;
	place = &more[c->place_count];
	*place = (struct remains_place){ strdup(cwd), strdup(program->path), malloc(program->args_len + 1), program->args_len };
	if (!place->cwd || !place->program || !place->args) {
		free(place->cwd);
		free(place->program);
		free(place->args);
		c->places_lost = true;
		return;
	}
	memcpy(place->args, program->args, program->args_len);
	place->args[program->args_len] = '\0';
	/* Where the arguments were cut, a folder may be among the rest. */
	c->places_lost |= program->truncated || !*cwd;
	c->place_count++;
}

void remains_release(struct controller *c)
{
	for (size_t i = 0; i < c->place_count; i++) {
		free(c->remains[i].cwd);
		free(c->remains[i].program);
		free(c->remains[i].args);
	}
	free(c->remains);
}

static void look_in_pattern(struct look *look, const char *prefix, const char *below)
{
	_cleanup_free_ char *pattern = text_format("%s/%s", prefix, below);
	glob_t found = { 0 };

	/* What the user calls a folder is no pattern. */
	if (!pattern || strpbrk(prefix, "*?[\\")) {
		look->unsure = true;
		return;
	}
	if (!glob(pattern, GLOB_NOSORT, NULL, &found))
		for (size_t i = 0; i < found.gl_pathc; i++)
			remains_look_in_folder(look, found.gl_pathv[i]);
	globfree(&found);
}

/* An environment, a prefix, or a folder of results. */
static void look_in_prefix(struct look *look, const char *prefix)
{
	static const char *const below[] = {
		"lib/python3*/site-packages", "lib64/python3*/site-packages", "lib/python3*/dist-packages",
		"lib/python3/dist-packages", "local/lib/python3*/dist-packages", ".venv/lib/python3*/site-packages",
	};

	if (!strcmp(look->package->ecosystem, "npm")) {
		_cleanup_free_ char *global = text_format("%s/lib", prefix);

		remains_look_for_module(look, prefix);
		if (global)
			remains_look_for_module(look, global);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(below); i++)
		look_in_pattern(look, prefix, below[i]);
}

static char *absolute(const char *cwd, const char *path)
{
	if (!strcmp(path, "."))
		path = cwd;
	return path[0] == '/' ? strdup(path) : text_format("%s/%s", cwd, path);
}

/* The environment of a program that lies in its bin folder. */
static void look_in_environment_of(struct look *look, const char *program)
{
	_cleanup_free_ char *prefix = strdup(program);

	for (int i = 0; prefix && i < 2; i++) {
		char *slash = strrchr(prefix, '/');

		if (slash)
			*slash = '\0';
	}
	if (prefix)
		look_in_prefix(look, prefix);
}

/* uv and npm look for the project's environment and modules in the folders above, too. */
static void look_above(struct look *look, const char *cwd)
{
	_cleanup_free_ char *path = strdup(cwd);
	char *slash;

	for (int i = 0; path && i < DEPTH_MAX && (slash = strrchr(path, '/')) && slash > path; i++) {
		*slash = '\0';
		look_in_prefix(look, path);
	}
}

/* A folder that was named may be that of the results itself; a program, that of the environment to install into. */
static void look_in_named(struct look *look, const char *cwd, const char *text)
{
	_cleanup_free_ char *path = absolute(cwd, text);
	struct stat st;

	if (!path || strlen(path) >= PATH_MAX)
		return;
	if (!stat(path, &st) && S_ISREG(st.st_mode)) {
		look_in_environment_of(look, path);
		return;
	}
	if (strcmp(look->package->ecosystem, "npm") != 0)
		remains_look_in_folder(look, path);
	look_in_prefix(look, path);
}

static void look_in_place(struct look *look, const struct remains_place *place)
{
	_cleanup_free_ char *prefix = strchr(place->program, '/') ? absolute(place->cwd, place->program) : NULL;

	if (prefix)
		look_in_environment_of(look, prefix);
	look_in_named(look, place->cwd, ".");
	look_above(look, place->cwd);
	for (const char *arg = place->args; arg < place->args + place->args_len; arg += strlen(arg) + 1) {
		const char *value = arg[0] == '-' ? strchr(arg, '=') : NULL;

		if (value)
			look_in_named(look, place->cwd, value + 1);
		else if (arg[0] && arg[0] != '-')
			look_in_named(look, place->cwd, arg);
	}
}

/* Environments that installers make for themselves, where nothing else says which. */
static void look_in_homes(struct look *look)
{
	static const char *const homes[] = { ".cache/pypoetry/virtualenvs", ".local/share/uv/tools", ".local/share/pipx/venvs",
					     ".local/pipx/venvs" };
	const struct controller *c = look->c;

	for (size_t i = 0; c->home && i < ARRAY_SIZE(homes); i++) {
		_cleanup_free_ char *below = text_format("%s/*/lib/python3*/site-packages", homes[i]);

		if (below)
			look_in_pattern(look, c->home, below);
	}
}

void remains_look_in_places(struct look *look)
{
	const struct controller *c = look->c;
	_cleanup_free_ char *user = c->home ? text_format("%s/.local", c->home) : NULL;

	for (size_t i = 0; i < c->place_count; i++)
		look_in_place(look, &c->remains[i]);
	if (user)
		look_in_prefix(look, user);
	look_in_homes(look);
	if (c->virtual_env)
		look_in_prefix(look, c->virtual_env);
	look->unsure |= c->places_lost || !c->place_count;
}
