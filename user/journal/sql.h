/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sql.h - every statement of the journal, in one place to be reviewed. Included by store.c alone; the schema is in
 * open.c.
 *
 * Enumerations are stored by name (bpf/wire.h: values are not stable), strings as the bytes that they are: an
 * attacker's path need not be UTF-8, and SQLite keeps TEXT as it was bound. Nothing from outside is ever part of a
 * statement's text.
 */
#ifndef CORDON_JOURNAL_SQL_H
#define CORDON_JOURNAL_SQL_H

#include "journal/row.h"

/* Of the sessions that may go (ended before ?1, or still marked as on and silent since ?2), the oldest. */
#define SQL_PRUNE_PICK                                                                                          \
	"SELECT s.id FROM session s WHERE CASE WHEN s.ended > 0 THEN s.ended < ?1 ELSE max(s.started,"           \
	" coalesce((SELECT max(f.time) FROM finding f WHERE f.session = s.id), 0)) < ?2 END ORDER BY s.id LIMIT 1"

/* The entries before the oldest one that still has its row; all of them where none has. */
#define SQL_DROPPABLE                                                                                           \
	"SELECT c.seq, c.hash FROM chain c WHERE c.seq < coalesce((SELECT min(k.seq) FROM chain k"              \
	" JOIN session s ON s.id = k.session WHERE k.kind <> 'prune'), 9223372036854775807)"

/* What the chain should know of: rows of each kind, and the number that the next entry would follow. */
#define SQL_CHAIN_CENSUS                                                                                        \
	"SELECT (SELECT count(*) FROM session), (SELECT count(*) FROM session WHERE ended > 0),"                 \
	" (SELECT count(*) FROM finding), coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'chain'), 0)"

#define SQL_QUERY_FINDINGS                                                                                      \
	"SELECT " ROW_FINDING_COLUMNS " FROM finding f WHERE (?1 = 0 OR f.session = ?1) AND (?2 = 0 OR f.id = ?2)" \
	" AND (?3 < 0 OR f.session IN (SELECT s.id FROM session s WHERE s.uid = ?3))"                           \
	" AND (?4 IS NULL OR f.package = ?4 OR f.ecosystem || ':' || f.package = ?4)"                           \
	" AND (?5 IS NULL OR f.rule = ?5) AND f.time >= ?6 ORDER BY f.id DESC LIMIT ?7"

#define SQL_QUERY_SESSIONS                                                                                      \
	"SELECT " ROW_SESSION_COLUMNS " FROM session s WHERE (?1 = 0 OR s.id = ?1) AND (?2 < 0 OR s.uid = ?2)"   \
	" AND (?3 IS NULL OR EXISTS (SELECT 1 FROM finding f WHERE f.session = s.id"                            \
	"   AND (f.package = ?3 OR f.ecosystem || ':' || f.package = ?3)))"                                     \
	" AND (?4 IS NULL OR EXISTS (SELECT 1 FROM finding f WHERE f.session = s.id AND f.rule = ?4))"          \
	" AND s.started >= ?5 ORDER BY s.id DESC LIMIT ?6"

static const char *const sql_statements[STMT_COUNT] = {
	/* IMMEDIATE: two writers queue up at the start, where waiting is possible, instead of failing half-way. */
	[STMT_BEGIN] = "BEGIN IMMEDIATE",
	[STMT_BEGIN_READ] = "BEGIN",
	[STMT_COMMIT] = "COMMIT",
	[STMT_ROLLBACK] = "ROLLBACK",
	/* Random, since SQLite does not write what is there already. */
	[STMT_PROBE] = "UPDATE meta SET probe = randomblob(?1)",
	[STMT_BYTES] = "SELECT (p.page_count - f.freelist_count) * s.page_size"
		       " FROM pragma_page_count() p, pragma_freelist_count() f, pragma_page_size() s",
	[STMT_SESSION_ADD] = "INSERT INTO session(started, mode, backend, uid, command, cwd, policy_digest)"
			     " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[STMT_SESSION_ON] = "SELECT 1 FROM session WHERE id = ?1 AND ended = 0",
	[STMT_SESSION_END] = "UPDATE session SET ended = ?2, status = ?3, lost = ?4 WHERE id = ?1 AND ended = 0",
	[STMT_SESSION_GET] = "SELECT " ROW_SESSION_COLUMNS " FROM session s WHERE s.id = ?1",
	[STMT_FINDING_REPEAT] = "UPDATE finding SET count = count + 1 WHERE session = ?1 AND sameness = ?2"
				" RETURNING id, count",
	[STMT_FINDING_ROOM] = "SELECT count(*) < ?4 FROM (SELECT 1 FROM finding"
			      " WHERE session = ?1 AND package IS ?2 AND rule = ?3 LIMIT ?4)",
	[STMT_FINDING_ADD] = "INSERT INTO finding(session, time, mode, backend, rule, action, answer, ecosystem,"
			     " package, version, sha256, installer, pid, exe, argv, cwd, uid, role, op, object_path,"
			     " object_address, object_port, object_protocol, object_pid, origin, reason, hint, count,"
			     " sameness) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,"
			     " ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29)",
	[STMT_FINDING_GET] = "SELECT " ROW_FINDING_COLUMNS " FROM finding f WHERE f.id = ?1",
	[STMT_FINDING_COUNTS] = "SELECT id, count FROM finding WHERE session = ?1 ORDER BY id",
	[STMT_ANCESTOR_ADD] = "INSERT INTO ancestor VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
	[STMT_ANCESTORS] = "SELECT pid, exe, argv, cwd, uid, role FROM ancestor WHERE finding = ?1 ORDER BY depth",
	[STMT_CHAIN_LAST] = "SELECT hash FROM chain ORDER BY seq DESC LIMIT 1",
	[STMT_CHAIN_ADD] = "INSERT INTO chain(kind, session, finding, digest, hash) VALUES(?1, ?2, ?3, ?4, ?5)",
	[STMT_CHAIN_ALL] = "SELECT c.seq, c.kind, c.session, c.finding, c.digest, c.hash,"
			   " EXISTS (SELECT 1 FROM chain p WHERE p.session = c.session AND p.kind = 'prune'"
			   " AND p.seq > c.seq) FROM chain c ORDER BY c.seq",
	[STMT_CHAIN_CENSUS] = SQL_CHAIN_CENSUS,
	[STMT_ANCHOR_GET] = "SELECT anchor_seq, anchor_hash FROM meta",
	[STMT_ANCHOR_MOVE] = "UPDATE meta SET (anchor_seq, anchor_hash) = (" SQL_DROPPABLE
			     " ORDER BY c.seq DESC LIMIT 1) WHERE EXISTS (" SQL_DROPPABLE ")",
	[STMT_PRUNE_PICK] = SQL_PRUNE_PICK,
	[STMT_PRUNE_ANCESTORS] = "DELETE FROM ancestor WHERE finding IN (SELECT id FROM finding WHERE session = ?1)",
	[STMT_PRUNE_FINDINGS] = "DELETE FROM finding WHERE session = ?1",
	[STMT_PRUNE_SESSION] = "DELETE FROM session WHERE id = ?1",
	[STMT_PRUNE_CHAIN] = "DELETE FROM chain WHERE seq <= (SELECT anchor_seq FROM meta)",
	[STMT_QUERY_FINDINGS] = SQL_QUERY_FINDINGS,
	[STMT_QUERY_SESSIONS] = SQL_QUERY_SESSIONS,
};

#endif
