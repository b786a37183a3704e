/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate.h - artifacts that installers take into use: an installer was stopped in front of one, it is read by a process
 * without privileges (artifact/), judged by the policy, and the installer goes on with the verdict in the kernel.
 *
 *   gate.c        who waits for what, until when; the answer
 *   gate_register.c  where that is
 *   gate_seen.c   what was looked at
 *   gate_judge.c  what the policy says of what was read
 *   gate_tree.c   what is no archive: a folder that uv has unpacked, pnpm's index
 *   gate_source.c what is known of code that starts
 *   gate_uv.c     the digests that uv keeps of what it has unpacked
 */
#ifndef CORDON_GUARD_GATE_H
#define CORDON_GUARD_GATE_H

#include "artifact/artifact.h"
#include "guard/controller.h"

#include <poll.h>

struct gate;

/* An artifact as far as it is known. */
struct gate_object {
	const char *path;     /* of the file or folder; NULL: not known */
	const char *leaf;     /* its own name; of a rename the new one */
	const char *ecosystem; /* of the installer */
	struct identity identity; /* as it says itself; name "": it does not */
	struct identity named;	  /* as its file's name says; the same */
	char sha256[65], sha512[129]; /* "": not known */
	const struct artifact *artifact; /* NULL: it is no archive */
};

/* What the policy says. */
struct gate_verdict {
	unsigned int what;   /* enum cordon_artifact_what, NONE: nothing stands against it */
	unsigned int rule, action, answer; /* 0 where `what` is NONE */
	char *reason;	     /* new */
	char sha256[65];     /* STARTUP: of that file, for a grant */
};

/* What is known of code that starts. */
struct gate_source {
	struct identity identity;     /* name "": not known */
	struct identity claim;	      /* as it calls itself; the same */
	char sha256[65], sha512[129]; /* "": not known */
};

/* gate_source.c: fills *ret, while that code waits. `installer`: that started it, NULL: not known. */
void gate_source(const struct controller *c, const struct installer *installer, const struct facts *facts,
		 const struct identity *identity, struct gate_source *ret);

/* gate_judge.c: fills *ret; the reason is NULL where memory is short. */
void gate_judge(const struct controller *c, const struct gate_object *object, struct gate_verdict *ret);
/* Of code whose artifact nobody may have seen: whether the policy denies the package. */
bool gate_denies(const struct controller *c, const struct gate_source *source, struct gate_verdict *ret);
/* The same where nothing could be read; `why` is a clause. */
void gate_judge_unseen(const struct controller *c, const char *why, struct gate_verdict *ret);

/* gate_tree.c: fills the identity that a folder or an index names. Gives 0; -ENOENT: it names none; -errno. */
int gate_path_identity(const struct installer *installer, const char *path, struct identity *ret);
int gate_tree_identity(int folder, const char *ecosystem, struct identity *ret);
int gate_index_identity(const char *leaf, struct identity *ret);
/* The same of a wheel that lies unpacked, by the path of its METADATA. */
int gate_info_identity(const char *path, const char *ecosystem, struct identity *ret);

/* gate_register.c: where installers take artifacts into use, into the kernel. Before the session's command starts. */
int gate_register(struct controller *c);

/* There is an installer: what reads artifacts is started, which takes some milliseconds, and is not waited for. */
void gate_prepare(struct controller *c);
/* A record of an installer that waits. */
void gate_take(struct controller *c, const struct cordon_record_gate *record);
/* Descriptors to poll, `room` at the most, and the milliseconds until gate_turn() is due in *timeout. Gives their count. */
size_t gate_poll(struct controller *c, struct pollfd *fds, size_t room, int *timeout);
/* Answers what can be answered. */
void gate_turn(struct controller *c);
/* Whether somebody waits, or an artifact is still read for its finding (audit). */
bool gate_is_busy(const struct controller *c);
/* The digest of the artifact that last was taken into use as this package; "": none was seen. */
const char *gate_sha256(const struct controller *c, const struct identity *identity);
void gate_release(struct controller *c);

/* Descriptors of gate_poll() at once: as many as there may be readings. */
#define GATE_POLL_MAX 64

#endif
