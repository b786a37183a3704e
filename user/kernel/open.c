/* SPDX-License-Identifier: Apache-2.0 */
/*
 * open.c - finds the live set of programs or loads one, under a lock of the whole machine.
 *
 * The pin directory is named by the ABI and the object's own hash: a second version of cordon, or another --backend,
 * cannot share maps with running sessions, and is refused while there are any.
 */
#include "kernel/internal.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/rule.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define BPFFS "/sys/fs/bpf"
#define RUN_DIR "/run/cordon"
#define PIN_PREFIX "cordon-"
/* Of kernel_try(). Not swept as another version's: whoever holds the lock finds it only where its maker was killed. */
#define TRY_DIR BPFFS "/cordon_try"

void kernel_pins_dir(char ret[PATH_MAX])
{
	snprintf(ret, PATH_MAX, "%s/%s%u-%016llx", BPFFS, PIN_PREFIX, CORDON_ABI, (unsigned long long)kernel_object_digest());
}

static int open_bpffs(void)
{
	struct statfs fs;

	if (statfs(BPFFS, &fs))
		return -errno;
	if ((unsigned long)fs.f_type == BPF_FS_MAGIC)
		return 0;
	return mount("bpf", BPFFS, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") ? -errno : 0;
}

static int open_lock_file(void)
{
	int fd;

	if (mkdir(RUN_DIR, 0755) && errno != EEXIST)
		return -errno;
	fd = open(RUN_DIR "/lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	return fd < 0 ? -errno : fd;
}

int kernel_lock(struct kernel *kernel)
{
	while (flock(kernel->lock, LOCK_EX))
		if (errno != EINTR)
			return -errno;
	kernel->locked = true;
	return 0;
}

void kernel_unlock(struct kernel *kernel)
{
	if (kernel->locked)
		flock(kernel->lock, LOCK_UN);
	kernel->locked = false;
}

static void open_init(struct kernel *kernel)
{
	memset(kernel, 0, sizeof(*kernel));
	kernel->lock = -1;
	for (size_t i = 0; i < KERNEL_MAP_COUNT; i++)
		kernel->map[i] = -1;
	for (size_t i = 0; i < KERNEL_PROG_COUNT; i++)
		kernel->prog[i] = kernel->cgroup_link[i] = -1;
}

void kernel_close(struct kernel *kernel)
{
	if (!kernel)
		return;
	ring_buffer__free(kernel->ring);
	kernel_pins_close(kernel);
	if (kernel->lock >= 0)
		close(kernel->lock);
	free(kernel);
}

/* Whether any session has a controller or a task. */
static bool open_has_sessions(struct kernel *kernel)
{
	uint32_t id, next, none = 0;
	bool first = true;

	/* Id 0 is a canary's whose loader was killed. */
	while (!bpf_map_get_next_key(kernel->map[KERNEL_MAP_sessions], first ? NULL : &id, &next)) {
		if (next != none)
			return true;
		first = false;
		id = next;
	}
	return false;
}

/* Sets of other versions: swept where nothing lives in them, else in our way. */
static int open_check_others(const char *own)
{
	DIR *dir = opendir(BPFFS);
	struct dirent *entry;
	int r = 0;

	if (!dir)
		return -errno;
	while (!r && (entry = readdir(dir))) {
		struct kernel other;

		if (!text_starts_with(entry->d_name, PIN_PREFIX) || !strcmp(entry->d_name, text_basename(own)))
			continue;
		open_init(&other);
		snprintf(other.dir, sizeof(other.dir), "%s/%s", BPFFS, entry->d_name);
		/* Another ABI's maps cannot be read with our structs, but sessions' keys are numbers in all of them. */
		if (kernel_pins_open(&other) == 0 && open_has_sessions(&other))
			r = -EBUSY;
		else
			kernel_pins_remove(other.dir);
		kernel_pins_close(&other);
	}
	closedir(dir);
	return r;
}

static int open_load(struct kernel *kernel, int wanted, struct kernel_attempts *ret_attempts)
{
	int r = -EOPNOTSUPP;

	for (unsigned int backend = 0; backend < CORDON_BACKEND_COUNT; backend++) {
		struct kernel_attempt *attempt = &ret_attempts->of[backend];

		if (wanted >= 0 && (unsigned int)wanted != backend)
			continue;
		attempt->tried = true;
		attempt->error = kernel_load(kernel, backend, attempt->reason);
		log_debug("backend %s: %s", backend_name(backend), attempt->error ? attempt->reason : "works");
		if (!attempt->error)
			return 0;
		if (attempt->error == -EPERM && geteuid() != 0)
			r = -EPERM;
		kernel_pins_close(kernel);
	}
	return r;
}

static int open_live(struct kernel *kernel, int wanted)
{
	int r = kernel_pins_open(kernel);

	if (r)
		return r;
	kernel_sweep(kernel, 0);
	if (!open_has_sessions(kernel))
		return -ENODATA; /* swept: the canary shall see a fresh set */
	return wanted >= 0 && (unsigned int)wanted != kernel->backend ? -EBUSY : 0;
}

static int open_any(struct kernel *kernel, int wanted, struct kernel_attempts *ret_attempts)
{
	int r = open_bpffs();

	if (r)
		return r;
	kernel_pins_dir(kernel->dir);
	kernel_pins_remove(TRY_DIR);
	r = open_check_others(kernel->dir);
	if (r)
		return r;
	if (!access(kernel->dir, F_OK)) {
		r = open_live(kernel, wanted);
		if (!r || r == -EBUSY)
			return r;
		kernel_pins_close(kernel);
		kernel_pins_remove(kernel->dir);
	}
	return open_load(kernel, wanted, ret_attempts);
}

int kernel_open(int wanted, struct kernel **ret, struct kernel_attempts *ret_attempts)
{
	struct kernel *kernel = malloc(sizeof(*kernel));
	int r;

	memset(ret_attempts, 0, sizeof(*ret_attempts));
	if (!kernel)
		return -ENOMEM;
	open_init(kernel);
	r = open_lock_file();
	if (r >= 0) {
		kernel->lock = r;
		r = kernel_lock(kernel);
	}
	if (!r)
		r = open_any(kernel, wanted, ret_attempts);
	if (r) {
		kernel_close(kernel);
		return r;
	}
	*ret = kernel;
	return 0;
}

static int try_prepare(struct kernel *kernel, char reason[KERNEL_REASON_LEN])
{
	int r = open_lock_file();

	if (r >= 0) {
		kernel->lock = r;
		r = kernel_lock(kernel);
	}
	if (r) {
		snprintf(reason, KERNEL_REASON_LEN, "cannot lock '%s/lock': %s", RUN_DIR, strerror(-r));
		return r;
	}
	r = open_bpffs();
	if (r)
		snprintf(reason, KERNEL_REASON_LEN, "no bpf file system on '%s': %s", BPFFS, strerror(-r));
	return r;
}

int kernel_try(unsigned int backend, struct kernel_attempt *ret)
{
	struct kernel kernel;

	open_init(&kernel);
	memset(ret, 0, sizeof(*ret));
	ret->tried = true;
	ret->error = try_prepare(&kernel, ret->reason);
	if (!ret->error) {
		snprintf(kernel.dir, sizeof(kernel.dir), "%s", TRY_DIR);
		kernel_pins_remove(kernel.dir);
		ret->error = kernel_load(&kernel, backend, ret->reason);
		ret->twins = kernel.twins;
		memcpy(ret->twin_reason, kernel.twin_reason, sizeof(ret->twin_reason));
		kernel_pins_close(&kernel);
		kernel_pins_remove(kernel.dir);
	}
	if (kernel.lock >= 0)
		close(kernel.lock);
	return ret->error;
}

unsigned int kernel_backend(const struct kernel *kernel)
{
	return kernel->backend;
}

bool kernel_twins(const struct kernel *kernel)
{
	return kernel->twins;
}

const char *kernel_pin_dir(const struct kernel *kernel)
{
	return kernel->dir;
}
