/* SPDX-License-Identifier: Apache-2.0 */
/* session.c - sessions are ids in maps: made, counted, and taken out again. */
#include "kernel/internal.h"

#include "base/cleanup.h"
#include "base/log.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Records of one busy second in a large build fit; a burst beyond that is counted, not kept. */
#define RING_SIZE (1 << 20)

/* Ids are never used twice on one set of programs: a label that was left behind must not get a new session's rights.
 * The counter lies in a map that no BPF program reads, under a key that is no id. */
static int session_next_id(struct kernel *kernel, uint32_t *ret)
{
	uint64_t counter = UINT64_MAX;
	uint32_t last = 0;

	if (bpf_map_lookup_elem(kernel->map[KERNEL_MAP_guard_ids], &counter, &last) && errno != ENOENT)
		return -errno;
	if (++last == 0) /* 4 billion sessions */
		return -EOVERFLOW;
	*ret = last;
	return bpf_map_update_elem(kernel->map[KERNEL_MAP_guard_ids], &counter, &last, BPF_ANY) ? -errno : 0;
}

/* The ring is the session's own and is no name in anybody's file system: only through the map of rings. */
static int session_make_ring(struct kernel *kernel, uint32_t id)
{
	_cleanup_close_ int ring = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "cordon_ring", 0, 0, RING_SIZE, NULL);
	uint32_t one = 1;
	uint64_t object;
	int r;

	if (ring < 0)
		return -errno;
	if (bpf_map_update_elem(kernel->map[KERNEL_MAP_rings], &id, &ring, BPF_ANY))
		return -errno;
	r = kernel_object_id(ring, false, &object);
	if (r)
		return r;
	if (bpf_map_update_elem(kernel->map[KERNEL_MAP_guard_ids], &object, &one, BPF_ANY))
		return -errno;
	return kernel_learn_objects(kernel);
}

static int session_enrol(struct kernel *kernel, int pidfd, uint32_t id, struct cordon_request *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->verb = CORDON_REQUEST_GUARD;
	ret->label.session = id;
	return kernel_request(kernel, pidfd, ret);
}

int kernel_session_begin(struct kernel *kernel, struct cordon_session *session, int supervisor, uint32_t *ret_id)
{
	_cleanup_close_ int self = (int)syscall(SYS_pidfd_open, getpid(), 0);
	struct cordon_request request;
	uint32_t id = 0;
	int r;

	if (self < 0)
		return -errno;
	r = session_next_id(kernel, &id);
	if (!r)
		r = session_enrol(kernel, supervisor, id, &request);
	if (!r)
		r = session_enrol(kernel, self, id, &request);
	if (r)
		return r;
	session->controller = request.tgid;
	session->level = request.level;
	r = kernel_session_update(kernel, id, session);
	if (!r)
		r = session_make_ring(kernel, id);
	if (!r)
		r = kernel_heartbeat(kernel, id);
	if (r) {
		kernel_session_end(kernel, id);
		return r;
	}
	*ret_id = id;
	return 0;
}

/* Deletes the entries of a hash whose key holds the session at `offset`. Keys are collected first: a walk over a map that
 * is being changed may begin anew without end. */
static void session_delete_keys(int map, size_t key_size, size_t offset, uint32_t id)
{
	unsigned char key[64], next[64];
	_cleanup_free_ unsigned char *found = NULL;
	size_t count = 0, room = 0;
	bool first = true;

	while (!bpf_map_get_next_key(map, first ? NULL : key, next)) {
		uint32_t session;

		first = false;
		memcpy(key, next, key_size);
		memcpy(&session, key + offset, sizeof(session));
		if (session != id)
			continue;
		if (count == room) {
			unsigned char *more = realloc(found, (room = room * 2 + 256) * key_size);

			if (!more)
				break;
			found = more;
		}
		memcpy(found + count++ * key_size, key, key_size);
	}
	for (size_t i = 0; i < count; i++)
		bpf_map_delete_elem(map, found + i * key_size);
}

int kernel_session_tasks(struct kernel *kernel, uint32_t id, uint32_t **ret_tgids, size_t *ret_count)
{
	_cleanup_free_ uint32_t *tgids = NULL;
	size_t count = 0, room = 0, seen = 0;
	uint64_t key, next;
	bool first = true;

	/* The map changes while it is walked; a walk that began anew too often ends, and the caller comes again. */
	while (seen++ < 2 * CORDON_LABELS_MAX && !bpf_map_get_next_key(kernel->map[KERNEL_MAP_labels], first ? NULL : &key, &next)) {
		struct cordon_label label;

		first = false;
		key = next;
		if (bpf_map_lookup_elem(kernel->map[KERNEL_MAP_labels], &key, &label) || label.session != id)
			continue;
		if (count == room) {
			uint32_t *more = realloc(tgids, (room = room * 2 + 64) * sizeof(*tgids));

			if (!more)
				return -ENOMEM;
			tgids = more;
		}
		tgids[count++] = key > UINT32_MAX ? 0 : (uint32_t)key; /* 0: a task that is just being made */
	}
	if (ret_tgids)
		*ret_tgids = TAKE_PTR(tgids);
	*ret_count = count;
	return 0;
}

