/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel.h - the kernel side as the rest of the program sees it: loaded, pinned, and filled by typed functions.
 * Only user/kernel/ includes libbpf. Functions give 0 (or a descriptor) or -errno.
 */
#ifndef CORDON_KERNEL_KERNEL_H
#define CORDON_KERNEL_KERNEL_H

#include "wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct kernel;

#define KERNEL_REASON_LEN 256

/* How each backend fared when it was tried: `cordon doctor` prints it, and `run` where none is left. */
struct kernel_attempt {
	bool tried;
	int error;                      /* 0: it works */
	char reason[KERNEL_REASON_LEN]; /* one clause */
	bool twins;                     /* what the kernel skips is looked at again: bpf/twin.bpf.c */
	char twin_reason[KERNEL_REASON_LEN]; /* why not, where it should be; "": it need not be */
};

struct kernel_attempts {
	struct kernel_attempt of[CORDON_BACKEND_COUNT];
};

/*
 * Opens the kernel side: the pinned set where one is live, else loads it, strongest backend first.
 * Takes: the backend that is wanted, -1 for any. Holds the machine-wide lock until kernel_unlock() or kernel_close().
 * Gives -EBUSY where sessions of another backend or version of cordon are on, -EOPNOTSUPP where no backend works
 * (ret_attempts says why), -EPERM without privileges.
 */
int kernel_open(int backend, struct kernel **ret, struct kernel_attempts *ret_attempts);
/* Tries `backend` from scratch, in a pin directory of its own, and takes it down again: for doctor. */
int kernel_try(unsigned int backend, struct kernel_attempt *ret);
void kernel_unlock(struct kernel *kernel);
int kernel_lock(struct kernel *kernel);
/* Under the lock: ends sessions that have neither controller nor tasks; with none left, takes the pins away. What is left of
 * package code where the supervisor is gone too, or is the process `leaving` (0: none), is ended first. */
void kernel_sweep(struct kernel *kernel, pid_t leaving);
void kernel_close(struct kernel *kernel);

unsigned int kernel_backend(const struct kernel *kernel);
bool kernel_twins(const struct kernel *kernel);
/* Whether fmod_ret or an old lsm can be skipped under preemption: design.md section 4. NULL: no; else why. `twins`: the
 * set has them. */
const char *kernel_weakness(unsigned int backend, bool twins);
const char *kernel_pin_dir(const struct kernel *kernel);
/* How often the kernel skipped programs of the set that is live, since it was loaded (recursion_misses): calls fn for
 * each that was. Gives the number of programs looked at, 0: no session is on. */
typedef void (*kernel_misses_fn)(const char *program, uint64_t misses, void *arg);
int kernel_misses(kernel_misses_fn fn, void *arg);

/* --- sessions -------------------------------------------------------------------------------------------------- */

/* Makes a session: id, ring, guard entries of the calling process (controller) and of `supervisor` (a pidfd).
 * session->mode, actions and flags are the caller's; level and controller are filled in. */
int kernel_session_begin(struct kernel *kernel, struct cordon_session *session, int supervisor, uint32_t *ret_id);
/* Takes everything of the session out of the maps, labels too. Under the lock. */
void kernel_session_end(struct kernel *kernel, uint32_t id);
int kernel_session_update(struct kernel *kernel, uint32_t id, const struct cordon_session *session);
int kernel_heartbeat(struct kernel *kernel, uint32_t id);
/* How many processes carry the session's label. */
size_t kernel_session_tasks(struct kernel *kernel, uint32_t id);
/* Whether no process of it is left. A label can outlive its process, where the kernel has missed the exit, so what carries
 * one is looked at. Under the lock. */
bool kernel_session_is_empty(struct kernel *kernel, uint32_t id);
/* trace: puts the process into a cgroup2 of the session's own, below its present one, with the network programs on it.
 * -ENOENT: no cgroup2. The folder's path is kept for kernel_session_end(). */
