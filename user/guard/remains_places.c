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

/* Of installers that differ; a job that starts more of them in different folders gets no word on what is left. */
#define PLACES_MAX 256

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

/* A folder that was named may be that of the results itself. */
static void look_in_named(struct look *look, const char *cwd, const char *text)
{
	_cleanup_free_ char *path = absolute(cwd, text);

	if (!path || strlen(path) >= PATH_MAX)
		return;
	if (strcmp(look->package->ecosystem, "npm") != 0)
		remains_look_in_folder(look, path);
	look_in_prefix(look, path);
}

static void look_in_place(struct look *look, const struct remains_place *place)
{
	_cleanup_free_ char *prefix = strchr(place->program, '/') ? absolute(place->cwd, place->program) : NULL;

	for (int i = 0; prefix && i < 2; i++) {
		char *slash = strrchr(prefix, '/');

		if (slash)
			*slash = '\0';
	}
	if (prefix)
		look_in_prefix(look, prefix);
	look_in_named(look, place->cwd, ".");
	for (const char *arg = place->args; arg < place->args + place->args_len; arg += strlen(arg) + 1) {
		const char *value = arg[0] == '-' ? strchr(arg, '=') : NULL;

		if (value)
			look_in_named(look, place->cwd, value + 1);
		else if (arg[0] && arg[0] != '-')
			look_in_named(look, place->cwd, arg);
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
	if (c->virtual_env)
		look_in_prefix(look, c->virtual_env);
	look->unsure |= c->places_lost || !c->place_count;
}
