/* SPDX-License-Identifier: Apache-2.0 */
/*
 * requirements.c - the build requirements that run as a package: a plugin of its build is code in its process, so what was
 * done may be theirs. They are those that a nested installer opened for a build environment that is the package's.
 */
#include "guard/controller.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <string.h>

/* Environments, output and source of one package are a few folders. */
#define FOLDERS_MAX 32
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

static bool names_folder(const struct program *program, const char *folder)
{
	return memmem(program->args, program->args_len, folder, strlen(folder)) != NULL;
}

/* What this installer opened, where it was told to put it into one of the folders. */
static void name_archives(struct named *named, const struct process *process, const char *const *folders, size_t count)
{
	bool told = false;

	for (size_t i = 0; i < count; i++)
		told |= names_folder(process->program, folders[i]);
	for (size_t i = 0; told && i < process->archive_count; i++) {
		struct identity identity;

		if (!identity_from_archive("pypi", process->archives[i].name, NULL, &identity))
			name_add(named, &identity);
	}
}

char *requirements_of(const struct controller *c, pid_t pid, uint32_t package)
{
	const struct process *starter = tree_find(c->tree, pid);
	const char *folders[FOLDERS_MAX];
	size_t count = handover_folders(c->handover, package, folders, FOLDERS_MAX);
	_cleanup_free_ char *text = NULL;
	struct named named = { 0 };

	while (starter && starter->role != CORDON_ROLE_INSTALLER)
		starter = starter->parent;
	for (const struct process *child = starter ? starter->children : NULL; child; child = child->sibling)
		if (child->flags & CORDON_LABEL_NESTED)
			name_archives(&named, child, folders, count);
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
