/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chain.h - the hash chain over the journal's rows.
 *
 * Each entry holds the digest of one thing that became final (digest.h), and hash = SHA-256(hash of the entry before,
 * digest). Kinds of entries:
 *
 *	begin    a session's beginning
 *	finding  a finding, without its `count`, which grows while its session is on
 *	end      how the session ended, and the count of each of its findings: from here on these are final too
 *	prune    the caps dropped that session's rows
 *
 * Sessions interleave, so the entries of a dropped one stay as links, with their digests, until everything before the
 * oldest row that is kept can go at once; the last hash that went is the anchor that the rest starts from. An entry
 * without its row is sound only where a later `prune` names its session.
 *
 * It shows a row that was changed, removed or slipped in by hand or by a broken disk. It has no secret: whoever can
 * write the file and computes all hashes anew is not found out, nor is a count that was changed in a session still on.
 */
#ifndef CORDON_JOURNAL_CHAIN_H
#define CORDON_JOURNAL_CHAIN_H

#include "journal/store.h"

/* These belong into the transaction that changes the rows. */
int chain_add_begin(struct journal *journal, const struct journal_session *session);
int chain_add_finding(struct journal *journal, const struct finding *finding);
int chain_add_end(struct journal *journal, const struct journal_session *session);
int chain_add_prune(struct journal *journal, int64_t session);

#endif
