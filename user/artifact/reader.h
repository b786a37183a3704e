/* SPDX-License-Identifier: Apache-2.0 */
/* reader.h - the fork server as its jobs see it. */
#ifndef CORDON_ARTIFACT_READER_H
#define CORDON_ARTIFACT_READER_H

#include "artifact/server.h"

#include <sys/types.h>

struct artifact_reader {
	pid_t pid;
	int socket; /* its SERVER_FD's other end; -1: it could not be started */
	unsigned int jobs;
};

/* Hands both over: 0, -errno. What they are stays the caller's. */
int reader_request(struct artifact_reader *reader, const struct server_request *request, int file, int channel);
/* Why it answers nothing: -errno. */
int reader_error(const struct artifact_reader *reader);

#endif
