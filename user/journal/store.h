/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.h - the database below the journal: opening, schema, the table of statements, transactions.
 *
 * Owns: every SQL text and the translation of SQLite's errors to errno. Refuses to own: what rows mean (row.h), the
 * chain (chain.h). Private to user/journal/.
 */
#ifndef CORDON_JOURNAL_STORE_H
#define CORDON_JOURNAL_STORE_H

#include "base/cleanup.h"
#include "journal/journal.h"

#include <sqlite3.h>

enum store_stmt {
	STMT_BEGIN,
	STMT_BEGIN_READ,
	STMT_COMMIT,
	STMT_ROLLBACK,
	STMT_PROBE,
	STMT_BYTES,
	STMT_SESSION_ADD,
	STMT_SESSION_ON,
	STMT_SESSION_END,
	STMT_SESSION_GET,
	STMT_FINDING_REPEAT,
	STMT_FINDING_ROOM,
	STMT_FINDING_ADD,
	STMT_FINDING_GET,
	STMT_FINDING_COUNTS,
	STMT_ANCESTOR_ADD,
	STMT_ANCESTORS,
	STMT_CHAIN_LAST,
	STMT_CHAIN_ADD,
	STMT_CHAIN_ALL,
	STMT_CHAIN_CENSUS,
	STMT_ANCHOR_GET,
	STMT_ANCHOR_MOVE,
	STMT_PRUNE_PICK,
	STMT_PRUNE_ANCESTORS,
	STMT_PRUNE_FINDINGS,
	STMT_PRUNE_SESSION,
	STMT_PRUNE_CHAIN,
	STMT_QUERY_FINDINGS,
	STMT_QUERY_SESSIONS,
	STMT_COUNT,
};

struct journal {
	sqlite3 *db;
	sqlite3_stmt *stmts[STMT_COUNT]; /* prepared at first use, finalised by journal_close() */
	struct journal_caps caps;
};

/* The last error of `journal`'s connection as -errno; never 0. */
int store_error(struct journal *journal);

/* A statement of the table, ready to be bound; the caller's _cleanup_stmt_ local gives it back. Not for recursion: a
 * statement that is being stepped must not be asked for again. */
int store_stmt(struct journal *journal, enum store_stmt which, sqlite3_stmt **ret);
/* The same, but the caller's own: for queries, whose callbacks may query. Finalise by _cleanup_own_stmt_. */
int store_own_stmt(struct journal *journal, enum store_stmt which, sqlite3_stmt **ret);

/* 1: a row; 0: done; -errno. */
int store_step(struct journal *journal, sqlite3_stmt *stmt);
/* Steps a statement that gives no rows. */
int store_run(struct journal *journal, sqlite3_stmt *stmt);

/* A transaction: *ret is the journal while it is open, so that CLEANUP(store_rollback) undoes what was not
 * committed. */
int store_begin(struct journal *journal, enum store_stmt how, struct journal **ret);
int store_commit(struct journal **txn);
void store_rollback(struct journal **txn);

/* Bytes of the database in use; pages that pruning freed do not count. */
int store_bytes(struct journal *journal, int64_t *ret);

static inline void store_stmt_reset(sqlite3_stmt **stmt)
{
	if (!*stmt)
		return;
	sqlite3_reset(*stmt);
	sqlite3_clear_bindings(*stmt); /* they point into structs that the caller may free next */
}

static inline void store_stmt_finalize(sqlite3_stmt **stmt)
{
	sqlite3_finalize(*stmt);
}

#define _cleanup_stmt_ CLEANUP(store_stmt_reset)
#define _cleanup_own_stmt_ CLEANUP(store_stmt_finalize)

#endif
