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
	struct cordon_tasks tasks = { 0 };
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
		r = bpf_map_update_elem(kernel->map[KERNEL_MAP_tasks], &id, &tasks, BPF_ANY) ? -errno : 0;
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

/* Where an entry of a map says whose session it is. */
struct session_field {
	bool in_value; /* not in the key */
	size_t offset;
};

/* Entries of a hash that are looked at in one call; the kernel asks for room for all of one bucket. */
#define BATCH 1024

struct batch {
	struct bpf_map_info info;
	unsigned char *keys, *values;
	size_t value_size; /* of all processors, where each has its own */
	uint32_t room, count;
};

static void batch_release(struct batch *batch)
{
	free(batch->keys);
	free(batch->values);
}

static int batch_make_room(struct batch *batch, uint32_t room)
{
	unsigned char *keys = realloc(batch->keys, room * batch->info.key_size), *values;

	if (!keys)
		return -ENOMEM;
	batch->keys = keys;
	values = realloc(batch->values, room * batch->value_size);
	if (!values)
		return -ENOMEM;
	batch->values = values;
	batch->room = room;
	return 0;
}

static int batch_init(struct batch *batch, int map)
{
	uint32_t len = sizeof(batch->info);

	*batch = (struct batch){ 0 };
	if (bpf_obj_get_info_by_fd(map, &batch->info, &len))
		return -errno;
	batch->value_size = batch->info.value_size;
	if (batch->info.type == BPF_MAP_TYPE_PERCPU_HASH) {
		int cpus = libbpf_num_possible_cpus();

		if (cpus < 0)
			return cpus;
		batch->value_size = (batch->value_size + 7) / 8 * 8 * (size_t)cpus;
	}
	return batch_make_room(batch, BATCH);
}

/* Deletes those of the batch that are the session's. */
static void batch_delete(struct batch *batch, int map, const struct session_field *field, uint32_t id)
{
	const size_t key_size = batch->info.key_size;
	uint32_t found = 0;

	for (uint32_t i = 0; i < batch->count; i++) {
		const unsigned char *key = batch->keys + i * key_size;
		const unsigned char *said_by = field->in_value ? batch->values + i * batch->value_size : key;
		uint32_t session;

		memcpy(&session, said_by + field->offset, sizeof(session));
		if (session == id)
			memmove(batch->keys + found++ * key_size, key, key_size);
	}
	/* One that somebody has deleted meanwhile ends the call: go on behind it. */
	for (uint32_t at = 0; at < found;) {
		uint32_t done = found - at;

		if (!bpf_map_delete_batch(map, batch->keys + at * key_size, &done, NULL) || errno != ENOENT)
			break;
		at += done + 1;
	}
}

/* Takes the session's entries out of a hash: in one walk over its buckets, which does not begin anew when others change
 * it, some hundreds a call: key by key this took most of the time of a session's end. */
static void session_delete(int map, const struct session_field *field, uint32_t id)
{
	struct batch batch;
	uint32_t bucket = 0;
	bool first = true;
	int r = batch_init(&batch, map);

	/* -ENOENT: that was the last bucket. */
	while (!r) {
		batch.count = batch.room;
		r = bpf_map_lookup_batch(map, first ? NULL : &bucket, &bucket, batch.keys, batch.values, &batch.count, NULL);
		first = false;
		if (r == -ENOSPC) /* the next bucket has more than that, and nothing was taken */
			r = batch_make_room(&batch, batch.room * 2);
		if (!r || r == -ENOENT)
			batch_delete(&batch, map, field, id);
	}
	if (r != -ENOENT)
		log_debug("cannot clear a map: %s", strerror(-r));
	batch_release(&batch);
}

/* What is full of this session's own answers is emptied of them: each can be found again. */
int kernel_compared(struct kernel *kernel, const struct cordon_origin_key *key, uint64_t changed)
{
	static const struct session_field field = { .offset = offsetof(struct cordon_origin_key, session) };
	int map = kernel->map[KERNEL_MAP_compares];

	if (!bpf_map_update_elem(map, key, &changed, BPF_ANY))
		return 0;
	session_delete(map, &field, key->session);
	return bpf_map_update_elem(map, key, &changed, BPF_ANY) ? -errno : 0;
}

