/* SPDX-License-Identifier: Apache-2.0 */
/* journal_scratch.h - a folder with a journal for each test, and findings to put there. For the journal's tests. */
#ifndef CORDON_TESTS_JOURNAL_SCRATCH_H
#define CORDON_TESTS_JOURNAL_SCRATCH_H

#include "base/cleanup.h"
#include "journal/journal.h"
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

#define DAY_MS (24LL * 3600 * 1000)

#define _cleanup_journal_ CLEANUP(journal_close_cleanup)

/* Each test has a folder; the journal's is one below it, not there yet. */
struct scratch {
	char top[32], dir[48], db[64];
	bool mounted;
};

static inline int setup(void **state)
{
	struct scratch *s = calloc(1, sizeof(*s));

	if (!s)
		return -1;
	snprintf(s->top, sizeof(s->top), "/tmp/journal-test-XXXXXX");
	if (!mkdtemp(s->top))
		return -1;
	snprintf(s->dir, sizeof(s->dir), "%s/state", s->top);
	snprintf(s->db, sizeof(s->db), "%s/journal.db", s->dir);
	*state = s;
	return 0;
}

static inline int remove_one(const char *path, const struct stat *st, int type, struct FTW *walk)
{
	(void)st, (void)type, (void)walk;
	return remove(path);
}

static inline int teardown(void **state)
{
	struct scratch *s = *state;
	int r = s->mounted ? umount2(s->dir, MNT_DETACH) : 0;

	if (r == 0)
		r = nftw(s->top, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(s);
	return r;
}

static inline int64_t now_ms(void)
{
	return time(NULL) * 1000LL;
}

static inline struct journal *open_for_write(const struct scratch *s)
{
	struct journal *journal = NULL;

	assert_int_equal(journal_open(s->dir, JOURNAL_WRITE, &journal), 0);
	return journal;
}

static inline struct journal *open_for_read(const struct scratch *s)
{
	struct journal *journal = NULL;

	assert_int_equal(journal_open(s->dir, JOURNAL_READ, &journal), 0);
	return journal;
}

static inline int64_t begin_session(struct journal *journal, int uid, int64_t started)
{
	struct journal_session session = {
		.started = started,
		.mode = CORDON_MODE_ENFORCE,
		.backend = CORDON_BACKEND_LSM,
		.uid = uid,
		.command = "pip install evil",
		.cwd = "/home/ann",
		.policy_digest = "0123",
	};

	assert_int_equal(journal_session_begin(journal, &session), 0);
	assert_true(session.id > 0);
	return session.id;
}

static inline void end_session(struct journal *journal, int64_t id, int64_t ended)
{
	const struct journal_session session = { .id = id, .ended = ended, .status = 1, .lost = 2 };

	assert_int_equal(journal_session_end(journal, &session), 0);
}

/* When the samples happened: any moment that the caps find recent. */
static inline int64_t sample_time(void)
{
	static int64_t time_ms;

	if (!time_ms)
		time_ms = now_ms();
	return time_ms;
}

/* A finding with every field set; strings are literals, so it is never released. */
static inline struct finding sample(int64_t session, struct finding_process *ancestry)
{
	ancestry[0] = (struct finding_process){ 10, "/usr/bin/pip", "pip install evil", "/home/ann", 1000,
						CORDON_ROLE_INSTALLER };
	ancestry[1] = (struct finding_process){ 11, "/bin/sh", "sh -c '\xff'", NULL, 1000, CORDON_ROLE_PACKAGE };
	return (struct finding){
		.session = session,
		.time = sample_time(),
		.mode = CORDON_MODE_ENFORCE,
		.backend = CORDON_BACKEND_FMOD_RET,
		.rule = CORDON_RULE_NET_CONNECT,
		.action = CORDON_ACTION_DENY,
		.answer = CORDON_ANSWER_EPERM,
		.ecosystem = "pypi",
		.package = "evil",
		.version = "1.0",
		.sha256 = "ab12",
		.installer = "pip",
		.process = { 12, "/usr/bin/python3", "python setup.py '\xff\033'", "/tmp/x", 1000,
			     CORDON_ROLE_PACKAGE },
		.ancestry = ancestry,
		.ancestry_count = 2,
		.op = CORDON_OP_CONNECT,
		.object_path = "/tmp/\xfe",
		.object_address = "2001:db8::1",
		.object_port = 443,
		.object_protocol = "tcp",
		.object_pid = 77,
		.origin = "dropped",
		.reason = "because",
		.hint = "do not",
	};
}

static inline int64_t add_sample(struct journal *journal, int64_t session, unsigned int port)
{
	struct finding_process ancestry[2];
	struct finding f = sample(session, ancestry);

	f.object_port = port;
	assert_int_equal(journal_add(journal, &f), 0);
	return f.id;
}

static inline int verify(struct journal *journal, int64_t *ret_bad)
{
	int64_t rows = -1;
	int r;

	*ret_bad = -1;
	r = journal_verify(journal, &rows, ret_bad);
	assert_true(r != 0 || rows >= 0);
	return r;
}

static inline void assert_sound(struct journal *journal)
{
	int64_t bad;

	assert_int_equal(verify(journal, &bad), 0);
}

static const struct journal_query all __attribute__((unused)) = { .uid = -1, .rule = -1 };

static inline int count_finding(const struct finding *finding, void *arg)
{
	(void)finding;
	(*(int *)arg)++;
	return 0;
}

static inline int count_session(const struct journal_session *session, void *arg)
{
	(void)session;
	(*(int *)arg)++;
	return 0;
}

static inline int findings_of(struct journal *journal, const struct journal_query *query)
{
	int count = 0;

	assert_int_equal(journal_findings(journal, query, count_finding, &count), 0);
	return count;
}

static inline int sessions_of(struct journal *journal, const struct journal_query *query)
{
	int count = 0;

	assert_int_equal(journal_sessions(journal, query, count_session, &count), 0);
	return count;
}

static inline void exec_sql(const struct scratch *s, const char *sql)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(s->db, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
