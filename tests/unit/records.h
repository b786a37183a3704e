/* SPDX-License-Identifier: Apache-2.0 */
/*
 * records.h - ring records as tests of session/ need them.
 */
#ifndef CORDON_TESTS_RECORDS_H
#define CORDON_TESTS_RECORDS_H

#include "session/tree.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

__attribute__((unused)) static struct cordon_record record_of(unsigned int type, pid_t pid, pid_t ppid,
							      unsigned int role)
{
	return (struct cordon_record){
		.abi = CORDON_ABI,
		.type = (uint16_t)type,
		.session = 1,
		.pid = (uint32_t)pid,
		.tgid = (uint32_t)pid + 1000,
		.ppid = (uint32_t)ppid,
		.label = { .session = 1, .role = (uint8_t)role },
	};
}

/* `args`: one string literal with \0 between the arguments; sizeof() counts the last NUL. */
#define record_exec(record, pid, ppid, path, args) record_exec_of(record, pid, ppid, path, args, sizeof(args))

__attribute__((unused)) static void record_exec_of(struct cordon_record_exec *record, pid_t pid, pid_t ppid,
						   const char *path, const char *args, size_t args_len)
{
	*record = (struct cordon_record_exec){ .head = record_of(CORDON_RECORD_EXEC, pid, ppid, CORDON_ROLE_PACKAGE) };
	assert_true(strlen(path) < sizeof(record->path) && args_len <= sizeof(record->args));
	strncpy(record->path, path, sizeof(record->path) - 1);
	record->path_len = (uint32_t)strlen(path) + 1;
	memcpy(record->args, args, args_len);
	record->args_len = (uint32_t)args_len;
	record->role_before = CORDON_ROLE_INSTALLER;
	record->held = 1;
}

__attribute__((unused)) static void tree_open(struct tree *tree, pid_t pid, const char *parent, const char *name)
{
	struct cordon_record_archive record = { .head =
						    record_of(CORDON_RECORD_ARCHIVE, pid, 0, CORDON_ROLE_INSTALLER) };

	strncpy(record.parent, parent, sizeof(record.parent) - 1);
	strncpy(record.name, name, sizeof(record.name) - 1);
	assert_int_equal(tree_archive(tree, &record), 0);
}

#endif
