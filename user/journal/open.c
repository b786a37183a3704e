/* SPDX-License-Identifier: Apache-2.0 */
/*
 * open.c - the journal's folder and file, and what must hold before anybody uses them.
 */
#include "base/cleanup.h"
#include "journal/store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#define JOURNAL_FILE "journal.db"

/* A commit of a finding takes some 50 us; who waits longer waits for a stuck process. The controller's event loop is
 * one thread and its heartbeat must move every ten seconds (CORDON_HEARTBEAT_STALE_NS), so well below that. */
#define BUSY_TIMEOUT_MS 3000
/* What a start proves to be writable: room for some dozen findings, so that a disk with one free page counts as
 * full. */
#define PROBE_BYTES (64 * 1024)
/* What a checkpoint leaves of the write-ahead log. Its usual size is 4 MiB (1000 pages). */
#define WAL_KEEP_BYTES "8388608"

/* PRAGMA application_id: "cord". Tells another program's database from ours. */
#define APPLICATION_ID 0x636f7264
/* PRAGMA user_version. A change of the schema needs a step in prepare_schema() from each older version. */
#define SCHEMA_VERSION 1

static const char schema[] =
	/* One row. The anchor is the chain's entry before the oldest kept one; probe shows that the disk takes
	 * writes. */
	"CREATE TABLE meta(id INTEGER PRIMARY KEY CHECK (id = 1), anchor_seq INTEGER NOT NULL,"
	" anchor_hash BLOB NOT NULL, probe BLOB) STRICT;"
	"INSERT INTO meta VALUES(1, 0, zeroblob(32), NULL);"
	"CREATE TABLE session(id INTEGER PRIMARY KEY AUTOINCREMENT, started INTEGER NOT NULL,"
	" ended INTEGER NOT NULL DEFAULT 0, mode TEXT NOT NULL, backend TEXT NOT NULL, uid INTEGER NOT NULL,"
	" command TEXT, cwd TEXT, status INTEGER NOT NULL DEFAULT -1, lost INTEGER NOT NULL DEFAULT 0,"
	" policy_digest TEXT) STRICT;"
	"CREATE TABLE finding(id INTEGER PRIMARY KEY AUTOINCREMENT, session INTEGER NOT NULL, time INTEGER NOT NULL,"
	" mode TEXT NOT NULL, backend TEXT NOT NULL, rule TEXT NOT NULL, action TEXT NOT NULL, answer TEXT NOT NULL,"
	" ecosystem TEXT, package TEXT, version TEXT, sha256 TEXT, installer TEXT, pid INTEGER NOT NULL, exe TEXT,"
	" argv TEXT, cwd TEXT, uid INTEGER NOT NULL, role TEXT NOT NULL, op TEXT NOT NULL, object_path TEXT,"
	" object_address TEXT, object_port INTEGER NOT NULL, object_protocol TEXT, object_pid INTEGER NOT NULL,"
	" origin TEXT, reason TEXT, hint TEXT, count INTEGER NOT NULL, sameness BLOB NOT NULL,"
	" UNIQUE(session, sameness)) STRICT;"
	"CREATE INDEX finding_rule ON finding(session, package, rule);"
	"CREATE TABLE ancestor(finding INTEGER NOT NULL, depth INTEGER NOT NULL, pid INTEGER NOT NULL, exe TEXT,"
	" argv TEXT, cwd TEXT, uid INTEGER NOT NULL, role TEXT NOT NULL, PRIMARY KEY(finding, depth))"
	" STRICT, WITHOUT ROWID;"
	"CREATE TABLE chain(seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, session INTEGER NOT NULL,"
	" finding INTEGER NOT NULL, digest BLOB NOT NULL, hash BLOB NOT NULL) STRICT;"
	"CREATE INDEX chain_session ON chain(session, kind);";

const char *journal_dir(void)
{
	const char *dir = getenv("CORDON_STATE");

	return dir && *dir ? dir : "/var/lib/cordon";
}

/* Gives the folder, ours alone, locked: two first starts at the same moment would otherwise both make the database, and
 * changing to WAL knows no waiting. The lock goes with the descriptor. */
