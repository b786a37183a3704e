/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/store.h"

#include "journal/sql.h"

#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>

/* SQLite says only "read only" or "cannot open"; which of the two reasons it is, the file system knows. */
static int error_of_place(struct journal *journal, int otherwise)
{
	const char *path = sqlite3_db_filename(journal->db, "main");
	struct statvfs fs;

	if (path && !statvfs(path, &fs)) {
		if (fs.f_flag & ST_RDONLY)
			return -EROFS;
		if (!fs.f_bfree)
			return -ENOSPC;
	}
	return otherwise;
}

int store_error(struct journal *journal)
{
	int os = sqlite3_system_errno(journal->db);

	switch (sqlite3_errcode(journal->db) & 0xff) {
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return error_of_place(journal, -EACCES);
	case SQLITE_CANTOPEN:
		return error_of_place(journal, os > 0 ? -os : -EACCES);
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
	case SQLITE_FORMAT:
	case SQLITE_CONSTRAINT: /* a row that our schema has no place for: the schema is not ours any more */
	case SQLITE_ERROR:      /* so is a table or column that is missing */
		return -EUCLEAN;
	case SQLITE_IOERR:
		return error_of_place(journal, os > 0 ? -os : -EIO);
	default:
		return -EIO;
	}
}

static int prepare(struct journal *journal, enum store_stmt which, unsigned int flags, sqlite3_stmt **ret)
{
	sqlite3_stmt *stmt = NULL;

	if (sqlite3_prepare_v3(journal->db, sql_statements[which], -1, flags, &stmt, NULL) != SQLITE_OK)
		return store_error(journal);
	*ret = stmt;
	return 0;
}

int store_stmt(struct journal *journal, enum store_stmt which, sqlite3_stmt **ret)
{
	if (!journal->stmts[which]) {
		int r = prepare(journal, which, SQLITE_PREPARE_PERSISTENT, &journal->stmts[which]);

		if (r < 0)
			return r;
	}
	*ret = journal->stmts[which];
	return 0;
}

int store_own_stmt(struct journal *journal, enum store_stmt which, sqlite3_stmt **ret)
{
	return prepare(journal, which, 0, ret);
}

int store_step(struct journal *journal, sqlite3_stmt *stmt)
{
	switch (sqlite3_step(stmt)) {
	case SQLITE_ROW:
		return 1;
	case SQLITE_DONE:
		return 0;
	default:
		return store_error(journal);
	}
}

int store_run(struct journal *journal, sqlite3_stmt *stmt)
{
	int r = store_step(journal, stmt);

	return r < 0 ? r : 0;
}

static int run_plain(struct journal *journal, enum store_stmt which)
{
	_cleanup_stmt_ sqlite3_stmt *stmt = NULL;
	int r;

	r = store_stmt(journal, which, &stmt);
	if (r < 0)
		return r;
	return store_run(journal, stmt);
}

int store_begin(struct journal *journal, enum store_stmt how, struct journal **ret)
{
	int r = run_plain(journal, how);

	if (r < 0)
		return r;
	*ret = journal;
	return 0;
}

int store_commit(struct journal **txn)
{
	int r = run_plain(*txn, STMT_COMMIT);

	if (r < 0)
		return r; /* the caller's cleanup rolls back */
	*txn = NULL;
	return 0;
}

void store_rollback(struct journal **txn)
{
	/* A full disk has SQLite roll back by itself; a second ROLLBACK would be an error over the first. */
	if (*txn && !sqlite3_get_autocommit((*txn)->db))
		(void)run_plain(*txn, STMT_ROLLBACK);
	*txn = NULL;
}

int store_bytes(struct journal *journal, int64_t *ret)
{
	_cleanup_stmt_ sqlite3_stmt *stmt = NULL;
	int r;

	r = store_stmt(journal, STMT_BYTES, &stmt);
	if (r < 0)
		return r;
	r = store_step(journal, stmt);
	if (r < 0)
		return r;
	*ret = sqlite3_column_int64(stmt, 0);
	return 0;
}
