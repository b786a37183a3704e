/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trip.c - makes cordon stumble at a chosen place: a library for LD_PRELOAD, for tests/limits.
 *
 *   TRIP_IN=run|attach     in which of cordon's processes: the supervisor, or the controller
 *   TRIP_ALLOC=N           its Nth allocation fails; N+: all from there on
 *   TRIP_CALL=NAME:N       the Nth call of a function of TRIP_CALLS below...
 *   TRIP_DO=kill|stop      ...ends or stops the process, before the function is entered
 *   TRIP_LOG=FILE          one line for each of those calls; and at TRIP_LOG.allocs a number, how many allocations there were
 *
 * Whatever is no cordon, such as the command that it guards, is left alone. Not with ASan, which has its own allocator.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct {
	bool active;           /* this process is the one */
	unsigned long fail_at; /* 0: none */
	bool fail_on;
	const char *call;
	unsigned long call_at;
	int call_signal, log;
	atomic_ulong *allocs; /* in the file, for whoever looks */
} trip = { .log = -1 };

static atomic_ulong trip_allocs, trip_calls;

/* Whether this is `cordon VERB`. */
static bool trip_is_meant(const char *verb)
{
	char exe[PATH_MAX], args[4096];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	int fd;

	if (n < 0)
		return false;
	exe[n] = '\0';
	if (n < 7 || strcmp(exe + n - 7, "/cordon"))
		return false;
	fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, args, sizeof(args) - 1);
	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return false;
	args[n] = '\0';
	return strlen(args) + 1 < (size_t)n && !strcmp(args + strlen(args) + 1, verb);
}

static void trip_open_log(const char *path)
{
	char name[PATH_MAX];
	int fd;

	trip.log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	snprintf(name, sizeof(name), "%s.allocs", path);
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0 || ftruncate(fd, sizeof(*trip.allocs)))
		return;
	trip.allocs = mmap(NULL, sizeof(*trip.allocs), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (trip.allocs == MAP_FAILED)
		trip.allocs = NULL;
	close(fd);
}

__attribute__((constructor)) static void trip_begin(void)
{
	const char *verb = getenv("TRIP_IN"), *alloc = getenv("TRIP_ALLOC"), *call = getenv("TRIP_CALL");
	const char *what = getenv("TRIP_DO"), *log = getenv("TRIP_LOG");
	char *end;

	if (!verb || !trip_is_meant(verb))
		return;
	if (log)
		trip_open_log(log);
	if (alloc) {
		trip.fail_at = strtoul(alloc, &end, 10);
		trip.fail_on = *end == '+';
	}
	if (call && strchr(call, ':')) {
		trip.call = call;
		trip.call_at = strtoul(strchr(call, ':') + 1, NULL, 10);
		trip.call_signal = what && !strcmp(what, "stop") ? SIGSTOP : SIGKILL;
	}
	trip.active = true;
}

/* --- allocations ---------------------------------------------------------------------------------------------------- */

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);

static bool alloc_fails(void)
{
	unsigned long nr;

	if (!trip.active)
		return false;
	nr = atomic_fetch_add(&trip_allocs, 1) + 1;
	if (trip.allocs && atomic_load(trip.allocs) < nr)
		atomic_store(trip.allocs, nr);
	if (!trip.fail_at || (trip.fail_on ? nr < trip.fail_at : nr != trip.fail_at))
		return false;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return alloc_fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return alloc_fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	return alloc_fails() ? NULL : __libc_realloc(old, size);
}

/* --- calls ---------------------------------------------------------------------------------------------------------- */

/* One on the way: what the real function calls itself is not counted. */
static __thread bool call_inside;

static void call_meet(const char *name)
{
	size_t len = strlen(name);
	char line[64];
	int n;

	if (!trip.active || call_inside)
		return;
	call_inside = true;
	if (trip.log >= 0) {
		n = snprintf(line, sizeof(line), "%s %d\n", name, (int)getpid());
		if (write(trip.log, line, (size_t)n) != n)
			_exit(99);
	}
	if (trip.call && !strncmp(trip.call, name, len) && trip.call[len] == ':' &&
	    atomic_fetch_add(&trip_calls, 1) + 1 == trip.call_at)
		kill(getpid(), trip.call_signal);
	call_inside = false;
}

/* Numbers and pointers are passed on as they came, seven at the most: none of them takes more, or anything else. By another
 * name, since some are declared above. */
#define TRIP_WRAP(name)                                                                                     \
	long trip_##name(long a, long b, long c, long d, long e, long f, long g) __asm__(#name);            \
	long trip_##name(long a, long b, long c, long d, long e, long f, long g)                            \
	{                                                                                                   \
		static long (*real)(long, long, long, long, long, long, long);                              \
                                                                                                            \
		if (!real)                                                                                  \
			real = (long (*)(long, long, long, long, long, long, long))dlsym(RTLD_NEXT, #name); \
		call_meet(#name);                                                                           \
		return real(a, b, c, d, e, f, g);                                                           \
	}

TRIP_WRAP(flock)
TRIP_WRAP(bpf_object__load_skeleton)
TRIP_WRAP(bpf_obj_pin)
TRIP_WRAP(bpf_program__attach)
TRIP_WRAP(bpf_map_create)
TRIP_WRAP(bpf_map_delete_elem)
TRIP_WRAP(bpf_iter_create)
TRIP_WRAP(ring_buffer__new)
TRIP_WRAP(ring_buffer__consume)
TRIP_WRAP(sqlite3_step)
TRIP_WRAP(sendmsg)
TRIP_WRAP(pread)
TRIP_WRAP(nanosleep)
TRIP_WRAP(open_memstream)
TRIP_WRAP(waitpid)
TRIP_WRAP(poll)
