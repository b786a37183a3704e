/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal.h - what happened, in SQLite (WAL, one writer at a time, root:0600).
 *
 * Rows are hash-chained: each finding and each session end carries SHA-256(previous hash, its own canonical JSON), so
 * that a row changed or removed later shows (`journal_verify`). Capped by age and size.
 */
#ifndef CORDON_JOURNAL_JOURNAL_H
#define CORDON_JOURNAL_JOURNAL_H

#include "journal/finding.h"

#include <stdbool.h>

struct journal;

struct journal_session {
	int64_t id; /* set by the journal */
	int64_t started, ended; /* ms since 1970; ended 0: still on, or its controller died */
	unsigned int mode, backend;
	int uid;
	char *command; /* joined argv, masked */
	char *cwd;
	int status;          /* exit status of the command; -1: not known */
	int64_t findings;    /* how many, counted by the query */
	int64_t refused;     /* of these, refused or ended */
	int64_t lost;        /* records that the kernel could not send */
	char *policy_digest; /* of the policy's files */
};

void journal_session_release(struct journal_session *session);

enum journal_access { JOURNAL_READ, JOURNAL_WRITE };

/* $CORDON_STATE where set, else /var/lib/cordon; the file is journal.db in it. Never NULL. */
const char *journal_dir(void);

/* Takes: the folder. JOURNAL_WRITE makes folder and file (0700, 0600) where missing and checks that a row can be written
 * (a full disk and a read-only file show here, not later). Gives 0 and *ret, or -errno: -EROFS, -ENOSPC, -EACCES,
 * -ENOENT (read, none yet), -EUCLEAN (not a journal). */
int journal_open(const char *dir, enum journal_access access, struct journal **ret);
void journal_close(struct journal *journal);

int journal_session_begin(struct journal *journal, struct journal_session *session);
int journal_session_end(struct journal *journal, const struct journal_session *session);
/* Adds the finding, or adds one to `count` of the same one of this session; sets finding->id. */
int journal_add(struct journal *journal, struct finding *finding);

struct journal_query {
	int64_t session; /* 0: all */
	int64_t id;      /* 0: all */
	int uid;         /* -1: all; else only sessions of this user */
	const char *package;
	int rule;        /* -1: all */
	int64_t since;   /* ms since 1970, 0: all */
	int limit;       /* newest first, 0: all */
};

typedef int (*journal_finding_fn)(const struct finding *finding, void *arg);
typedef int (*journal_session_fn)(const struct journal_session *session, void *arg);

/* Calls `fn` for each, newest first; stops at its first non-zero and returns that. */
int journal_findings(struct journal *journal, const struct journal_query *query, journal_finding_fn fn, void *arg);
int journal_sessions(struct journal *journal, const struct journal_query *query, journal_session_fn fn, void *arg);
/* Gives 0 and how many rows were checked; -EBADMSG and the first id that does not fit. */
int journal_verify(struct journal *journal, int64_t *ret_rows, int64_t *ret_bad);

#endif
