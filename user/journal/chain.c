/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/chain.h"

#include "journal/digest.h"
#include "journal/row.h"

#include <errno.h>
#include <string.h>

static int read_hash(sqlite3_stmt *stmt, int column, uint8_t *ret)
{
	const void *blob = sqlite3_column_blob(stmt, column);

	if (!blob || sqlite3_column_bytes(stmt, column) != DIGEST_LEN)
		return -EBADMSG;
	memcpy(ret, blob, DIGEST_LEN);
	return 0;
}

static int read_anchor(struct journal *journal, int64_t *ret_seq, uint8_t *ret_hash)
{
	_cleanup_stmt_ sqlite3_stmt *stmt = NULL;
	int r;

	r = store_stmt(journal, STMT_ANCHOR_GET, &stmt);
	if (r < 0)
		return r;
	r = store_step(journal, stmt);
	if (r <= 0)
		return r < 0 ? r : -EUCLEAN;
	*ret_seq = sqlite3_column_int64(stmt, 0);
	return read_hash(stmt, 1, ret_hash);
}

static int read_last(struct journal *journal, uint8_t *ret_hash)
{
	_cleanup_stmt_ sqlite3_stmt *stmt = NULL;
	int64_t seq;
	int r;

	r = store_stmt(journal, STMT_CHAIN_LAST, &stmt);
	if (r < 0)
		return r;
	r = store_step(journal, stmt);
	if (r < 0)
		return r;
	return r ? read_hash(stmt, 0, ret_hash) : read_anchor(journal, &seq, ret_hash);
}

static int append(struct journal *journal, const char *kind, int64_t session, int64_t finding, const uint8_t *digest)
{
	_cleanup_stmt_ sqlite3_stmt *stmt = NULL;
	uint8_t previous[DIGEST_LEN], hash[DIGEST_LEN];
	int r;

	r = read_last(journal, previous);
	if (r < 0)
		return r == -EBADMSG ? -EUCLEAN : r;
	r = digest_link(previous, digest, hash);
	if (r < 0)
		return r;
	r = store_stmt(journal, STMT_CHAIN_ADD, &stmt);
	if (r < 0)
		return r;
	sqlite3_bind_text(stmt, 1, kind, -1, SQLITE_STATIC);
	sqlite3_bind_int64(stmt, 2, session);
	sqlite3_bind_int64(stmt, 3, finding);
	sqlite3_bind_blob(stmt, 4, digest, DIGEST_LEN, SQLITE_STATIC);
	sqlite3_bind_blob(stmt, 5, hash, DIGEST_LEN, SQLITE_STATIC);
	return store_run(journal, stmt);
}

int chain_add_begin(struct journal *journal, const struct journal_session *session)
{
	uint8_t digest[DIGEST_LEN];
	int r = digest_session_begin(session, digest);

	return r < 0 ? r : append(journal, "begin", session->id, 0, digest);
}

int chain_add_finding(struct journal *journal, const struct finding *finding)
{
	uint8_t digest[DIGEST_LEN];
	int r = digest_finding(finding, digest);

	return r < 0 ? r : append(journal, "finding", finding->session, finding->id, digest);
}

int chain_add_prune(struct journal *journal, int64_t session)
{
	uint8_t digest[DIGEST_LEN];
	int r = digest_prune(session, digest);

	return r < 0 ? r : append(journal, "prune", session, 0, digest);
}

static int end_digest(struct journal *journal, const struct journal_session *session, uint8_t *ret)
{
	_cleanup_stmt_ sqlite3_stmt *stmt = NULL;
	_cleanup_free_ struct digest_count *counts = NULL;
	size_t n = 0, room = 0;
	int r;

	r = store_stmt(journal, STMT_FINDING_COUNTS, &stmt);
	if (r < 0)
		return r;
	sqlite3_bind_int64(stmt, 1, session->id);
	while ((r = store_step(journal, stmt)) > 0) {
		if (n == room) {
			struct digest_count *grown;

			room = room ? room * 2 : 64;
			grown = reallocarray(counts, room, sizeof(*grown));
			if (!grown)
				return -ENOMEM;
			counts = grown;
		}
		counts[n].finding = sqlite3_column_int64(stmt, 0);
		counts[n++].count = sqlite3_column_int64(stmt, 1);
	}
	return r < 0 ? r : digest_session_end(session, counts, n, ret);
}

int chain_add_end(struct journal *journal, const struct journal_session *session)
{
	uint8_t digest[DIGEST_LEN];
	int r = end_digest(journal, session, digest);

	return r < 0 ? r : append(journal, "end", session->id, 0, digest);
}

/* What verifying has met so far. */
struct walk {
	int64_t seq; /* of the entry before */
	uint8_t hash[DIGEST_LEN];
	int64_t begun, ended, findings; /* entries whose rows are there */
	int64_t entries;
};

