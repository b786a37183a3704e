/* SPDX-License-Identifier: Apache-2.0 */
/* The commands that read the journal: log, show, allow; their output and exit status. */
#include "cmd/cmd.h"
#include "cmd/query.h"
#include "journal_scratch.h"

#include <getopt.h>
#include <jansson.h>

struct output {
	char out[8192], err[8192];
};

static void take(FILE *file, char *ret, size_t size)
{
	size_t n;

	rewind(file);
	n = fread(ret, 1, size - 1, file);
	ret[n] = '\0';
	fclose(file);
}

/* Runs a command as main() would, with nothing at its stdin, and keeps what it prints. */
static int run(int (*command)(int argc, char **argv), const char *line, struct output *ret)
{
	FILE *out = tmpfile(), *err = tmpfile(), *in = fopen("/dev/null", "r");
	int old[3] = { dup(0), dup(1), dup(2) };
	_cleanup_free_ char *copy = strdup(line);
	char *argv[16] = { NULL }, *rest = copy;
	int argc = 0, status;

	assert_true(out && err && in && copy);
	while ((argv[argc] = strsep(&rest, " ")) != NULL)
		argc++;
	fflush(NULL);
	dup2(fileno(in), 0);
	dup2(fileno(out), 1);
	dup2(fileno(err), 2);
	optind = 0; /* glibc: start anew */
	status = command(argc, argv);
	fflush(NULL);
	for (int fd = 0; fd < 3; fd++) {
		dup2(old[fd], fd);
		close(old[fd]);
	}
	fclose(in);
	take(out, ret->out, sizeof(ret->out));
	take(err, ret->err, sizeof(ret->err));
	return status;
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no '%s' in:\n%s", part, text);
}

