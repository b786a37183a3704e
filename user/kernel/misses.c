/* SPDX-License-Identifier: Apache-2.0 */
/* misses.c - how often the kernel skipped programs of the set that is live; for doctor. */
#include "kernel/internal.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Takes: the pin of a link. Gives 1 where the misses of its program mean something: a kprobe's own does nothing
 * (bpf/twin.bpf.c). */
static int misses_of(const char *path, uint64_t *ret)
{
	_cleanup_close_ int link = bpf_obj_get(path), prog = -1;
	struct bpf_link_info link_info = {};
	struct bpf_prog_info info = {};
	uint32_t len = sizeof(link_info);

	if (link < 0 || bpf_obj_get_info_by_fd(link, &link_info, &len))
		return -errno;
	if (link_info.type == BPF_LINK_TYPE_PERF_EVENT)
		return 0;
	prog = bpf_prog_get_fd_by_id(link_info.prog_id);
	len = sizeof(info);
	if (prog < 0 || bpf_obj_get_info_by_fd(prog, &info, &len))
		return -errno;
	*ret = info.recursion_misses;
	return 1;
}

int kernel_misses(kernel_misses_fn fn, void *arg)
{
	char dir[PATH_MAX], path[PATH_MAX + NAME_MAX + 2];
	struct dirent *entry;
	int seen = 0;
	DIR *d;

	kernel_pins_dir(dir);
	d = opendir(dir);
	if (!d)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(d))) {
		uint64_t misses = 0;

		if (!text_starts_with(entry->d_name, "l_"))
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		/* One that goes meanwhile belongs to a session that ends. */
		if (misses_of(path, &misses) <= 0)
			continue;
		seen++;
		if (misses)
			fn(entry->d_name + strlen("l_"), misses, arg);
	}
	closedir(d);
	return seen;
}
