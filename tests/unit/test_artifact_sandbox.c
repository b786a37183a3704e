/* SPDX-License-Identifier: Apache-2.0 */
/* test_artifact_sandbox.c - what a reader cannot do, and what becomes of one that ends. */
#include "artifact_scratch.h"

#include "artifact/reader.h"
#include "artifact/sandbox.h"
#include "base/cleanup.h"
#include "base/text.h"

#include <cap-ng.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static void do_nothing(void)
{
}

static void do_open(void)
{
	open("/etc/passwd", O_RDONLY);
}

static void do_socket(void)
{
	socket(AF_INET, SOCK_STREAM, 0);
}

static void do_fork(void)
{
	if (!syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0))
		_exit(0);
}

static void do_execve(void)
{
	execl("/bin/true", "true", NULL);
}

static void do_kill(void)
{
	kill(getppid(), 0);
}

static void do_ptrace(void)
{
	syscall(SYS_ptrace, 0, 0, 0, 0);
}

static void do_foreign_write(void)
{
	syscall(SYS_write, SANDBOX_FILE, "x", 1);
}

static void do_code(void)
{
	mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void do_map(void)
{
	mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, SANDBOX_FILE, 0);
}

static void do_send(void)
{
	struct msghdr message = { 0 };

	sendmsg(SANDBOX_CHANNEL, &message, 0);
}

/* What it has to be able to do. */
static void do_read(void)
{
	char byte;

	if (pread(SANDBOX_FILE, &byte, 1, 0) != 1 || write(SANDBOX_CHANNEL, &byte, 1) != 1)
		_exit(1);
	free(malloc(1u << 20));
}

/* A child with all of it laid down does `what`. Gives its wait status. */
static int confined(void (*what)(void))
{
	int status, null = open("/dev/null", O_WRONLY), file = memfd_create("file", 0);
	pid_t pid;

	assert_int_equal(write(file, "x", 1), 1);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		struct sandbox sandbox;

		if (dup2(file, 100) < 0 || dup2(null, SANDBOX_CHANNEL) < 0 || dup2(100, SANDBOX_FILE) < 0)
			_exit(2);
		if (sandbox_server(&sandbox) || sandbox_child(&sandbox, &artifact_limits_default))
			_exit(3);
		what();
		_exit(0);
	}
	close(null);
	close(file);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void test_calls(void **state)
{
	static const struct {
		const char *name;
		void (*what)(void);
		bool sanitized; /* not there, see sandbox.c: the sanitizer does it itself */
	} calls[] = {
		{ "socket", do_socket, false },	  { "fork", do_fork, false },		{ "execve", do_execve, false },
		{ "kill", do_kill, false },	  { "ptrace", do_ptrace, false },	{ "sendmsg", do_send, false },
		{ "open", do_open, true },	  { "another file", do_foreign_write, true }, { "code", do_code, true },
		{ "map a file", do_map, true },
	};

	(void)state;
	assert_int_equal(confined(do_nothing), 0);
	assert_int_equal(confined(do_read), 0);
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		int status;

#ifdef __SANITIZE_ADDRESS__
		if (calls[i].sanitized)
			continue;
#endif
		status = confined(calls[i].what);
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
			fail_msg("%s: status %x", calls[i].name, status);
	}
}

/* Not where a user namespace has one id only. */
static bool has_nobody(void)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid)
		_exit(setresuid(65534, 65534, 65534) ? 1 : 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return !status;
}