int kernel_session_cgroup(struct kernel *kernel, uint32_t id, pid_t pid);
/* How many records under that rule (0: that are no findings) could not be sent, or stand for what could not be kept. */
int64_t kernel_lost(struct kernel *kernel, uint32_t id, unsigned int rule);

/* --- labels ---------------------------------------------------------------------------------------------------- */

/* Labels the process behind the pidfd. Under the lock. ret_tgid may be NULL. */
int kernel_label(struct kernel *kernel, int pidfd, const struct cordon_label *label, uint32_t *ret_tgid);
/* The label of the process behind the pidfd, zero: it has none; -ESRCH: it is gone. Under the lock. */
int kernel_who(struct kernel *kernel, int pidfd, struct cordon_label *ret);
/* The processes of a session with their labels, a new array; pids as they are seen from `level`. Under the lock. */
int kernel_tasks(struct kernel *kernel, uint32_t session, uint32_t level, struct cordon_task_entry **ret, size_t *ret_count);
/* -ENOENT: the process is gone. */
int kernel_label_get(struct kernel *kernel, uint32_t tgid, struct cordon_label *ret);
int kernel_label_set(struct kernel *kernel, uint32_t tgid, const struct cordon_label *label);

/* --- tables of a session ----------------------------------------------------------------------------------------- */

/* Addresses behind descriptors of this process; `entries` is indexed as `fds`. -ENODATA for one that was not met. */
int kernel_inodes(struct kernel *kernel, const int *fds, size_t count, struct cordon_inode_entry *ret_entries);
/* The origin of the file behind `fd`, as the hooks would tell a task with this label (of this controller's session). */
struct kernel_origin {
	unsigned int origin;          /* enum cordon_origin */
	struct cordon_origin_key key; /* of the file, for the functions below */
	uint64_t changed;             /* its ctime, ns */
	bool written;                 /* somebody has it open for writing */
};
int kernel_origin(struct kernel *kernel, const struct cordon_label *label, int fd, struct kernel_origin *ret);
/* From now on that file has this origin, until somebody opens it for writing. */
int kernel_origin_set(struct kernel *kernel, const struct cordon_origin_key *key, unsigned int origin);
/* It was compared with its content of that time, and is no copy of anything good. */
int kernel_compared(struct kernel *kernel, const struct cordon_origin_key *key, uint64_t changed);
/* Who made the entry `name` of the shared folder with that address. -ENOENT: nobody of this session. */
int kernel_made(struct kernel *kernel, uint32_t session, uint64_t parent, const char *name, struct cordon_made *ret);
int kernel_zone_add(struct kernel *kernel, const struct cordon_zone_key *key, const struct cordon_zone_val *val);
/* All of them, or -E2BIG, where they are too many, and some. */
int kernel_names_add(struct kernel *kernel, const struct cordon_name_key *keys, const struct cordon_zone_val *vals,
		     size_t count);
int kernel_recognition_add(struct kernel *kernel, const struct cordon_recognition_key *key,
			   const struct cordon_recognition *val);
int kernel_grant_net(struct kernel *kernel, const struct cordon_grant_net *key);
int kernel_grant_file(struct kernel *kernel, const struct cordon_grant_file *key);

/* --- records ----------------------------------------------------------------------------------------------------- */

/* Called for each record that has the right size and version; others are counted (kernel_ring_bad). Non-zero ends the
 * round. */
typedef int (*kernel_record_fn)(const struct cordon_record *record, void *arg);

/* The descriptor to poll for the session's ring. */
int kernel_ring_open(struct kernel *kernel, uint32_t id, kernel_record_fn fn, void *arg);
/* Handles records that are there. Gives 1 where there may be more, after some hundred of them. */
int kernel_ring_consume(struct kernel *kernel);
uint64_t kernel_ring_bad(const struct kernel *kernel);
/* Whether a record of `size` bytes is well-formed; what kernel_ring_consume() asks. */
bool kernel_record_is_valid(const void *data, size_t size);

#endif
