/* SPDX-License-Identifier: Apache-2.0 */
/* gate_internal.h - what the files of the gate share. */
#ifndef CORDON_GUARD_GATE_INTERNAL_H
#define CORDON_GUARD_GATE_INTERNAL_H

#include "guard/gate.h"

/* How soon a file is looked at again that somebody has open for writing, ms. */
#define GATE_WRITER_LOOK_MS 20

struct gate_job {
	struct cordon_record_gate record;
	char *path;
	int fd;
	struct kernel_origin origin; /* as it was opened, */
	bool fresh;		     /* which was just now */
	int64_t since; /* ms */
	struct artifact_job *reading; /* NULL: somebody has it open for writing, or there are too many */
	bool answered; /* audit: the installer went on already */
	struct gate_job *next;
};

/* What was looked at: how often, and what it was. */
struct gate_seen {
	struct cordon_origin_key key;
	struct identity identity;
	char sha256[65];
	uint64_t changed;   /* its ctime when it was looked at last */
	unsigned int looks; /* in a row, each at another state of it */
	int64_t last;       /* ms: the end of the last look */
};

struct gate {
	struct artifact_reader *reader;
	struct gate_job *jobs;
	struct gate_seen *seen;
	size_t seen_count, seen_room;
};

/* --- gate_job.c --- */
/* Does what can be done for it now. Gives whether it is done. */
bool gate_job_turn(struct controller *c, struct gate_job *job);
/* It cannot be looked at: tells so, and answers. */
void gate_job_end_unseen(struct controller *c, struct gate_job *job, const char *why);
void gate_job_free(struct gate_job *job);

/* gate_seen.c: the entry of that file, a new one where there is none; NULL: there is no room. Valid until the next call. */
struct gate_seen *gate_remember(struct gate *gate, const struct cordon_origin_key *key);

/* gate_seen.c: another look ends that was asked for at `since` (ms), at the state of ctime `changed`. `stale`: which is gone.
 * Gives whether that is one too many of a file that changes again and again while it is looked at. */
bool gate_looks_for_ever(struct gate_seen *seen, uint64_t changed, int64_t since, bool stale);

/* gate_uv.c: the SHA-256 of the wheel whose METADATA is at `path` in uv's cache; of the source that `folder`, a build's, was
 * unpacked from. Fills ret and gives 0; -ENOENT: nothing says it; -ENOMEM. */
int gate_uv_wheel_digest(const char *path, const struct identity *identity, char ret[65]);
int gate_uv_source_digest(const char *folder, char ret[65]);

#endif
