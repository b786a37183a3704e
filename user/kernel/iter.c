/* SPDX-License-Identifier: Apache-2.0 */
/*
 * iter.c - what only the kernel knows, asked by iterators: labels by pidfd, addresses of inodes, maps and programs.
 */
#include "kernel/internal.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int iter_pidfd(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? -errno : fd;
}

/* Starts the iterator; `info` NULL: over everything. Gives a descriptor whose reading runs the program. */
static int iter_start(int prog, union bpf_iter_link_info *info)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts);
	_cleanup_close_ int link = -1;
	int fd;

	if (info) {
		opts.iter_info = info;
		opts.iter_info_len = sizeof(*info);
	}
	link = bpf_link_create(prog, 0, BPF_TRACE_ITER, &opts);
	if (link < 0)
		return -errno;
	fd = bpf_iter_create(link);
	return fd < 0 ? -errno : fd;
}

static ssize_t iter_read(int fd, void *buffer, size_t size)
{
	ssize_t n;

	do
		n = read(fd, buffer, size);
	while (n < 0 && (errno == EINTR || errno == EAGAIN));
	return n < 0 ? -errno : n;
}

static int iter_drain(int fd)
{
	char buffer[4096];
	ssize_t n;

	do
		n = iter_read(fd, buffer, sizeof(buffer));
	while (n > 0);
	return (int)n;
}

/* Has cordon_request look at the process behind `pidfd`. Gives -ESRCH where it is gone, else the program's error. The
 * request lies in a map of the machine: callers hold the lock. */
int kernel_request(struct kernel *kernel, int pidfd, struct cordon_request *request)
{
	union bpf_iter_link_info info = { .task.pid_fd = (uint32_t)pidfd };
	_cleanup_close_ int fd = -1;
	uint32_t zero = 0;
	int r;

	request->done = 0;
	if (bpf_map_update_elem(kernel->map[KERNEL_MAP_request], &zero, request, BPF_ANY))
		return -errno;
	fd = iter_start(kernel->prog[KERNEL_PROG_cordon_request], &info);
	if (fd < 0)
		return fd;
	r = iter_drain(fd);
	if (r < 0)
		return r;
	if (bpf_map_lookup_elem(kernel->map[KERNEL_MAP_request], &zero, request))
		return -errno;
	return request->done ? request->error : -ESRCH;
}

int kernel_label(struct kernel *kernel, int pidfd, const struct cordon_label *label, uint32_t *ret_tgid)
{
	struct cordon_request request = { .verb = CORDON_REQUEST_LABEL, .label = *label };
	int r = kernel_request(kernel, pidfd, &request);

	if (!r && ret_tgid)
		*ret_tgid = request.tgid;
	return r;
}

int kernel_origin(struct kernel *kernel, const struct cordon_label *label, int fd, struct kernel_origin *ret)
{
	struct cordon_question question = { .label = *label, .fd = (uint32_t)fd };
	_cleanup_close_ int pidfd = iter_pidfd(getpid());
	union bpf_iter_link_info info = { .task.pid_fd = (uint32_t)pidfd };
	_cleanup_close_ int iter = -1;
	uint32_t session = label->session;
	int r;

	if (pidfd < 0)
		return pidfd;
	if (bpf_map_update_elem(kernel->map[KERNEL_MAP_questions], &session, &question, BPF_ANY))
		return -errno;
	iter = iter_start(kernel->prog[KERNEL_PROG_cordon_origins], &info);
	if (iter < 0)
		return iter;
	r = iter_drain(iter);
	if (r < 0)
		return r;
	if (bpf_map_lookup_elem(kernel->map[KERNEL_MAP_questions], &session, &question))
		return -errno;
	if (!question.done)
		return -ENODATA;
	*ret = (struct kernel_origin){
		.origin = question.origin, .key = question.key, .changed = question.changed, .written = question.written
	};
	return 0;
}

int kernel_who(struct kernel *kernel, int pidfd, struct cordon_label *ret)
{
	struct cordon_request request = { .verb = CORDON_REQUEST_WHO };
	int r = kernel_request(kernel, pidfd, &request);

	if (!r)
		*ret = request.label;
	return r;
}

