/* SPDX-License-Identifier: Apache-2.0 */
/* The chain shows what was changed, and the caps keep it whole. */
#include "journal_scratch.h"

/* Every way to touch the rows by hand. `bad` is the entry that must be named: begin 1, findings 2 to 4, end 5, then a
 * session that is still on: begin 6, finding 7. */
static void notices_what_was_changed(void **state)
{
	static const struct {
		const char *sql;
		int64_t bad;
	} cases[] = {
		{ "UPDATE finding SET package = 'good' WHERE id = 2", 3 },
		{ "UPDATE finding SET package = NULL WHERE id = 2", 3 },
		{ "UPDATE finding SET answer = 'passed' WHERE id = 1", 2 },
		{ "UPDATE finding SET rule = 'no.rule' WHERE id = 1", 2 },
		{ "UPDATE finding SET time = time + 1 WHERE id = 3", 4 },
		{ "UPDATE finding SET session = 2 WHERE id = 3", 4 },
		{ "UPDATE ancestor SET argv = 'x' WHERE finding = 2 AND depth = 1", 3 },
		{ "DELETE FROM ancestor WHERE finding = 2 AND depth = 1", 3 },
		{ "UPDATE finding SET count = 9 WHERE id = 1", 5 },
		{ "DELETE FROM finding WHERE id = 2", 3 },
		{ "DELETE FROM finding WHERE session = 2", 7 },
		{ "DELETE FROM session WHERE id = 1", 1 },
		{ "DELETE FROM session WHERE id = 1; DELETE FROM finding WHERE session = 1", 1 },
		{ "UPDATE session SET uid = 5 WHERE id = 1", 1 },
		{ "UPDATE session SET status = 0 WHERE id = 1", 5 },
		{ "UPDATE session SET lost = 0 WHERE id = 1", 5 },
		{ "UPDATE session SET ended = 0 WHERE id = 1", 5 },
		{ "UPDATE session SET ended = 1 WHERE id = 2", 0 },
		{ "DELETE FROM chain WHERE seq = 3; DELETE FROM finding WHERE id = 2", 3 },
		{ "DELETE FROM chain WHERE seq = 7; DELETE FROM finding WHERE id = 4", 0 },
		{ "DELETE FROM chain WHERE seq = 1", 1 },
		{ "UPDATE chain SET digest = zeroblob(32) WHERE seq = 2", 2 },
		{ "UPDATE chain SET hash = x'00' WHERE seq = 2", 2 },
		{ "UPDATE chain SET kind = 'prune' WHERE seq = 3; DELETE FROM finding WHERE id = 2", 1 },
		{ "UPDATE meta SET anchor_seq = 3, anchor_hash = (SELECT hash FROM chain WHERE seq = 3);"
		  "DELETE FROM chain WHERE seq <= 3", 0 },
		{ "UPDATE meta SET anchor_hash = randomblob(32)", 1 },
		{ "INSERT INTO finding SELECT 99, session, time, mode, backend, rule, action, answer, ecosystem,"
		  " package, version, sha256, installer, pid, exe, argv, cwd, uid, role, op, object_path,"
		  " object_address, object_port, object_protocol, object_pid, origin, reason, hint, count, x'01'"
		  " FROM finding WHERE id = 1",
		  5 },
		{ "INSERT INTO session(started, mode, backend, uid) VALUES(1, 'audit', 'lsm', 0)", 0 },
	};
	const struct scratch *s = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct journal *journal = open_for_write(s);
		int64_t session = begin_session(journal, 0, now_ms()), bad;
		int r;

		for (unsigned int port = 1; port <= 3; port++)
			add_sample(journal, session, port);
		end_session(journal, session, 0);
		add_sample(journal, begin_session(journal, 0, now_ms()), 1);
		assert_sound(journal);
		journal_close(journal);
		exec_sql(s, cases[i].sql);
		journal = open_for_read(s);
		r = verify(journal, &bad);
		journal_close(journal);
		if (r != -EBADMSG || bad != cases[i].bad)
			fail_msg("%s: %d, entry %lld", cases[i].sql, r, (long long)bad);
		assert_int_equal(unlink(s->db), 0);
	}
}

