/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer.h - the bytes that go from the reader to who asked. Both run the same program on the same machine, so numbers
 * are as they lie in memory; but who wrote them may have been taken over by what it read, so the parser believes
 * nothing.
 *
 * Records follow each other, each a head and `len` bytes:
 *	HASHES   once, before anything is parsed
 *	READING  last
 *	ERROR    instead of both: a step before the first byte failed
 */
#ifndef CORDON_ARTIFACT_ANSWER_H
#define CORDON_ARTIFACT_ANSWER_H

#include "artifact/artifact.h"

enum answer_type { ANSWER_HASHES = 1, ANSWER_READING, ANSWER_ERROR };

#define ANSWER_MAGIC 0x74726163u /* "cart" */
/* The longest answer: all start-up files with their names, and the rest. */
#define ANSWER_MAX (ARTIFACT_TEXTS_MAX + ARTIFACT_STARTUP_MAX * (ARTIFACT_PATH_MAX + 64) + 16384)

struct answer_head {
	uint32_t magic;
	uint32_t type; /* enum answer_type */
	uint32_t len;  /* of what follows, bytes */
	uint32_t pad;
};

struct answer_hashes {
	uint8_t sha256[32], sha512[64];
	uint32_t has_sha512;
	uint32_t pad;
};

/* Bytes that grow; `failed` is kept until they are asked for. */
struct answer {
	char *bytes;
	size_t len, size;
	bool failed;
};

void answer_release(struct answer *answer);
void answer_put_hashes(struct answer *answer, const struct artifact *artifact);
void answer_put_reading(struct answer *answer, const struct artifact *artifact);
void answer_put_error(struct answer *answer, int error);

/* Whether the last record is there, whatever is in it: its sender takes a while to end, which nobody need wait for. */
bool answer_complete(const char *bytes, size_t len);

/*
 * Takes: all bytes that came, the file's size in ret->size. Gives: 0 and the rest of *ret, MALFORMED where the answer
 * is none, or is cut off; the error of an ERROR record; -ENOMEM. Unless 0, *ret is as it was.
 */
int answer_parse(const char *bytes, size_t len, struct artifact *ret);

#endif
