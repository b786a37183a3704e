/* SPDX-License-Identifier: Apache-2.0 */
/* server.c - the fork server: waits, forks; and its child, which lays down what is left and reads one file. */
#include "artifact/server.h"

#include "artifact/answer.h"
#include "artifact/look.h"
#include "artifact/sandbox.h"
#include "base/cleanup.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <linux/close_range.h>
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>

struct server {
	struct sandbox sandbox;
	struct look_tools tools;
	pid_t pid;
};

/* What the handler says; made before the first byte. */
static struct answer slow;
static volatile sig_atomic_t answering;

static void send_all(const struct answer *answer)
{
	for (size_t done = 0; !answer->failed && done < answer->len;) {
		ssize_t n = write(SANDBOX_CHANNEL, answer->bytes + done, answer->len - done);

		if (n < 0)
			return;
		done += (size_t)n;
	}
}

/* SIGALRM, SIGXCPU. Where the answer is on its way, it is done but for who takes it. */
static void on_deadline(int sig)
{
	(void)sig;
	if (answering)
		return;
	send_all(&slow);
	_exit(0);
}

static int arm(const struct artifact_limits *limits)
{
	struct sigaction action = { .sa_handler = on_deadline };
	/* Earlier than who waits, so that it is an answer. */
	unsigned int ms = limits->deadline_ms - limits->deadline_ms / 16;
	struct itimerval timer = { .it_value = { .tv_sec = ms / 1000,
						 .tv_usec = (suseconds_t)(ms % 1000) * 1000 + 1 } };
	struct artifact late = { .kind = ARTIFACT_MALFORMED, .fault = ARTIFACT_FAULT_SLOW };

	answer_put_reading(&slow, &late);
	if (slow.failed)
		return -ENOMEM;
	if (sigaction(SIGALRM, &action, NULL) || sigaction(SIGXCPU, &action, NULL) ||
	    setitimer(ITIMER_REAL, &timer, NULL))
		return -errno;
	return 0;
}

static int say_hello(void)
{
	_cleanup_close_ int self = (int)syscall(SYS_pidfd_open, getpid(), 0);
	char byte = SERVER_HELLO;
	struct iovec data = { .iov_base = &byte, .iov_len = 1 };
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);

	if (self < 0)
		return -errno;
	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(head), &self, sizeof(int));
	return sendmsg(SANDBOX_CHANNEL, &message, MSG_NOSIGNAL) == 1 ? 0 : -errno;
}

/* Ends with its server, and so with who asked. */
static int child_prepare(const struct server *server, const struct server_request *request)
{
	int r;

	close(SERVER_FD);
	signal(SIGCHLD, SIG_DFL);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0))
		return -errno;
	if (getppid() != server->pid)
		return -ESRCH;
	r = arm(&request->limits);
	if (!r)
		r = say_hello();
	return r ? r : sandbox_child(&server->sandbox, &request->limits);
}

static void child_main(const struct server *server, const struct server_request *request)
{
	struct artifact artifact = { .size = request->size };
	struct look look = { .fd = SANDBOX_FILE, .size = request->size, .limits = &request->limits, .out = &artifact };
	struct answer hashes = { 0 }, reading = { 0 };
	int r = child_prepare(server, request);

	if (r) {
		answer_put_error(&hashes, r);
		send_all(&hashes);
		_exit(1);
	}
	r = look_hash(&look, &server->tools);
	if (!r) {
		/* On its way before the first byte is parsed: what is parsed cannot take it back. */
		answer_put_hashes(&hashes, &artifact);
		send_all(&hashes);
		look_content(&look);
	}
	answer_put_reading(&reading, &artifact);
	answering = 1;
	send_all(&reading);
	_exit(0);
}

/* 1: a request and its descriptors, which are SANDBOX_FILE and SANDBOX_CHANNEL since nothing else is open; 0: who asks
 * is gone. */
static int server_take(struct server_request *ret)
{
	struct iovec data = { .iov_base = ret, .iov_len = sizeof(*ret) };
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(2 * sizeof(int))];
	} control;
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	ssize_t n;

	do
		n = recvmsg(SERVER_FD, &message, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return n == sizeof(*ret);
}

static int server_prepare(struct server *server)
{
	int r;

	if (close_range(SERVER_FD + 1, ~0U, 0))
		return -errno;
	server->pid = getpid();
	/* Children are nobody's to wait for. */
	signal(SIGCHLD, SIG_IGN);
	/* libarchive converts names between the locale and UTF-8; where both are one it opens no tables for it. */
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return -ENOENT;
	json_object_seed(0);
	r = look_prepare(&server->tools);
	return r ? r : sandbox_server(&server->sandbox);
}

static int server_loop(const struct server *server)
{
	for (;;) {
		struct server_request request;
		int r = server_take(&request);
		pid_t pid;

		if (r <= 0)
			return r;
		pid = fork();
		if (!pid)
			child_main(server, &request);
		if (pid < 0) {
			struct answer answer = { 0 };

			answer_put_error(&answer, -errno);
			send_all(&answer);
			answer_release(&answer);
		}
		close(SANDBOX_FILE);
		close(SANDBOX_CHANNEL);
	}
}

int artifact_server_main(int argc, char **argv)
{
	struct server server = { 0 };
	int type = 0, r;
	socklen_t len = sizeof(type);

	(void)argv;
	if (argc != 1 || getsockopt(SERVER_FD, SOL_SOCKET, SO_TYPE, &type, &len) || type != SOCK_SEQPACKET) {
		log_error("%s is started by cordon itself", ARTIFACT_READER_COMMAND);
		return 2;
	}
	r = server_prepare(&server);
	if (r)
		send(SERVER_FD, &r, sizeof(r), MSG_NOSIGNAL);
	else
		r = server_loop(&server);
	_exit(r ? 1 : 0);
}
