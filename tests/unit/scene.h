/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scene.h - a small file system and one program start in it, for tests of session/decide.c and its steps.
 *
 * The folder scene_root has usr/bin with "system" programs, home with a venv, project, tmp. As the trusted root it is
 * "/" of what is checked as the system's own; paths of scripts and folders are real ones.
 */
#ifndef CORDON_TESTS_SCENE_H
#define CORDON_TESTS_SCENE_H

#include "base/cleanup.h"
#include "base/text.h"
#include "session/decide.h"

#include "../fixtures/installers.h"
#include "records.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <time.h>

static char scene_root[] = "/tmp/cordon-scene-XXXXXX";
static int scene_fd = -1;
static struct recognise_table *scene_table;

struct bytes {
	const char *at;
	size_t len;
};
#define BYTES(text)                                                                                                    \
	{                                                                                                              \
		text, sizeof(text)                                                                                     \
	}

/* One program start. */
struct start {
	const char *installer; /* of the starter's label; NULL: none */
	unsigned int role;     /* of the starter */
	const char *by;	       /* path of what calls execve */
	struct bytes by_args;
	const char *path;
	struct bytes args;
	const char *exe; /* resolved, below scene_root; NULL: as path */
	const char *cwd;
	struct bytes env;
	bool truncated; /* args did not fit; cmdline has them whole */
	struct bytes cmdline;
	bool fresh; /* the installer is older than the files of the scene */
	bool confine;
	const char *project; /* NULL: the scene's */
};

__attribute__((unused)) static char *scene_path(const char *relative)
{
	/* Kept until the end: tests name a dozen of them. */
	static char *kept[512];
	static size_t count;

	assert_true(count < ARRAY_SIZE(kept));
	kept[count] = text_format("%s%s", scene_root, relative);
	assert_non_null(kept[count]);
	return kept[count++];
}

