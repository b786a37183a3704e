/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto.h - what supervisor and controller tell each other, over a SOCK_SEQPACKET pair: one message is one packet.
 *
 * The supervisor is the plain user's, the controller root's. So the controller believes nothing here that it could not
 * check (the child is looked up by pid, its owner is compared), and the supervisor only prints and exits by it.
 */
#ifndef CORDON_GUARD_PROTO_H
#define CORDON_GUARD_PROTO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum proto_type {
	/* supervisor -> controller */
	PROTO_COMMAND = 1, /* text: argv, NUL between, as it is about to be run */
	PROTO_EXITED,      /* value: wait status of the command */
	/* controller -> supervisor */
	PROTO_READY,  /* value: its pid; text: one line about a weak backend or audit mode, or "" */
	PROTO_FAILED, /* text: why it cannot guard */
	PROTO_NOTE,   /* text: a line for the user, while the command runs */
	PROTO_ALIVE,  /* every second; never waited for: where those before it have not been read, it is dropped */
	PROTO_DONE,   /* value: enum proto_verdict; text: the summary */
	PROTO_AUDIT,  /* before READY: the mode is audit, so that nobody is ended */
};

/* What fail_on counts. */
enum proto_verdict {
	PROTO_CLEAN,
	PROTO_REFUSED,   /* the command fails, also where it says 0 */
	PROTO_CONDEMNED, /* a package was caught: that is its status, whatever the command's own is */
};

#define PROTO_TEXT_MAX 60000 /* below the default send buffer */

struct proto_message {
	uint32_t type;
	int32_t value;
	uint32_t len; /* of text, without the NUL */
	char text[PROTO_TEXT_MAX + 1];
};

/* Sends one message; text longer than PROTO_TEXT_MAX is cut. `text` may be NULL. 0 or -errno (-EPIPE: nobody is there). */
int proto_send(int fd, enum proto_type type, int value, const char *text, size_t len);
int proto_send_text(int fd, enum proto_type type, int value, const char *text);
/* Receives one; text ends with NUL. 1: got one; 0: the other side is gone; -EAGAIN: none there; -EBADMSG: malformed. */
int proto_receive(int fd, struct proto_message *ret);

/* The descriptor on which `cordon attach` finds its socket: sudo keeps 0, 1 and 2 and closes all others. */
#define PROTO_FD 0

#endif
