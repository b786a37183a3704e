/* SPDX-License-Identifier: Apache-2.0 */
/*
 * digest.h - SHA-256 over the canonical JSON of what the journal keeps. Pure: no database.
 *
 * Canonical: one object, keys in the order of the code, no blanks, null for NULL, enumerations by name, and every byte
 * of a string that is not printable ASCII as \u00NN. So two rows have the same text only where every byte is the same,
 * also where a path is not UTF-8.
 */
#ifndef CORDON_JOURNAL_DIGEST_H
#define CORDON_JOURNAL_DIGEST_H

#include "journal/journal.h"

#include <stdint.h>

#define DIGEST_LEN 32

/* What can be changed no more once it is written: everything of a finding but `count`... */
int digest_finding(const struct finding *finding, uint8_t *ret);
/* ...and of a session what its beginning knows. */
int digest_session_begin(const struct journal_session *session, uint8_t *ret);

struct digest_count {
	int64_t finding, count;
};

/* How the session ended, with the final count of each of its findings. */
int digest_session_end(const struct journal_session *session, const struct digest_count *counts, size_t n,
		       uint8_t *ret);
/* That the session was dropped by the caps. */
int digest_prune(int64_t session, uint8_t *ret);

/* What makes two findings of one session the same: package, rule, object, program, and what was answered. */
int digest_sameness(const struct finding *finding, uint8_t *ret);

/* The next hash of the chain: over `previous` and `digest`. */
int digest_link(const uint8_t *previous, const uint8_t *digest, uint8_t *ret);

#endif
