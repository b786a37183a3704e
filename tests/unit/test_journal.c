/* SPDX-License-Identifier: Apache-2.0 */
/* What is added comes back, to whom and when it should. */
#include "journal_scratch.h"

static void assert_process_equal(const struct finding_process *a, const struct finding_process *b)
{
	assert_int_equal(a->pid, b->pid);
	assert_string_equal(a->exe, b->exe);
	assert_string_equal(a->argv, b->argv);
	if (b->cwd)
		assert_string_equal(a->cwd, b->cwd);
	else
		assert_null(a->cwd);
	assert_int_equal(a->uid, b->uid);
	assert_int_equal(a->role, b->role);
}

static int compare_to_sample(const struct finding *f, void *arg)
{
	struct finding_process ancestry[2];
	struct finding want = sample(f->session, ancestry);

	(*(int *)arg)++;
	assert_int_equal(f->time, want.time);
	assert_int_equal(f->mode, want.mode);
	assert_int_equal(f->backend, want.backend);
	assert_int_equal(f->rule, want.rule);
	assert_int_equal(f->action, want.action);
	assert_int_equal(f->answer, want.answer);
	assert_string_equal(f->ecosystem, want.ecosystem);
	assert_string_equal(f->package, want.package);
	assert_string_equal(f->version, want.version);
	assert_string_equal(f->sha256, want.sha256);
	assert_string_equal(f->installer, want.installer);
	assert_process_equal(&f->process, &want.process);
	assert_int_equal(f->ancestry_count, 2);
	assert_process_equal(&f->ancestry[0], &want.ancestry[0]);
	assert_process_equal(&f->ancestry[1], &want.ancestry[1]);
	assert_int_equal(f->op, want.op);
	assert_string_equal(f->object_path, want.object_path);
	assert_string_equal(f->object_address, want.object_address);
	assert_int_equal(f->object_port, want.object_port);
	assert_string_equal(f->object_protocol, want.object_protocol);
	assert_int_equal(f->object_pid, want.object_pid);
	assert_string_equal(f->origin, want.origin);
	assert_string_equal(f->reason, want.reason);
	assert_string_equal(f->hint, want.hint);
	assert_int_equal(f->count, 3);
	return 0;
}

static void gives_back_what_was_added(void **state)
{
	const struct scratch *s = *state;
	struct finding_process ancestry[2];
	int64_t session, id;
	int seen = 0;

	{
		_cleanup_journal_ struct journal *journal = open_for_write(s);
		struct finding f;

		session = begin_session(journal, 1000, 0);
		f = sample(session, ancestry);
		assert_int_equal(journal_add(journal, &f), 0);
		id = f.id;
		assert_true(id > 0);
		assert_int_equal(f.count, 1);
		/* The same again, at another time and from another process: one row that counts. */
		for (unsigned int i = 2; i <= 3; i++) {
			f = sample(session, ancestry);
			f.time += i;
			f.process.pid += (int)i;
			assert_int_equal(journal_add(journal, &f), 0);
			assert_int_equal(f.id, id);
			assert_int_equal(f.count, i);
		}
		end_session(journal, session, 0);
		assert_sound(journal);
	}
	_cleanup_journal_ struct journal *journal = open_for_read(s);

	assert_int_equal(journal_findings(journal, &all, compare_to_sample, &seen), 0);
	assert_int_equal(seen, 1);
	assert_sound(journal);
}

static int check_session(const struct journal_session *s, void *arg)
{
	*(int64_t *)arg = s->id;
	assert_int_equal(s->started, 5000);
	assert_int_equal(s->ended, 6000 + DAY_MS * 365 * 80);
	assert_int_equal(s->mode, CORDON_MODE_ENFORCE);
	assert_int_equal(s->backend, CORDON_BACKEND_LSM);
	assert_int_equal(s->uid, 1000);
	assert_string_equal(s->command, "pip install evil");
	assert_string_equal(s->cwd, "/home/ann");
	assert_string_equal(s->policy_digest, "0123");
	assert_int_equal(s->status, 1);
	assert_int_equal(s->lost, 2);
	assert_int_equal(s->findings, 3);
	assert_int_equal(s->refused, 1);
	return 0;
}

static void counts_what_a_session_had(void **state)
{
	_cleanup_journal_ struct journal *journal = open_for_write(*state);
	int64_t session = begin_session(journal, 1000, 5000), seen = 0;
	struct finding_process ancestry[2];
	struct finding f = sample(session, ancestry);

	assert_int_equal(journal_add(journal, &f), 0);
	assert_int_equal(journal_add(journal, &f), 0);
	assert_int_equal(f.count, 2);
	f.answer = CORDON_ANSWER_ENOENT;
	assert_int_equal(journal_add(journal, &f), 0);
	assert_int_equal(f.count, 1);
	f.answer = CORDON_ANSWER_PASS;
	assert_int_equal(journal_add(journal, &f), 0);
	end_session(journal, session, 6000 + DAY_MS * 365 * 80);
	assert_int_equal(journal_sessions(journal, &all, check_session, &seen), 0);
	assert_int_equal(seen, session);
}

