/* SPDX-License-Identifier: Apache-2.0 */
#include "records.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

static int setup(void **state)
{
	*state = tree_new();
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	tree_free(*state);
	return 0;
}

static struct process *forks(struct tree *tree, pid_t ppid, pid_t pid, unsigned int role)
{
	struct cordon_record record = record_of(CORDON_RECORD_FORK, pid, ppid, role);
	struct process *p = NULL;

	assert_int_equal(tree_fork(tree, &record, &p), 0);
	return p;
}

static struct process *execs(struct tree *tree, pid_t pid, const char *path, unsigned int role)
{
	struct cordon_record_exec record;
	struct process *p = NULL;

	record_exec(&record, pid, 1, path, "argv0\0argv1");
	record.head.label.role = (uint8_t)role;
	assert_int_equal(tree_exec(tree, &record, &p), 0);
	return p;
}

static void exits(struct tree *tree, pid_t pid)
{
	struct cordon_record record = record_of(CORDON_RECORD_EXIT, pid, 1, CORDON_ROLE_PACKAGE);

	tree_exit(tree, &record);
}

static void test_fork_and_exec(void **state)
{
	struct process *pip = execs(*state, 10, "/usr/bin/pip", CORDON_ROLE_INSTALLER);
	struct process *child = forks(*state, 10, 11, CORDON_ROLE_INSTALLER);

	assert_ptr_equal(child->parent, pip);
	assert_ptr_equal(child->program, pip->program);
	assert_null(child->previous);
	assert_int_equal(child->tgid, 1011);
	child = execs(*state, 11, "/usr/bin/python3", CORDON_ROLE_PACKAGE);
	assert_string_equal(child->program->path, "/usr/bin/python3");
	assert_string_equal(child->previous->path, "/usr/bin/pip");
	assert_int_equal(child->role_before, CORDON_ROLE_INSTALLER);
	assert_int_equal(child->role, CORDON_ROLE_PACKAGE);
	assert_string_equal(program_arg(child->program, 1), "argv1");
	assert_null(program_arg(child->program, 2));
	assert_ptr_equal(tree_find(*state, 11), child);
	assert_null(tree_find(*state, 12));
}

static void test_starter(void **state)
{
	struct process *pip = execs(*state, 10, "/usr/bin/pip", CORDON_ROLE_INSTALLER);
	struct process *p;

	/* By a fork of a fork. */
	forks(*state, 10, 11, CORDON_ROLE_INSTALLER);
	forks(*state, 11, 12, CORDON_ROLE_INSTALLER);
	p = execs(*state, 12, "/usr/bin/python3", CORDON_ROLE_PACKAGE);
	assert_ptr_equal(process_starter(p), pip);
	/* The installer itself, as poetry run does. */
	p = execs(*state, 10, "/usr/bin/true", CORDON_ROLE_ROOT);
	assert_ptr_equal(process_starter(p), p);
	assert_string_equal(p->previous->path, "/usr/bin/pip");
}

static void test_arguments_that_were_cut(void **state)
{
	struct cordon_record_exec record;
	struct process *p;

	record_exec_of(&record, 10, 1, "/x", "a\0bcd", 5);
	record.truncated = 1;
	assert_int_equal(tree_exec(*state, &record, &p), 0);
	assert_string_equal(program_arg(p->program, 0), "a");
	assert_null(program_arg(p->program, 1));
	/* Lengths beyond the buffer, no NUL in the path. */
	memset(record.path, 'x', sizeof(record.path));
	memset(record.args, 'y', sizeof(record.args));
	record.args_len = UINT32_MAX;
	assert_int_equal(tree_exec(*state, &record, &p), 0);
	assert_int_equal(strlen(p->program->path), sizeof(record.path));
	assert_int_equal(p->program->args_len, sizeof(record.args) + 1);
}

static void test_ancestry(void **state)
{
	const struct process *up[8];

	execs(*state, 10, "/bin/sh", CORDON_ROLE_ROOT);
	forks(*state, 10, 11, CORDON_ROLE_ROOT);
	execs(*state, 11, "/usr/bin/pip", CORDON_ROLE_INSTALLER);
	forks(*state, 11, 12, CORDON_ROLE_PACKAGE);
	forks(*state, 12, 13, CORDON_ROLE_PACKAGE);
	assert_int_equal(process_ancestry(tree_find(*state, 13), up, 8), 2);
	assert_int_equal(up[0]->pid, 11);
	assert_int_equal(up[1]->pid, 12);
	assert_int_equal(process_ancestry(tree_find(*state, 13), up, 1), 1);
	assert_int_equal(up[0]->pid, 12);
	assert_int_equal(process_ancestry(tree_find(*state, 11), up, 8), 1);
	assert_int_equal(up[0]->pid, 10);
	assert_int_equal(process_ancestry(tree_find(*state, 10), up, 8), 0);
	/* Exited ones are still there. */
	exits(*state, 12);
	assert_int_equal(process_ancestry(tree_find(*state, 13), up, 8), 2);
	assert_true(up[1]->exited);
}

static void test_pid_is_reused(void **state)
{
	struct process *old = execs(*state, 10, "/bin/old", CORDON_ROLE_PACKAGE);
	struct process *p;

	exits(*state, 10);
	assert_ptr_equal(tree_find(*state, 10), old);
	p = forks(*state, 1, 10, CORDON_ROLE_PACKAGE);
	assert_ptr_not_equal(p, old);
	assert_ptr_equal(tree_find(*state, 10), p);
	/* Its exit was lost. */
	execs(*state, 10, "/bin/second", CORDON_ROLE_PACKAGE);
	p = forks(*state, 1, 10, CORDON_ROLE_PACKAGE);
	assert_ptr_equal(tree_find(*state, 10), p);
	assert_string_equal(p->program->path, "");
	/* An exit of nobody changes nothing. */
	exits(*state, 77);
	assert_int_equal(tree_count(*state), 3);
}

