/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cases.c - runs the case files of tests/cases/ against both builds of the judge and of argument recognition.
 *
 *	cases judge|argv FILE...
 *
 * Each case gives a TAP line for the user build and one for the kernel build, whose programs run by BPF_PROG_TEST_RUN;
 * where they cannot be loaded (no root, no BPF) the latter is a skip that says why. The format is told in
 * tests/cases/README.md. The status is 0 when every case passed, 1 when one did not, 2 when a file cannot be read.
 */
#include "base/cleanup.h"
#include "base/log.h"
#include "base/rule.h"
#include "base/text.h"
#include "probe.h"
#include "session/recognise.h"

#include "../fixtures/installers.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

/* The shipped recognition files, where this tree has what reads them. */
extern __typeof__(installers_load) installers_load __attribute__((weak));
extern __typeof__(policy_vendor_dir) policy_vendor_dir __attribute__((weak));

/* What one file of cases is run with. */
struct suite {
	const struct installers *installers;
	struct recognise_table *table;
	struct bpf_object *object; /* NULL: the kernel build is not there, */
	char skip[128];		   /* for this reason */
	unsigned int count, failed;
};

struct test_case {
	const char *name;
	char *event; /* is cut to pieces by its reader */
	char *expected;
	const char *file;
	unsigned int line;
};

static void report(struct suite *suite, const struct test_case *t, const char *build, const char *got)
{
	bool ok = !strcmp(got, t->expected);

	suite->count++;
	printf("%s %u - %s: %s\n", ok ? "ok" : "not ok", suite->count, build, t->name);
	if (ok)
		return;
	suite->failed++;
	printf("# %s:%u\n#   expected: %s\n#   got:      %s\n", t->file, t->line, t->expected, got);
}

static void report_skip(struct suite *suite, const struct test_case *t)
{
	printf("ok %u - kernel: %s # SKIP %s\n", ++suite->count, t->name, suite->skip);
}

/* A mistake in the case itself fails it, for both builds. */
static void report_bad(struct suite *suite, const struct test_case *t, const char *what)
{
	printf("not ok %u - %s\n# %s:%u: bad case: %s\n", ++suite->count, t->name, t->file, t->line, what);
	suite->failed++;
}

static int run_kernel(struct suite *suite, const char *program, void *context, size_t size)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = context, .ctx_size_in = (uint32_t)size);
	int fd = bpf_program__fd(bpf_object__find_program_by_name(suite->object, program));
	int r = bpf_prog_test_run_opts(fd, &opts);

	return r < 0 ? r : (int)opts.retval;
}

/* --- judge ----------------------------------------------------------------------------------------------------- */

struct word {
	const char *name;
	unsigned int value;
};

static const struct word families[] = { { "unspec", AF_UNSPEC }, { "unix", AF_UNIX },		{ "inet", AF_INET },
					{ "inet6", AF_INET6 },	 { "netlink", AF_NETLINK },	{ "packet", AF_PACKET },
					{ "vsock", AF_VSOCK },	 { "bluetooth", AF_BLUETOOTH }, { "alg", AF_ALG },
					{ "xdp", AF_XDP } };
static const struct word types[] = {
	{ "stream", SOCK_STREAM }, { "dgram", SOCK_DGRAM }, { "raw", SOCK_RAW }, { "seqpacket", SOCK_SEQPACKET }
};
static const struct word protocols[] = {
	{ "tcp", IPPROTO_TCP },	  { "udp", IPPROTO_UDP }, { "icmp", IPPROTO_ICMP },	  { "icmpv6", IPPROTO_ICMPV6 },
	{ "sctp", IPPROTO_SCTP }, { "mptcp", 262 },	  { "udplite", IPPROTO_UDPLITE }, { "route", 0 },
	{ "audit", 9 },		  { "sock_diag", 4 }
};
static const struct word accesses[] = { { "read", CORDON_ACCESS_READ }, { "write", CORDON_ACCESS_WRITE } };
static const struct word classes[] = { { "ssh", CORDON_CLASS_SSH },
				       { "git", CORDON_CLASS_GIT },
				       { "keyring", CORDON_CLASS_KEYRING },
				       { "gpg", CORDON_CLASS_GPG },
				       { "names", CORDON_CLASS_NAMES },
				       { "installer", CORDON_CLASS_INSTALLER } };
