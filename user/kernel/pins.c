/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pins.c - the pin directory: one set of programs per machine, opened by every later session.
 */
#include "kernel/internal.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define MAP_NAME(name) [KERNEL_MAP_##name] = #name,
const char *const kernel_map_names[KERNEL_MAP_COUNT] = { KERNEL_MAPS(MAP_NAME) };
#undef MAP_NAME
#define PROG_NAME(name) [KERNEL_PROG_##name] = #name,
const char *const kernel_prog_names[KERNEL_PROG_COUNT] = { KERNEL_PROGS(PROG_NAME) KERNEL_CGROUP_PROGS(PROG_NAME) };
#undef PROG_NAME

/* Links hold what they attach: beside the pins, which anybody's umount could take. */
int kernel_pins_open_links(struct kernel *kernel)
{
	DIR *dir = opendir(kernel->dir);
	struct dirent *entry;
	char path[PATH_MAX + NAME_MAX + 2];
	int r = 0;

	if (!dir)
		return -errno;
	while (!r && (entry = readdir(dir))) {
		int fd;

		if (!text_starts_with(entry->d_name, "l_"))
			continue;
		snprintf(path, sizeof(path), "%s/%s", kernel->dir, entry->d_name);
		fd = bpf_obj_get(path);
		if (text_starts_with(entry->d_name, "l_cordon_twin_"))
			kernel->twins = true;
		if (fd < 0)
			r = -errno;
		else if (kernel->link_count == KERNEL_LINKS_MAX)
			r = -E2BIG;
		else
			kernel->link[kernel->link_count++] = fd;
	}
	closedir(dir);
	return r;
}

/* Opens every map, program and link of kernel->dir. A set that lacks one is half made (its loader was killed): -ENODATA,
 * and the caller makes a new one. */
int kernel_pins_open(struct kernel *kernel)
{
	struct cordon_state state;
	char path[PATH_MAX + 64];
	uint32_t zero = 0;

	for (size_t i = 0; i < KERNEL_MAP_COUNT; i++) {
		snprintf(path, sizeof(path), "%s/m_%s", kernel->dir, kernel_map_names[i]);
		kernel->map[i] = bpf_obj_get(path);
		if (kernel->map[i] < 0)
			return errno == ENOENT ? -ENODATA : -errno;
	}
	if (bpf_map_lookup_elem(kernel->map[KERNEL_MAP_state], &zero, &state))
		return -errno;
	kernel->backend = state.backend;
	for (size_t i = 0; i < KERNEL_PROG_COUNT; i++) {
		snprintf(path, sizeof(path), "%s/p_%s", kernel->dir, kernel_prog_names[i]);
		kernel->prog[i] = bpf_obj_get(path);
		if (kernel->prog[i] < 0 && (i < KERNEL_PROG_cordon_connect4 || state.backend == CORDON_BACKEND_TRACE))
			return errno == ENOENT ? -ENODATA : -errno;
	}
	return kernel_pins_open_links(kernel);
}

void kernel_pins_close(struct kernel *kernel)
{
	for (size_t i = 0; i < KERNEL_MAP_COUNT; i++) {
		if (kernel->map[i] >= 0)
			close(TAKE_FD(kernel->map[i]));
	}
	for (size_t i = 0; i < KERNEL_PROG_COUNT; i++) {
		if (kernel->prog[i] >= 0)
			close(TAKE_FD(kernel->prog[i]));
		if (kernel->cgroup_link[i] >= 0)
			close(TAKE_FD(kernel->cgroup_link[i]));
	}
	while (kernel->link_count)
		close(kernel->link[--kernel->link_count]);
	kernel->twins = false;
}

void kernel_pins_remove(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *entry;

	if (!d)
		return;
	while ((entry = readdir(d)))
		if (entry->d_name[0] != '.' && unlinkat(dirfd(d), entry->d_name, 0))
			log_debug("cannot remove the pin '%s': %s", entry->d_name, strerror(errno));
	closedir(d);
	if (rmdir(dir))
		log_debug("cannot remove '%s': %s", dir, strerror(errno));
}
