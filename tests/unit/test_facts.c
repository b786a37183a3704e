/* SPDX-License-Identifier: Apache-2.0 */
/* test_facts.c - against /proc itself, and against a folder that looks like it for what the kernel rarely says. */
#include "session/facts.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

static int proc = -1;

static int setup(void **state __attribute__((unused)))
{
	proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return proc < 0;
}

/* Starts sleep(1) with these arguments and environment in `folder`; waits until it has been executed. */
static pid_t start(const char *folder, char *const argv[], char *const envp[])
{
	int fds[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	pid = fork();
	if (!pid) {
		if (chdir(folder) == 0)
			execve("/bin/sleep", argv, envp);
		_exit(1);
	}
	close(fds[1]);
	/* The pipe closes at the exec. */
	assert_int_equal(read(fds[0], &byte, 1), 0);
	close(fds[0]);
	return pid;
}

static void stop(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void test_everything(void **state __attribute__((unused)))
{
	char *argv[] = { "a name\nwith \x1b[2J", "60", NULL };
	char *envp[] = { "NAME_LONGER=no", "NOVALUE", "=odd", "NAME=first", "NAME=second", "EMPTY=", NULL };
	pid_t pid = start("/usr", argv, envp);
	struct facts facts;

	assert_int_equal(facts_read(proc, pid, 0, &facts), 0);
	assert_int_equal(facts.ppid, getpid());
	assert_int_equal(facts.uid, geteuid());
	assert_true(facts.start > 0);
	assert_string_equal(text_basename(facts.exe), "sleep");
	assert_true(S_ISREG(facts.exe_stat.st_mode));
	assert_false(facts.exe_deleted);
	assert_string_equal(facts.cwd, "/usr");
	assert_string_equal(facts.cmdline.bytes, argv[0]);
	assert_int_equal(facts.cmdline.len, strlen(argv[0]) + 1 + 3);
	assert_string_equal(facts_env(&facts, "NAME"), "first");
	assert_string_equal(facts_env(&facts, "EMPTY"), "");
	assert_null(facts_env(&facts, "NOVALUE"));
	assert_null(facts_env(&facts, "MISSING"));
	facts_release(&facts);
	stop(pid);
	assert_int_equal(facts_read(proc, pid, 0, &facts), -ESRCH);
}

static void test_another_has_the_number(void **state __attribute__((unused)))
{
	char *argv[] = { "sleep", "60", NULL }, *envp[] = { NULL };
	pid_t pid = start("/", argv, envp);
	struct facts facts;

	assert_int_equal(facts_read(proc, pid, 0, &facts), 0);
	uint64_t when = facts.start;

	facts_release(&facts);
	assert_int_equal(facts_read(proc, pid, when, &facts), 0);
	facts_release(&facts);
	assert_int_equal(facts_read(proc, pid, when + 1, &facts), -ESRCH);
	stop(pid);
}

static void test_zombie(void **state __attribute__((unused)))
{
	char *argv[] = { "sleep", "0", NULL }, *envp[] = { NULL };
	pid_t pid = start("/", argv, envp);
	siginfo_t info;
	struct facts facts;

	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(facts_read(proc, pid, 0, &facts), -ESRCH);
	waitpid(pid, NULL, 0);
}

static void test_folder_is_gone(void **state __attribute__((unused)))
{
	char folder[] = "/tmp/cordon-facts-XXXXXX";
	char *argv[] = { "sleep", "60", NULL }, *envp[] = { NULL };
	struct facts facts;
	pid_t pid;

	assert_non_null(mkdtemp(folder));
	pid = start(folder, argv, envp);
	assert_int_equal(rmdir(folder), 0);
	assert_int_equal(facts_read(proc, pid, 0, &facts), 0);
	assert_null(facts.cwd);
	facts_release(&facts);
	stop(pid);
}

static void test_long_environment(void **state __attribute__((unused)))
{
	_cleanup_free_ char *big = malloc(120001);
	char *argv[] = { "sleep", "60", NULL }, *envp[] = { big, "LAST=here", NULL };
	struct facts facts;
	pid_t pid;

	assert_non_null(big);
	memset(big, 'x', 120000);
	memcpy(big, "BIG=", 4);
	big[120000] = '\0';
	pid = start("/", argv, envp);
	assert_int_equal(facts_read(proc, pid, 0, &facts), 0);
	assert_string_equal(facts_env(&facts, "LAST"), "here");
	assert_int_equal(strlen(facts_env(&facts, "BIG")), 120000 - 4);
	assert_false(facts.environ.cut);
	/* Cut before its end: what is not whole is not there. */
	facts.environ.cut = true;
	facts.environ.len = 1000;
	facts.environ.bytes[1000] = '\0';
	assert_null(facts_env(&facts, "BIG"));
	facts_release(&facts);
	stop(pid);
}

/* --- a folder that looks like /proc ---------------------------------------------------------------------------- */

static char fake[] = "/tmp/cordon-proc-XXXXXX";
static int fake_fd = -1;

static void put(const char *name, const char *text)
{
	_cleanup_free_ char *path = text_format("%s/7/%s", fake, name);
	_cleanup_fclose_ FILE *out = fopen(path, "we");

	assert_non_null(out);
	assert_true(fputs(text, out) >= 0);
}

#define NUMBERS " 1 1 0 -1 4194560 1 0 0 0 1 2 3 4 20 0 1 0 "
/* Fields 25 to 52: where the environment lies are the last but two and one. */
#define REST " 0 0 0 0 0 0 0 0 0 0 0 0 0 -1 0 0 0 0 0 0 0 0 0 0 0 4096 8192 0\n"

static int setup_fake(void **state __attribute__((unused)))
{
	_cleanup_free_ char *folder = NULL, *exe = NULL, *cwd = NULL;

	memcpy(fake + strlen(fake) - 6, "XXXXXX", 6);
	if (!mkdtemp(fake))
		return -1;
	folder = text_format("%s/7", fake);
	exe = text_format("%s/exe", folder);
	cwd = text_format("%s/cwd", folder);
	if (mkdir(folder, 0700) < 0 || symlink("/bin/true (deleted)", exe) < 0 || symlink("/", cwd) < 0)
		return -1;
	put("stat", "7 (x) S 1" NUMBERS "4711 0 0" REST);
	put("status", "Name:\tx\nUid:\t1000\t1001\t1002\t1003\n");
	put("environ", "");
	put("cmdline", "");
	fake_fd = open(fake, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fake_fd < 0;
}

static int teardown_fake(void **state __attribute__((unused)))
{
	static const char *const names[] = { "stat", "status", "environ", "cmdline", "exe", "cwd", "" };

	close(fake_fd);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_free_ char *path = text_format("%s/7/%s", fake, names[i]);

		remove(path);
	}
	return rmdir(fake);
}

static void use_exe(const char *target)
{
	_cleanup_free_ char *path = text_format("%s/7/exe", fake);

	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink(target, path), 0);
}

static void test_name_that_looks_like_fields(void **state __attribute__((unused)))
{
	_cleanup_close_ int dir = -1;
	struct facts_stat stat;
	struct facts facts;

	use_exe("/bin/sh");
	put("stat", "7 (x) Z 99 (y) S 42) R 3" NUMBERS "4711 0 0" REST);
	put("status", "Name:\tUid:\\n\nUid:\t1000\t1001\t1002\t1003\n");
	assert_int_equal(facts_read(fake_fd, 7, 4711, &facts), 0);
	assert_int_equal(facts.state, 'R');
	assert_int_equal(facts.ppid, 3);
	assert_int_equal(facts.uid, 1001);
	assert_false(facts.exe_deleted);
	facts_release(&facts);
	dir = facts_open(fake_fd, 7);
	assert_true(dir >= 0);
	assert_int_equal(facts_stat(dir, &stat), 0);
	assert_int_equal(stat.state, 'R');
	assert_int_equal(stat.start, 4711);
	assert_int_equal(stat.env_start, 4096);
	assert_int_equal(stat.env_end, 8192);
	assert_int_equal(facts_open(fake_fd, 8), -ESRCH);
}

static void test_damaged_files(void **state __attribute__((unused)))
{
	static const char *const stats[] = { "",
					     "7",
					     "7 (x)",
					     "7 (x) S",
					     "7 (x) S 1 2 3\n",
					     "7 (x) S 1" NUMBERS "\n",
					     "7 (x) S 1" NUMBERS "99999999999999999999999 0 0" REST,
					     "7 (x) S 1" NUMBERS "4711 0 0\n" };
	struct facts facts;

	use_exe("/bin/sh");
	for (size_t i = 0; i < ARRAY_SIZE(stats); i++) {
		put("stat", stats[i]);
		assert_int_equal(facts_read(fake_fd, 7, 0, &facts), -EUCLEAN);
	}
	put("stat", "7 (x) S 1" NUMBERS "4711 0 0" REST);
	put("status", "Name:\tx\n");
	assert_int_equal(facts_read(fake_fd, 7, 0, &facts), -EUCLEAN);
	put("status", "Name:\tx\nUid:\tx\n");
	assert_int_equal(facts_read(fake_fd, 7, 0, &facts), -EUCLEAN);
	/* The program has gone: nothing to stat. */
	put("status", "Name:\tx\nUid:\t1\t1\t1\t1\n");
	use_exe("/nowhere/at all");
	assert_int_equal(facts_read(fake_fd, 7, 0, &facts), -ESRCH);
}

static void test_too_much(void **state __attribute__((unused)))
{
	_cleanup_free_ char *big = malloc(FACTS_BLOCK_MAX + 100);
	struct facts facts;

	assert_non_null(big);
	memset(big, 'x', FACTS_BLOCK_MAX + 99);
	big[FACTS_BLOCK_MAX + 99] = '\0';
	memcpy(big, "A=", 2);
	use_exe("/bin/sh");
	put("environ", big);
	assert_int_equal(facts_read(fake_fd, 7, 0, &facts), 0);
	assert_true(facts.environ.cut);
	assert_int_equal(facts.environ.len, FACTS_BLOCK_MAX);
	assert_null(facts_env(&facts, "A"));
	facts_release(&facts);
}

#define FAKE(test) cmocka_unit_test_setup_teardown(test, setup_fake, teardown_fake)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything),
		cmocka_unit_test(test_another_has_the_number),
		cmocka_unit_test(test_zombie),
		cmocka_unit_test(test_folder_is_gone),
		cmocka_unit_test(test_long_environment),
		FAKE(test_name_that_looks_like_fields),
		FAKE(test_damaged_files),
		FAKE(test_too_much),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
