/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net.h - techniques for net.connect, net.send, net.listen and net.family.
 *
 * All targets are loopback ports that nobody listens on; a connection refused by the peer proves that the kernel let
 * it out, so it counts as allowed.
 */
#ifndef ATTACK_NET_H
#define ATTACK_NET_H

#include "outcome.h"
#include "uring.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

static char net_payload[] = "inert";

struct net_target {
	struct sockaddr_storage addr;
	socklen_t len;
	int family;
};

static int net_parse(char **args, struct net_target *ret)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&ret->addr;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&ret->addr;
	in_port_t port = htons((in_port_t)atoi(args[1]));

	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET, args[0], &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = port;
		ret->len = sizeof(*v4);
	} else if (inet_pton(AF_INET6, args[0], &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = port;
		ret->len = sizeof(*v6);
	} else {
		return broken(EINVAL);
	}
	ret->family = ret->addr.ss_family;
	return 0;
}

/* The kernel's answers once it has tried: nobody listens, or it is under way. No IPv6 here says nothing. */
static int net_outcome(int outcome)
{
	switch (-outcome) {
	case ECONNREFUSED:
	case EINPROGRESS:
		return 0;
	case EADDRNOTAVAIL:
	case ENETUNREACH:
	case EAFNOSUPPORT:
	case EOPNOTSUPP:
		return unavailable(-outcome);
	default:
		return outcome;
	}
}

/* A socket of the target's family, then the target. Plain TCP and UDP sockets are nobody's to refuse. */
static int net_prepare(char **args, int type, struct net_target *ret)
{
	int r = net_parse(args, ret), fd;

	if (r)
		return -1 - r;
	fd = socket(ret->family, type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1 - (errno == EAFNOSUPPORT ? unavailable(errno) : broken(errno));
	return fd;
}

/* The outcome that net_prepare() packed below zero. */
static int net_unprepared(int fd)
{
	return -1 - fd;
}

static int net_connect(char **args, int type)
{
	struct net_target to;
	int fd = net_prepare(args, type, &to), r;

	if (fd < 0)
		return net_unprepared(fd);
	r = outcome_of(connect(fd, (struct sockaddr *)&to.addr, to.len));
	close(fd);
	return net_outcome(r);
}

static int connect_tcp(char **args)
{
	return net_connect(args, SOCK_STREAM);
}

static int connect_udp(char **args)
{
	return net_connect(args, SOCK_DGRAM);
}

static int connect_nonblock(char **args)
{
	return net_connect(args, SOCK_STREAM | SOCK_NONBLOCK);
}

static int connect_fd(char **args)
{
	struct net_target to;
	int r = net_parse(args, &to);

	return r ? r : net_outcome(outcome_of(connect(HANDED_FD, (struct sockaddr *)&to.addr, to.len)));
}

static int connect_uring(char **args)
{
	struct net_target to;
	int fd = net_prepare(args, SOCK_STREAM, &to), res = 0, r;

	if (fd < 0)
		return net_unprepared(fd);
	r = uring_connect(fd, &to.addr, to.len, &res);
	close(fd);
	return r ? r : net_outcome(res);
}

enum send_call { SEND_TO, SEND_MSG, SEND_MMSG, SEND_UNSPEC, SEND_FASTOPEN, SEND_URING };

static int net_send(char **args, enum send_call call)
{
	struct net_target to;
	struct iovec iov = { net_payload, sizeof(net_payload) };
	struct mmsghdr many[2];
	int fd = net_prepare(args, call == SEND_FASTOPEN ? SOCK_STREAM : SOCK_DGRAM, &to), res = 0, r;

	if (fd < 0)
		return net_unprepared(fd);
	memset(many, 0, sizeof(many));
	many[0].msg_hdr =
	    (struct msghdr){ .msg_name = &to.addr, .msg_namelen = to.len, .msg_iov = &iov, .msg_iovlen = 1 };
	many[1] = many[0];
	/* UDP takes an address whose family is AF_UNSPEC for an IPv4 one. */
	if (call == SEND_UNSPEC)
		to.addr.ss_family = AF_UNSPEC;
	switch (call) {
	case SEND_MSG:
		r = outcome_of(sendmsg(fd, &many[0].msg_hdr, 0));
		break;
	case SEND_MMSG:
		r = outcome_of(sendmmsg(fd, many, 2, 0));
		break;
	case SEND_URING:
		r = uring_sendmsg(fd, &many[0].msg_hdr, &res);
		r = r ? r : (res < 0 ? res : 0);
		break;
	default:
		r = outcome_of(sendto(fd, net_payload, sizeof(net_payload), call == SEND_FASTOPEN ? MSG_FASTOPEN : 0,
				      (struct sockaddr *)&to.addr, to.len));
	}
	close(fd);
	return net_outcome(r);
}

static int send_to(char **args)
{
	return net_send(args, SEND_TO);
}

static int send_msg(char **args)
{
	return net_send(args, SEND_MSG);
}

static int send_mmsg(char **args)
{
	return net_send(args, SEND_MMSG);
}

static int send_unspec(char **args)
{
	return net_send(args, SEND_UNSPEC);
}

static int send_fastopen(char **args)
{
	return net_send(args, SEND_FASTOPEN);
}

static int send_uring(char **args)
{
	return net_send(args, SEND_URING);
}

/* A question for long labels below .invalid, as a tunnel asks it. */
static int send_dns(char **args)
{
	unsigned char packet[12 + 3 * 61 + 9 + 4] = { 0x12, 0x34, 1, 0, 0, 1 };
	struct net_target to;
	int fd = net_prepare(args, SOCK_DGRAM, &to), r;
	size_t at = 12;

	if (fd < 0)
		return net_unprepared(fd);
	for (int label = 0; label < 3; label++) {
		packet[at++] = 60;
		memset(packet + at, 'a' + label, 60);
		at += 60;
	}
	memcpy(packet + at, "\7invalid\0\0\20\0\1", 13); /* TXT, IN */
	r = outcome_of(sendto(fd, packet, at + 13, 0, (struct sockaddr *)&to.addr, to.len));
	close(fd);
	return net_outcome(r);
}

/* The next four: the socket was connected outside the session and handed over, so no connect is there to refuse. */
static int send_fd(char **args)
{
	(void)args;
	return net_outcome(outcome_of(send(HANDED_FD, net_payload, sizeof(net_payload), MSG_NOSIGNAL)));
}

static int write_fd(char **args)
{
	(void)args;
	return net_outcome(outcome_of(write(HANDED_FD, net_payload, sizeof(net_payload))));
}

static int sendfile_fd(char **args)
{
	int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), r;

	(void)args;
	if (file < 0)
		return broken(errno);
	r = outcome_of(sendfile(HANDED_FD, file, NULL, 16));
	close(file);
	return net_outcome(r);
}