/* Reads all that the iterator writes. *ret is new, its size in bytes in *ret_size. */
static int iter_slurp(int fd, void **ret, size_t *ret_size)
{
	_cleanup_free_ char *bytes = NULL;
	size_t used = 0, room = 0;
	ssize_t n;

	do {
		if (room - used < 4096) {
			char *more = realloc(bytes, room = room * 2 + 65536);

			if (!more)
				return -ENOMEM;
			bytes = more;
		}
		n = iter_read(fd, bytes + used, room - used);
		if (n < 0)
			return (int)n;
		used += (size_t)n;
	} while (n > 0);
	*ret = TAKE_PTR(bytes);
	*ret_size = used;
	return 0;
}

int kernel_tasks(struct kernel *kernel, uint32_t session, uint32_t level, struct cordon_task_entry **ret, size_t *ret_count)
{
	struct cordon_request request = { .label.session = session, .level = level };
	_cleanup_close_ int fd = -1;
	uint32_t zero = 0;
	void *bytes = NULL;
	size_t size = 0;
	int r;

	if (bpf_map_update_elem(kernel->map[KERNEL_MAP_request], &zero, &request, BPF_ANY))
		return -errno;
	fd = iter_start(kernel->prog[KERNEL_PROG_cordon_tasks], NULL);
	if (fd < 0)
		return fd;
	r = iter_slurp(fd, &bytes, &size);
	if (r)
		return r;
	*ret = bytes;
	*ret_count = size / sizeof(**ret);
	return 0;
}

static int iter_compare_fd(const void *a, const void *b)
{
	uint32_t x = ((const struct cordon_inode_entry *)a)->fd, y = ((const struct cordon_inode_entry *)b)->fd;

	return x < y ? -1 : x > y;
}

/* Reads the whole table of this process's descriptors, sorted by number. */
static int iter_read_inodes(struct kernel *kernel, struct cordon_inode_entry **ret, size_t *ret_count)
{
	_cleanup_close_ int pidfd = iter_pidfd(getpid());
	union bpf_iter_link_info info = { .task.pid_fd = (uint32_t)pidfd };
	_cleanup_close_ int fd = -1;
	void *bytes = NULL;
	size_t size = 0;
	int r;

	if (pidfd < 0)
		return pidfd;
	fd = iter_start(kernel->prog[KERNEL_PROG_cordon_inodes], &info);
	if (fd < 0)
		return fd;
	r = iter_slurp(fd, &bytes, &size);
	if (r)
		return r;
	*ret_count = size / sizeof(**ret);
	*ret = bytes;
	qsort(*ret, *ret_count, sizeof(**ret), iter_compare_fd);
	return 0;
}

int kernel_inodes(struct kernel *kernel, const int *fds, size_t count, struct cordon_inode_entry *ret_entries)
{
	_cleanup_free_ struct cordon_inode_entry *all = NULL;
	size_t all_count = 0;
	int r = iter_read_inodes(kernel, &all, &all_count);

	if (r)
		return r;
	for (size_t i = 0; i < count; i++) {
		struct cordon_inode_entry key = { .fd = (uint32_t)fds[i] };
		struct cordon_inode_entry *found = bsearch(&key, all, all_count, sizeof(key), iter_compare_fd);

		if (!found)
			return -ENODATA;
		ret_entries[i] = *found;
	}
	return 0;
}

/* Id of a map or program, for guard_ids. */
int kernel_object_id(int fd, bool prog, uint64_t *ret)
{
	struct bpf_map_info map = {};
	struct bpf_prog_info program = {};
	uint32_t len = prog ? sizeof(program) : sizeof(map);

	if (bpf_obj_get_info_by_fd(fd, prog ? (void *)&program : (void *)&map, &len))
		return -errno;
	*ret = prog ? KERNEL_ID_PROG | program.id : map.id;
	return 0;
}

static int iter_add(struct kernel *kernel, uint64_t id)
{
	uint32_t one = 1;

	return bpf_map_update_elem(kernel->map[KERNEL_MAP_guard_ids], &id, &one, BPF_ANY) ? -errno : 0;
}

static int iter_add_id(struct kernel *kernel, int fd, bool prog)
{
	uint64_t id;
	int r = kernel_object_id(fd, prog, &id);

	return r ? r : iter_add(kernel, id);
}

