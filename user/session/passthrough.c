/* SPDX-License-Identifier: Apache-2.0 */
#include "session/passthrough.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <string.h>

/* Scripts that npm and its kin run for an install, whatever the command was. */
static const char *const lifecycle[] = {
	"preinstall", "install", "postinstall", "prepare", "preprepare", "postprepare"
};

/* Where installers build what they install. */
static const char *const build_places[] = { "builds-v*",     "sdists-v*",	"pip-build-env-*",
					    "pip-install-*", "pip-req-build-*", "build-env-*" };
/* Where packages of npm's kin are, and so their scripts; npx's programs too, so this is asked of folders only. */
static const char *const module_places[] = { "node_modules", "_cacache", ".pnpm", ".yarn" };

static bool is_lifecycle(const struct facts *facts)
{
	const char *event = facts_env(facts, "npm_lifecycle_event");

	for (size_t i = 0; event && i < ARRAY_SIZE(lifecycle); i++)
		if (!strcmp(event, lifecycle[i]))
			return true;
	/* A cut environment may hide it. */
	return facts->environ.cut && !event;
}

/* The first two words that are no options; "" where there are fewer. The value of an option that is not bound to it by
 * '=' is taken for the command, and then matches nothing that is listed: the child stays confined. */
static void command_of(const struct words *words, const char *ret[2])
{
	const char *at = words->args, *end = words->args + words->len;
	size_t n = 0;

	ret[0] = ret[1] = "";
	for (; at < end && n < 2; at += strlen(at) + 1)
		if (at[0] && at[0] != '-')
			ret[n++] = at;
}

/* "npx" is npx, npx.js, npx-cli.js, npx.cjs. */
static bool is_program(const char *name, const char *wanted)
{
	static const char *const tails[] = { "", ".js", "-cli.js", ".cjs", ".mjs" };
	size_t len = strlen(wanted);

	if (strncmp(name, wanted, len) != 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(tails); i++)
		if (!strcmp(name + len, tails[i]))
			return true;
	return false;
}

static bool is_asked_for(const struct context *c)
{
	const char *command[2];
	struct words words;

	if (program_words(c->session->table, c->by, &words) < 0)
		return false;
	command_of(&words, command);
	for (size_t i = 0; i < c->installer->passthrough_count; i++) {
		const char *wanted = c->installer->passthrough[i];
		const char *space = strchr(wanted, ' ');
		size_t len = space ? (size_t)(space - wanted) : 0;

		if (space && !strncmp(command[0], wanted, len) && !command[0][len] && !strcmp(command[1], space + 1))
			return true;
		if (!space && (!strcmp(command[0], wanted) || (words.name && is_program(words.name, wanted))))
			return true;
	}
	return false;
}

/* python -I -B -c "... from python.get_interpreter_info import ...": runs the start-up code of an environment. */
static bool is_interpreter_query(const struct context *c)
{
	const char *value = context_value(c);

	return value && (c->recognised.features.flags & CORDON_FEATURE_CODE) && strstr(value, "get_interpreter_info");
}

bool passthrough_program(const struct context *c)
{
	if (!c->installer->passthrough_count || !is_asked_for(c) || is_lifecycle(c->facts) || is_interpreter_query(c))
		return false;
	if (!c->facts->cwd || !c->facts->exe)
		return false;
	return !path_has_component(c->facts->cwd, module_places, ARRAY_SIZE(module_places)) &&
	       !path_has_component(c->facts->cwd, build_places, ARRAY_SIZE(build_places)) &&
	       !path_has_component(c->input.path, build_places, ARRAY_SIZE(build_places)) &&
	       !path_has_component(c->facts->exe, build_places, ARRAY_SIZE(build_places));
}
