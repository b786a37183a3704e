/* SPDX-License-Identifier: Apache-2.0 */
/*
 * requirements.c - the build requirements that run as a package: a plugin of its build is code in its process, so what was
 * done may be theirs. They are those that a nested installer opened for a build environment that is the package's.
 */
#include "guard/controller.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <string.h>

/* How pip names the environment of a build, in PYTHONPATH and to the nested pip that fills it. */
#define ENVIRONMENT "/pip-build-env-"
/* A line's worth. */
#define NAMED_MAX 8

struct named {
	struct identity items[NAMED_MAX];
	size_t count;
	bool more;
};

static void name_add(struct named *named, const struct identity *identity)
{
	for (size_t i = 0; i < named->count; i++)
		if (!strcmp(named->items[i].name, identity->name) && !strcmp(named->items[i].version, identity->version))
			return;
	if (named->count == NAMED_MAX)
		named->more = true;
	else
		named->items[named->count++] = *identity;
}

/* What this installer opened, where it was told to put it into that environment. */
static void name_archives(struct named *named, const struct process *process, const char *environment)
{
	const struct program *program = process->program;

	if (!memmem(program->args, program->args_len, environment, strlen(environment)))
		return;
	for (size_t i = 0; i < process->archive_count; i++) {
		struct identity identity;

		if (!identity_from_archive("pypi", process->archives[i].name, NULL, &identity))
			name_add(named, &identity);
	}
}

void requirements_note(struct controller *c, uint32_t package, const struct facts *facts)
{
	const char *path = facts_env(facts, "PYTHONPATH"), *at = path ? strstr(path, ENVIRONMENT) : NULL;
	struct package *of = package && package <= c->package_count ? &c->packages[package - 1] : NULL;

	if (!at || !of)
		return;
	free(of->environment);
	/* "/pip-build-env-x1y2z3a4" is no other one's. */
	of->environment = strndup(at, 1 + strcspn(at + 1, "/:"));
}

char *requirements_of(const struct controller *c, pid_t pid, uint32_t package)
{
	const struct process *starter = tree_find(c->tree, pid);
	const char *environment = package && package <= c->package_count ? c->packages[package - 1].environment : NULL;
	_cleanup_free_ char *text = NULL;
	struct named named = { 0 };

	while (starter && starter->role != CORDON_ROLE_INSTALLER)
		starter = starter->parent;
	for (const struct process *child = starter && environment ? starter->children : NULL; child; child = child->sibling)
		if (child->flags & CORDON_LABEL_NESTED)
			name_archives(&named, child, environment);
	for (size_t i = 0; i < named.count; i++) {
		char *longer = text_format("%s%s%s %s", text ? text : "", text ? ", " : "", named.items[i].name,
					   named.items[i].version);

		free(text);
		text = longer;
		if (!text)
			return NULL;
	}
	if (named.more) {
		char *longer = text_format("%s, ...", text);

		free(text);
		text = longer;
	}
	return TAKE_PTR(text);
}
