/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup.c - trace: a cgroup2 of the session's own, with the programs that can refuse the network.
 *
 * It is made below the cgroup that the command is in already, so that a service manager's limits and clean-up still
 * hold. cgroup2 may sit beside v1 hierarchies, at /sys/fs/cgroup/unified.
 */
#include "kernel/internal.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define CGROUP_PREFIX "cordon-" /* and the controller's pid, and the session's number */

static const char *cgroup_root(void)
{
	static const char *const roots[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };
	struct statfs fs;

	for (size_t i = 0; i < ARRAY_SIZE(roots); i++)
		if (!statfs(roots[i], &fs) && (unsigned long)fs.f_type == CGROUP2_SUPER_MAGIC)
			return roots[i];
	return NULL;
}

/* The process's line of the unified hierarchy: "0::/PATH". */
static int cgroup_of(pid_t pid, char *ret, size_t size)
{
	_cleanup_fclose_ FILE *file = NULL;
	char path[64], line[PATH_MAX];

	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		if (!text_starts_with(line, "0::/"))
			continue;
		line[strcspn(line, "\n")] = '\0';
		if ((size_t)snprintf(ret, size, "%s", line + 3) >= size)
			return -ENAMETOOLONG;
		return 0;
	}
	return -ENOENT;
}

static int cgroup_attach(struct kernel *kernel, int cgroup)
{
	static const enum bpf_attach_type types[] = {
		BPF_CGROUP_INET4_CONNECT, BPF_CGROUP_INET6_CONNECT, BPF_CGROUP_UDP4_SENDMSG,
		BPF_CGROUP_UDP6_SENDMSG,  BPF_CGROUP_INET4_BIND,	BPF_CGROUP_INET6_BIND,
	};
	_Static_assert(ARRAY_SIZE(types) == KERNEL_PROG_COUNT - KERNEL_PROG_cordon_connect4, "one type for each program");

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		size_t prog = KERNEL_PROG_cordon_connect4 + i;

		if (kernel->prog[prog] < 0)
			return -ENOENT;
		kernel->cgroup_link[prog] = bpf_link_create(kernel->prog[prog], cgroup, types[i], NULL);
		if (kernel->cgroup_link[prog] < 0)
			return -errno;
	}
	return 0;
}

/* The links live as long as this process; a controller that dies leaves trace.bpf.c, which ends what it cannot refuse:
 * the session's cgroup is then taken out of `sessions` by whoever sweeps. So they are pinned too. */
static void cgroup_pin_path(const struct kernel *kernel, uint32_t id, size_t prog, char path[PATH_MAX + 96])
{
	snprintf(path, PATH_MAX + 96, "%s/c_%u_%s", kernel->dir, id, kernel_prog_names[prog]);
}

static int cgroup_pin(struct kernel *kernel, uint32_t id)
{
	for (size_t i = KERNEL_PROG_cordon_connect4; i < KERNEL_PROG_COUNT; i++) {
		char path[PATH_MAX + 96];

		cgroup_pin_path(kernel, id, i, path);
		if (bpf_obj_pin(kernel->cgroup_link[i], path))
			return -errno;
	}
	return 0;
}

/* Its links, see kernel_id_gone(). */
void kernel_cgroup_gone(struct kernel *kernel, uint32_t id)
{
	for (size_t i = KERNEL_PROG_cordon_connect4; i < KERNEL_PROG_COUNT; i++) {
		struct bpf_link_info info = {};
		uint32_t len = sizeof(info);
		char path[PATH_MAX + 96];
		_cleanup_close_ int link = -1;

		cgroup_pin_path(kernel, id, i, path);
		link = bpf_obj_get(path);
		if (link >= 0 && !bpf_obj_get_info_by_fd(link, &info, &len))
			kernel_id_gone(kernel, KERNEL_ID_LINK | info.id);
	}
}