size_t kernel_session_tasks(struct kernel *kernel, uint32_t id)
{
	size_t count = 0, seen = 0;
	uint64_t key, next;
	bool first = true;

	/* The map changes while it is walked; a walk that began anew too often ends, and the caller comes again. */
	while (seen++ < 2 * CORDON_LABELS_MAX && !bpf_map_get_next_key(kernel->map[KERNEL_MAP_labels], first ? NULL : &key, &next)) {
		struct cordon_label label;

		first = false;
		key = next;
		if (!bpf_map_lookup_elem(kernel->map[KERNEL_MAP_labels], &key, &label) && label.session == id)
			count++;
	}
	return count;
}

bool kernel_session_is_empty(struct kernel *kernel, uint32_t id)
{
	_cleanup_free_ struct cordon_task_entry *tasks = NULL;
	size_t count = 0;

	if (!kernel_session_tasks(kernel, id))
		return true;
	return !kernel_tasks(kernel, id, 0, &tasks, &count) && !count;
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

/* Objects that go with the session: their addresses may be another's soon, and there is room for those of the living. */
static void session_forget(struct kernel *kernel, uint32_t id)
{
	uint32_t ring;

	if (bpf_map_lookup_elem(kernel->map[KERNEL_MAP_rings], &id, &ring))
		return;
	kernel_id_gone(kernel, ring);
	if (kernel->backend == CORDON_BACKEND_TRACE)
		kernel_cgroup_gone(kernel, id);
	kernel_forget_objects(kernel);
}

void kernel_session_end(struct kernel *kernel, uint32_t id)
{
#define DELETE(name, ...) session_delete(kernel->map[KERNEL_MAP_##name], &(struct session_field){ __VA_ARGS__ }, id)
#define DELETE_BY_KEY(name, type) \
	DELETE(name, .offset = offsetof(struct type, session))
	session_forget(kernel, id);
	session_delete_labels(kernel, id);
	bpf_map_delete_elem(kernel->map[KERNEL_MAP_sessions], &id);
	bpf_map_delete_elem(kernel->map[KERNEL_MAP_rings], &id);
	bpf_map_delete_elem(kernel->map[KERNEL_MAP_questions], &id);
	bpf_map_delete_elem(kernel->map[KERNEL_MAP_tasks], &id);
	bpf_map_delete_elem(kernel->map[KERNEL_MAP_beats], &id);
	DELETE_BY_KEY(zones, cordon_zone_key);
	DELETE_BY_KEY(zone_names, cordon_name_key);
	DELETE_BY_KEY(recognition, cordon_recognition_key);
	DELETE_BY_KEY(made_entries, cordon_made_key);
	DELETE_BY_KEY(origins, cordon_origin_key);
	DELETE_BY_KEY(tainted, cordon_origin_key);
	DELETE_BY_KEY(compares, cordon_origin_key);
	DELETE_BY_KEY(grants_net, cordon_grant_net);
	DELETE_BY_KEY(grants_file, cordon_grant_file);
	/* key: session << 32 | rule, or | role */
	DELETE(removals, .offset = sizeof(uint32_t));
	DELETE(lost, .offset = sizeof(uint32_t));
	DELETE(cgroups, .in_value = true);
	DELETE(guards, .in_value = true, .offset = offsetof(struct cordon_guard, session));
#undef DELETE_BY_KEY
#undef DELETE
	if (kernel->backend == CORDON_BACKEND_TRACE)
		kernel_cgroup_end(kernel, id);
}

int64_t kernel_lost(struct kernel *kernel, uint32_t id, unsigned int rule)
{
	int cpus = libbpf_num_possible_cpus();
	_cleanup_free_ uint64_t *values = cpus > 0 ? calloc((size_t)cpus, sizeof(*values)) : NULL;
	uint64_t key = (uint64_t)id << 32 | rule;
	int64_t sum = 0;

	/* Not to be told is not none. */
	if (!values)
		return 1;
	if (bpf_map_lookup_elem(kernel->map[KERNEL_MAP_lost], &key, values))
		return errno == ENOENT ? 0 : 1;
	for (int i = 0; i < cpus; i++)
		sum += (int64_t)values[i];
	return sum;
}
