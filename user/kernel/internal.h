/* SPDX-License-Identifier: Apache-2.0 */
/* internal.h - what the files of user/kernel/ share. */
#ifndef CORDON_KERNEL_INTERNAL_H
#define CORDON_KERNEL_INTERNAL_H

#include "kernel/kernel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <limits.h>

/* Maps by the names they have in maps.bpf.h; pinned as m_NAME. */
#define KERNEL_MAPS(X) \
	X(labels) X(packages) X(strays) X(sessions) X(tasks) X(beats) X(rings) X(cgroups) X(zones) X(zone_names) X(recognition) X(grants_net) X(grants_file) \
	X(made_entries) X(removals) X(origins) X(tainted) X(compares) X(verdicts) X(gates) X(questions) \
	X(guards) X(guard_objects) X(guard_ids) X(lost) X(state) X(request) X(twins) X(seen) \
	X(twin_opts) X(twin_aggrs)

/* Programs that are used by descriptor later on; pinned as p_NAME. */
#define KERNEL_PROGS(X) X(cordon_request) X(cordon_inodes) X(cordon_origins) X(cordon_maps) X(cordon_progs) \
	X(cordon_links) X(cordon_tasks)
#define KERNEL_CGROUP_PROGS(X) \
	X(cordon_connect4) X(cordon_connect6) X(cordon_sendmsg4) X(cordon_sendmsg6) X(cordon_bind4) X(cordon_bind6)

enum kernel_map {
#define KERNEL_MAP_ENUM(name) KERNEL_MAP_##name,
	KERNEL_MAPS(KERNEL_MAP_ENUM)
#undef KERNEL_MAP_ENUM
	KERNEL_MAP_COUNT,
};

enum kernel_prog {
#define KERNEL_PROG_ENUM(name) KERNEL_PROG_##name,
	KERNEL_PROGS(KERNEL_PROG_ENUM) KERNEL_CGROUP_PROGS(KERNEL_PROG_ENUM)
#undef KERNEL_PROG_ENUM
	KERNEL_PROG_COUNT,
};

#define KERNEL_LINKS_MAX 256

struct kernel {
	char dir[PATH_MAX]; /* of the pins */
	int lock;           /* open on the lock file for the life of this struct */
	bool locked;
	unsigned int backend;
	bool twins;                          /* bpf/twin.bpf.c looks again */
	char twin_reason[KERNEL_REASON_LEN]; /* why not, where it should; the loader knows, later sessions do not */
	int map[KERNEL_MAP_COUNT];   /* -1: not there */
	int prog[KERNEL_PROG_COUNT]; /* -1: not of this backend */
	int link[KERNEL_LINKS_MAX];  /* held beside the pins: who removes a pin detaches nothing */
	size_t link_count;
	int cgroup_link[KERNEL_PROG_COUNT];
	char cgroup[PATH_MAX]; /* of the session, "" : none */
	struct ring_buffer *ring;
	int ring_map;
	kernel_record_fn record_fn;
	void *record_arg;
	unsigned int round; /* records handled in this one */
	uint64_t record_bad;
};

extern const char *const kernel_map_names[KERNEL_MAP_COUNT];
extern const char *const kernel_prog_names[KERNEL_PROG_COUNT];

/* load.c: loads and attaches `backend`, with its twins where they are wanted and work, and pins it into kernel->dir, which
 * must not exist. */
uint64_t kernel_object_digest(void);
int kernel_load(struct kernel *kernel, unsigned int backend, char reason[KERNEL_REASON_LEN]);
/* open.c: where the set of this build is pinned. */
void kernel_pins_dir(char ret[PATH_MAX]);
/* limits.c: what CORDON_DEBUG_LIMITS says, before the object is loaded. */
int kernel_limits_apply(struct bpf_object *object, struct cordon_state *state, char reason[KERNEL_REASON_LEN]);
/* pins.c */
int kernel_pins_open(struct kernel *kernel);
int kernel_pins_open_links(struct kernel *kernel);
void kernel_pins_close(struct kernel *kernel);
void kernel_pins_remove(const char *dir);
/* iter.c */
int kernel_request(struct kernel *kernel, int pidfd, struct cordon_request *request);
int kernel_learn_objects(struct kernel *kernel);
int kernel_learn_super(struct kernel *kernel);
int kernel_object_id(int fd, bool prog, uint64_t *ret);
/* Ids in guard_ids: of maps as they are. */
#define KERNEL_ID_PROG (1ULL << 32)
#define KERNEL_ID_LINK (1ULL << 33)
/* Marks an object that goes; the addresses of all that are marked are forgotten together. */
int kernel_id_gone(struct kernel *kernel, uint64_t id);
void kernel_forget_objects(struct kernel *kernel);
/* cgroup.c */
void kernel_cgroup_gone(struct kernel *kernel, uint32_t id);
void kernel_cgroup_end(struct kernel *kernel, uint32_t id);
/* twin.c: whether this kernel may skip programs of `backend`, and twins can look again; reason: why not. */
bool kernel_twin_wanted(unsigned int backend, char reason[KERNEL_REASON_LEN]);
/* Places and pins the kprobes of a set that is loaded and pinned. */
int kernel_twin_attach(struct kernel *kernel, struct bpf_object *object, char reason[KERNEL_REASON_LEN]);
/* canary.c: -EBADMSG where what must be refused, or ended, was not. */
int kernel_canary(struct kernel *kernel, char reason[KERNEL_REASON_LEN]);

#endif