struct entry {
	int64_t seq, session, finding;
	const char *kind;
	bool pruned;
	uint8_t digest[DIGEST_LEN], hash[DIGEST_LEN];
};

/* The digest of an entry's row as it is now; -ENOENT: there is no such row. */
static int row_digest(struct journal *journal, const struct entry *entry, uint8_t *ret)
{
	CLEANUP(journal_session_release) struct journal_session session = { 0 };
	CLEANUP(finding_release) struct finding finding = { 0 };
	int r;

	if (!strcmp(entry->kind, "prune"))
		return digest_prune(entry->session, ret);
	if (!strcmp(entry->kind, "finding")) {
		r = row_get_finding(journal, entry->finding, &finding);
		return r < 0 ? r : digest_finding(&finding, ret);
	}
	r = row_get_session(journal, entry->session, &session);
	if (r < 0)
		return r;
	if (!strcmp(entry->kind, "begin"))
		return digest_session_begin(&session, ret);
	if (!strcmp(entry->kind, "end"))
		return end_digest(journal, &session, ret);
	return -EBADMSG;
}

static int check_entry(struct journal *journal, const struct entry *entry, struct walk *walk)
{
	uint8_t digest[DIGEST_LEN], hash[DIGEST_LEN];
	bool prune = !strcmp(entry->kind, "prune");
	int r;

	r = digest_link(walk->hash, entry->digest, hash);
	if (r < 0)
		return r;
	if (entry->seq != walk->seq + 1 || memcmp(hash, entry->hash, DIGEST_LEN))
		return -EBADMSG;
	r = row_digest(journal, entry, digest);
	if (r == -ENOENT)
		return entry->pruned ? 0 : -EBADMSG;
	if (r < 0)
		return r;
	if ((entry->pruned && !prune) || memcmp(digest, entry->digest, DIGEST_LEN))
		return -EBADMSG;
	walk->begun += !strcmp(entry->kind, "begin");
	walk->ended += !strcmp(entry->kind, "end");
	walk->findings += !strcmp(entry->kind, "finding");
	return 0;
}

static int walk_chain(struct journal *journal, struct walk *walk)
{
	_cleanup_own_stmt_ sqlite3_stmt *stmt = NULL;
	int r;

	r = store_own_stmt(journal, STMT_CHAIN_ALL, &stmt);
	if (r < 0)
		return r;
	while ((r = store_step(journal, stmt)) > 0) {
		struct entry entry = {
			.seq = sqlite3_column_int64(stmt, 0),
			.kind = (const char *)sqlite3_column_text(stmt, 1),
			.session = sqlite3_column_int64(stmt, 2),
			.finding = sqlite3_column_int64(stmt, 3),
			.pruned = sqlite3_column_int(stmt, 6),
		};

		if (!entry.kind)
			return -ENOMEM;
		r = read_hash(stmt, 4, entry.digest);
		if (r == 0)
			r = read_hash(stmt, 5, entry.hash);
		if (r == 0)
			r = check_entry(journal, &entry, walk);
		if (r < 0)
			return r;
		walk->seq = entry.seq;
		memcpy(walk->hash, entry.hash, DIGEST_LEN);
		walk->entries++;
	}
	return r;
}

/* Entries cut off at the end, and rows that no entry speaks of. */
static int check_census(struct journal *journal, const struct walk *walk)
{
	_cleanup_stmt_ sqlite3_stmt *stmt = NULL;
	int r;

	r = store_stmt(journal, STMT_CHAIN_CENSUS, &stmt);
	if (r < 0)
		return r;
	r = store_step(journal, stmt);
	if (r <= 0)
		return r < 0 ? r : -EUCLEAN;
	if (sqlite3_column_int64(stmt, 0) != walk->begun || sqlite3_column_int64(stmt, 1) != walk->ended ||
	    sqlite3_column_int64(stmt, 2) != walk->findings || sqlite3_column_int64(stmt, 3) != walk->seq)
		return -EBADMSG;
	return 0;
}

int journal_verify(struct journal *journal, int64_t *ret_rows, int64_t *ret_bad)
{
	CLEANUP(store_rollback) struct journal *txn = NULL;
	struct walk walk = { 0 };
	int64_t bad = 0;
	int r;

	/* One snapshot: a writer may go on meanwhile. */
	r = store_begin(journal, STMT_BEGIN_READ, &txn);
	if (r == 0)
		r = read_anchor(journal, &walk.seq, walk.hash);
	if (r == 0) {
		r = walk_chain(journal, &walk);
		bad = r == 0 ? 0 : walk.seq + 1;
	}
	if (r == 0)
		r = check_census(journal, &walk);
	if (r == 0)
		r = store_commit(&txn);
	if (r == -EBADMSG)
		*ret_bad = bad;
	if (r == 0)
		*ret_rows = walk.entries;
	return r;
}
