/* SPDX-License-Identifier: Apache-2.0 */
#include "artifact/answer.h"
#include "artifact/reader.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define JOBS_MAX 64
/* What is read at once, of a typical answer all. */
#define JOB_CHUNK 4096

struct artifact_job {
	struct artifact_reader *reader;
	int channel;
	int process; /* pidfd of the child that reads; -1: not heard of yet */
	bool hello;
	int64_t deadline; /* clock_ms() */
	uint64_t file_size;
	char *bytes;
	size_t len, size;
};

static int check_file(int fd, uint64_t *ret_size)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size < 0)
		return -EINVAL;
	*ret_size = (uint64_t)st.st_size;
	return 0;
}

int artifact_start(struct artifact_reader *reader, int fd, const struct artifact_limits *limits,
		   struct artifact_job **ret)
{
	struct server_request request = { .limits = limits ? *limits : artifact_limits_default };
	struct artifact_job *job;
	int pair[2], r = check_file(fd, &request.size);

	if (r)
		return r;
	if (!request.limits.deadline_ms || !request.limits.cpu_s || !request.limits.ratio)
		return -EINVAL;
	if (reader->jobs >= JOBS_MAX)
		return -EAGAIN;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return -errno;
	job = calloc(1, sizeof(*job));
	r = job ? reader_request(reader, &request, fd, pair[1]) : -ENOMEM;
	close(pair[1]);
	if (r) {
		close(pair[0]);
		free(job);
		return r;
	}
	*job = (struct artifact_job){ .reader = reader, .channel = pair[0], .process = -1, .file_size = request.size,
				      .deadline = clock_ms() + request.limits.deadline_ms };
	reader->jobs++;
	*ret = job;
	return 0;
}

int artifact_job_fd(const struct artifact_job *job)
{
	return job->channel;
}

int artifact_job_left(const struct artifact_job *job)
{
	int64_t left = job->deadline - clock_ms();

	return left <= 0 ? 0 : left > INT32_MAX ? INT32_MAX : (int)left;
}

static int job_grow(struct artifact_job *job)
{
	size_t size = job->size ? 2 * job->size : JOB_CHUNK;
	char *grown;

	if (job->len < job->size)
		return 0;
	grown = realloc(job->bytes, size);
	if (!grown)
		return -ENOMEM;
	job->bytes = grown;
	job->size = size;
	return 0;
}

/* 1: it came, or had come; 0: the channel is at its end; -EAGAIN. */
static int job_hello(struct artifact_job *job)
{
	char byte;
	struct iovec data = { .iov_base = &byte, .iov_len = 1 };
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	struct cmsghdr *head;
	ssize_t n;

	if (job->hello)
		return 1;
	n = recvmsg(job->channel, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n <= 0)
		return n ? -errno : 0;
	head = CMSG_FIRSTHDR(&message);
	if (head && head->cmsg_type == SCM_RIGHTS && head->cmsg_len == CMSG_LEN(sizeof(int))) {
		memcpy(&job->process, CMSG_DATA(head), sizeof(int));
	} else {
		/* An ERROR begins so: a step before the hello failed. */
		int r = job_grow(job);

		if (r)
			return r;
		job->bytes[job->len++] = byte;
	}
	job->hello = true;
	return 1;
}

/* 0: the answer is there, at its end, or longer than one can be; -EAGAIN; -errno. */
static int job_receive(struct artifact_job *job)
{
	while (job->len <= ANSWER_MAX) {
		ssize_t n;
		int r = job_grow(job);

		if (r)
			return r;
		n = recv(job->channel, job->bytes + job->len, job->size - job->len, MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		/* Reset: it ended with something of ours unread, which there is not; treated as its end. */
		if (n <= 0)
			return !n || errno == ECONNRESET ? 0 : -errno;
		job->len += (size_t)n;
		if (answer_complete(job->bytes, job->len))
			break;
	}
	return 0;
}

static void job_end(struct artifact_job *job)
{
	/* Not a child of ours. Where it may not be ended by us, its own alarm does. */
	if (job->process >= 0)
		syscall(SYS_pidfd_send_signal, job->process, SIGKILL, NULL, 0);
}

static int job_answer(struct artifact_job *job, bool late, struct artifact *ret)
{
	struct artifact artifact = { .size = job->file_size };
	int r = answer_parse(job->bytes ? job->bytes : "", job->len <= ANSWER_MAX ? job->len : 0, &artifact);

	if (r)
		return r;
	if (late && artifact.fault == ARTIFACT_FAULT_DIED)
		artifact.fault = ARTIFACT_FAULT_SLOW;
	*ret = artifact;
	return 0;
}

int artifact_job_read(struct artifact_job *job, struct artifact *ret)
{
	bool late = !artifact_job_left(job);
	int r = job_hello(job);

	if (r == -EINTR)
		r = -EAGAIN;
	/* Not one byte was read. */
	if (!r)
		return late ? -ETIMEDOUT : reader_error(job->reader);
	if (r == 1)
		r = job_receive(job);
	if (r == -EAGAIN && !late)
		return r;
	job_end(job);
	if (r && r != -EAGAIN)
		return r;
	return job->hello ? job_answer(job, late, ret) : -ETIMEDOUT;
}

void artifact_job_free(struct artifact_job *job)
{
	if (!job)
		return;
	/* It may have said since who it is; if it has not, it ends when it tries to. */
	job_hello(job);
	job_end(job);
	if (job->process >= 0)
		close(job->process);
	close(job->channel);
	job->reader->jobs--;
	free(job->bytes);
	free(job);
}

static int read_with(struct artifact_reader *reader, int fd, const struct artifact_limits *limits, struct artifact *ret)
{
	struct artifact_job *job = NULL;
	int r = artifact_start(reader, fd, limits, &job);

	if (r)
		return r;
	while ((r = artifact_job_read(job, ret)) == -EAGAIN) {
		struct pollfd wait = { .fd = artifact_job_fd(job), .events = POLLIN };

		/* 1 more: a millisecond that has begun is none that is left. */
		if (poll(&wait, 1, artifact_job_left(job) + 1) < 0 && errno != EINTR) {
			r = -errno;
			break;
		}
	}
	artifact_job_free(job);
	return r;
}

int artifact_read(struct artifact_reader *reader, int fd, const struct artifact_limits *limits, struct artifact *ret)
{
	struct artifact_reader *own = NULL;
	int r = reader ? 0 : artifact_reader_start(&own);

	if (!r)
		r = read_with(reader ? reader : own, fd, limits, ret);
	artifact_reader_stop(own);
	return r;
}
