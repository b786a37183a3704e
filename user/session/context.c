/* SPDX-License-Identifier: Apache-2.0 */
#include "session/context.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <fnmatch.h>
#include <string.h>

static struct cordon_args program_args(const struct program *program)
{
	return (struct cordon_args){ program->args, (uint32_t)program->args_len, program->truncated };
}

void context_init(struct context *c, const struct decide_session *session, const struct decide_input *input)
{
	const struct program *program = input->process->program;

	*c = (struct context){ .session = session, .process = input->process, .facts = input->facts };
	c->starter = process_starter(input->process);
	c->by = input->process->previous ? input->process->previous : program;
	c->installer = installer_at(session->installers, input->process->installer);
	c->input.path = program->path;
	c->input.exe = input->facts->exe;
	c->input.args = program_args(program);
	/* The task stands before its first instruction, so that its memory still has what execve was given. */
	if (program->truncated && input->facts->cmdline.len) {
		c->input.args.bytes = input->facts->cmdline.bytes;
		c->input.args.len = (uint32_t)input->facts->cmdline.len;
		c->input.args.truncated = input->facts->cmdline.cut;
	}
	c->recognised_as = recognise_argv(session->table, &c->input, &c->recognised);
}

const char *context_value(const struct context *c)
{
	return recognised_value(&c->recognised, &c->input.args);
}

char *context_script(const struct context *c)
{
	const char *value = context_value(c);

	if (!value || !(c->recognised.features.flags & CORDON_FEATURE_SCRIPT))
		return NULL;
	if (value[0] == '/')
		return strdup(value);
	return c->facts->cwd ? text_format("%s/%s", c->facts->cwd, value) : NULL;
}

static int program_recognise(const struct recognise_table *table, const struct program *program, struct recognised *ret)
{
	struct recognise_input input = {
		.path = program->path,
		/* Of a script with a #! line the kernel puts the interpreter's path into argv[0]. */
		.exe = program->exe ? program->exe : program_arg(program, 0),
		.args = program_args(program),
	};

	return recognise_argv(table, &input, ret);
}

int program_words(const struct recognise_table *table, const struct program *program, struct words *ret)
{
	const struct cordon_args args = program_args(program);
	const char *end = program->args + program->args_len;
	struct recognised recognised;
	const char *at;

	if (program_recognise(table, program, &recognised) < 0)
		return -ENOENT;
	at = recognised_value(&recognised, &args);
	if (!at) {
		ret->name = text_basename(program->path);
		at = program->args;
	} else {
		ret->name = recognised.features.flags & CORDON_FEATURE_SCRIPT ? text_basename(at) : at;
	}
	if (at < end)
		at += strlen(at) + 1;
	ret->args = at;
	ret->len = at < end ? (size_t)(end - at) : 0;
	return 0;
}

const char *program_script(const struct recognise_table *table, const struct program *program, int *ret_installer)
{
	const struct cordon_args args = program_args(program);
	struct recognised recognised;

	if (program_recognise(table, program, &recognised) < 0 || !(recognised.features.flags & CORDON_FEATURE_SCRIPT))
		return NULL;
	*ret_installer = recognised.installer;
	return recognised_value(&recognised, &args);
}

bool path_is_under(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	while (len > 1 && folder[len - 1] == '/')
		len--;
	if (strncmp(path, folder, len) != 0)
		return false;
	return !path[len] || path[len] == '/' || (len == 1 && folder[0] == '/');
}

bool path_has_component(const char *path, const char *const *patterns, size_t count)
{
	_cleanup_free_ char *copy = strdup(path);
	char *rest = copy;

	/* Out of memory: what has such a component is refused something, so say that it has. */
	if (!copy)
		return true;
	for (char *part = strsep(&rest, "/"); part; part = strsep(&rest, "/"))
		for (size_t i = 0; i < count; i++)
			if (fnmatch(patterns[i], part, 0) == 0)
				return true;
	return false;
}

int64_t time_of_stat(const struct timespec *time)
{
	return (int64_t)time->tv_sec * 1000000000 + time->tv_nsec;
}

int64_t context_since(const struct context *c)
{
	return c->by->time ? (int64_t)c->by->time + c->session->wall_offset : 0;
}
