/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/proto.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define PROTO_HEAD offsetof(struct proto_message, text)

int proto_send(int fd, enum proto_type type, int value, const char *text, size_t len)
{
	struct proto_message head = { .type = type, .value = value };
	struct iovec parts[2];
	struct msghdr msg = { .msg_iov = parts, .msg_iovlen = 2 };

	if (len > PROTO_TEXT_MAX)
		len = PROTO_TEXT_MAX;
	head.len = (uint32_t)len;
	parts[0] = (struct iovec){ .iov_base = &head, .iov_len = PROTO_HEAD };
	parts[1] = (struct iovec){ .iov_base = (void *)text, .iov_len = text ? len : 0 };
	/* A supervisor that ^Z has stopped for minutes must not stop the controller too. */
	while (sendmsg(fd, &msg, MSG_NOSIGNAL | (type == PROTO_ALIVE ? MSG_DONTWAIT : 0)) < 0) {
		if (errno == EAGAIN && type == PROTO_ALIVE)
			return 0;
		if (errno != EINTR)
			return -errno;
	}
	return 0;
}

int proto_send_text(int fd, enum proto_type type, int value, const char *text)
{
	return proto_send(fd, type, value, text, text ? strlen(text) : 0);
}

int proto_receive(int fd, struct proto_message *ret)
{
	ssize_t n;

	do
		n = recv(fd, ret, PROTO_HEAD + PROTO_TEXT_MAX, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == ECONNRESET ? 0 : -errno;
	if (n == 0)
		return 0;
	if ((size_t)n < PROTO_HEAD || ret->len != (size_t)n - PROTO_HEAD)
		return -EBADMSG;
	ret->text[ret->len] = '\0';
	return 1;
}