static void test_lost_fork(void **state)
{
	struct cordon_record_exec record;
	struct process *p;

	execs(*state, 10, "/usr/bin/pip", CORDON_ROLE_INSTALLER);
	record_exec(&record, 11, 10, "/bin/x", "x");
	assert_int_equal(tree_exec(*state, &record, &p), 0);
	assert_int_equal(p->parent->pid, 10);
	assert_string_equal(p->previous->path, "/usr/bin/pip");
}

static void count_one(struct process *p __attribute__((unused)), void *arg)
{
	++*(size_t *)arg;
}

static void test_ten_thousand_forks_are_cheap(void **state)
{
	struct timespec from, to;
	size_t living = 0;

	execs(*state, 1, "/usr/bin/pip", CORDON_ROLE_INSTALLER);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	for (pid_t pid = 2; pid < 10002; pid++)
		forks(*state, 1, pid, CORDON_ROLE_PACKAGE);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	/* A few ms; with a look through all of them for each it would be seconds. */
	assert_true((to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000 < 500);
	tree_each(*state, count_one, &living);
	assert_int_equal(living, 10001);
	for (pid_t pid = 2; pid < 10002; pid++)
		exits(*state, pid);
	assert_int_equal(tree_count(*state), 1 + TREE_EXITED_MAX);
	/* The oldest went first. */
	assert_null(tree_find(*state, 2));
	assert_non_null(tree_find(*state, 10001));
	living = 0;
	tree_each(*state, count_one, &living);
	assert_int_equal(living, 1);
}

static void test_full_of_living(void **state)
{
	struct cordon_record record = record_of(CORDON_RECORD_FORK, TREE_MAX + 1, 1, CORDON_ROLE_PACKAGE);
	struct process *p = NULL;

	for (pid_t pid = 1; pid <= TREE_MAX; pid++)
		forks(*state, pid / 2, pid, CORDON_ROLE_PACKAGE);
	assert_int_equal(tree_fork(*state, &record, &p), -ENOSPC);
	assert_null(p);
	assert_int_equal(tree_count(*state), TREE_MAX);
	exits(*state, TREE_MAX);
	assert_int_equal(tree_fork(*state, &record, &p), 0);
	assert_non_null(p);
}

/* A chain of processes that each fork the next and exit: all but the last are ancestors of a living one. */
static void test_chain_is_bounded(void **state)
{
	const struct process *up[4];

	execs(*state, 1, "/usr/bin/pip", CORDON_ROLE_INSTALLER);
	for (pid_t pid = 2; pid < TREE_MAX + 1000; pid++) {
		forks(*state, pid - 1, pid, CORDON_ROLE_PACKAGE);
		if (pid > 2)
			exits(*state, pid - 1);
	}
	assert_true(tree_count(*state) <= TREE_MAX);
	/* What went out of the middle was bridged: the installer is still the first. */
	assert_null(tree_find(*state, 2));
	assert_int_equal(tree_find(*state, 1)->children->parent->pid, 1);
	assert_int_equal(process_ancestry(tree_find(*state, TREE_MAX + 999), up, 4), 4);
	assert_int_equal(up[3]->pid, TREE_MAX + 998);
}

static void test_archives(void **state)
{
	struct cordon_record_archive nobody = { .head = record_of(CORDON_RECORD_ARCHIVE, 99, 1, 0) };
	struct process *pip = execs(*state, 10, "/usr/bin/pip", CORDON_ROLE_INSTALLER);

	tree_open(*state, 10, "pip-unpack-a", "six-1.0.tar.gz");
	tree_open(*state, 10, "pip-unpack-b", "idna-3.0.tar.gz");
	tree_open(*state, 10, "pip-unpack-a", "six-1.0.tar.gz");
	assert_int_equal(pip->archive_count, 2);
	assert_true(pip->archives[0].order > pip->archives[1].order);
	assert_int_equal(archive_bind(&pip->archives[0], "/tmp/a"), 0);
	assert_int_equal(archive_bind(&pip->archives[0], "/tmp/b"), 0);
	assert_string_equal(pip->archives[0].bound, "/tmp/b");
	assert_int_equal(tree_archive(*state, &nobody), -ESRCH);
	for (int i = 0; i < TREE_ARCHIVES_MAX + 10; i++) {
		char name[32];

		snprintf(name, sizeof(name), "p-%d.tar.gz", i);
		tree_open(*state, 10, "x", name);
	}
	assert_int_equal(pip->archive_count, TREE_ARCHIVES_MAX);
	/* The oldest made room. */
	for (size_t i = 0; i < pip->archive_count; i++) {
		assert_string_not_equal(pip->archives[i].name, "idna-3.0.tar.gz");
		assert_string_not_equal(pip->archives[i].name, "p-0.tar.gz");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_fork_and_exec, setup, teardown),
		cmocka_unit_test_setup_teardown(test_starter, setup, teardown),
		cmocka_unit_test_setup_teardown(test_arguments_that_were_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ancestry, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pid_is_reused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lost_fork, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ten_thousand_forks_are_cheap, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full_of_living, setup, teardown),
		cmocka_unit_test_setup_teardown(test_chain_is_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_archives, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
