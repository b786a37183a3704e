/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server.h - between who asks and the fork server.
 *
 * Why a server: the controller is root and has the journal open, so what reads strangers' bytes must have none of its
 * memory: a fork of it will not do. To start this program takes 3 ms, several times what a small wheel takes to be read
 * and three times what a gate may cost. So it is started once, lays its privileges down, touches no file, and is forked
 * for each, one ahead; no reader outlives its file, and none sees another's.
 *
 * To it, by SOCK_SEQPACKET: a request with two descriptors, the file and one end of a stream, the channel. By the
 * channel: one byte with the child's pidfd, sent before the child touches the file, so that it can be ended; then the
 * answer (answer.h). Where the server cannot start, one int (-errno) comes back on its own socket.
 */
#ifndef CORDON_ARTIFACT_SERVER_H
#define CORDON_ARTIFACT_SERVER_H

#include "artifact/artifact.h"

#define SERVER_FD 3
#define SERVER_HELLO 'h'

struct server_request {
	uint64_t size; /* of the file, bytes */
	struct artifact_limits limits;
};

#endif
