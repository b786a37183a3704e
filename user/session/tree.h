/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree.h - the processes of one session, as the ring's records tell of them.
 *
 * Owns: who started whom, what each runs and ran before, and which archives an installer opened. Refuses to own: labels
 * (the kernel's), /proc (facts.h), meaning (decide.h).
 *
 * Bounded: TREE_MAX processes. The exited ones are kept as long as there is room, so that findings that come after a
 * process still have its name and ancestry; the oldest ones that nobody descends from go first, then exited ancestors,
 * whose children move to the next ancestor. Where all are alive -ENOSPC is given, and the caller must refuse.
 */
#ifndef CORDON_SESSION_TREE_H
#define CORDON_SESSION_TREE_H

#include "session/program.h"

#include <sys/types.h>

#define TREE_MAX 65536	       /* twice the kernel's default pid_max */
#define TREE_EXITED_MAX 4096   /* kept although nobody descends from them */
#define TREE_ARCHIVES_MAX 2048 /* of one installer; more than any lock file lists in practice */

/* An archive that an installer opened. `bound`: the folder that it was found to be unpacked in, NULL: none yet. */
struct archive {
	uint64_t order; /* of its last open; later ones are greater */
	char *parent;
	char *name;
	char *bound;
};

struct process {
	/* Of the tree; others only read. */
	struct process *next;		       /* in the bucket of its pid */
	struct process *parent, *children;     /* parent: NULL where it is not of the session */
	struct process *sibling, **sibling_at; /* in parent->children; sibling_at: what points here */
	struct process *newer, *older;	       /* in the list of exited ones */
	struct program *program;	       /* never NULL */
	struct program *previous;	       /* that it ran when it called execve; NULL: it only forked so far */
	struct archive *archives;
	size_t archive_count;
	bool exited;
	pid_t pid;
	uint32_t tgid; /* the kernel's number: key of the map `labels` */
	uint32_t uid;
	/* Set from each record's label; the caller keeps them up to date with what it writes. */
	uint8_t role;
	uint8_t role_before; /* at its last exec */
	uint8_t flags;
	uint16_t installer; /* index + 1, 0: none */
	uint32_t package;
	uint32_t reads;
	/* Set by the caller: its start in clock ticks since boot, 0: not read. */
	uint64_t start;
};

struct tree;

struct tree *tree_new(void);
void tree_free(struct tree *tree);

/* Records that others have checked for type and size. `ret` may be NULL. A process whose fork was lost is made here;
 * one that has the pid of another which did not exit takes its place. 0, -ENOMEM or -ENOSPC. */
int tree_fork(struct tree *tree, const struct cordon_record *record, struct process **ret);
int tree_exec(struct tree *tree, const struct cordon_record_exec *record, struct process **ret);
/* -ESRCH: nobody knows that process; the archive is not kept. */
int tree_archive(struct tree *tree, const struct cordon_record_archive *record);
void tree_exit(struct tree *tree, const struct cordon_record *record);

/* The living process with that pid, or the one that had it last and is still known. NULL: none. The pointer is valid
 * until the next call that takes a non-const tree. */
struct process *tree_find(const struct tree *tree, pid_t pid);
size_t tree_count(const struct tree *tree);

/* Calls `fn` for every living process. */
void tree_each(const struct tree *tree, void (*fn)(struct process *process, void *arg), void *arg);

/* The process that ran what called execve: itself, or the ancestor that it was forked from. Never NULL. */
struct process *process_starter(struct process *process);

/* Fills `ret` with at most `max` ancestors of `process`, from the installer (or, without one, from the oldest known
 * one) down to its parent; where there are more than fit, the nearest. Gives how many. */
size_t process_ancestry(const struct process *process, const struct process **ret, size_t max);

/* Notes that `archive` was unpacked in `folder`. 0 or -ENOMEM. */
int archive_bind(struct archive *archive, const char *folder);

#endif
