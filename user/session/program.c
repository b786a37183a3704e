/* SPDX-License-Identifier: Apache-2.0 */
#include "session/program.h"

#include <stdlib.h>
#include <string.h>

void program_unref(struct program *program)
{
	if (!program || --program->refs)
		return;
	free(program->path);
	free(program->args);
	free(program->exe);
	free(program->cwd);
	free(program);
}

struct program *program_ref(struct program *program)
{
	program->refs++;
	return program;
}

struct program *program_new(const struct cordon_record_exec *record)
{
	size_t path_len = strnlen(record->path, sizeof(record->path));
	size_t len = record->args_len < sizeof(record->args) ? record->args_len : sizeof(record->args);
	struct program *program = calloc(1, sizeof(*program));

	if (!program)
		return NULL;
	program->refs = 1;
	program->truncated = record->truncated;
	program->time = record->head.time;
	program->path = strndup(record->path, path_len);
	program->args = malloc(len + 1);
	if (!program->path || !program->args) {
		program_unref(program);
		return NULL;
	}
	memcpy(program->args, record->args, len);
	/* The last argument has its NUL unless it was cut. */
	program->args[len] = '\0';
	program->args_len = len && record->args[len - 1] ? len + 1 : len;
	return program;
}

const char *program_arg(const struct program *program, size_t index)
{
	const char *at = program->args;
	const char *end = at + program->args_len;

	for (; at < end; at += strlen(at) + 1)
		if (!index--)
			return program->truncated && at + strlen(at) + 1 >= end ? NULL : at;
	return NULL;
}
