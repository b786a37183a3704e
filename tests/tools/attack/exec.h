/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec.h - ways to run what lies somewhere, or to map it executable.
 *
 *   start STEPS WAY PATH    STEPS of drop.h and change.h put it at PATH, then WAY runs it
 *
 * It counts as allowed when it ran to its end, or is mapped.
 */
#ifndef ATTACK_EXEC_H
#define ATTACK_EXEC_H

#include "change.h"

static struct child exec_child;

/* `nothing` is for a copy of this program; the others take no notice of it. */
static int exec_argv(char *const *argv)
{
	int r = child_run(argv, &exec_child);

	return r ? r : child_outcome(&exec_child);
}

static int exec_plain(struct drop *drop)
{
	return exec_argv((char *[]){ drop->at, "nothing", NULL });
}

/* execveat(2) with an empty path. */
static int exec_fd(struct drop *drop)
{
	char *argv[] = { "attack", "nothing", NULL };
	int fd = open(drop->at, O_RDONLY | O_CLOEXEC), r;

	if (fd < 0)
		return broken(errno);
	r = child_run_fd(argv, fd, &exec_child);
	close(fd);
	return r ? r : child_outcome(&exec_child);
}

static int exec_proc_fd(struct drop *drop)
{
	char path[64];
	int fd = open(drop->at, O_RDONLY), r;

	if (fd < 0)
		return broken(errno);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	r = exec_argv((char *[]){ path, "nothing", NULL });
	close(fd);
	return r;
}

static int exec_sh(struct drop *drop)
{
	return exec_argv((char *[]){ "sh", "-c", "\"$0\" nothing; exit $?", drop->at, NULL });
}

static int exec_python(struct drop *drop)
{
	return exec_argv((char *[]){ "python3", "-ISc", "import subprocess, sys; subprocess.check_call(sys.argv[1:])",
				     drop->at, "nothing", NULL });
}

/* The loader is the system's, and maps what it is given. */
static int exec_loader(struct drop *drop)
{
	struct drop loader = { .payload = PAYLOAD_LOADER };
	int r = drop_find(&loader);

	return r ? r : exec_argv((char *[]){ loader.from, drop->at, "nothing", NULL });
}

