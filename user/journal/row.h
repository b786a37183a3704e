/* SPDX-License-Identifier: Apache-2.0 */
/*
 * row.h - between rows and structs. The columns here and the order in which row.c reads them are one thing.
 */
#ifndef CORDON_JOURNAL_ROW_H
#define CORDON_JOURNAL_ROW_H

#include "journal/store.h"

#define ROW_FINDING_COLUMNS                                                                                     \
	"f.id, f.session, f.time, f.mode, f.backend, f.rule, f.action, f.answer, f.ecosystem, f.package, f.version," \
	" f.sha256, f.installer, f.pid, f.exe, f.argv, f.cwd, f.uid, f.role, f.op, f.object_path,"                \
	" f.object_address, f.object_port, f.object_protocol, f.object_pid, f.origin, f.reason, f.hint, f.count"

/* "Refused" as people mean it: hidden settings are not, honest tools look for those in every install. */
#define ROW_SESSION_COLUMNS                                                                                     \
	"s.id, s.started, s.ended, s.mode, s.backend, s.uid, s.command, s.cwd, s.status, s.lost, s.policy_digest," \
	" (SELECT count(*) FROM finding f WHERE f.session = s.id),"                                              \
	" (SELECT count(*) FROM finding f WHERE f.session = s.id AND f.answer IN ('refused', 'ended'))"

/* Adds the finding and its ancestry as new rows; gives the id. `sameness` is digest_sameness() of it. */
int row_add_finding(struct journal *journal, const struct finding *finding, const uint8_t *sameness, int64_t *ret_id);
/* Reads the row that `stmt` stands on; ROW_FINDING_COLUMNS. An enumeration's name that this version does not know
 * becomes UINT_MAX, which every X_name() shows as "?". */
int row_read_finding(struct journal *journal, sqlite3_stmt *stmt, struct finding *ret);
int row_read_session(sqlite3_stmt *stmt, struct journal_session *ret);

/* -ENOENT: no such row. */
int row_get_finding(struct journal *journal, int64_t id, struct finding *ret);
int row_get_session(struct journal *journal, int64_t id, struct journal_session *ret);

#endif
