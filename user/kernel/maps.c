/* SPDX-License-Identifier: Apache-2.0 */
/* maps.c - typed access to the maps that a controller fills. */
#include "base/clock.h"
#include "kernel/internal.h"

#include <errno.h>
#include <string.h>

static int map_set(struct kernel *kernel, enum kernel_map map, const void *key, const void *value)
{
	return bpf_map_update_elem(kernel->map[map], key, value, BPF_ANY) ? -errno : 0;
}

int kernel_zone_add(struct kernel *kernel, const struct cordon_zone_key *key, const struct cordon_zone_val *val)
{
	return map_set(kernel, KERNEL_MAP_zones, key, val);
}

int kernel_names_add(struct kernel *kernel, const struct cordon_name_key *keys, const struct cordon_zone_val *vals,
		     size_t count)
{
	LIBBPF_OPTS(bpf_map_batch_opts, opts, .elem_flags = BPF_ANY);
	uint32_t done = (uint32_t)count;

	return bpf_map_update_batch(kernel->map[KERNEL_MAP_zone_names], keys, vals, &done, &opts) ? -errno : 0;
}

int kernel_gate_add(struct kernel *kernel, const struct cordon_gate_key *key, const struct cordon_gate *gate)
{
	return map_set(kernel, KERNEL_MAP_gates, key, gate);
}

int kernel_recognition_add(struct kernel *kernel, const struct cordon_recognition_key *key,
			   const struct cordon_recognition *val)
{
	return map_set(kernel, KERNEL_MAP_recognition, key, val);
}

int kernel_grant_net(struct kernel *kernel, const struct cordon_grant_net *key)
{
	uint32_t one = 1;

	return map_set(kernel, KERNEL_MAP_grants_net, key, &one);
}

int kernel_grant_file(struct kernel *kernel, const struct cordon_grant_file *key)
{
	uint32_t one = 1;

	return map_set(kernel, KERNEL_MAP_grants_file, key, &one);
}

int kernel_origin_set(struct kernel *kernel, const struct cordon_origin_key *key, unsigned int origin)
{
	struct cordon_origin_val val = { .origin = origin };

	return map_set(kernel, KERNEL_MAP_origins, key, &val);
}

int kernel_made(struct kernel *kernel, uint32_t session, uint64_t parent, const char *name, struct cordon_made *ret)
{
	struct cordon_made_key key = { .parent = parent, .session = session };

	if (strlen(name) >= sizeof(key.name))
		return -ENOENT;
	memcpy(key.name, name, strlen(name));
	return bpf_map_lookup_elem(kernel->map[KERNEL_MAP_made_entries], &key, ret) ? -errno : 0;
}

int kernel_label_get(struct kernel *kernel, uint32_t tgid, struct cordon_label *ret)
{
	uint64_t key = tgid;

	return bpf_map_lookup_elem(kernel->map[KERNEL_MAP_labels], &key, ret) ? -errno : 0;
}

/* Only over a label that is there: a process that ended meanwhile must not leave one behind. */
int kernel_label_set(struct kernel *kernel, uint32_t tgid, const struct cordon_label *label)
{
	uint64_t key = tgid;

	return bpf_map_update_elem(kernel->map[KERNEL_MAP_labels], &key, label, BPF_EXIST) ? -errno : 0;
}

int kernel_package_condemn(struct kernel *kernel, uint32_t session, uint32_t number)
{
	struct cordon_package_key key = { .session = session, .package = number };
	uint32_t condemned = CORDON_PACKAGE_CONDEMNED;

	/* Where there is no room the kernel has condemned them all. */
	if (kernel_package_is_condemned(kernel, session, number))
		return 0;
	return map_set(kernel, KERNEL_MAP_packages, &key, &condemned);
}

bool kernel_package_is_condemned(struct kernel *kernel, uint32_t session, uint32_t number)
{
	struct cordon_package_key key = { .session = session, .package = number };
	struct cordon_session whole;
	uint32_t found;

	if (!bpf_map_lookup_elem(kernel->map[KERNEL_MAP_packages], &key, &found))
		return found == CORDON_PACKAGE_CONDEMNED;
	if (errno != ENOENT || bpf_map_lookup_elem(kernel->map[KERNEL_MAP_sessions], &session, &whole))
		return true;
	return whole.condemned;
}

int kernel_session_update(struct kernel *kernel, uint32_t id, const struct cordon_session *session)
{
	return map_set(kernel, KERNEL_MAP_sessions, &id, session);
}

int kernel_heartbeat(struct kernel *kernel, uint32_t id)
{
	uint64_t now = clock_ns();

	return map_set(kernel, KERNEL_MAP_beats, &id, &now);
}