static void scene_folder(const char *relative, mode_t mode)
{
	char path[512];

	snprintf(path, sizeof(path), "%s%s", scene_root, relative);
	for (char *slash = path + strlen(scene_root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
	mkdir(path, mode);
	assert_int_equal(chmod(path, mode), 0);
}

static void scene_file(const char *relative, mode_t mode)
{
	char path[512];
	FILE *out;

	snprintf(path, sizeof(path), "%s%s", scene_root, relative);
	out = fopen(path, "we");
	assert_non_null(out);
	assert_true(fputs("x\n", out) >= 0);
	fclose(out);
	assert_int_equal(chmod(path, mode), 0);
}

static int scene_setup(void **state __attribute__((unused)))
{
	static const char *const programs[] = { "git",
						"ssh",
						"dash",
						"bash",
						"python3.11",
						"node",
						"keyring",
						"lsb_release",
						"uname",
						"uv",
						"rustc",
						"git-remote-https",
						"git-upload-pack",
						"true" };

	if (!mkdtemp(scene_root))
		return -1;
	scene_folder("/usr/bin", 0755);
	scene_folder("/home/v/bin", 0755);
	scene_folder("/home/v/lib/site-packages/pip", 0755);
	scene_folder("/home/project/packages/core", 0755);
	scene_folder("/home/project/node_modules/left-pad", 0755);
	scene_folder("/home/project/.venv/src/cloned", 0755);
	scene_folder("/home/project/env/src/cloned", 0755);
	scene_folder("/home/project/cache/x", 0755);
	scene_folder("/tmp/pip-standalone-pip-k/x", 0700);
	scene_folder("/tmp/pip-req-build-k", 0700);
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		char path[64];

		snprintf(path, sizeof(path), "/usr/bin/%s", programs[i]);
		scene_file(path, 0755);
	}
	scene_file("/home/v/bin/git", 0755);
	scene_file("/home/v/pyvenv.cfg", 0644);
	scene_file("/home/project/env/pyvenv.cfg", 0644);
	scene_file("/home/v/lib/site-packages/pip/__pip-runner__.py", 0644);
	scene_file("/home/v/lib/site-packages/pip/__main__.py", 0644);
	scene_file("/home/pip.pyz", 0644);
	scene_file("/home/project/setup.py", 0644);
	scene_file("/home/setup.py", 0644);
	scene_file("/tmp/pip-standalone-pip-k/__env_pip__.zip", 0600);
	assert_int_equal(chmod(scene_path("/tmp/pip-standalone-pip-k"), 0700), 0);
	assert_int_equal(symlink("dash", scene_path("/usr/bin/sh")), 0);
	scene_fd = open(scene_root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return scene_fd < 0 ? -1 : recognise_compile(&fixture_installers, 1, &scene_table);
}

static int scene_remove(const char *path, const struct stat *st __attribute__((unused)),
			int flag __attribute__((unused)), struct FTW *ftw __attribute__((unused)))
{
	return remove(path);
}

static int scene_teardown(void **state __attribute__((unused)))
{
	recognise_free(scene_table);
	close(scene_fd);
	return nftw(scene_root, scene_remove, 16, FTW_DEPTH | FTW_PHYS);
}

static int64_t scene_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Adds process 10 that runs `start->by`, unless there is one, its fork 11 and the exec of that; asks who it is. */
static struct decision scene_decide(struct tree *tree, const struct start *start)
{
	const char *temps[] = { scene_path("/tmp"), "/tmp" };
	struct decide_session session = {
		.installers = &fixture_installers,
		.table = scene_table,
		.start = start->project ? start->project : scene_path("/home/project"),
		.home = "/home",
		.temps = temps,
		/* The second is around the whole scene. */
		.temp_count = 2,
		.uid = getuid(),
		.confine = start->confine,
		/* The installer's exec is at 1 s of the monotonic clock. */
		.wall_offset = scene_now() - 1000000000 + (start->fresh ? -1 : 1) * 60000000000,
		.root = scene_fd,
		.system_owner = getuid(),
	};
	struct facts facts = {
		.exe = (char *)(start->exe ? start->exe : start->path),
		.cwd = (char *)start->cwd,
		.environ = { (char *)start->env.at, start->env.len, false },
		.cmdline = { (char *)start->cmdline.at, start->cmdline.len, false },
	};
	struct decide_input input = { .facts = &facts };
	struct cordon_record fork;
	struct cordon_record_exec record;
	struct process *p = NULL;
	struct decision decision;
	uint16_t installer = start->installer ? (uint16_t)(fixture_find(start->installer) + 1) : 0;

	if (!tree_find(tree, 10)) {
		record_exec_of(&record, 10, 9, start->by, start->by_args.at, start->by_args.len);
		record.head.time = 1000000000;
		record.head.label.role = (uint8_t)start->role;
		record.head.label.installer = installer;
		assert_int_equal(tree_exec(tree, &record, NULL), 0);
	}
	fork = record_of(CORDON_RECORD_FORK, 11, 10, start->role);
	fork.label.installer = installer;
	assert_int_equal(tree_fork(tree, &fork, NULL), 0);
	record_exec_of(&record, 11, 10, start->path, start->args.at, start->args.len);
	record.truncated = start->truncated;
	record.role_before = (uint8_t)start->role;
	record.head.label.installer = installer;
	assert_int_equal(tree_exec(tree, &record, &p), 0);
	input.process = p;
	if (stat(scene_path(facts.exe), &facts.exe_stat) < 0)
		stat(facts.exe, &facts.exe_stat);
	decide(&session, &input, &decision);
	return decision;
}

/* The same in a tree of its own. */
__attribute__((unused)) static struct decision scene_start(const struct start *start)
{
	struct tree *tree = tree_new();
	struct decision decision;

	assert_non_null(tree);
	decision = scene_decide(tree, start);
	tree_free(tree);
	return decision;
}

#endif