static int prepare_dir(const char *dir, int *ret_fd)
{
	_cleanup_close_ int fd = -1;
	struct stat st;

	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	/* Whoever owns the folder can replace the file, by a symbolic link too. */
	if (st.st_uid != geteuid())
		return -EACCES;
	if ((st.st_mode & 07777) != 0700 && fchmod(fd, 0700) < 0)
		return -errno;
	if (flock(fd, LOCK_EX) < 0)
		return -errno;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* SQLite would make the file with the umask's mode, and its -wal and -shm take the mode of the file. An existing file
 * is not opened here: closing it again would drop the POSIX locks of this process's other connections. */
static int prepare_file(int dir_fd)
{
	_cleanup_close_ int fd = -1;
	struct stat st;

	fd = openat(dir_fd, JOURNAL_FILE, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0)
		return 0;
	if (errno != EEXIST)
		return -errno;
	if (fstatat(dir_fd, JOURNAL_FILE, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EUCLEAN;
	if ((st.st_mode & 07777) != 0600 && fchmodat(dir_fd, JOURNAL_FILE, 0600, 0) < 0)
		return -errno;
	return 0;
}

static int exec_plain(struct journal *journal, const char *sql)
{
	return sqlite3_exec(journal->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : store_error(journal);
}

static int pragma_int(struct journal *journal, const char *sql, int64_t *ret)
{
	_cleanup_own_stmt_ sqlite3_stmt *stmt = NULL;
	int r;

	if (sqlite3_prepare_v2(journal->db, sql, -1, &stmt, NULL) != SQLITE_OK)
		return store_error(journal);
	r = store_step(journal, stmt);
	if (r <= 0)
		return r < 0 ? r : -EUCLEAN;
	*ret = sqlite3_column_int64(stmt, 0);
	return 0;
}

/* Gives our version, 0 for a database without any table. */
static int schema_version(struct journal *journal, int64_t *ret)
{
	int64_t application, version, tables;
	int r;

	r = pragma_int(journal, "PRAGMA application_id", &application);
	if (r == 0)
		r = pragma_int(journal, "PRAGMA user_version", &version);
	if (r == 0)
		r = pragma_int(journal, "SELECT count(*) FROM sqlite_schema", &tables);
	if (r < 0)
		return r;
	if (!application && !version && !tables) {
		*ret = 0;
		return 0;
	}
	if (application != APPLICATION_ID || version < 1)
		return -EUCLEAN;
	if (version > SCHEMA_VERSION)
		return -ENOTSUP;
	*ret = version;
	return 0;
}

#define TEXT_OF_(x) #x
#define TEXT_OF(x) TEXT_OF_(x)

static int prepare_schema(struct journal *journal)
{
	CLEANUP(store_rollback) struct journal *txn = NULL;
	int64_t version;
	int r;

	r = schema_version(journal, &version);
	if (r < 0 || version == SCHEMA_VERSION)
		return r;
	r = exec_plain(journal, "PRAGMA journal_mode = WAL");
	if (r == 0)
		r = store_begin(journal, STMT_BEGIN, &txn);
	if (r == 0)
		r = exec_plain(journal, schema);
	if (r == 0)
		r = exec_plain(journal, "PRAGMA application_id = " TEXT_OF(APPLICATION_ID));
	if (r == 0)
		r = exec_plain(journal, "PRAGMA user_version = " TEXT_OF(SCHEMA_VERSION));
	return r < 0 ? r : store_commit(&txn);
}

static int probe_write(struct journal *journal)
{
	_cleanup_stmt_ sqlite3_stmt *stmt = NULL;
	int r;

	r = store_stmt(journal, STMT_PROBE, &stmt);
	if (r < 0)
		return r;
	sqlite3_bind_int(stmt, 1, PROBE_BYTES);
	return store_run(journal, stmt);
}

/* NORMAL: no fsync for each finding. A power cut may lose the last findings, never the database's soundness. */
#define PRAGMAS                                                                                      \
	"PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA synchronous = NORMAL;"     \
	"PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = " WAL_KEEP_BYTES

static int connect_file(struct journal *journal, const char *path, int flags)
{
	if (sqlite3_open_v2(path, &journal->db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL) != SQLITE_OK)
		return journal->db ? store_error(journal) : -ENOMEM;
	sqlite3_busy_timeout(journal->db, BUSY_TIMEOUT_MS);
	sqlite3_db_config(journal->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	return exec_plain(journal, PRAGMAS);
}

static int open_write(struct journal *journal, const char *dir)
{
	_cleanup_close_ int dir_fd = -1;
	_cleanup_free_ char *real = NULL;
	char path[PATH_MAX];
	int r;

	r = prepare_dir(dir, &dir_fd);
	if (r == 0)
		r = prepare_file(dir_fd);
	if (r < 0)
		return r;
	/* NOFOLLOW refuses links in the whole path, and those above the folder are the administrator's own. */
	real = realpath(dir, NULL);
	if (!real)
		return -errno;
	if (snprintf(path, sizeof(path), "%s/" JOURNAL_FILE, real) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	r = connect_file(journal, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW);
	if (r == 0)
		r = prepare_schema(journal);
	return r < 0 ? r : probe_write(journal);
}

/*
 * A reader of a WAL database writes too, its mark in the -shm file. On a read-only file system that cannot be; where no
 * log waits to be folded in, the file alone is the whole truth and SQLite may be told so ("immutable").
 */
static int reader_uri(const char *path, char *uri, size_t size)
{
	char wal[PATH_MAX];
	struct statvfs fs;
	struct stat st;
	bool fixed;
	char *o = uri, *end = uri + size - sizeof("?immutable=1");

	if (stat(path, &st) < 0 || statvfs(path, &fs) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EUCLEAN;
	if (!st.st_size)
		return -ENOENT;
	if (snprintf(wal, sizeof(wal), "%s-wal", path) >= (int)sizeof(wal))
		return -ENAMETOOLONG;
	fixed = fs.f_flag & ST_RDONLY;
	if (fixed && !stat(wal, &st) && st.st_size)
		return -EROFS;
	o += snprintf(o, size, "file:");
	for (const unsigned char *s = (const unsigned char *)path; *s; s++) {
		if (end - o < 4)
			return -ENAMETOOLONG;
		if (*s == '?' || *s == '#' || *s == '%')
			o += snprintf(o, 4, "%%%02x", *s);
		else
			*o++ = (char)*s;
	}
	snprintf(o, sizeof("?immutable=1"), "%s", fixed ? "?immutable=1" : "");
	return 0;
}

static int open_read(struct journal *journal, const char *dir)
{
	char path[PATH_MAX], uri[PATH_MAX * 3];
	int64_t version;
	int r;

	if (snprintf(path, sizeof(path), "%s/" JOURNAL_FILE, dir) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	if (access(path, R_OK) < 0)
		return -errno;
	r = reader_uri(path, uri, sizeof(uri));
	if (r == 0)
		r = connect_file(journal, uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
	if (r == 0)
		r = schema_version(journal, &version);
	if (r < 0)
		return r;
	/* Its first writer has made the file and not yet the tables. */
	return version ? 0 : -ENOENT;
}

void journal_close(struct journal *journal)
{
	if (!journal)
		return;
	for (size_t i = 0; i < STMT_COUNT; i++)
		sqlite3_finalize(journal->stmts[i]);
	sqlite3_close(journal->db);
	free(journal);
}

int journal_open(const char *dir, enum journal_access access, struct journal **ret)
{
	CLEANUP(journal_close_cleanup) struct journal *journal = calloc(1, sizeof(*journal));
	int r;

	if (!journal)
		return -ENOMEM;
	/* A quarter shows what happened to releases that are found hostile late; 256 MiB are some 100,000 findings. 500
	 * show what a package was after, and keep it from burying another package's findings under its own. */
	journal->caps = (struct journal_caps){
		.age_ms = 90LL * 24 * 3600 * 1000, .bytes = 256LL << 20, .findings_per_rule = 500,
	};
	r = access == JOURNAL_WRITE ? open_write(journal, dir) : open_read(journal, dir);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(journal);
	return 0;
}

void journal_set_caps(struct journal *journal, const struct journal_caps *caps)
{
	journal->caps = *caps;
}