static const struct word traits[] = { { "linked", CORDON_TRAIT_LINKED },
				      { "startup", CORDON_TRAIT_STARTUP },
				      { "script", CORDON_TRAIT_SCRIPT },
				      { "setid", CORDON_TRAIT_SETID },
				      { "folder", CORDON_TRAIT_FOLDER },
				      { "named", CORDON_TRAIT_NAMED },
				      { "editable", CORDON_TRAIT_EDITABLE },
				      { "bytecode", CORDON_TRAIT_BYTECODE },
				       { "condemned", CORDON_TRAIT_CONDEMNED } };
static const struct word origins[] = { { "dropped", CORDON_ORIGIN_DROPPED },
				       { "system", CORDON_ORIGIN_SYSTEM },
				       { "unpacked", CORDON_ORIGIN_UNPACKED },
				       { "built", CORDON_ORIGIN_BUILT },
				       { "memory", CORDON_ORIGIN_MEMORY } };
static const struct word whats[] = { { "bpf", CORDON_WHAT_BPF },
				     { "module", CORDON_WHAT_MODULE },
				     { "mount", CORDON_WHAT_MOUNT },
				     { "namespace", CORDON_WHAT_NAMESPACE },
				     { "io_uring", CORDON_WHAT_IO_URING },
				     { "capability", CORDON_WHAT_CAPABILITY },
				     { "tty", CORDON_WHAT_TTY },
				     { "tasks", CORDON_WHAT_TASKS },
				     { "files", CORDON_WHAT_FILES } };
static const struct word artifacts[] = { { "unseen", CORDON_ARTIFACT_UNSEEN },
					 { "changed", CORDON_ARTIFACT_CHANGED },
					 { "denied", CORDON_ARTIFACT_DENIED },
					 { "startup", CORDON_ARTIFACT_STARTUP },
					 { "missing", CORDON_ARTIFACT_MISSING } };
static const struct word metzones[] = { { "project", 1u << CORDON_ZONE_PROJECT }, { "own", 1u << CORDON_ZONE_OWN } };
static const char *const strengths[CORDON_STRENGTH_COUNT] = {
	[CORDON_STRENGTH_NOT_YET] = "not-yet",	       [CORDON_STRENGTH_LOGGED] = "logged",
	[CORDON_STRENGTH_ENDED_AFTER] = "ended-after", [CORDON_STRENGTH_ENDED_BEFORE] = "ended-before",
	[CORDON_STRENGTH_REFUSED] = "refused",
};

static int number_of(const char *text, unsigned int *ret)
{
	char *end;

	*ret = (unsigned int)strtoul(text, &end, 10);
	return *text && !*end ? 0 : -EINVAL;
}

/* A word of the table, several with '+' between, or a number. */
static int word_of(const struct word *words, size_t count, char *text, unsigned int *ret)
{
	unsigned int value = 0;

	if (number_of(text, ret) == 0)
		return 0;
	for (char *part = strsep(&text, "+"); part; part = strsep(&text, "+")) {
		size_t i = 0;

		while (i < count && strcmp(words[i].name, part) != 0)
			i++;
		if (i == count)
			return -EINVAL;
		value |= words[i].value;
	}
	*ret = value;
	return 0;
}
#define WORD_OF(words, text, ret) word_of(words, ARRAY_SIZE(words), text, ret)

static int name_of(int (*from_name)(const char *name), const char *text, unsigned int *ret)
{
	int value = from_name(text);

	if (value < 0)
		return number_of(text, ret);
	*ret = (unsigned int)value;
	return 0;
}

static int address_of(const char *text, uint8_t *ret)
{
	uint8_t v4[4];

	if (inet_pton(AF_INET, text, v4) == 1) {
		cordon_addr_from_v4(ret, v4);
		return 0;
	}
	return inet_pton(AF_INET6, text, ret) == 1 ? 0 : -EINVAL;
}

