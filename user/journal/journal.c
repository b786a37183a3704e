/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/journal.h"

#include "base/rule.h"
#include "journal/chain.h"
#include "journal/digest.h"
#include "journal/prune.h"
#include "journal/row.h"

#include <errno.h>
#include <limits.h>
#include <time.h>

int64_t journal_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static int insert_session(struct journal *journal, const struct journal_session *session, int64_t *ret_id)
{
	_cleanup_stmt_ sqlite3_stmt *stmt = NULL;
	int r;

	r = store_stmt(journal, STMT_SESSION_ADD, &stmt);
	if (r < 0)
		return r;
	sqlite3_bind_int64(stmt, 1, session->started);
	sqlite3_bind_text(stmt, 2, mode_name(session->mode), -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 3, backend_name(session->backend), -1, SQLITE_STATIC);
	sqlite3_bind_int(stmt, 4, session->uid);
	sqlite3_bind_text(stmt, 5, session->command, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 6, session->cwd, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 7, session->policy_digest, -1, SQLITE_STATIC);
	r = store_run(journal, stmt);
	if (r < 0)
		return r;
	*ret_id = sqlite3_last_insert_rowid(journal->db);
	return 0;
}

int journal_session_begin(struct journal *journal, struct journal_session *session)
{
	CLEANUP(store_rollback) struct journal *txn = NULL;
	struct journal_session row = *session; /* borrows its strings */
	int r;

	if (!row.started)
		row.started = journal_now();
	r = store_begin(journal, STMT_BEGIN, &txn);
	if (r == 0)
		r = insert_session(journal, &row, &row.id);
	if (r == 0)
		r = chain_add_begin(journal, &row);
	if (r == 0)
		r = store_commit(&txn);
	if (r < 0)
		return r;
	session->id = row.id;
	session->started = row.started;
	return 0;
}

static int close_session(struct journal *journal, const struct journal_session *session)
{
	_cleanup_stmt_ sqlite3_stmt *stmt = NULL;
	int r;

	r = store_stmt(journal, STMT_SESSION_END, &stmt);
	if (r < 0)
		return r;
	sqlite3_bind_int64(stmt, 1, session->id);
	sqlite3_bind_int64(stmt, 2, session->ended);
	sqlite3_bind_int(stmt, 3, session->status);
	sqlite3_bind_int64(stmt, 4, session->lost);
	r = store_run(journal, stmt);
	if (r < 0)
		return r;
	return sqlite3_changes(journal->db) ? 0 : -ENOENT;
}

int journal_session_end(struct journal *journal, const struct journal_session *session)
{
	CLEANUP(store_rollback) struct journal *txn = NULL;
	struct journal_session row = *session; /* borrows its strings */
	int r;

	if (!row.ended)
		row.ended = journal_now();
	r = store_begin(journal, STMT_BEGIN, &txn);
	if (r == 0)
		r = close_session(journal, &row);
	if (r == 0)
		r = chain_add_end(journal, &row);
	if (r == 0)
		r = store_commit(&txn);
	if (r < 0)
		return r;
	/* The session is recorded; what could not be dropped now goes at the next end. */
	(void)prune_journal(journal);
	return 0;
}

/* 1: it was there and counts one more; 0: it is new. */
static int add_repeat(struct journal *journal, struct finding *finding, const uint8_t *sameness)
{
	_cleanup_stmt_ sqlite3_stmt *stmt = NULL;
	int64_t count;
	int r;

	r = store_stmt(journal, STMT_FINDING_REPEAT, &stmt);
	if (r < 0)
		return r;
	sqlite3_bind_int64(stmt, 1, finding->session);
	sqlite3_bind_blob(stmt, 2, sameness, DIGEST_LEN, SQLITE_STATIC);
	r = store_step(journal, stmt);
	if (r <= 0)
		return r;
	finding->id = sqlite3_column_int64(stmt, 0);
	count = sqlite3_column_int64(stmt, 1);
	finding->count = count > UINT_MAX ? UINT_MAX : (unsigned int)count;
	/* A statement that is not at its end would keep the transaction from being committed. */
	r = store_run(journal, stmt);
	return r < 0 ? r : 1;
}

static int session_is_on(struct journal *journal, int64_t id)
{
	_cleanup_stmt_ sqlite3_stmt *stmt = NULL;
	int r;

	r = store_stmt(journal, STMT_SESSION_ON, &stmt);
	if (r < 0)
		return r;
	sqlite3_bind_int64(stmt, 1, id);
	r = store_step(journal, stmt);
	return r == 0 ? -ENOENT : r < 0 ? r : 0;
}

static int check_room(struct journal *journal, const struct finding *finding)
{
	_cleanup_stmt_ sqlite3_stmt *stmt = NULL;
	int r;

	r = store_stmt(journal, STMT_FINDING_ROOM, &stmt);
	if (r < 0)
		return r;
	sqlite3_bind_int64(stmt, 1, finding->session);
	sqlite3_bind_text(stmt, 2, finding->package, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 3, rule_name(finding->rule), -1, SQLITE_STATIC);
	sqlite3_bind_int64(stmt, 4, journal->caps.findings_per_rule);
	r = store_step(journal, stmt);
	if (r < 0)
		return r;
	return sqlite3_column_int(stmt, 0) ? 0 : -EDQUOT;
}

static int add_new(struct journal *journal, struct finding *finding, const uint8_t *sameness)
{
	struct finding row = *finding; /* borrows its strings */
	int r;

	row.count = 1; /* whatever a caller's struct still has from the finding before */
	r = check_room(journal, &row);
	if (r == 0)
		r = row_add_finding(journal, &row, sameness, &row.id);
	if (r == 0)
		r = chain_add_finding(journal, &row);
	if (r < 0)
		return r;
	finding->id = row.id;
	finding->count = row.count;
	return 0;
}

int journal_add(struct journal *journal, struct finding *finding)
{
	CLEANUP(store_rollback) struct journal *txn = NULL;
	uint8_t sameness[DIGEST_LEN];
	int full, r;

	r = digest_sameness(finding, sameness);
	if (r < 0)
		return r;
	/* Before the transaction, since pruning has its own. */
	full = prune_if_full(journal);
	if (full < 0 && full != -EDQUOT)
		return full;
	r = store_begin(journal, STMT_BEGIN, &txn);
	if (r == 0)
		r = session_is_on(journal, finding->session);
	if (r == 0)
		r = add_repeat(journal, finding, sameness);
	if (r == 0)
		r = full < 0 ? full : add_new(journal, finding, sameness);
	return r < 0 ? r : store_commit(&txn);
}