static void drops_old_sessions(void **state)
{
	_cleanup_journal_ struct journal *journal = open_for_write(*state);
	int64_t old = now_ms() - 100 * DAY_MS, recent = now_ms() - 80 * DAY_MS;
	int64_t gone = begin_session(journal, 1, old);
	int64_t kept = begin_session(journal, 3, old); /* long, and ended not so long ago */
	struct journal_caps caps = { .bytes = 1 << 30, .findings_per_rule = 9 };
	int64_t rows, bad, last;

	begin_session(journal, 2, old); /* its controller died */
	/* Interleaved, so that dropping one leaves links between those of the other. */
	for (unsigned int port = 1; port <= 3; port++) {
		add_sample(journal, gone, port);
		add_sample(journal, kept, port);
	}
	end_session(journal, kept, recent);
	assert_int_equal(sessions_of(journal, &all), 2); /* that end drops the dead one already */
	end_session(journal, gone, old);
	assert_int_equal(sessions_of(journal, &all), 1);
	assert_int_equal(findings_of(journal, &all), 3);
	assert_sound(journal);

	/* New rows go on in the same chain. */
	last = begin_session(journal, 4, 0);
	add_sample(journal, last, 1);
	assert_sound(journal);

	/* What was the oldest goes: now the links before the next row can go too, and the anchor moves. */
	caps.age_ms = 10 * DAY_MS;
	journal_set_caps(journal, &caps);
	end_session(journal, last, 0);
	assert_int_equal(sessions_of(journal, &all), 1);
	assert_int_equal(journal_verify(journal, &rows, &bad), 0);
	assert_true(rows <= 4); /* begin, finding, end, and the last prune */

	/* The last one too: an empty journal is sound, and what follows hangs on its anchor. */
	caps.age_ms = -DAY_MS;
	journal_set_caps(journal, &caps);
	end_session(journal, begin_session(journal, 5, 0), 0);
	assert_int_equal(sessions_of(journal, &all), 0);
	assert_int_equal(journal_verify(journal, &rows, &bad), 0);
	assert_int_equal(rows, 0);
	add_sample(journal, begin_session(journal, 6, 0), 1);
	assert_sound(journal);
}

/* A row that is missing although no `prune` names its session stays a finding of its own. */
static void pruning_hides_no_tampering(void **state)
{
	const struct scratch *s = *state;
	_cleanup_journal_ struct journal *journal = open_for_write(s);
	int64_t first = begin_session(journal, 0, 0), second = begin_session(journal, 0, 0), bad;

	add_sample(journal, first, 1);
	add_sample(journal, second, 1);
	end_session(journal, second, now_ms() - 100 * DAY_MS);
	assert_int_equal(findings_of(journal, &all), 1);
	assert_sound(journal);
	exec_sql(s, "DELETE FROM finding WHERE session = 1; DELETE FROM session WHERE id = 1");
	assert_int_equal(verify(journal, &bad), -EBADMSG);
	assert_int_equal(bad, 1);
}

static void stays_below_its_size(void **state)
{
	const struct journal_caps caps = { .age_ms = 90 * DAY_MS, .bytes = 512 * 1024, .findings_per_rule = 10000 };
	_cleanup_journal_ struct journal *journal = open_for_write(*state);
	struct finding_process ancestry[2];
	struct finding f;
	int64_t session;
	int r = 0;

	journal_set_caps(journal, &caps);
	for (int i = 0; i < 20; i++) {
		session = begin_session(journal, i, 0);
		for (unsigned int port = 1; port <= 100; port++)
			add_sample(journal, session, port);
		end_session(journal, session, 0);
	}
	assert_in_range(sessions_of(journal, &all), 1, 10);
	assert_sound(journal);

	/* Only a session that is on is left: nothing more fits, but what is there still counts. */
	session = begin_session(journal, 0, 0);
	f = sample(session, ancestry);
	for (f.object_port = 1; r == 0 && f.object_port < 10000; f.object_port++)
		r = journal_add(journal, &f);
	assert_int_equal(r, -EDQUOT);
	assert_int_equal(sessions_of(journal, &all), 1);
	f.object_port = 1;
	assert_int_equal(journal_add(journal, &f), 0);
	assert_int_equal(f.count, 2);
	end_session(journal, session, 0);
	assert_sound(journal);
}

static void a_flood_buries_nobody_else(void **state)
{
	const struct journal_caps caps = { .age_ms = DAY_MS, .bytes = 1 << 30, .findings_per_rule = 5 };
	_cleanup_journal_ struct journal *journal = open_for_write(*state);
	struct finding_process ancestry[2];
	struct finding f = sample(begin_session(journal, 0, 0), ancestry);

	journal_set_caps(journal, &caps);
	for (f.object_port = 1; f.object_port <= 5; f.object_port++)
		assert_int_equal(journal_add(journal, &f), 0);
	assert_int_equal(journal_add(journal, &f), -EDQUOT);
	f.rule = CORDON_RULE_NET_SEND;
	assert_int_equal(journal_add(journal, &f), 0);
	f.rule = CORDON_RULE_NET_CONNECT;
	f.package = "other";
	assert_int_equal(journal_add(journal, &f), 0);
	assert_int_equal(findings_of(journal, &all), 7);
	assert_sound(journal);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(notices_what_was_changed),
		TEST(drops_old_sessions),
		TEST(pruning_hides_no_tampering),
		TEST(stays_below_its_size),
		TEST(a_flood_buries_nobody_else),
	};

	return cmocka_run_group_tests_name("journal_chain", tests, NULL, NULL);
}
