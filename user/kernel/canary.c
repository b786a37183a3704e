/* SPDX-License-Identifier: Apache-2.0 */
/*
 * canary.c - believes only what it has seen refused.
 *
 * lsm programs attach without error where bpf is not in the active LSM list, and then never run (reference/kernel.md,
 * section 0). So each set of programs is tried as soon as it is loaded: a child with the label of package code in
 * session 0 connects to a closed port, and a child of it opens a protected file. Both must be refused, or ended.
 */
#include "kernel/internal.h"

#include "base/cleanup.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum canary_exit { CANARY_REFUSED = 0, CANARY_ALLOWED = 10, CANARY_BROKEN = 11 };

static int canary_connect(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return CANARY_BROKEN;
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) && errno == EPERM)
		return CANARY_REFUSED;
	return CANARY_ALLOWED;
}

/* In a child of the labelled one: whether labels follow forks is tried at the same time. */
static int canary_open(int file)
{
	char path[64];
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return CANARY_BROKEN;
	if (!pid) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
		_exit(open(path, O_RDONLY | O_CLOEXEC) >= 0 ? CANARY_ALLOWED : errno == EPERM ? CANARY_REFUSED : CANARY_BROKEN);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return CANARY_BROKEN;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return CANARY_REFUSED;
	return WIFEXITED(status) ? WEXITSTATUS(status) : CANARY_BROKEN;
}

/* Runs `what` in a labelled child. Gives an enum canary_exit, or -errno. */
static int canary_child(struct kernel *kernel, int file)
{
	struct cordon_label label = { .role = CORDON_ROLE_PACKAGE, .flags = CORDON_LABEL_BOUND };
	_cleanup_close_ int go_read = -1, go_write = -1, pidfd = -1;
	int pipefd[2], status, r;
	pid_t pid;

	if (pipe2(pipefd, O_CLOEXEC))
		return -errno;
	go_read = pipefd[0];
	go_write = pipefd[1];
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid) {
		char go;

		close(go_write);
		if (read(go_read, &go, 1) != 1)
			_exit(CANARY_BROKEN);
		_exit(file >= 0 ? canary_open(file) : canary_connect());
	}
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	r = pidfd < 0 ? -errno : kernel_label(kernel, pidfd, &label, NULL);
	if (!r && write(go_write, "g", 1) != 1)
		r = -errno;
	close(TAKE_FD(go_write));
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (r)
		return r;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return CANARY_REFUSED;
	return WIFEXITED(status) ? WEXITSTATUS(status) : CANARY_BROKEN;
}

static int canary_verdict(int outcome, const char *what, char reason[KERNEL_REASON_LEN])
{
	if (outcome == CANARY_REFUSED)
		return 0;
	if (outcome < 0)
		snprintf(reason, KERNEL_REASON_LEN, "the canary could not be labelled: %s", strerror(-outcome));
	else if (outcome == CANARY_ALLOWED)
		snprintf(reason, KERNEL_REASON_LEN, "attached, but it does not run: the canary's %s went through", what);
	else
		snprintf(reason, KERNEL_REASON_LEN, "the canary's %s failed in another way", what);
	return outcome < 0 ? outcome : -EBADMSG;
}

int kernel_canary(struct kernel *kernel, char reason[KERNEL_REASON_LEN])
{
	struct cordon_session session = { .mode = CORDON_MODE_ENFORCE };
	struct cordon_zone_val zone = { .zone = CORDON_ZONE_SECRET };
	struct cordon_zone_key key = {};
	struct cordon_inode_entry entry;
	_cleanup_close_ int file = -1;
	uint32_t none = 0;
	int r;

	memset(session.actions, CORDON_ACTION_DENY, sizeof(session.actions));
	file = memfd_create("cordon-canary", MFD_CLOEXEC);
	if (file < 0)
		return -errno;
	r = kernel_inodes(kernel, &file, 1, &entry);
	if (r)
		return r;
	key.inode = entry.inode;
	if (bpf_map_update_elem(kernel->map[KERNEL_MAP_sessions], &none, &session, BPF_ANY) ||
	    bpf_map_update_elem(kernel->map[KERNEL_MAP_zones], &key, &zone, BPF_ANY))
		return -errno;
	r = canary_verdict(canary_child(kernel, -1), "connect", reason);
	if (!r)
		r = canary_verdict(canary_child(kernel, file), "open", reason);
	bpf_map_delete_elem(kernel->map[KERNEL_MAP_zones], &key);
	bpf_map_delete_elem(kernel->map[KERNEL_MAP_sessions], &none);
	return r;
}