static void takes_findings_only_for_sessions_that_are_on(void **state)
{
	_cleanup_journal_ struct journal *journal = open_for_write(*state);
	int64_t session = begin_session(journal, 0, 0);
	const struct journal_session again = { .id = session };
	struct finding_process ancestry[2];
	struct finding f = sample(session + 1, ancestry);

	assert_int_equal(journal_add(journal, &f), -ENOENT);
	assert_int_equal(f.id, 0);
	end_session(journal, session, 0);
	f.session = session;
	assert_int_equal(journal_add(journal, &f), -ENOENT);
	assert_int_equal(journal_session_end(journal, &again), -ENOENT);
	assert_int_equal(findings_of(journal, &all), 0);
	assert_sound(journal);
}

static void queries_choose(void **state)
{
	_cleanup_journal_ struct journal *journal = open_for_write(*state);
	int64_t ann = begin_session(journal, 1000, 1000), bob = begin_session(journal, 1001, 2000);
	int64_t first = add_sample(journal, ann, 1);
	struct finding_process ancestry[2];
	struct finding f = sample(bob, ancestry);
	struct journal_query q;

	f.rule = CORDON_RULE_FILE_SECRET;
	f.package = "other";
	f.time += 1000;
	assert_int_equal(journal_add(journal, &f), 0);
	add_sample(journal, ann, 2);
	assert_int_equal(findings_of(journal, &all), 3);
#define CHOOSE(count, ...)                                                     \
	do {                                                                   \
		q = (struct journal_query){ .uid = -1, .rule = -1 };           \
		__VA_ARGS__;                                                   \
		assert_int_equal(findings_of(journal, &q), count);             \
	} while (0)
	CHOOSE(2, q.session = ann);
	CHOOSE(1, q.session = bob);
	CHOOSE(1, q.id = first);
	CHOOSE(0, q.id = first, q.session = bob);
	CHOOSE(2, q.uid = 1000);
	CHOOSE(0, q.uid = 0);
	CHOOSE(2, q.package = "evil");
	CHOOSE(1, q.package = "pypi:other");
	CHOOSE(0, q.package = "npm:other");
	CHOOSE(0, q.package = "' OR 1 --");
	CHOOSE(1, q.rule = CORDON_RULE_FILE_SECRET);
	CHOOSE(1, q.since = f.time);
	CHOOSE(2, q.limit = 2);
#undef CHOOSE
	q = all;
	q.rule = CORDON_RULE_FILE_SECRET;
	assert_int_equal(sessions_of(journal, &q), 1);
	q.rule = -1;
	q.uid = 1001;
	assert_int_equal(sessions_of(journal, &q), 1);
	q.uid = 7;
	assert_int_equal(sessions_of(journal, &q), 0);
}

struct order {
	int64_t last;
	struct journal *journal;
	int seen;
};

/* Newest first; a callback may query in turn; the first non-zero ends it. */
static int stop_at_second(const struct finding *finding, void *arg)
{
	struct order *order = arg;

	assert_true(!order->last || finding->id < order->last);
	order->last = finding->id;
	assert_int_equal(findings_of(order->journal, &all), 3);
	return ++order->seen == 2 ? 42 : 0;
}

static void queries_give_the_newest_first(void **state)
{
	_cleanup_journal_ struct journal *journal = open_for_write(*state);
	int64_t session = begin_session(journal, 0, 0);
	struct order order = { .journal = journal };

	for (unsigned int port = 1; port <= 3; port++)
		add_sample(journal, session, port);
	assert_int_equal(journal_findings(journal, &all, stop_at_second, &order), 42);
	assert_int_equal(order.seen, 2);
}

