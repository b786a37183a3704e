/* SPDX-License-Identifier: Apache-2.0 */
/*
 * facts.h - what /proc says of one process, read once.
 *
 * Everything in there may be the process's own invention (argv, environment, names with newlines and brackets in them),
 * may be missing, and may be huge. The process may exit, and its number may be another's a moment later: all is read
 * through one descriptor of its folder, which stays that process's, and its start time is compared.
 */
#ifndef CORDON_SESSION_FACTS_H
#define CORDON_SESSION_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

/* ARG_MAX's usual value. What is longer is cut, and `cut` says so. */
#define FACTS_BLOCK_MAX (2u << 20)

/* NUL-separated strings; bytes[len] is NUL too. */
struct facts_block {
	char *bytes;
	size_t len;
	bool cut;
};

struct facts {
	uint64_t start; /* clock ticks since boot */
	pid_t ppid;
	uid_t uid; /* effective */
	char state;
	char *exe; /* resolved; NULL: cannot be read (a kernel thread, a zombie) */
	bool exe_deleted;
	struct stat exe_stat; /* of the file that runs, wherever its name points now */
	char *cwd;	      /* NULL: cannot be read, or deleted */
	struct facts_block environ;
	struct facts_block cmdline;
};

/* Of /proc/PID/stat. */
struct facts_stat {
	uint64_t start; /* clock ticks since boot */
	pid_t ppid;
	char state;
	/* Where its memory has the strings of its environment; both 0 where that is not ours to know. */
	uint64_t env_start, env_end;
};

/* A descriptor of the folder of the process, which stays that process's, whoever has its number later. -ESRCH, -errno. */
int facts_open(int proc, pid_t pid);
int facts_stat(int dir, struct facts_stat *ret);

/*
 * Takes: a descriptor of /proc; the process; its start, 0: any.
 * Gives: 0 and *ret, for facts_release(); -ESRCH: it is gone, or that number is another's now; -errno.
 */
int facts_read(int proc, pid_t pid, uint64_t start, struct facts *ret);
void facts_release(struct facts *facts);

/* The value of an environment variable: its first occurrence, as getenv() has it. NULL: not set, or cut. */
const char *facts_env(const struct facts *facts, const char *name);

#endif
