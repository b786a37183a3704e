/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/launch.h"

#include "base/cleanup.h"
#include "guard/proto.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* `attach` and its options: name and value each, the pid, "--sweep"... and the NULL. */
#define ATTACH_ARGS_MAX 24

static int launch_check(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EACCES;
	return access(path, X_OK) ? -errno : 0;
}

/* Gives the path at which execvp(3) will find `name`, in a new string. */
static int launch_search(const char *name, char **ret)
{
	const char *path = getenv("PATH");
	_cleanup_free_ char *copy = strdup(path ? path : "/usr/local/bin:/usr/bin:/bin");
	char *rest = copy, *dir;
	int r = -ENOENT;

	if (!copy)
		return -ENOMEM;
	while ((dir = strsep(&rest, ":"))) {
		_cleanup_free_ char *full = NULL;
		int found;

		if (asprintf(&full, "%s/%s", *dir ? dir : ".", name) < 0)
			return -ENOMEM;
		found = launch_check(full);
		if (!found) {
			*ret = TAKE_PTR(full);
			return 0;
		}
		if (found == -EACCES)
			r = -EACCES;
	}
	return r;
}

int launch_find(const char *command)
{
	_cleanup_free_ char *path = NULL;
	int r;

	if (!*command)
		return -ENOENT;
	r = strchr(command, '/') ? launch_check(command) : launch_search(command, &path);
	return r == -ENOTDIR ? -ENOENT : r;
}

int launch_command(char **command, const sigset_t *mask, struct launched *ret)
{
	_cleanup_close_ int go_read = -1, go_write = -1, error_read = -1, error_write = -1;
	int go[2], error[2];
	pid_t pid;

	if (pipe2(go, O_CLOEXEC))
		return -errno;
	go_read = go[0];
	go_write = go[1];
	if (pipe2(error, O_CLOEXEC))
		return -errno;
	error_read = error[0];
	error_write = error[1];
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid) {
		ssize_t n;
		char byte;

		close(go_write);
		sigprocmask(SIG_SETMASK, mask, NULL);
		do
			n = read(go_read, &byte, 1);
		while (n < 0 && errno == EINTR);
		if (n != 1) /* the supervisor gave up, or died */
			_exit(125);
		if (setenv(LAUNCH_MARK, "1", 1))
			_exit(125);
		execvp(command[0], command);
		n = errno;
		if (write(error_write, &n, sizeof(n)) < 0)
			_exit(126);
		_exit(127);
	}
	*ret = (struct launched){ .pid = pid, .go = TAKE_FD(go_write), .error = TAKE_FD(error_read) };
	return 0;
}

static int launch_self(char self[PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", self, PATH_MAX - 1);

	if (n < 0)
		return -errno;
	self[n] = '\0';
	return 0;
}

struct attach_args {
	const char *items[ATTACH_ARGS_MAX];
	size_t count;
};

static void attach_add(struct attach_args *args, const char *option, const char *value)
{
	if (!value)
		return;
	if (option)
		args->items[args->count++] = option;
	args->items[args->count++] = value;
}

int launch_controller(const struct run_options *options, pid_t pid, int socket, pid_t *ret)
{
	_cleanup_free_ char *sudo = NULL, *policy = NULL;
	struct attach_args args = { .count = 0 };
	char self[PATH_MAX], number[16];
	pid_t child;
	int r = launch_self(self);

	if (r)
		return r;
	if (geteuid() != 0) {
		if (launch_search("sudo", &sudo))
			return -ENOENT;
		attach_add(&args, NULL, "sudo");
		attach_add(&args, NULL, "--");
	}
	/* sudo keeps the folder, but a policy's path must not depend on that. */
	if (options->policy) {
		policy = realpath(options->policy, NULL);
		if (!policy)
			policy = strdup(options->policy);
		if (!policy)
			return -ENOMEM;
	}
	snprintf(number, sizeof(number), "%d", (int)pid);
	attach_add(&args, NULL, self);
	attach_add(&args, NULL, "attach");
	attach_add(&args, "--mode", options->mode);
	attach_add(&args, "--policy", policy);
	attach_add(&args, "--backend", options->backend);
	attach_add(&args, "--fail-on", options->fail_on);
	attach_add(&args, NULL, options->confine ? "--confine" : NULL);
	attach_add(&args, NULL, options->strict ? "--strict" : NULL);
	attach_add(&args, NULL, number);
	child = fork();
	if (child < 0)
		return -errno;
	if (!child) {
		sigset_t none;

		/* stderr stays: sudo asks on the terminal and complains there. */
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		if (dup2(socket, PROTO_FD) < 0)
			_exit(125);
		execv(sudo ? sudo : self, (char *const *)args.items);
		_exit(125);
	}
	*ret = child;
	return 0;
}

void launch_sweep(void)
{
	char self[PATH_MAX];
	pid_t pid;

	if (geteuid() != 0 || launch_self(self))
		return;
	pid = fork();
	if (!pid) {
		execl(self, self, "attach", "--sweep", (char *)NULL);
		_exit(125);
	}
	if (pid > 0)
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
}