static size_t lines_of(const char *text)
{
	size_t lines = 0;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

static int setup_commands(void **state)
{
	const struct scratch *s;
	int r = setup(state);

	if (r < 0)
		return r;
	s = *state;
	unsetenv("SUDO_UID");
	unsetenv("SUDO_USER");
	setenv("CORDON_STATE", s->dir, 1);
	setenv("CORDON_ETC", s->top, 1);
	return 0;
}

/* Session 1 of uid 1000: finding 1. Session 2 of uid 1001: finding 2, a logged one 3. */
static void fill(const struct scratch *s)
{
	_cleanup_journal_ struct journal *journal = open_for_write(s);
	int64_t session = begin_session(journal, 1000, 0);
	struct finding_process ancestry[2];
	struct finding f;

	add_sample(journal, session, 443);
	end_session(journal, session, 0);
	f = sample(begin_session(journal, 1001, 0), ancestry);
	f.object_address = NULL;
	f.hint = NULL;
	f.object_path = "/root/.npmrc";
	f.rule = CORDON_RULE_FILE_SECRET;
	assert_int_equal(journal_add(journal, &f), 0);
	f.rule = CORDON_RULE_FILE_PRIVATE;
	f.action = CORDON_ACTION_LOG;
	f.answer = CORDON_ANSWER_PASS;
	assert_int_equal(journal_add(journal, &f), 0);
}

static void log_lists_and_chooses(void **state)
{
	struct output o;

	fill(*state);
	assert_int_equal(run(cmd_log, "log", &o), EXIT_FOUND);
	assert_int_equal(lines_of(o.out), 3);
	assert_has(o.out, "net.connect       pypi:evil 1.0  [2001:db8::1]:443");
	assert_true(strstr(o.out, "file.private") < strstr(o.out, "net.connect"));
	assert_int_equal(run(cmd_log, "log -n 1", &o), EXIT_FOUND);
	assert_int_equal(lines_of(o.out), 1);
	assert_int_equal(run(cmd_log, "log --last --rule file.secret", &o), EXIT_FOUND);
	assert_int_equal(lines_of(o.out), 1);
	assert_int_equal(run(cmd_log, "log --session 1", &o), EXIT_FOUND);
	assert_int_equal(lines_of(o.out), 1);
	assert_int_equal(run(cmd_log, "log --package npm:evil", &o), EXIT_CLEAN);
	assert_string_equal(o.out, "");
	assert_int_equal(run(cmd_log, "log --since 2h --package pypi:evil", &o), EXIT_FOUND);
	assert_int_equal(lines_of(o.out), 3);
	assert_int_equal(run(cmd_log, "log --sessions", &o), EXIT_FOUND);
	assert_int_equal(lines_of(o.out), 2);
	assert_has(o.out, "`pip install evil`");
	assert_int_equal(run(cmd_log, "log --verify", &o), EXIT_CLEAN);
	exec_sql(*state, "UPDATE finding SET package = 'good'");
	assert_int_equal(run(cmd_log, "log --verify", &o), EXIT_FOUND);
	assert_has(o.out, "entry 2 ");
}

static void log_writes_json_lines(void **state)
{
	struct output o;
	char *rest = o.out, *line;
	json_int_t id = 3;

	fill(*state);
	assert_int_equal(run(cmd_log, "log --json", &o), EXIT_FOUND);
	while ((line = strsep(&rest, "\n")) && *line) {
		json_t *json = json_loads(line, 0, NULL);

		assert_int_equal(json_integer_value(json_object_get(json, "id")), id--);
		json_decref(json);
	}
	assert_int_equal(id, 0);
	assert_int_equal(run(cmd_log, "log --json --verify", &o), EXIT_CLEAN);
	assert_string_equal(o.out, "{\"sound\":true,\"entries\":6,\"bad\":null}\n");
}

static void sudo_shows_ones_own(void **state)
{
	struct output o;

	if (geteuid() != 0) {
		print_message("not root: SUDO_UID means nothing\n");
		skip();
	}
	fill(*state);
	setenv("SUDO_UID", "1000", 1);
	assert_int_equal(run(cmd_log, "log", &o), EXIT_FOUND);
	assert_int_equal(lines_of(o.out), 1);
	assert_int_equal(run(cmd_log, "log --all", &o), EXIT_FOUND);
	assert_int_equal(lines_of(o.out), 3);
	assert_int_equal(run(cmd_show, "show 2", &o), EXIT_ERROR);
	assert_has(o.err, "no finding 2 of yours");
	assert_int_equal(run(cmd_show, "show --all 2", &o), EXIT_FOUND);
	assert_int_equal(run(cmd_show, "show session:2", &o), EXIT_ERROR);
	assert_int_equal(run(cmd_allow, "allow 2", &o), EXIT_ERROR);
	/* The newest of one's own. */
	assert_int_equal(run(cmd_allow, "allow --last", &o), EXIT_FOUND);
	assert_has(o.out, "finding 1 would be allowed");
	unsetenv("SUDO_UID");
}

static void an_empty_machine_is_clean(void **state)
{
	struct output o;

	(void)state;
	assert_int_equal(run(cmd_log, "log", &o), EXIT_CLEAN);
	assert_string_equal(o.out, "");
	assert_has(o.err, "nothing was guarded");
	assert_int_equal(run(cmd_show, "show 1", &o), EXIT_ERROR);
	assert_int_equal(run(cmd_allow, "allow --last", &o), EXIT_ERROR);
}

static void show_tells_everything(void **state)
{
	struct output o;
	json_t *json;

	fill(*state);
	assert_int_equal(run(cmd_show, "show 1", &o), EXIT_FOUND);
	assert_has(o.out, "finding 1  ");
	assert_has(o.out, "refused: connects to the network (net.connect)");
	assert_has(o.out, "sh -c '\\xff'");
	assert_has(o.out, "python setup.py '\\xff\\x1b'");
	assert_int_equal(run(cmd_show, "show 2", &o), EXIT_FOUND);
	assert_has(o.out, "cordon allow 2");
	assert_int_equal(run(cmd_show, "show session:2", &o), EXIT_FOUND);
	assert_int_equal(lines_of(o.out), 3);
	assert_int_equal(run(cmd_show, "show --json session:2", &o), EXIT_FOUND);
	json = json_loads(o.out, 0, NULL);
	assert_int_equal(json_array_size(json_object_get(json, "finding_list")), 2);
	assert_int_equal(json_integer_value(json_object_get(json, "findings")), 2);
	json_decref(json);
	assert_int_equal(run(cmd_show, "show 99", &o), EXIT_ERROR);
	assert_has(o.err, "no finding 99");
	assert_string_equal(o.out, "");
}

static void allow_asks_before_it_writes(void **state)
{
	const struct scratch *s = *state;
	struct output o;
	char path[96];

	fill(s);
	snprintf(path, sizeof(path), "%s/conf.d/90-reviewed.toml", s->top);
	/* No terminal and no --yes: only shown. */
	assert_int_equal(run(cmd_allow, "allow 1", &o), EXIT_FOUND);
	assert_has(o.out, path);
	assert_has(o.out, "[2001:db8::1]:443");
	assert_has(o.out, "not written");
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(run(cmd_allow, "allow --json 1", &o), EXIT_FOUND);
	assert_has(o.out, "\"written\":false");
	assert_int_equal(access(path, F_OK), -1);
	/* The newest refusal, not the logged one behind it. */
	assert_int_equal(run(cmd_allow, "allow --last", &o), EXIT_FOUND);
	assert_has(o.out, "finding 2 would be allowed");
	assert_has(o.out, "/root/.npmrc");
}

static void allow_writes_once(void **state)
{
	const struct scratch *s = *state;
	struct output o;
	char path[96], text[4096];
	FILE *file;

	fill(s);
	snprintf(path, sizeof(path), "%s/conf.d/90-reviewed.toml", s->top);
	assert_int_equal(run(cmd_allow, "allow --yes --reason mirror --expires 2999-01-31 1", &o), EXIT_CLEAN);
	assert_has(o.out, "go on with: cordon run -- pip install evil\n");
	file = fopen(path, "r");
	assert_non_null(file);
	take(file, text, sizeof(text));
	assert_has(text, "package = \"pypi:evil\"\nversion = \"1.0\"\nrule = \"net.connect\"\n"
			 "host = \"[2001:db8::1]:443\"\nreason = \"mirror\"\n");
	assert_has(text, "expires = 2999-01-31\n");
	assert_int_equal(run(cmd_allow, "allow --yes --expires 2999-01-31 1", &o), EXIT_CLEAN);
	assert_has(o.out, "granted already");
	assert_int_equal(run(cmd_allow, "allow --yes --json --expires 2999-01-31 1", &o), EXIT_CLEAN);
	assert_has(o.out, "\"already_granted\":true");
}

static void bad_usage_is_an_error(void **state)
{
	static const struct {
		int (*command)(int argc, char **argv);
		const char *line;
	} cases[] = {
		{ cmd_log, "log extra" },	      { cmd_log, "log --nonsense" },
		{ cmd_log, "log -n x" },	      { cmd_log, "log -n -1" },
		{ cmd_log, "log -n 1x" },	      { cmd_log, "log -n 99999999999999999999" },
		{ cmd_log, "log --session 0" },	      { cmd_log, "log --session +1" },
		{ cmd_log, "log --session 1 --last" }, { cmd_log, "log --rule net.nothing" },
		{ cmd_log, "log --rule none" },	      { cmd_log, "log --since yesterday" },
		{ cmd_log, "log --since 2x" },	      { cmd_log, "log --since 2027-02-30" },
		{ cmd_show, "show" },		      { cmd_show, "show 1 2" },
		{ cmd_show, "show 0" },		      { cmd_show, "show session:" },
		{ cmd_show, "show session:x" },	      { cmd_allow, "allow" },
		{ cmd_allow, "allow 1 --last" },      { cmd_allow, "allow --expires 2027-02-30 1" },
		{ cmd_allow, "allow --expires 1 1" }, { cmd_allow, "allow --expires 2001-01-01 1" },
		{ cmd_allow, "allow x" },
	};
	struct output o;

	fill(*state);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int status = run(cases[i].command, cases[i].line, &o);

		if (status != EXIT_ERROR || o.out[0] || !o.err[0])
			fail_msg("%s: %d\n%s%s", cases[i].line, status, o.out, o.err);
	}
	assert_int_equal(run(cmd_log, "log --help", &o), 0);
	assert_has(o.out, "usage: cordon log");
	assert_int_equal(run(cmd_show, "show --help", &o), 0);
	assert_has(o.out, "usage: cordon show");
	assert_int_equal(run(cmd_allow, "allow --help", &o), 0);
	assert_has(o.out, "usage: cordon allow");
}