/* Detaches the session's programs and removes its cgroup, which is empty by then. */
void kernel_cgroup_end(struct kernel *kernel, uint32_t id)
{
	char path[PATH_MAX + 96];

	for (size_t i = KERNEL_PROG_cordon_connect4; i < KERNEL_PROG_COUNT; i++) {
		cgroup_pin_path(kernel, id, i, path);
		unlink(path);
		if (kernel->cgroup_link[i] >= 0)
			close(TAKE_FD(kernel->cgroup_link[i]));
	}
	if (kernel->cgroup[0] && rmdir(kernel->cgroup))
		log_debug("cannot remove '%s': %s", kernel->cgroup, strerror(errno));
	kernel->cgroup[0] = '\0';
}

static int cgroup_move(const char *dir, pid_t pid)
{
	char path[PATH_MAX + 16], text[16];
	_cleanup_close_ int fd = -1;
	int len;

	snprintf(path, sizeof(path), "%s/cgroup.procs", dir);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	len = snprintf(text, sizeof(text), "%d", (int)pid);
	return write(fd, text, (size_t)len) == len ? 0 : -errno;
}

static int cgroup_register(struct kernel *kernel, uint32_t id, const char *dir)
{
	struct cordon_session session;
	struct stat st;
	uint64_t key;

	/* The inode number of a cgroup2 directory is its id. */
	if (stat(dir, &st))
		return -errno;
	key = st.st_ino;
	if (bpf_map_update_elem(kernel->map[KERNEL_MAP_cgroups], &key, &id, BPF_ANY) ||
	    bpf_map_lookup_elem(kernel->map[KERNEL_MAP_sessions], &id, &session))
		return -errno;
	session.cgroup = key;
	return kernel_session_update(kernel, id, &session);
}

/* Folders of controllers that were killed: with one of our own name in the way the session would be without. What still
 * has processes cannot be removed. */
static void cgroup_tidy(const char *parent)
{
	DIR *dir = opendir(parent);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char *end = NULL;
		long owner;

		if (!text_starts_with(entry->d_name, CGROUP_PREFIX))
			continue;
		owner = strtol(entry->d_name + strlen(CGROUP_PREFIX), &end, 10);
		if (owner <= 0 || *end != '-' || (owner != getpid() && (!kill((pid_t)owner, 0) || errno != ESRCH)))
			continue;
		if (unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR))
			log_debug("cannot remove '%s': %s", entry->d_name, strerror(errno));
	}
	if (dir)
		closedir(dir);
}

int kernel_session_cgroup(struct kernel *kernel, uint32_t id, pid_t pid)
{
	const char *root = cgroup_root();
	char own[PATH_MAX / 2];
	_cleanup_close_ int fd = -1;
	size_t used;
	int r;

	if (!root)
		return -ENOENT;
	r = cgroup_of(pid, own, sizeof(own));
	if (r)
		return r;
	snprintf(kernel->cgroup, sizeof(kernel->cgroup), "%s%s", root, strcmp(own, "/") ? own : "");
	cgroup_tidy(kernel->cgroup);
	used = strlen(kernel->cgroup);
	snprintf(kernel->cgroup + used, sizeof(kernel->cgroup) - used, "/" CGROUP_PREFIX "%d-%u", (int)getpid(), id);
	if (mkdir(kernel->cgroup, 0755)) {
		r = -errno;
		kernel->cgroup[0] = '\0';
		return r;
	}
	fd = open(kernel->cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = fd < 0 ? -errno : cgroup_attach(kernel, fd);
	if (!r)
		r = cgroup_pin(kernel, id);
	if (!r)
		r = kernel_learn_objects(kernel);
	if (!r)
		r = cgroup_move(kernel->cgroup, pid);
	if (!r)
		r = cgroup_register(kernel, id, kernel->cgroup);
	if (r && rmdir(kernel->cgroup))
		log_debug("cannot remove '%s'", kernel->cgroup);
	return r;
}
