/* SPDX-License-Identifier: Apache-2.0 */
/* handover_told.c - what an installer says, at the start of package code, of the folders that are for it. */
#include "guard/handover_internal.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <jansson.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* input.json holds a few paths and the user's config_settings. */
#define INPUT_MAX (1u << 20)

enum round_how {
	ROUND_FOLDER,
	ROUND_ENTRY,  /* the entry of the shared folder, not the path below it: a build environment is named by its bin folder */
	ROUND_OUTPUT, /* the folder for the result, as PEP 517 has it: it may be the project's */
};

/* Below the project, never itself: `python -m build` has the wheel put into ./dist. */
static bool is_output(const struct round *round, const char *path)
{
	const char *start = round->handover->input.start;

	return start && strcmp(path, start) != 0 && handover_is_under(path, start);
}

/* cargo's target: whoever is told of it first, it is every package's. */
static void round_shared(struct round *round, const char *path)
{
	size_t len = handover_shared_len(round->installer, path);
	_cleanup_free_ char *folder = len ? strndup(path, len) : NULL;
	uint32_t package = round->package;

	if (!folder)
		return;
	round->package = CORDON_PACKAGE_ANY;
	round->error = handover_add(round, folder, HANDED_FIRST);
	round->package = package;
}

static void round_path(struct round *round, const char *path, size_t len, enum round_how how)
{
	_cleanup_free_ char *text = len && len < PATH_MAX ? strndup(path, len) : NULL;
	_cleanup_free_ char *real = text && text[0] == '/' ? realpath(text, NULL) : NULL;
	const struct shared *temp = real ? handover_shared_above(round->handover, real) : NULL;
	struct stat st;

	if (!real || round->error)
		return;
	round_shared(round, real);
	if (!handover_accepts(round, real) && !(how == ROUND_OUTPUT && is_output(round, real)))
		return;
	if (how == ROUND_ENTRY) {
		if (!temp)
			return;
		real[strlen(temp->path) + 1 + strcspn(real + strlen(temp->path) + 1, "/")] = '\0';
	}
	if (stat(real, &st) || !S_ISDIR(st.st_mode))
		return;
	round->error = handover_add(round, real, how == ROUND_OUTPUT && is_output(round, real) ? HANDED_ON : HANDED_FIRST);
}

/* Every absolute path in a text: an argument, or code of -c with paths in quotes. */
static void round_text(struct round *round, const char *text)
{
	static const char ends[] = "'\"=,;:() \t\n";

	for (const char *at = text; *at;) {
		size_t len = strcspn(at, ends);

		if (*at == '/' && len > 1)
			round_path(round, at, len, ROUND_FOLDER);
		at += len + !!at[len];
	}
}

static void round_json(struct round *round, const json_t *value, enum round_how how)
{
	static const char *const outputs[] = { "wheel_directory", "sdist_directory", "metadata_directory" };
	const char *key;
	json_t *item;
	size_t i;

	if (json_is_string(value)) {
		round_path(round, json_string_value(value), json_string_length(value), how);
	} else if (json_is_object(value)) {
		json_object_foreach((json_t *)value, key, item) {
			enum round_how below = how;

			for (i = 0; i < ARRAY_SIZE(outputs); i++)
				if (!strcmp(key, outputs[i]))
					below = ROUND_OUTPUT;
			round_json(round, item, below);
		}
	} else if (json_is_array(value)) {
		json_array_foreach(value, i, item)
			round_json(round, item, how);
	}
}

/* PEP 517: the installer names the folders for the result in a file, in a folder that it names in argv. */
static void round_input(struct round *round, const char *folder)
{
	_cleanup_free_ char *path = text_format("%s/input.json", folder);
	_cleanup_close_ int fd = path ? open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) : -1;
	struct stat st;
	json_t *input;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size > INPUT_MAX)
		return;
	input = json_loadfd(fd, 0, NULL);
	if (input)
		round_json(round, input, ROUND_FOLDER);
	json_decref(input);
}

static void round_variable(struct round *round, const struct facts *facts, const char *name, enum round_how how)
{
	const char *value = facts_env(facts, name);

	for (const char *at = value; at && *at;) {
		size_t len = strcspn(at, ":");

		round_path(round, at, len, how);
		at += len + !!at[len];
	}
}

/*
 * pip before 23.1, without wheel: `setup.py install --single-version-externally-managed`, by which a package puts itself
 * into the environment. It may make entries of its own there, nothing else.
 */
static void round_legacy_install(struct round *round, const struct facts *facts, const char *program)
{
	static const char *const folders[] = { "lib/python3*/site-packages", "bin", "include/site/python3*", "share" };
	_cleanup_free_ char *prefix = program && program[0] == '/' ? strdup(program) : NULL;
	_cleanup_free_ char *mark = NULL;
	bool legacy = false;
	char *slash;

	for (const char *arg = facts->cmdline.bytes, *end = arg + facts->cmdline.len; arg && arg < end; arg += strlen(arg) + 1)
		legacy = legacy || !strcmp(arg, "--single-version-externally-managed");
	for (int i = 0; prefix && i < 2; i++) {
		slash = strrchr(prefix, '/');
		if (!slash)
			return;
		*slash = '\0';
	}
	mark = legacy && prefix ? text_format("%s/pyvenv.cfg", prefix) : NULL;
	if (!mark || access(mark, F_OK))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(folders) && !round->error; i++) {
		_cleanup_free_ char *pattern = text_format("%s/%s", prefix, folders[i]);
		glob_t found = { 0 };

		if (pattern && !glob(pattern, GLOB_NOSORT, NULL, &found))
			for (size_t k = 0; k < found.gl_pathc && !round->error; k++)
				round->error = handover_add(round, found.gl_pathv[k], HANDED_ENTRIES);
		globfree(&found);
	}
}

int handover_to(struct handover *handover, const struct installer *installer, const struct facts *facts, uint32_t package)
{
	struct round round = { .handover = handover, .installer = installer, .package = package };
	const char *end = facts->cmdline.bytes ? facts->cmdline.bytes + facts->cmdline.len : NULL;

	handover->since = 0;
	if (facts->cwd)
		round_path(&round, facts->cwd, strlen(facts->cwd), false);
	for (const char *arg = facts->cmdline.bytes; arg && arg < end; arg += strlen(arg) + 1) {
		round_text(&round, arg);
		if (arg[0] == '/')
			round_input(&round, arg);
	}
	/* Where the environment of the build is, and cargo's folder for a build script's output. */
	round_variable(&round, facts, "PYTHONPATH", ROUND_ENTRY);
	round_variable(&round, facts, "PATH", ROUND_ENTRY);
	round_variable(&round, facts, "VIRTUAL_ENV", ROUND_FOLDER);
	round_variable(&round, facts, "OUT_DIR", ROUND_FOLDER);
	/* pnpm makes one in each module, for its scripts. */
	round_variable(&round, facts, "TMPDIR", ROUND_FOLDER);
	round_legacy_install(&round, facts, facts->cmdline.bytes);
	return round.error;
}
