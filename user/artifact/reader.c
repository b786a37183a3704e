/* SPDX-License-Identifier: Apache-2.0 */
#include "artifact/reader.h"

#include "base/cleanup.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* A pid of one's own child is nobody else's until it is waited for. */
static void reader_end(struct artifact_reader *reader)
{
	if (reader->socket >= 0)
		close(reader->socket);
	reader->socket = -1;
	if (reader->pid <= 0)
		return;
	kill(reader->pid, SIGKILL);
	while (waitpid(reader->pid, NULL, 0) < 0 && errno == EINTR)
		;
	reader->pid = 0;
}

static int spawn_attributes(posix_spawnattr_t *attributes, posix_spawn_file_actions_t *actions, int socket)
{
	sigset_t none, all;
	int r;

	sigemptyset(&none);
	sigfillset(&all);
	r = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	if (!r)
		r = posix_spawnattr_setsigmask(attributes, &none);
	if (!r)
		r = posix_spawnattr_setsigdefault(attributes, &all);
	if (!r)
		r = posix_spawn_file_actions_adddup2(actions, socket, SERVER_FD);
	for (int fd = 0; !r && fd < SERVER_FD; fd++) {
#ifdef __SANITIZE_ADDRESS__ /* which reports to stderr */
		if (fd == STDERR_FILENO)
			continue;
#endif
		r = posix_spawn_file_actions_addopen(actions, fd, "/dev/null", O_RDWR, 0);
	}
	return r;
}

static int reader_spawn(struct artifact_reader *reader)
{
	static char *const argv[] = { (char *)"cordon", (char *)ARTIFACT_READER_COMMAND, NULL }, *const none[] = {
		NULL
	};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int pair[2], r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	r = spawn_attributes(&attributes, &actions, pair[1]);
	/* Nothing of the environment either: it is strangers' too. */
	if (!r)
		r = posix_spawn(&reader->pid, "/proc/self/exe", &actions, &attributes, argv, none);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	close(pair[1]);
	if (r) {
		reader->pid = 0;
		close(pair[0]);
		return -r;
	}
	reader->socket = pair[0];
	return 0;
}

int artifact_reader_start(struct artifact_reader **ret)
{
	struct artifact_reader *reader = calloc(1, sizeof(*reader));
	int r = reader ? 0 : -ENOMEM;

	if (!r) {
		reader->socket = -1;
		r = reader_spawn(reader);
	}
	if (r)
		free(reader);
	else
		*ret = reader;
	return r;
}

void artifact_reader_stop(struct artifact_reader *reader)
{
	if (!reader)
		return;
	reader_end(reader);
	free(reader);
}

static int reader_send(const struct artifact_reader *reader, const struct server_request *request, int file,
		       int channel)
{
	const int fds[] = { file, channel };
	struct iovec data = { .iov_base = (void *)(uintptr_t)request, .iov_len = sizeof(*request) };
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(fds))];
	} control = { 0 };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(head), fds, sizeof(fds));
	return sendmsg(reader->socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == sizeof(*request) ? 0 : -errno;
}

/* Its child that waits may still have the socket when it is gone. */
static bool reader_is_there(const struct artifact_reader *reader)
{
	siginfo_t info = { 0 };

	return reader->socket >= 0 && !waitid(P_PID, (id_t)reader->pid, &info, WEXITED | WNOHANG | WNOWAIT) && !info.si_pid;
}

int reader_request(struct artifact_reader *reader, const struct server_request *request, int file, int channel)
{
	int r = reader_is_there(reader) ? reader_send(reader, request, file, channel) : -EPIPE;

	if (r != -EPIPE && r != -ECONNRESET)
		return r;
	/* Somebody ended it: its jobs ended with it, and answer so. */
	log_debug("the artifact reader is gone (%s), another one is started", strerror(-reader_error(reader)));
	reader_end(reader);
	r = reader_spawn(reader);
	return r ? r : reader_send(reader, request, file, channel);
}

int reader_error(const struct artifact_reader *reader)
{
	int error = 0;

	if (reader->socket < 0 ||
	    recv(reader->socket, &error, sizeof(error), MSG_DONTWAIT | MSG_PEEK) != sizeof(error) || error >= 0 ||
	    error == -EAGAIN)
		return -EIO;
	return error;
}