static int judge_field(struct cordon_probe_judge *j, const char *key, char *value)
{
	const struct {
		const char *key;
		unsigned int *at;
		const struct word *words;
		size_t count;
		int (*from_name)(const char *name);
	} fields[] = {
		{ "op", &j->op.kind, NULL, 0, op_from_name },
		{ "role", &j->op.role, NULL, 0, role_from_name },
		{ "family", &j->op.family, families, ARRAY_SIZE(families), NULL },
		{ "type", &j->op.type, types, ARRAY_SIZE(types), NULL },
		{ "protocol", &j->op.protocol, protocols, ARRAY_SIZE(protocols), NULL },
		{ "port", &j->op.port, NULL, 0, NULL },
		{ "zone", &j->op.zone, NULL, 0, zone_from_name },
		{ "access", &j->op.access, accesses, ARRAY_SIZE(accesses), NULL },
		{ "classes", &j->op.classes, classes, ARRAY_SIZE(classes), NULL },
		{ "reads", &j->op.reads, classes, ARRAY_SIZE(classes), NULL },
		{ "guard", &j->op.guard, NULL, 0, NULL },
		{ "signal", &j->op.signal, NULL, 0, NULL },
		{ "depth", &j->op.depth, NULL, 0, NULL },
		{ "met", &j->op.met, metzones, ARRAY_SIZE(metzones), NULL },
		{ "traits", &j->op.traits, traits, ARRAY_SIZE(traits), NULL },
		{ "origin", &j->op.origin, origins, ARRAY_SIZE(origins), NULL },
		{ "what", &j->op.what, whats, ARRAY_SIZE(whats), NULL },
		{ "artifact", &j->op.what, artifacts, ARRAY_SIZE(artifacts), NULL },
		{ "kin", &j->op.kin, NULL, 0, NULL },
		{ "policy", &j->policy, NULL, 0, action_from_name },
		{ "granted", &j->granted, NULL, 0, NULL },
		{ "mode", &j->mode, NULL, 0, mode_from_name },
		{ "backend", &j->backend, NULL, 0, backend_from_name },
	};

	if (!strcmp(key, "addr"))
		return address_of(value, j->op.addr);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if (strcmp(fields[i].key, key) != 0)
			continue;
		if (fields[i].words)
			return word_of(fields[i].words, fields[i].count, value, fields[i].at);
		if (fields[i].from_name)
			return name_of(fields[i].from_name, value, fields[i].at);
		return number_of(value, fields[i].at);
	}
	return -EINVAL;
}

static void judge_describe(const struct cordon_probe_judge *j, char *ret, size_t size)
{
	snprintf(ret, size, "%s %s %s %s%s", rule_name(j->rule), action_name(j->action), answer_name(j->answer),
		 j->strength < CORDON_STRENGTH_COUNT ? strengths[j->strength] : "?", j->condemns ? " condemned" : "");
}

static void judge_run(struct suite *suite, struct test_case *t)
{
	struct cordon_probe_judge j = { .mode = CORDON_MODE_ENFORCE }, kernel;
	char *rest = t->event;
	char got[160];
	int r;

	for (char *field = strsep(&rest, " "); field; field = strsep(&rest, " ")) {
		char *value = strchr(field, '=');

		if (!value) {
			report_bad(suite, t, field);
			return;
		}
		*value++ = '\0';
		if (judge_field(&j, field, value) < 0) {
			report_bad(suite, t, field);
			return;
		}
	}
	kernel = j;
	j.rule = cordon_rule_of(&j.op);
	j.action = cordon_action_of(&j.op, j.rule, j.policy, (int)j.granted);
	j.answer = cordon_answer_of(j.action, j.mode);
	if (j.backend == CORDON_BACKEND_TRACE)
		j.answer = cordon_answer_of_trace(j.rule, j.action, j.answer);
	j.strength = cordon_strength(j.rule, j.backend);
	j.condemns = (unsigned int)cordon_condemns(j.action, j.mode, j.op.role);
	judge_describe(&j, got, sizeof(got));
	report(suite, t, "user", got);
	if (!suite->object) {
		report_skip(suite, t);
		return;
	}
	r = run_kernel(suite, "cordon_judge_test", &kernel, sizeof(kernel));
	if (r)
		snprintf(got, sizeof(got), "BPF_PROG_TEST_RUN gave %d", r);
	else
		judge_describe(&kernel, got, sizeof(got));
	report(suite, t, "kernel", got);
}

