/* SPDX-License-Identifier: Apache-2.0 */
/* server.c - the fork server: forks, waits until that child is taken, forks the next; and the child, which waits for a
 * request, lays down what is left and reads one file. */
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

/* The child's end of the pipe by which it says that it is taken: out of the way of the request's descriptors. */
#define TAKEN_FD 10

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
static int child_bind(const struct server *server)
{
	signal(SIGCHLD, SIG_DFL);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0))
		return -errno;
	return getppid() == server->pid ? 0 : -ESRCH;
}

static int child_prepare(const struct server *server, const struct server_request *request)
{
	int r;

	close(SERVER_FD);
	r = arm(&request->limits);
	if (!r)
		r = say_hello();
	return r ? r : sandbox_child(&server->sandbox, &request->limits);
}

static void child_read(const struct server *server, const struct server_request *request, int r)
{
	struct artifact artifact = { .size = request->size };
	struct look look = { .fd = SANDBOX_FILE, .size = request->size, .limits = &request->limits, .out = &artifact };
	struct answer hashes = { 0 }, reading = { 0 };

	if (!r)
		r = child_prepare(server, request);
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

/* Waits to be asked; what went wrong before is the answer then. */
static void child_main(const struct server *server)
{
	struct server_request request;
	int bound = child_bind(server), r = server_take(&request);

	if (r <= 0)
		_exit(r ? 1 : 0);
	if (write(TAKEN_FD, "", 1) != 1)
		_exit(1);
	close(TAKEN_FD);
	child_read(server, &request, bound);
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

/* Where there can be no child the next request has that for an answer. */
static int server_excuse(int error)
{
	struct answer answer = { 0 };
	struct server_request request;
	int r = server_take(&request);

	if (r <= 0)
		return r;
	answer_put_error(&answer, error);
	send_all(&answer);
	answer_release(&answer);
	close(SANDBOX_FILE);
	close(SANDBOX_CHANNEL);
	return 1;
}

/* Whether who asks is gone. */
static bool server_is_over(void)
{
	char byte;

	return !recv(SERVER_FD, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
}

/* One child is always there before it is asked for: to fork takes half as long as to read a small wheel. Gives 1: go on;
 * 0: who asks is gone; -errno. */
static int server_turn(const struct server *server)
{
	int pair[2];
	char byte;
	ssize_t n;
	pid_t pid;

	if (pipe2(pair, O_CLOEXEC))
		return server_excuse(-errno);
	pid = fork();
	if (!pid) {
		/* Nothing is open in between: both go where no descriptor of a request will be. */
		if (dup2(pair[1], TAKEN_FD) < 0)
			_exit(1);
		close(pair[0]);
		close(pair[1]);
		child_main(server);
	}
	if (pid < 0) {
		int error = -errno;

		close(pair[0]);
		close(pair[1]);
		return server_excuse(error);
	}
	close(pair[1]);
	do
		n = read(pair[0], &byte, 1);
	while (n < 0 && errno == EINTR);
	close(pair[0]);
	/* It ended without a word: with who asks, or because somebody ended it, and there will be another. */
	return n == 1 || !server_is_over();
}

static int server_loop(const struct server *server)
{
	int r;

	do
		r = server_turn(server);
	while (r > 0);
	return r;
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