static void makes_folder_and_file_private(void **state)
{
	const struct scratch *s = *state;
	struct stat st;

	/* Whatever the umask, and whatever somebody did to them meanwhile. */
	for (int round = 0; round < 2; round++) {
		mode_t old = umask(0);
		_cleanup_journal_ struct journal *journal = open_for_write(s);
		char wal[80];

		umask(old);
		assert_int_equal(stat(s->dir, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0700);
		assert_int_equal(stat(s->db, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
		snprintf(wal, sizeof(wal), "%s-wal", s->db);
		assert_int_equal(stat(wal, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
		assert_int_equal(chmod(s->db, 0644), 0);
		assert_int_equal(chmod(s->dir, 0755), 0);
	}
}

static void reads_only_what_is_there(void **state)
{
	const struct scratch *s = *state;
	struct journal *journal = NULL;
	int fd;

	assert_int_equal(journal_open(s->dir, JOURNAL_READ, &journal), -ENOENT);
	assert_int_equal(mkdir(s->dir, 0700), 0);
	assert_int_equal(journal_open(s->dir, JOURNAL_READ, &journal), -ENOENT);
	/* A writer has made the file, and its tables not yet. */
	fd = open(s->db, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(journal_open(s->dir, JOURNAL_READ, &journal), -ENOENT);
	assert_null(journal);
}

static void refuses_what_is_no_journal(void **state)
{
	const struct scratch *s = *state;
	struct journal *journal = NULL;
	FILE *file;

	assert_int_equal(mkdir(s->dir, 0700), 0);
	/* Another program's database. */
	exec_sql(s, "CREATE TABLE finding(id INTEGER)");
	assert_int_equal(journal_open(s->dir, JOURNAL_WRITE, &journal), -EUCLEAN);
	assert_int_equal(journal_open(s->dir, JOURNAL_READ, &journal), -EUCLEAN);
	/* No database. */
	file = fopen(s->db, "w");
	assert_non_null(file);
	for (int i = 0; i < 1000; i++)
		fputs("no database at all\n", file);
	fclose(file);
	assert_int_equal(journal_open(s->dir, JOURNAL_WRITE, &journal), -EUCLEAN);
	assert_int_equal(journal_open(s->dir, JOURNAL_READ, &journal), -EUCLEAN);
	/* No file. */
	assert_int_equal(unlink(s->db), 0);
	assert_int_equal(symlink("/etc/passwd", s->db), 0);
	assert_int_equal(journal_open(s->dir, JOURNAL_WRITE, &journal), -EUCLEAN);
	assert_null(journal);
}

static void refuses_a_newer_schema(void **state)
{
	const struct scratch *s = *state;
	struct journal *journal = open_for_write(s);

	journal_close(journal);
	journal = NULL;
	exec_sql(s, "PRAGMA user_version = 1000");
	assert_int_equal(journal_open(s->dir, JOURNAL_WRITE, &journal), -ENOTSUP);
	assert_int_equal(journal_open(s->dir, JOURNAL_READ, &journal), -ENOTSUP);
	assert_null(journal);
}

static void reads_while_a_writer_is_on(void **state)
{
	_cleanup_journal_ struct journal *writer = open_for_write(*state);
	int64_t session = begin_session(writer, 0, 0);
	_cleanup_journal_ struct journal *reader = open_for_read(*state);

	assert_int_equal(findings_of(reader, &all), 0);
	add_sample(writer, session, 1);
	assert_int_equal(findings_of(reader, &all), 1);
	assert_sound(reader);
}

/* Two controllers at once, from the very first opening: nothing is lost, and it stays one chain. */
static void two_writers_share_it(void **state)
{
	enum { WRITERS = 4, EACH = 200 };
	const struct scratch *s = *state;
	pid_t children[WRITERS];

	for (int i = 0; i < WRITERS; i++) {
		children[i] = fork();
		if (children[i] == 0) {
			struct journal *journal = NULL;
			struct finding_process ancestry[2];
			struct journal_session session = { .uid = i };
			struct finding f;
			int r;

			r = journal_open(s->dir, JOURNAL_WRITE, &journal);
			if (r == 0)
				r = journal_session_begin(journal, &session);
			f = sample(session.id, ancestry);
			for (f.object_port = 1; r == 0 && f.object_port <= EACH; f.object_port++)
				r = journal_add(journal, &f);
			if (r == 0)
				r = journal_session_end(journal, &session);
			journal_close(journal);
			_exit(-r);
		}
	}
	for (int i = 0; i < WRITERS; i++) {
		int status;

		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
	_cleanup_journal_ struct journal *journal = open_for_read(s);

	assert_int_equal(findings_of(journal, &all), WRITERS * EACH);
	assert_int_equal(sessions_of(journal, &all), WRITERS);
	assert_sound(journal);
}

static void state_folder_comes_from_the_environment(void **state)
{
	(void)state;
	assert_int_equal(setenv("CORDON_STATE", "/x/y", 1), 0);
	assert_string_equal(journal_dir(), "/x/y");
	assert_int_equal(setenv("CORDON_STATE", "", 1), 0);
	assert_string_equal(journal_dir(), "/var/lib/cordon");
	unsetenv("CORDON_STATE");
	assert_string_equal(journal_dir(), "/var/lib/cordon");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(gives_back_what_was_added),
		TEST(counts_what_a_session_had),
		TEST(takes_findings_only_for_sessions_that_are_on),
		TEST(queries_choose),
		TEST(queries_give_the_newest_first),
		TEST(makes_folder_and_file_private),
		TEST(reads_only_what_is_there),
		TEST(refuses_what_is_no_journal),
		TEST(refuses_a_newer_schema),
		TEST(reads_while_a_writer_is_on),
		TEST(two_writers_share_it),
		cmocka_unit_test(state_folder_comes_from_the_environment),
	};

	return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