static int splice_fd(char **args)
{
	int ends[2], r;

	(void)args;
	if (pipe2(ends, O_CLOEXEC) || write(ends[1], net_payload, sizeof(net_payload)) < 0)
		return broken(errno);
	r = outcome_of(splice(ends[0], NULL, HANDED_FD, NULL, sizeof(net_payload), 0));
	close(ends[0]);
	close(ends[1]);
	return net_outcome(r);
}

static int net_bind(char **args, int type)
{
	struct net_target at;
	int fd = net_prepare(args, type, &at), r;

	if (fd < 0)
		return net_unprepared(fd);
	r = outcome_of(bind(fd, (struct sockaddr *)&at.addr, at.len));
	close(fd);
	return net_outcome(r);
}

static int bind_tcp(char **args)
{
	return net_bind(args, SOCK_STREAM);
}

static int bind_udp(char **args)
{
	return net_bind(args, SOCK_DGRAM);
}

/* Any free port, which resolvers bind to as well: it takes listen() to serve. */
static int net_listen(char **args)
{
	char zero[] = "0", *any[] = { args[0], zero };
	struct net_target at;
	int fd = net_prepare(any, SOCK_STREAM, &at), r;

	if (fd < 0)
		return net_unprepared(fd);
	if (bind(fd, (struct sockaddr *)&at.addr, at.len))
		r = errno == EADDRNOTAVAIL ? unavailable(errno) : broken(errno);
	else
		r = outcome_of(listen(fd, 1));
	close(fd);
	return r;
}

/* No bind at all: listen() takes a port by itself, on every address. */
static int listen_unbound(char **args)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), r;

	(void)args;
	if (fd < 0)
		return broken(errno);
	r = outcome_of(listen(fd, 1));
	close(fd);
	return r;
}

/* FAMILY TYPE PROTOCOL as numbers. Every failure but EPERM comes after the hook: the kernel lacks the family. */
static int net_socket(char **args)
{
	int fd = socket(atoi(args[0]), atoi(args[1]) | SOCK_CLOEXEC, atoi(args[2]));

	if (fd < 0)
		return errno == EPERM ? -errno : unavailable(errno);
	close(fd);
	return 0;
}

static int net_socketpair(char **args)
{
	int ends[2];

	if (socketpair(atoi(args[0]), atoi(args[1]) | SOCK_CLOEXEC, atoi(args[2]), ends))
		return errno == EPERM ? -errno : unavailable(errno);
	close(ends[0]);
	close(ends[1]);
	return 0;
}

static const struct technique net_techniques[] = {
	{ "connect-tcp", 2, connect_tcp },
	{ "connect-udp", 2, connect_udp },
	{ "connect-nonblock", 2, connect_nonblock },
	{ "connect-fd", 2, connect_fd },
	{ "connect-uring", 2, connect_uring },
	{ "send-to", 2, send_to },
	{ "send-msg", 2, send_msg },
	{ "send-mmsg", 2, send_mmsg },
	{ "send-unspec", 2, send_unspec },
	{ "send-fastopen", 2, send_fastopen },
	{ "send-uring", 2, send_uring },
	{ "send-dns", 2, send_dns },
	{ "send-fd", 0, send_fd },
	{ "write-fd", 0, write_fd },
	{ "sendfile-fd", 0, sendfile_fd },
	{ "splice-fd", 0, splice_fd },
	{ "bind-tcp", 2, bind_tcp },
	{ "bind-udp", 2, bind_udp },
	{ "listen", 1, net_listen },
	{ "listen-unbound", 0, listen_unbound },
	{ "socket", 3, net_socket },
	{ "socketpair", 3, net_socketpair },
	{ 0 },
};

#endif
