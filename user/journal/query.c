/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rule.h"
#include "journal/journal.h"
#include "journal/row.h"

#include <errno.h>

/* The statements are the call's own, so that a callback may query in turn. */

static const char *rule_filter(const struct journal_query *query)
{
	return query->rule < 0 ? NULL : rule_name((unsigned int)query->rule);
}

static int limit_of(const struct journal_query *query)
{
	return query->limit > 0 ? query->limit : -1; /* SQLite's "all" */
}

int journal_findings(struct journal *journal, const struct journal_query *query, journal_finding_fn fn, void *arg)
{
	_cleanup_own_stmt_ sqlite3_stmt *stmt = NULL;
	int r;

	r = store_own_stmt(journal, STMT_QUERY_FINDINGS, &stmt);
	if (r < 0)
		return r;
	sqlite3_bind_int64(stmt, 1, query->session);
	sqlite3_bind_int64(stmt, 2, query->id);
	sqlite3_bind_int(stmt, 3, query->uid);
	sqlite3_bind_text(stmt, 4, query->package, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 5, rule_filter(query), -1, SQLITE_STATIC);
	sqlite3_bind_int64(stmt, 6, query->since);
	sqlite3_bind_int(stmt, 7, limit_of(query));
	while ((r = store_step(journal, stmt)) > 0) {
		CLEANUP(finding_release) struct finding finding = { 0 };

		r = row_read_finding(journal, stmt, &finding);
		if (r == 0)
			r = fn(&finding, arg);
		if (r)
			return r;
	}
	return r;
}

int journal_sessions(struct journal *journal, const struct journal_query *query, journal_session_fn fn, void *arg)
{
	_cleanup_own_stmt_ sqlite3_stmt *stmt = NULL;
	int r;

	r = store_own_stmt(journal, STMT_QUERY_SESSIONS, &stmt);
	if (r < 0)
		return r;
	sqlite3_bind_int64(stmt, 1, query->session);
	sqlite3_bind_int(stmt, 2, query->uid);
	sqlite3_bind_text(stmt, 3, query->package, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 4, rule_filter(query), -1, SQLITE_STATIC);
	sqlite3_bind_int64(stmt, 5, query->since);
	sqlite3_bind_int(stmt, 6, limit_of(query));
	while ((r = store_step(journal, stmt)) > 0) {
		CLEANUP(journal_session_release) struct journal_session session = { 0 };

		r = row_read_session(stmt, &session);
		if (r == 0)
			r = fn(&session, arg);
		if (r)
			return r;
	}
	return r;
}