/* A script that names it as its interpreter. */
static int exec_script(struct drop *drop)
{
	char script[PATH_MAX + 8];
	int fd;

	snprintf(script, sizeof(script), "%s.script", drop->at);
	fd = open(script, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	if (fd < 0 || dprintf(fd, "#!%s nothing\n", drop->at) < 0 || close(fd))
		return broken(errno);
	return exec_argv((char *[]){ script, NULL });
}

/* A built program that names it as its loader: the kernel maps that itself. */
static int exec_as_loader(struct drop *drop)
{
	char built[PATH_MAX + 4], source[PATH_MAX + 2], option[PATH_MAX + 32];
	struct drop program = { .payload = PAYLOAD_PROGRAM };
	int r;

	snprintf(program.at, sizeof(program.at), "%.*s.own", PATH_MAX - 8, drop->at);
	snprintf(source, sizeof(source), "%s.c", program.at); /* the build leaves it */
	snprintf(built, sizeof(built), "%s.elf", program.at);
	snprintf(option, sizeof(option), "-Wl,--dynamic-linker=%s", drop->at);
	if (drop_built(&program) || RUN("gcc", option, "-o", built, source))
		return broken(ENOEXEC);
	r = child_run((char *[]){ built, NULL }, &exec_child);
	/* What is refused past the point of no return ends the program, by the kernel's own signal. */
	if (!r && WIFSIGNALED(exec_child.status) && WTERMSIG(exec_child.status) == SIGSEGV)
		return -EPERM;
	return r ? r : child_outcome(&exec_child);
}

/* Found by PATH, where it has another program's name. A shell that may not start it goes on to the next folder, so there
 * is none. */
static int exec_by_path(struct drop *drop)
{
	char folder[PATH_MAX], name[PATH_MAX];

	snprintf(folder, sizeof(folder), "%s", drop->at);
	snprintf(name, sizeof(name), "%s", drop->at);
	setenv("PATH", dirname(folder), 1);
	return exec_argv((char *[]){ "/bin/sh", "-c", "\"$0\" nothing; exit $?", basename(name), NULL });
}

/* gcc looks for its assembler in the folder that -B names. */
static int exec_as_tool(struct drop *drop)
{
	char source[PATH_MAX + 2], folder[PATH_MAX], option[PATH_MAX + 4];
	int fd;

	snprintf(source, sizeof(source), "%s.c", drop->at);
	snprintf(folder, sizeof(folder), "%s", drop->at);
	snprintf(option, sizeof(option), "-B%s/", dirname(folder));
	fd = open(source, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || close(fd))
		return broken(errno);
	return exec_argv((char *[]){ "gcc", option, "-c", source, "-o", "/dev/null", NULL });
}

/* The decoy is no plugin, which gcc says after it has loaded it. */
static int exec_plugin(struct drop *drop)
{
	char option[PATH_MAX + 16];
	int r;

	snprintf(option, sizeof(option), "-fplugin=%s", drop->at);
	r = child_run((char *[]){ "gcc", option, "-fsyntax-only", "-xc", "/dev/null", NULL }, &exec_child);
	if (!r && strstr(exec_child.said, "plugin_is_GPL_compatible"))
		return 0;
	return r ? r : child_outcome(&exec_child);
}

/* cat tells what was mapped into it; the loader goes on without what it may not map, and says so. */
static int exec_in_cat(struct drop *drop, const char *variable, const char *value)
{
	int r;

	setenv(variable, value, 1);
	r = child_run((char *[]){ "cat", "/proc/self/maps", NULL }, &exec_child);
	unsetenv(variable);
	if (r)
		return r;
	if (strstr(exec_child.said, "cannot be preloaded") || strstr(exec_child.said, "failed to map"))
		return -EPERM;
	r = child_outcome(&exec_child);
	return !r && !strstr(exec_child.said, drop->at) ? broken(ENODATA) : r;
}

static int exec_preload(struct drop *drop)
{
	return exec_in_cat(drop, "LD_PRELOAD", drop->at);
}

static int exec_library_path(struct drop *drop)
{
	char folder[PATH_MAX];

	snprintf(folder, sizeof(folder), "%s", drop->at);
	return exec_in_cat(drop, "LD_LIBRARY_PATH", dirname(folder));
}

/* The next three: into this process. */
static int exec_dlopen(struct drop *drop)
{
	const char *why;

	if (dlopen(drop->at, RTLD_NOW))
		return 0;
	why = dlerror();
	return why && (strstr(why, "not permitted") || strstr(why, "failed to map segment")) ? -EPERM : broken(ENOEXEC);
}

static int exec_map(struct drop *drop, int first, int then)
{
	int fd = open(drop->at, O_RDONLY | O_CLOEXEC), r = 0;
	void *code;

	if (fd < 0)
		return broken(errno);
	code = mmap(NULL, 4096, first, MAP_PRIVATE, fd, 0);
	if (code == MAP_FAILED || (then && mprotect(code, 4096, then)))
		r = -errno;
	close(fd);
	return r;
}

static int exec_mmap(struct drop *drop)
{
	return exec_map(drop, PROT_READ | PROT_EXEC, 0);
}

/* Once for the guard to look at, and once more after a change that nobody asked for. */
static int exec_mmap_twice(struct drop *drop)
{
	int r = exec_mmap(drop);

	if (r)
		return r;
	change_held_at[CHANGED_BYTE] = 'c';
	return exec_mmap(drop);
}

static int exec_mprotect(struct drop *drop)
{
	return exec_map(drop, PROT_READ, PROT_READ | PROT_EXEC);
}

static const struct {
	const char *name;
	enum payload payload;
	int (*run)(struct drop *drop);
} exec_ways[] = {
	{ "exec", PAYLOAD_PROGRAM, exec_plain },
	{ "fd", PAYLOAD_PROGRAM, exec_fd },
	{ "proc-fd", PAYLOAD_PROGRAM, exec_proc_fd },
	{ "sh", PAYLOAD_PROGRAM, exec_sh },
	{ "python", PAYLOAD_PROGRAM, exec_python },
	{ "loader", PAYLOAD_PROGRAM, exec_loader },
	{ "script", PAYLOAD_PROGRAM, exec_script },
	{ "as-loader", PAYLOAD_LOADER, exec_as_loader },
	{ "by-path", PAYLOAD_PROGRAM, exec_by_path },
	{ "as-tool", PAYLOAD_PROGRAM, exec_as_tool },
	{ "plugin", PAYLOAD_LIBM, exec_plugin },
	{ "preload", PAYLOAD_LIBM, exec_preload },
	{ "library-path", PAYLOAD_LIBC, exec_library_path },
	{ "dlopen", PAYLOAD_LIBM, exec_dlopen },
	{ "mmap", PAYLOAD_PROGRAM, exec_mmap },
	{ "mmap-twice", PAYLOAD_PROGRAM, exec_mmap_twice },
	{ "mprotect", PAYLOAD_PROGRAM, exec_mprotect },
};

static int exec_start(char **args)
{
	struct drop drop = { .fd = -1 };
	char folder[PATH_MAX];
	int r = broken(EINVAL);

	snprintf(drop.at, sizeof(drop.at), "%s", args[2]);
	snprintf(folder, sizeof(folder), "%s", args[2]);
	mkdir(dirname(folder), 0755);
	for (size_t i = 0; i < sizeof(exec_ways) / sizeof(exec_ways[0]); i++) {
		if (strcmp(args[1], exec_ways[i].name))
			continue;
		drop.payload = exec_ways[i].payload;
		r = drop_take(&drop, args[0]);
		r = r ? r : exec_ways[i].run(&drop);
	}
	/* A temporary folder of the machine's shall keep nothing; what was shipped is wanted again. */
	if (strncmp(args[0], "shipped", strlen("shipped")))
		unlink(args[2]);
	return r;
}

static int exec_nothing(char **args)
{
	(void)args;
	return 0;
}

/* As a user who has no capabilities, who runs a program that gives some. */
static int exec_gain(char **args)
{
	pid_t pid = fork();
	int status = 0;

	if (pid < 0)
		return broken(errno);
	if (!pid) {
		char *argv[] = { args[0], NULL };

		if (setgid(65534) || setuid(65534))
			_exit(CHILD_NO_PROGRAM);
		execv(args[0], argv);
		_exit(errno == EPERM ? 1 : CHILD_NO_PROGRAM);
	}
	if (waitpid(pid, &status, 0) < 0)
		return broken(errno);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return OUTCOME_KILLED;
	if (!WIFEXITED(status) || WEXITSTATUS(status) == CHILD_NO_PROGRAM)
		return broken(EINVAL);
	return WEXITSTATUS(status) ? -EPERM : 0;
}

static const struct technique exec_techniques[] = {
	{ "gain", 1, exec_gain },
	{ "start", 3, exec_start },
	{ "nothing", 0, exec_nothing },
	{ 0 },
};

#endif