/* --- argv ------------------------------------------------------------------------------------------------------ */

/* Arguments as the kernel has them: a buffer of CORDON_ARGS_LEN, and whether there was more. */
struct line {
	char bytes[CORDON_ARGS_LEN];
	uint32_t len, truncated;
};

static void line_add(struct line *line, char c)
{
	if (line->len < sizeof(line->bytes))
		line->bytes[line->len++] = c;
	else
		line->truncated = 1;
}

/* One escape sequence, at its backslash; gives the last byte of it. */
static const char *line_escape(struct line *line, const char *text)
{
	static const char from[] = "nt\\'\" {", to[] = "\n\t\\'\" {";
	const char *at = text[1] ? strchr(from, text[1]) : NULL;

	if (!at)
		return NULL;
	line_add(line, to[at - from]);
	return text + 1;
}

/* {x*300}: three hundred x. */
static const char *line_repeat(struct line *line, const char *text)
{
	char *end;
	unsigned long count;

	if (!text[1] || text[2] != '*')
		return NULL;
	count = strtoul(text + 3, &end, 10);
	if (*end != '}')
		return NULL;
	while (count--)
		line_add(line, text[1]);
	return end;
}

/* Words as a shell has them, without its expansions. */
static int line_split(const char *text, struct line *line)
{
	char quote = '\0';
	bool word = false;

	for (; *text; text++) {
		if (*text == ' ' && !quote) {
			if (word)
				line_add(line, '\0');
			word = false;
			continue;
		}
		word = true;
		if (*text == '\\' || (*text == '{' && !quote)) {
			text = *text == '{' ? line_repeat(line, text) : line_escape(line, text);
			if (!text)
				return -EINVAL;
		} else if ((*text == '\'' || *text == '"') && (!quote || quote == *text)) {
			quote = quote ? '\0' : *text;
		} else {
			line_add(line, *text);
		}
	}
	if (word)
		line_add(line, '\0');
	return quote ? -EINVAL : 0;
}

static void argv_describe(const struct suite *suite, const struct cordon_features *features, char *ret, size_t size)
{
	struct recognised recognised;

	switch (recognise_features(suite->table, features, &recognised)) {
	case 0:
		snprintf(ret, size, "%s %s", suite->installers->items[recognised.installer].id,
			 role_name(recognised.role));
		break;
	case -EOVERFLOW:
		snprintf(ret, size, "undecidable");
		break;
	default:
		snprintf(ret, size, "none");
	}
}

static void argv_run(struct suite *suite, struct test_case *t)
{
	struct cordon_probe_argv kernel = { 0 };
	struct cordon_features features;
	struct line line = { .len = 0 };
	struct cordon_args args;
	char *words = strchr(t->event, ' ');
	char got[160];
	int r;

	if (!words || strlen(t->event) >= sizeof(kernel.path) || (*words++ = '\0', line_split(words, &line) < 0)) {
		report_bad(suite, t, "PATH ARGV0 ARG...");
		return;
	}
	args = (struct cordon_args){ line.bytes, line.len, line.truncated };
	cordon_argv_exe(&features, t->event, (uint32_t)strlen(t->event) + 1);
	kernel.interpreter = recognise_interpreter(suite->table, &features);
	if (kernel.interpreter)
		cordon_argv_scan(&features, kernel.interpreter, suite->table->codes, &args);
	argv_describe(suite, &features, got, sizeof(got));
	report(suite, t, "user", got);
	if (!suite->object) {
		report_skip(suite, t);
		return;
	}
	kernel.path_len = (uint32_t)strlen(t->event) + 1;
	memcpy(kernel.path, t->event, kernel.path_len);
	memcpy(kernel.args, line.bytes, line.len);
	memcpy(kernel.codes, suite->table->codes, sizeof(kernel.codes));
	kernel.args_len = line.len;
	kernel.truncated = line.truncated;
	r = run_kernel(suite, "cordon_argv_test", &kernel, sizeof(kernel));
	if (r)
		snprintf(got, sizeof(got), "BPF_PROG_TEST_RUN gave %d", r);
	else if (memcmp(&kernel.features, &features, sizeof(features)) != 0)
		snprintf(got, sizeof(got), "other features than in user space");
	else
		argv_describe(suite, &kernel.features, got, sizeof(got));
	report(suite, t, "kernel", got);
}