static void broken_journals_are_explained(void **state)
{
	const struct scratch *s = *state;
	struct output o;

	fill(s);
	exec_sql(s, "PRAGMA user_version = 99");
	assert_int_equal(run(cmd_log, "log", &o), EXIT_ERROR);
	assert_has(o.err, "newer cordon");
	assert_int_equal(truncate(s->db, 50), 0);
	assert_int_equal(run(cmd_show, "show 1", &o), EXIT_ERROR);
	assert_has(o.err, "damaged or no journal");
}

static void since_takes_ages_and_dates(void **state)
{
	int64_t ms = 0, now = time(NULL);

	(void)state;
	assert_int_equal(query_since("30m", &ms), 0);
	assert_in_range(ms / 1000, now - 1800, now - 1800 + 5);
	assert_int_equal(query_since("2d", &ms), 0);
	assert_in_range(ms / 1000, now - 2 * 86400, now - 2 * 86400 + 5);
	assert_int_equal(query_since("99999999w", &ms), 0);
	assert_int_equal(ms, 0);
	setenv("TZ", "UTC", 1);
	tzset();
	assert_int_equal(query_since("2027-01-31", &ms), 0);
	assert_int_equal(ms, 1801353600000);
	assert_int_equal(query_since("2027-01-31T12:30", &ms), 0);
	assert_int_equal(ms, 1801353600000 + 45000000);
}

#define COMMAND_TEST(name) cmocka_unit_test_setup_teardown(name, setup_commands, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		COMMAND_TEST(log_lists_and_chooses),
		COMMAND_TEST(log_writes_json_lines),
		COMMAND_TEST(sudo_shows_ones_own),
		COMMAND_TEST(an_empty_machine_is_clean),
		COMMAND_TEST(show_tells_everything),
		COMMAND_TEST(allow_asks_before_it_writes),
		COMMAND_TEST(allow_writes_once),
		COMMAND_TEST(bad_usage_is_an_error),
		COMMAND_TEST(broken_journals_are_explained),
		cmocka_unit_test(since_takes_ages_and_dates),
	};

	return cmocka_run_group_tests_name("cmd_query", tests, NULL, NULL);
}