/* A link and the program behind it. */
static int iter_add_link(struct kernel *kernel, int fd)
{
	struct bpf_link_info info = {};
	uint32_t len = sizeof(info);
	int r;

	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		return -errno;
	r = iter_add(kernel, KERNEL_ID_LINK | info.id);
	return r ? r : iter_add(kernel, KERNEL_ID_PROG | info.prog_id);
}

static int iter_run(int prog)
{
	_cleanup_close_ int fd = iter_start(prog, NULL);

	return fd < 0 ? fd : iter_drain(fd);
}

/* The super block of our bpffs: who unmounts it takes the pins away. */
int kernel_learn_super(struct kernel *kernel)
{
	_cleanup_close_ int fd = open(kernel->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct cordon_inode_entry entry;
	uint32_t one = 1;
	int r;

	if (fd < 0)
		return -errno;
	r = kernel_inodes(kernel, &fd, 1, &entry);
	if (r)
		return r;
	return bpf_map_update_elem(kernel->map[KERNEL_MAP_guard_objects], &entry.super, &one, BPF_ANY) ? -errno : 0;
}

int kernel_id_gone(struct kernel *kernel, uint64_t id)
{
	uint32_t gone = CORDON_ID_GONE;

	return bpf_map_update_elem(kernel->map[KERNEL_MAP_guard_ids], &id, &gone, BPF_EXIST) ? -errno : 0;
}

/* While they are still there. What is left of them is an address too much, which protects another's map from a guarded
 * task; so a failure is none. */
void kernel_forget_objects(struct kernel *kernel)
{
	uint64_t id, next;
	bool first = true;

	if (iter_run(kernel->prog[KERNEL_PROG_cordon_maps]) || iter_run(kernel->prog[KERNEL_PROG_cordon_links]))
		return;
	while (!bpf_map_get_next_key(kernel->map[KERNEL_MAP_guard_ids], first ? NULL : &id, &next)) {
		uint32_t value = 0;

		first = false;
		id = next;
		if (id == UINT64_MAX || bpf_map_lookup_elem(kernel->map[KERNEL_MAP_guard_ids], &id, &value))
			continue;
		if (value == CORDON_ID_GONE && !bpf_map_delete_elem(kernel->map[KERNEL_MAP_guard_ids], &id))
			first = true;
	}
}

/* An object whose address finds no room would be nobody's to protect. */
static int iter_learn(struct kernel *kernel)
{
	struct cordon_request request = { 0 };
	uint32_t zero = 0;
	int r = bpf_map_update_elem(kernel->map[KERNEL_MAP_request], &zero, &request, BPF_ANY) ? -errno : 0;

	if (!r)
		r = iter_run(kernel->prog[KERNEL_PROG_cordon_maps]);
	if (!r)
		r = iter_run(kernel->prog[KERNEL_PROG_cordon_progs]);
	if (!r)
		r = iter_run(kernel->prog[KERNEL_PROG_cordon_links]);
	if (!r)
		r = bpf_map_lookup_elem(kernel->map[KERNEL_MAP_request], &zero, &request) ? -errno : request.error;
	return r;
}

/* Finds the kernel addresses of our maps and programs, the rings of running sessions too. Under the lock. */
int kernel_learn_objects(struct kernel *kernel)
{
	int r = 0;

	for (size_t i = 0; !r && i < KERNEL_MAP_COUNT; i++)
		r = iter_add_id(kernel, kernel->map[i], false);
	for (size_t i = 0; !r && i < kernel->link_count; i++)
		r = iter_add_link(kernel, kernel->link[i]);
	for (size_t i = 0; !r && i < KERNEL_PROG_COUNT; i++)
		if (kernel->cgroup_link[i] >= 0)
			r = iter_add_link(kernel, kernel->cgroup_link[i]);
	for (size_t i = 0; !r && i < KERNEL_PROG_COUNT; i++)
		if (kernel->prog[i] >= 0)
			r = iter_add_id(kernel, kernel->prog[i], true);
	if (!r)
		r = iter_learn(kernel);
	return r ? r : kernel_learn_super(kernel);
}
