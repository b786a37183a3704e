/* SPDX-License-Identifier: Apache-2.0 */
/* ring.c - records in: checked for version, type and size before anybody looks into them. */
#include "kernel/internal.h"

#include "base/cleanup.h"

#include <errno.h>
#include <string.h>

static size_t record_size(uint16_t type)
{
	switch (type) {
	case CORDON_RECORD_EXEC:
		return sizeof(struct cordon_record_exec);
	case CORDON_RECORD_FORK:
	case CORDON_RECORD_EXIT:
		return sizeof(struct cordon_record);
	case CORDON_RECORD_FINDING:
		return sizeof(struct cordon_record_finding);
	case CORDON_RECORD_ARCHIVE:
		return sizeof(struct cordon_record_archive);
	case CORDON_RECORD_PROGRAM:
		return sizeof(struct cordon_record_program);
	case CORDON_RECORD_GATE:
		return sizeof(struct cordon_record_gate);
	default:
		return 0;
	}
}

static bool text_ends(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

static bool record_exec_is_valid(const struct cordon_record_exec *record)
{
	return record->path_len <= sizeof(record->path) && record->args_len <= sizeof(record->args) &&
	       text_ends(record->path, sizeof(record->path));
}

static bool record_finding_is_valid(const struct cordon_record_finding *record)
{
	if (record->rule >= CORDON_RULE_COUNT || record->action >= CORDON_ACTION_COUNT ||
	    record->answer >= CORDON_ANSWER_COUNT || record->op.kind >= CORDON_OP_COUNT ||
	    record->names > CORDON_FINDING_NAMES)
		return false;
	for (uint32_t i = 0; i < record->names; i++)
		if (!text_ends(record->name[i], sizeof(record->name[i])))
			return false;
	return true;
}

static bool record_archive_is_valid(const struct cordon_record_archive *record)
{
	return text_ends(record->name, sizeof(record->name)) && text_ends(record->parent, sizeof(record->parent));
}

static bool record_program_is_valid(const struct cordon_record_program *record)
{
	if (record->names > CORDON_PROGRAM_NAMES)
		return false;
	for (uint32_t i = 0; i < record->names; i++)
		if (!text_ends(record->name[i], sizeof(record->name[i])))
			return false;
	return true;
}

static bool record_gate_is_valid(const struct cordon_record_gate *record)
{
	return record_program_is_valid(&record->look) && text_ends(record->leaf, sizeof(record->leaf));
}

bool kernel_record_is_valid(const void *data, size_t size)
{
	const struct cordon_record *head = data;

	if (size < sizeof(*head) || head->abi != CORDON_ABI || head->size != size || record_size(head->type) != size)
		return false;
	if (head->label.role >= CORDON_ROLE_COUNT || !text_ends(head->comm, sizeof(head->comm)))
		return false;
	switch (head->type) {
	case CORDON_RECORD_EXEC:
		return record_exec_is_valid(data);
	case CORDON_RECORD_FINDING:
		return record_finding_is_valid(data);
	case CORDON_RECORD_ARCHIVE:
		return record_archive_is_valid(data);
	case CORDON_RECORD_PROGRAM:
		return record_program_is_valid(data);
	case CORDON_RECORD_GATE:
		return record_gate_is_valid(data);
	default:
		return true;
	}
}

/* Whoever fills the ring faster than it is emptied must not keep the controller from its heartbeat: so many records at a
 * time, which take it a second at the most where it is emulated. */
#define RING_ROUND 256

static int ring_handle(struct kernel *kernel, const void *data, size_t size)
{
	if (!kernel_record_is_valid(data, size)) {
		kernel->record_bad++;
		return 0;
	}
	return kernel->record_fn(data, kernel->record_arg);
}

/* A negative answer ends the round; the record counts as read. */
static int ring_sample(void *arg, void *data, size_t size)
{
	struct kernel *kernel = arg;
	int r = ring_handle(kernel, data, size);

	return r ? r : ++kernel->round < RING_ROUND ? 0 : -EAGAIN;
}

int kernel_ring_open(struct kernel *kernel, uint32_t id, kernel_record_fn fn, void *arg)
{
	_cleanup_close_ int map = -1;
	uint32_t map_id;

	if (bpf_map_lookup_elem(kernel->map[KERNEL_MAP_rings], &id, &map_id))
		return -errno;
	map = bpf_map_get_fd_by_id(map_id);
	if (map < 0)
		return -errno;
	kernel->record_fn = fn;
	kernel->record_arg = arg;
	kernel->ring = ring_buffer__new(map, ring_sample, kernel, NULL);
	if (!kernel->ring)
		return -errno;
	return ring_buffer__epoll_fd(kernel->ring);
}

int kernel_ring_consume(struct kernel *kernel)
{
	int r;

	kernel->round = 0;
	r = ring_buffer__consume(kernel->ring);
	return r == -EAGAIN && kernel->round == RING_ROUND ? 1 : r < 0 ? r : 0;
}

uint64_t kernel_ring_bad(const struct kernel *kernel)
{
	return kernel->record_bad;
}
