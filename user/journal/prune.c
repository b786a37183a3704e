/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/prune.h"

#include "journal/chain.h"

#include <errno.h>

/* A session whose controller died is marked as on for ever. Nothing that installs is silent for a week; a session that
 * goes on after that finds its row gone, and its findings are counted as lost. */
#define ABANDONED_MS (7LL * 24 * 3600 * 1000)

/* 1: *ret is the oldest session that may go; 0: there is none. */
static int pick(struct journal *journal, int64_t ended_before, int64_t silent_since, int64_t *ret)
{
	_cleanup_stmt_ sqlite3_stmt *stmt = NULL;
	int r;

	r = store_stmt(journal, STMT_PRUNE_PICK, &stmt);
	if (r < 0)
		return r;
	sqlite3_bind_int64(stmt, 1, ended_before);
	sqlite3_bind_int64(stmt, 2, silent_since);
	r = store_step(journal, stmt);
	if (r > 0)
		*ret = sqlite3_column_int64(stmt, 0);
	return r;
}

static int run_for(struct journal *journal, enum store_stmt which, int64_t session)
{
	_cleanup_stmt_ sqlite3_stmt *stmt = NULL;
	int r;

	r = store_stmt(journal, which, &stmt);
	if (r < 0)
		return r;
	if (sqlite3_bind_parameter_count(stmt))
		sqlite3_bind_int64(stmt, 1, session);
	return store_run(journal, stmt);
}

/* 1: one session went; 0: none may. */
static int prune_one(struct journal *journal, int64_t ended_before, int64_t silent_since)
{
	static const enum store_stmt steps[] = {
		STMT_PRUNE_ANCESTORS, STMT_PRUNE_FINDINGS, STMT_PRUNE_SESSION, STMT_ANCHOR_MOVE, STMT_PRUNE_CHAIN,
	};
	CLEANUP(store_rollback) struct journal *txn = NULL;
	int64_t session;
	int r;

	r = store_begin(journal, STMT_BEGIN, &txn);
	if (r < 0)
		return r;
	r = pick(journal, ended_before, silent_since, &session);
	if (r <= 0)
		return r;
	r = chain_add_prune(journal, session);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(steps); i++)
		r = run_for(journal, steps[i], session);
	if (r == 0)
		r = store_commit(&txn);
	return r < 0 ? r : 1;
}

static int prune_to(struct journal *journal, int64_t bytes)
{
	int64_t used;
	int r;

	for (;;) {
		r = store_bytes(journal, &used);
		if (r < 0 || used <= bytes)
			return r;
		r = prune_one(journal, INT64_MAX, journal_now() - ABANDONED_MS);
		if (r <= 0)
			return r < 0 ? r : -EDQUOT;
	}
}

int prune_if_full(struct journal *journal)
{
	int64_t used;
	int r;

	r = store_bytes(journal, &used);
	if (r < 0 || used <= journal->caps.bytes)
		return r;
	/* With room to spare, or the next finding would prune again. */
	r = prune_to(journal, journal->caps.bytes / 10 * 9);
	if (r != -EDQUOT)
		return r;
	r = store_bytes(journal, &used);
	return r < 0 ? r : used > journal->caps.bytes ? -EDQUOT : 0;
}

int prune_journal(struct journal *journal)
{
	int64_t before = journal_now() - journal->caps.age_ms;
	int r;

	while ((r = prune_one(journal, before, before)) > 0)
		;
	return r < 0 ? r : prune_if_full(journal);
}
