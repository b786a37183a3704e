/* SPDX-License-Identifier: Apache-2.0 */
/*
 * environ.c - secrets leave the environment of a program before it runs.
 *
 * A task that is held at its exec has run no instruction of the new program, and its memory has the strings that execve
 * copied: what is overwritten there is nowhere else, not in /proc/self/environ and not for its children. The memory is
 * that of the program which the kernel held, however the task was forked (vfork), and is written through a descriptor
 * that goes with it: a number would be another's where the task ends meanwhile.
 */
#include "guard/environ.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/rule.h"
#include "base/text.h"
#include "guard/environ_block.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

/* The kernel gives arguments and environment three quarters of _STK_LIM. */
#define ENVIRON_BYTES_MAX (8u << 20)
/* From the record of the exec to the stop the task has only its way out of the kernel to go. In audit nobody waits
 * long. */
#define ENVIRON_STOP_NS 2000000000ULL
#define ENVIRON_STOP_AUDIT_NS 100000000ULL
#define ENVIRON_PAUSE_NS 50000
#define ENVIRON_SPINS 20

/* The environment of one task, while it is looked at. */
struct look {
	struct controller *c;
	const struct process *process;
	const struct cordon_label *label;
	bool writes; /* mode and rule have it emptied */
	int dir, mem; /* -1: not open */
	struct facts_stat stat;
	size_t len;
	char *old, *new;
	struct environ_change *changes;
	size_t change_count;
};

static void look_release(struct look *look)
{
	cleanup_close(&look->dir);
	cleanup_close(&look->mem);
	free(look->old);
	free(look->new);
	free(look->changes);
}

static bool look_keeps(const void *arg, const char *name, size_t len)
{
	const struct look *look = arg;

	return package_keeps(look->c, look->label->package, name, len);
}

/* Still the task that the kernel held: only we take the mark from its label. */
static int look_check_held(const struct look *look)
{
	struct cordon_label now;
	int r = kernel_label_get(look->c->kernel, look->process->tgid, &now);

	if (r)
		return r == -ENOENT ? -ESRCH : r;
	return now.session == look->c->session && (now.flags & CORDON_LABEL_HELD) ? 0 : -ESRCH;
}

static bool is_stopped(const struct facts_stat *stat)
{
	return stat->state == 'T' || stat->state == 't'; /* t: by whoever traces it */
}

/* Until the signal has stopped it: the kernel's record may be here before. */
static int look_wait(struct look *look)
{
	const uint64_t deadline = clock_ns() + (look->writes ? ENVIRON_STOP_NS : ENVIRON_STOP_AUDIT_NS);
	const struct timespec pause = { .tv_nsec = ENVIRON_PAUSE_NS };

	for (unsigned int round = 0;; round++) {
		int r = facts_stat(look->dir, &look->stat);

		if (r)
			return r;
		if (look->process->start && look->stat.start != look->process->start)
			return -ESRCH;
		if (look->stat.state == 'Z' || look->stat.state == 'X')
			return -ESRCH;
		if (is_stopped(&look->stat))
			return 0;
		if (clock_ns() > deadline)
			return -ETIMEDOUT;
		if (round > ENVIRON_SPINS)
			nanosleep(&pause, NULL);
	}
}

static int look_transfer(const struct look *look, bool write, char *bytes, size_t from, size_t end)
{
	while (from < end) {
		off_t at = (off_t)(look->stat.env_start + from);
		ssize_t n = write ? pwrite(look->mem, bytes + from, end - from, at) : pread(look->mem, bytes + from, end - from, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EFAULT;
		from += (size_t)n;
	}
	return 0;
}

static int look_begin(struct look *look)
{
	int r;

	look->dir = facts_open(look->c->proc, look->process->pid);
	if (look->dir < 0)
		return look->dir;
	r = look_check_held(look);
	if (!r)
		r = look_wait(look);
	if (r)
		return r;
	if (!look->stat.env_start || look->stat.env_end < look->stat.env_start)
		return -EACCES;
	look->len = look->stat.env_end - look->stat.env_start;
	if (look->len > ENVIRON_BYTES_MAX)
		return -E2BIG;
	look->mem = openat(look->dir, "mem", (look->writes ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	return look->mem < 0 ? -errno : 0;
}

/* What would be changed; nothing is, so far. */
static int look_read(struct look *look)
{
	struct environ_owner owner = { look->c->data.env, look->label->reads, look_keeps, look };
	int r;

	look->old = malloc(look->len + 1);
	look->new = malloc(look->len + 1);
	if (!look->old || !look->new)
		return -ENOMEM;
	r = look_transfer(look, false, look->old, 0, look->len);
	if (r)
		return r;
	memcpy(look->new, look->old, look->len);
	return environ_rewrite(look->new, look->len, &owner, &look->changes, &look->change_count);
}

static int look_write(struct look *look)
{
	const struct environ_change *last = &look->changes[look->change_count - 1];
	struct facts_stat now;
	int r = look_transfer(look, true, look->new, look->changes[0].name, last->end);

	if (!r)
		r = look_transfer(look, false, look->old, 0, look->len);
	if (!r && memcmp(look->old, look->new, look->len) != 0)
		r = -EIO;
	if (!r)
		r = facts_stat(look->dir, &now);
	/* Whoever woke it meanwhile had it run with what it held. */
	return !r && !is_stopped(&now) ? -EINTR : r;
}

static void look_record(const struct look *look)
{
	for (size_t i = 0; i < look->change_count; i++) {
		const struct environ_change *change = &look->changes[i];
		_cleanup_free_ char *name = strndup(look->new + change->name, change->name_len);

		if (name)
			finding_take_variable(look->c, look->process, look->label,
					      &(struct variable_finding){ name, look->writes, change->part });
		else
			look->c->unwritten++;
	}
}

static int look_do(struct look *look)
{
	int r = look_begin(look);

	if (!r && look->len)
		r = look_read(look);
	if (!r && look->change_count && look->writes)
		r = look_write(look);
	if (!r)
		look_record(look);
	return r;
}

bool environ_empty(struct controller *c, const struct process *process, const struct cordon_label *label)
{
	const unsigned int action = c->kernel_session.actions[label->role][CORDON_RULE_ENV_SECRET];
	CLEANUP(look_release) struct look look = { c, process, label, .dir = -1, .mem = -1 };
	int r;

	if (label->role != CORDON_ROLE_PACKAGE && label->role != CORDON_ROLE_PROJECT && label->role != CORDON_ROLE_HELPER)
		return true;
	if (action == CORDON_ACTION_ALLOW)
		return true;
	look.writes = c->kernel_session.mode == CORDON_MODE_ENFORCE && action != CORDON_ACTION_LOG;
	r = look_do(&look);
	/* Nobody is left who could have it. */
	if (!r || r == -ESRCH)
		return true;
	log_debug("the environment of process %d cannot be %s: %s", (int)process->pid, look.writes ? "emptied" : "read",
		  strerror(-r));
	finding_take_variable(c, process, label, &(struct variable_finding){ .emptied = look.writes, .error = r });
	return !look.writes;
}