/* What the server has before it takes anything, and its children with it. */
static void test_privileges(void **state)
{
	bool ids = !capng_get_caps_process() && capng_have_capability(CAPNG_EFFECTIVE, CAP_SETUID) &&
		   capng_have_capability(CAPNG_EFFECTIVE, CAP_SETGID) && has_nobody();
	bool landlock = syscall(SYS_landlock_create_ruleset, NULL, 0, 1) > 0;
	int status;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (!pid) {
		struct sandbox sandbox;
		uid_t r, e, s;
		struct rlimit limit;

		if (sandbox_server(&sandbox) || getresuid(&r, &e, &s))
			_exit(1);
		if (ids && (r != 65534 || e != 65534 || s != 65534 || getegid() != 65534 || getgroups(0, NULL) > 0))
			_exit(2);
		if (capng_get_caps_process() || capng_have_capabilities(CAPNG_SELECT_CAPS) != CAPNG_NONE)
			_exit(3);
		if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 || prctl(PR_GET_DUMPABLE, 0, 0, 0, 0))
			_exit(4);
		if (landlock && (open("/etc/passwd", O_RDONLY) >= 0 || errno != EACCES))
			_exit(5);
		if (ids && (setuid(0) != -1 || open("/etc/shadow", O_RDONLY) >= 0))
			_exit(6);
		if (getrlimit(RLIMIT_NPROC, &limit) || !limit.rlim_cur)
			_exit(7);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* To the server, and to the child that it has ready. */
static void signal_reader(int sig)
{
	_cleanup_free_ char *path = text_format("/proc/%d/task/%d/children", (int)reader->pid, (int)reader->pid);
	_cleanup_fclose_ FILE *children = NULL;
	int child;

	assert_int_equal(kill(reader->pid, sig), 0);
	/* From there on it makes no more of them. */
	if (sig == SIGSTOP)
		assert_int_equal(waitid(P_PID, (id_t)reader->pid, &(siginfo_t){ 0 }, WSTOPPED), 0);
	assert_non_null(path);
	children = fopen(path, "re");
	assert_non_null(children);
	while (fscanf(children, "%d", &child) == 1)
		kill(child, sig);
}

/* Somebody ends the server: its jobs are no answers, the next one has a new one. */
static void test_server_dies(void **state)
{
	_bytes_ struct bytes bytes = { 0 };
	_cleanup_close_ int fd = memfd_create("artifact", MFD_CLOEXEC);
	CLEANUP(artifact_release) struct artifact a = { 0 };
	struct artifact_job *job = NULL;
	pid_t pid = reader->pid;
	int r;

	(void)state;
	wheel_make(&bytes, NULL, 0, NULL);
	assert_int_equal(write(fd, bytes.at, bytes.len), bytes.len);
	/* Held, so that it has not begun when it ends. */
	signal_reader(SIGSTOP);
	assert_int_equal(artifact_start(reader, fd, NULL, &job), 0);
	assert_int_equal(artifact_job_read(job, &a), -EAGAIN);
	assert_int_equal(kill(pid, SIGKILL), 0);
	while ((r = artifact_job_read(job, &a)) == -EAGAIN)
		poll(&(struct pollfd){ .fd = artifact_job_fd(job), .events = POLLIN }, 1, 1000);
	assert_true(r < 0);
	artifact_job_free(job);
	/* Its job's end comes a moment before its own. */
	assert_int_equal(waitid(P_PID, (id_t)pid, &(siginfo_t){ 0 }, WEXITED | WNOWAIT), 0);
	assert_int_equal(artifact_read(reader, fd, NULL, &a), 0);
	assert_int_equal(a.kind, ARTIFACT_WHEEL);
	assert_int_not_equal(reader->pid, pid);
}

/* The deadline holds also where the reader itself is stopped. */
static void test_deadline(void **state)
{
	_cleanup_close_ int fd = memfd_create("artifact", MFD_CLOEXEC);
	struct artifact_limits limits = artifact_limits_default;
	struct artifact_job *job = NULL;
	struct artifact a = { 0 };
	int r;

	(void)state;
	limits.deadline_ms = 100;
	signal_reader(SIGSTOP);
	assert_int_equal(artifact_start(reader, fd, &limits, &job), 0);
	while ((r = artifact_job_read(job, &a)) == -EAGAIN)
		poll(&(struct pollfd){ .fd = artifact_job_fd(job), .events = POLLIN }, 1, artifact_job_left(job) + 1);
	assert_int_equal(r, -ETIMEDOUT);
	artifact_job_free(job);
	signal_reader(SIGCONT);
}

/* A file that is shorter than it was is no answer to hang on. */
static void test_shrinks(void **state)
{
	_cleanup_close_ int fd = memfd_create("artifact", MFD_CLOEXEC);
	CLEANUP(artifact_release) struct artifact a = { 0 };
	struct artifact_job *job = NULL;

	(void)state;
	assert_int_equal(ftruncate(fd, 1 << 20), 0);
	signal_reader(SIGSTOP);
	assert_int_equal(artifact_start(reader, fd, NULL, &job), 0);
	assert_int_equal(ftruncate(fd, 1000), 0);
	signal_reader(SIGCONT);
	while (artifact_job_read(job, &a) == -EAGAIN)
		poll(&(struct pollfd){ .fd = artifact_job_fd(job), .events = POLLIN }, 1, artifact_job_left(job) + 1);
	artifact_job_free(job);
	assert_int_equal(a.kind, ARTIFACT_MALFORMED);
	assert_int_equal(a.fault, ARTIFACT_FAULT_BROKEN);
	assert_false(a.hashed);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calls),	 cmocka_unit_test(test_privileges), cmocka_unit_test(test_server_dies),
		cmocka_unit_test(test_deadline), cmocka_unit_test(test_shrinks),
	};

	return artifact_tests(argc, argv, tests);
}
