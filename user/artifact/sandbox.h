/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox.h - what the fork server and its children lay down. In this order: the server, before it takes anything,
 * gives up ids, capabilities, the way to new ones, being dumped and the file system (Landlock); a child, before it
 * touches a byte of its file, what it may use of the machine, and last every system call but those that reading takes.
 * Each step that fails is the end. But for: Landlock where the kernel has none, and ids where there is no CAP_SETUID
 * (a container, a plain user's `cordon scan`) or none to change to (a user namespace of one id).
 */
#ifndef CORDON_ARTIFACT_SANDBOX_H
#define CORDON_ARTIFACT_SANDBOX_H

#include "artifact/artifact.h"

#include <linux/filter.h>

/* A child's descriptors; the filter knows the second one. */
#define SANDBOX_FILE 4
#define SANDBOX_CHANNEL 5

struct sandbox {
	struct sock_fprog filter;
	uint64_t program; /* address space before any file, bytes */
};

/* Of the server. Gives: 0 and what its children need; -errno. */
int sandbox_server(struct sandbox *ret);
/* Of a child. -errno; behind 0 a call that is not foreseen ends the process by SIGSYS. */
int sandbox_child(const struct sandbox *sandbox, const struct artifact_limits *limits);

#endif