/* --- files ----------------------------------------------------------------------------------------------------- */

static void trim(char *line)
{
	line[strcspn(line, "\r\n")] = '\0';
}

/* Three lines a case: name, event, verdict. Empty lines and lines that begin with '#' stand between cases only. */
static int run_file(struct suite *suite, const char *path, void (*run)(struct suite *suite, struct test_case *t))
{
	_cleanup_fclose_ FILE *in = fopen(path, "re");
	char *lines[3] = { NULL, NULL, NULL };
	size_t rooms[3] = { 0, 0, 0 };
	unsigned int line = 0, n = 0;
	int r = 0;

	if (!in)
		return log_err(-errno, "cannot open '%s'", path);
	while (getline(&lines[n], &rooms[n], in) > 0) {
		line++;
		trim(lines[n]);
		if (!n && (!lines[n][0] || lines[n][0] == '#'))
			continue;
		if (++n < 3)
			continue;
		run(suite, &(struct test_case){ lines[0], lines[1], lines[2], path, line - 2 });
		n = 0;
	}
	if (n)
		r = log_err(-EINVAL, "'%s' ends within a case", path);
	for (size_t i = 0; i < 3; i++)
		free(lines[i]);
	return r;
}

static int quiet(enum libbpf_print_level level __attribute__((unused)), const char *format __attribute__((unused)),
		 va_list args __attribute__((unused)))
{
	return 0;
}

/* The object beside this program: O/tools/cases, O/bpf/probe.bpf.o. */
static void load_kernel(struct suite *suite)
{
	char self[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	_cleanup_free_ char *path = NULL;
	struct bpf_program *program;
	struct bpf_object *object;
	int r;

	self[len > 0 ? len : 0] = '\0';
	path = text_format("%.*s/../bpf/probe.bpf.o", (int)(text_basename(self) - self - 1), self);
	libbpf_set_print(quiet);
	object = path ? bpf_object__open_file(path, NULL) : NULL;
	if (!object) {
		snprintf(suite->skip, sizeof(suite->skip), "probe.bpf.o cannot be opened: %s", strerror(errno));
		return;
	}
	/* clang-format off */
	bpf_object__for_each_program(program, object)
		bpf_program__set_autoload(program, true);
	/* clang-format on */
	r = bpf_object__load(object);
	if (r < 0) {
		snprintf(suite->skip, sizeof(suite->skip), "the kernel does not load it: %s", strerror(-r));
		bpf_object__close(object);
		return;
	}
	suite->object = object;
}

static const struct installers *load_installers(void)
{
	struct installers *installers = NULL;
	struct diag diag = { 0 };
	_cleanup_free_ char *data = policy_vendor_dir ? policy_vendor_dir() : NULL;
	_cleanup_free_ char *dir = data ? text_format("%s/installers", data) : NULL;

	if (!installers_load || !dir)
		return &fixture_installers;
	if (installers_load(dir, &installers, &diag) < 0) {
		log_error("%s:%u: %s", diag.file ? diag.file : dir, diag.line,
			  diag.text ? diag.text : "cannot be read");
		return NULL;
	}
	return installers;
}

int main(int argc, char **argv)
{
	static struct suite suite; /* its installers live as long as the program */
	bool judge = argc > 1 && !strcmp(argv[1], "judge");
	int r = 0;

	if (argc < 3 || (!judge && strcmp(argv[1], "argv") != 0)) {
		fputs("usage: cases judge|argv FILE...\n", stderr);
		return 2;
	}
	suite.installers = load_installers();
	if (!suite.installers)
		return 2;
	r = recognise_compile(suite.installers, 1, &suite.table);
	if (r < 0)
		return log_err(r, "the recognition files do not compile"), 2;
	load_kernel(&suite);
	for (int i = 2; i < argc && r == 0; i++)
		r = run_file(&suite, argv[i], judge ? judge_run : argv_run);
	printf("1..%u\n", suite.count);
	recognise_free(suite.table);
	bpf_object__close(suite.object);
	if (r < 0 || !suite.count)
		return 2;
	return suite.failed ? 1 : 0;
}