static void session_delete_labels(struct kernel *kernel, uint32_t id)
{
	uint64_t key, next;
	bool first = true;
	size_t seen = 0;

	while (seen++ < 2 * CORDON_LABELS_MAX && !bpf_map_get_next_key(kernel->map[KERNEL_MAP_labels], first ? NULL : &key, &next)) {
		struct cordon_label label;
		bool ours;

		first = false;
		key = next;
		ours = !bpf_map_lookup_elem(kernel->map[KERNEL_MAP_labels], &key, &label) && label.session == id;
		if (ours && !bpf_map_delete_elem(kernel->map[KERNEL_MAP_labels], &key))
			first = true;
	}
}

static void session_delete_guards(struct kernel *kernel, uint32_t id)
{
	uint32_t key, next;
	bool first = true;

	while (!bpf_map_get_next_key(kernel->map[KERNEL_MAP_guards], first ? NULL : &key, &next)) {
		struct cordon_guard guard;

		first = false;
		key = next;
		if (!bpf_map_lookup_elem(kernel->map[KERNEL_MAP_guards], &key, &guard) && guard.session == id &&
		    !bpf_map_delete_elem(kernel->map[KERNEL_MAP_guards], &key))
			first = true;
	}
}

static void session_delete_cgroups(struct kernel *kernel, uint32_t id)
{
	uint64_t key, next;
	bool first = true;

	while (!bpf_map_get_next_key(kernel->map[KERNEL_MAP_cgroups], first ? NULL : &key, &next)) {
		uint32_t session;

		first = false;
		key = next;
		if (!bpf_map_lookup_elem(kernel->map[KERNEL_MAP_cgroups], &key, &session) && session == id &&
		    !bpf_map_delete_elem(kernel->map[KERNEL_MAP_cgroups], &key))
			first = true;
	}
}

void kernel_session_end(struct kernel *kernel, uint32_t id)
{
#define KEYS(name, type) \
	session_delete_keys(kernel->map[KERNEL_MAP_##name], sizeof(struct type), offsetof(struct type, session), id)
	session_delete_labels(kernel, id);
	bpf_map_delete_elem(kernel->map[KERNEL_MAP_sessions], &id);
	bpf_map_delete_elem(kernel->map[KERNEL_MAP_rings], &id);
	KEYS(zones, cordon_zone_key);
	KEYS(zone_names, cordon_name_key);
	KEYS(recognition, cordon_recognition_key);
	KEYS(grants_net, cordon_grant_net);
	KEYS(grants_file, cordon_grant_file);
#undef KEYS
	/* key: session << 32 | rule */
	session_delete_keys(kernel->map[KERNEL_MAP_lost], sizeof(uint64_t), sizeof(uint32_t), id);
	session_delete_cgroups(kernel, id);
	session_delete_guards(kernel, id);
	if (kernel->backend == CORDON_BACKEND_TRACE)
		kernel_cgroup_end(kernel, id);
}

int64_t kernel_lost(struct kernel *kernel, uint32_t id)
{
	int cpus = libbpf_num_possible_cpus();
	_cleanup_free_ uint64_t *values = cpus > 0 ? calloc((size_t)cpus, sizeof(*values)) : NULL;
	int64_t sum = 0;

	if (!values)
		return -1;
	for (uint32_t rule = 0; rule < CORDON_RULE_COUNT; rule++) {
		uint64_t key = (uint64_t)id << 32 | rule;

		if (bpf_map_lookup_elem(kernel->map[KERNEL_MAP_lost], &key, values))
			continue;
		for (int i = 0; i < cpus; i++)
			sum += (int64_t)values[i];
	}
	return sum;
}

/* A session is over when its controller is gone and none of its tasks is left. Its labels keep it alive: what was
 * refused stays refused. */
void kernel_sweep(struct kernel *kernel)
{
	uint32_t id, next;
	bool first = true;

	while (!bpf_map_get_next_key(kernel->map[KERNEL_MAP_sessions], first ? NULL : &id, &next)) {
		struct cordon_session session;
		struct cordon_guard guard;
		size_t tasks = 0;

		first = false;
		id = next;
		if (!id) { /* a canary's, whose loader was killed */
			bpf_map_delete_elem(kernel->map[KERNEL_MAP_sessions], &id);
			first = true;
			continue;
		}
		if (bpf_map_lookup_elem(kernel->map[KERNEL_MAP_sessions], &id, &session))
			continue;
		if (!(session.flags & CORDON_SESSION_DEAD) &&
		    !bpf_map_lookup_elem(kernel->map[KERNEL_MAP_guards], &session.controller, &guard))
			continue;
		if (kernel_session_tasks(kernel, id, NULL, &tasks) || tasks)
			continue;
		kernel_session_end(kernel, id);
		first = true;
	}
	if (bpf_map_get_next_key(kernel->map[KERNEL_MAP_sessions], NULL, &next))
		kernel_pins_remove(kernel->dir);
}
