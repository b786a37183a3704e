/* SPDX-License-Identifier: Apache-2.0 */
#include "session/helper.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "session/trust.h"

#include <fnmatch.h>
#include <string.h>

#define EXCLUDED_MAX 16

static bool token_matches(const struct token_pattern *pattern, const char *name)
{
	size_t len = strlen(pattern->text);

	if (strncmp(pattern->text, name, len) != 0)
		return false;
	switch (pattern->match) {
	case TOKEN_EXACT:
		return !name[len];
	case TOKEN_VERSION:
		return !name[len + strspn(name + len, "0123456789.")];
	case TOKEN_PREFIX:
		return true;
	}
	return false;
}

/* The number of the argument that is the script, where the kernel put one there for its #! line: `path` itself, behind
 * the interpreter and at most one option. 0: the program is no script. */
static size_t script_index(const struct program *program)
{
	for (size_t i = 1; i <= 2; i++) {
		const char *arg = program_arg(program, i);

		if (arg && !strcmp(arg, program->path))
			return i;
	}
	return 0;
}

static bool args_match(const struct helper_entry *entry, const struct program *program)
{
	size_t first = script_index(program) + 1;

	for (size_t i = 0; i < entry->arg_count; i++) {
		const char *arg = program_arg(program, first + i);

		if (!arg || strcmp(arg, entry->args[i]) != 0)
			return false;
	}
	return true;
}

static const struct helper_entry *find_entry(const struct installer *installer, const struct program *program)
{
	for (size_t i = 0; i < installer->helper_count; i++) {
		const struct helper_entry *entry = &installer->helpers[i];

		if (token_matches(&entry->exe, text_basename(program->path)) && args_match(entry, program))
			return entry;
	}
	return NULL;
}

/* The file that was asked for, and what runs it, are the system's. */
static bool is_system_program(const struct context *c)
{
	const struct decide_session *session = c->session;
	const char *excluded[EXCLUDED_MAX];
	struct trust trust = { .root = session->root, .owner = session->system_owner, .excluded = excluded };
	struct stat asked, runs;

	if (session->temp_count > EXCLUDED_MAX - 2)
		return false;
	for (size_t i = 0; i < session->temp_count; i++)
		excluded[trust.excluded_count++] = session->temps[i];
	if (session->home)
		excluded[trust.excluded_count++] = session->home;
	if (session->start)
		excluded[trust.excluded_count++] = session->start;
	if (!c->facts->exe || c->facts->exe_deleted || trust_system_file(&trust, c->process->program->path, &asked) < 0)
		return false;
	if (asked.st_dev == c->facts->exe_stat.st_dev && asked.st_ino == c->facts->exe_stat.st_ino)
		return true;
	/* A script: lsb_release, keyring. */
	return script_index(c->process->program) && trust_system_file(&trust, c->facts->exe, &runs) == 0 &&
	       runs.st_dev == c->facts->exe_stat.st_dev && runs.st_ino == c->facts->exe_stat.st_ino;
}

bool helper_of_installer(const struct context *c, unsigned int *ret_reads)
{
	const struct helper_entry *entry = find_entry(c->installer, c->process->program);

	if (!entry || !is_system_program(c))
		return false;
	*ret_reads = entry->reads;
	return true;
}

/* The entry of the nearest helper above that has one: git's child git-remote-https is on git's list, and so is ssh
 * below that. */
static const struct helper_entry *entry_above(const struct context *c)
{
	const struct helper_entry *entry = find_entry(c->installer, c->by);

	for (struct process *p = c->starter->parent; !entry && p && p->role == CORDON_ROLE_HELPER; p = p->parent)
		entry = find_entry(c->installer, p->program);
	return entry;
}

/* 'quoted' as git does it: nothing in it is the shell's, '\'' and '\!' are the only ways out and in again. */
static const char *skip_quoted(const char *text)
{
	if (*text != '\'')
		return NULL;
	for (;;) {
		text = strchr(text + 1, '\'');
		if (!text)
			return NULL;
		text++;
		if (strncmp(text, "\\''", 3) != 0 && strncmp(text, "\\!'", 3) != 0)
			return text;
		text += 2;
	}
}

/* sh -c "git-upload-pack '/some/where'": how git reads from a repository on this machine. */
static bool is_upload_pack(const struct program *program)
{
	const char *command = program_arg(program, 2);
	const char *option = program_arg(program, 1);
	static const char prefix[] = "git-upload-pack ";

	if (strcmp(text_basename(program->path), "sh") != 0 || !option || strcmp(option, "-c") != 0 || !command ||
	    !text_starts_with(command, prefix))
		return false;
	command = skip_quoted(command + strlen(prefix));
	return command && !*command;
}

static bool is_child_of(const struct helper_entry *entry, const struct program *program)
{
	const char *name = text_basename(program->path);

	if (token_matches(&entry->exe, name))
		return true;
	for (size_t i = 0; i < entry->child_count; i++)
		if (fnmatch(entry->children[i], name, 0) == 0)
			return true;
	return !strcmp(entry->exe.text, "git") && is_upload_pack(program);
}

bool helper_of_helper(const struct context *c, unsigned int *ret_reads)
{
	const struct helper_entry *above = entry_above(c);
	const struct helper_entry *own;

	if (!above || !is_child_of(above, c->process->program) || !is_system_program(c))
		return false;
	/* ssh below git reads what ssh may, not what git may. */
	own = find_entry(c->installer, c->process->program);
	*ret_reads = own ? own->reads : above->reads;
	return true;
}
