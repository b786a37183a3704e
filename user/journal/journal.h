/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal.h - what happened, in SQLite (WAL, one writer at a time, root:0600).
 *
 * Rows are hash-chained, so that a row changed or removed later shows (journal_verify(); chain.h tells how, and what it
 * does not show). Capped by age and size.
 *
 * A connection must not cross fork(2): open the journal in the process that uses it.
 */
#ifndef CORDON_JOURNAL_JOURNAL_H
#define CORDON_JOURNAL_JOURNAL_H

#include "base/cleanup.h"
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
	int64_t refused;     /* of these, refused or ended (hidden settings are neither) */
	int64_t lost;        /* records that the kernel could not send */
	char *policy_digest; /* of the policy's files */
};

void journal_session_release(struct journal_session *session);

enum journal_access { JOURNAL_READ, JOURNAL_WRITE };

/* $CORDON_STATE where set, else /var/lib/cordon; the file is journal.db in it. Never NULL. */
const char *journal_dir(void);

/* Takes: the folder. JOURNAL_WRITE makes folder and file (0700, 0600) where missing and checks that a row can be
 * written (a full disk and a read-only file show here, not later). Gives 0 and *ret, or -errno: -EROFS, -ENOSPC,
 * -EACCES (also a folder of somebody else's), -ENOENT (read, none yet), -EUCLEAN (not a journal), -ENOTSUP (a newer
 * cordon's), -EBUSY (a writer held it for longer than the three seconds that every call here waits at the most). */
int journal_open(const char *dir, enum journal_access access, struct journal **ret);
void journal_close(struct journal *journal);
DEFINE_CLEANUP(struct journal *, journal_close)

struct journal_caps {
	int64_t age_ms;             /* sessions that ended longer ago go */
	int64_t bytes;              /* above, the oldest ended sessions go */
	int64_t findings_per_rule;  /* different ones of one package and rule in one session */
};

/* Replaces the caps of this connection: 90 days, 256 MiB, 500 findings. */
void journal_set_caps(struct journal *journal, const struct journal_caps *caps);

/* Sets session->id; `started` 0 means now. Only what stands above `status` in the struct, and policy_digest, is
 * read. */
int journal_session_begin(struct journal *journal, struct journal_session *session);
/* Reads id, ended (0: now), status, lost; then drops what the caps no longer allow. -ENOENT: no such session is on. */
int journal_session_end(struct journal *journal, const struct journal_session *session);
/*
 * Adds the finding, or adds one to `count` of the same one of this session; sets finding->id and finding->count.
 * Strings are stored as they are: mask argv before. -ENOENT: no such session is on. -EDQUOT: a package made more
 * different findings than the cap allows, or everything in a full journal belongs to sessions that are on; count it as
 * lost.
 */
int journal_add(struct journal *journal, struct finding *finding);

struct journal_query {
	int64_t session; /* 0: all */
	int64_t id;      /* 0: all */
	int uid;         /* -1: all; else only sessions of this user */
	const char *package; /* "name" or "ecosystem:name"; NULL: all */
	int rule;        /* -1: all */
	int64_t since;   /* ms since 1970, 0: all */
	int limit;       /* newest first, 0: all */
};

typedef int (*journal_finding_fn)(const struct finding *finding, void *arg);
typedef int (*journal_session_fn)(const struct journal_session *session, void *arg);

/* Calls `fn` for each, newest first; stops at its first non-zero and returns that. What `fn` gets is released after the
 * call; it may use the journal. Of sessions, `package` and `rule` choose those with such a finding, `id` is not looked
 * at. */
int journal_findings(struct journal *journal, const struct journal_query *query, journal_finding_fn fn, void *arg);
int journal_sessions(struct journal *journal, const struct journal_query *query, journal_session_fn fn, void *arg);
/* Gives 0 and how many entries of the chain were checked; -EBADMSG and the number of the first entry that does not fit,
 * 0 where entries or rows are missing at the end or were added beside the chain. */
int journal_verify(struct journal *journal, int64_t *ret_rows, int64_t *ret_bad);

#endif
