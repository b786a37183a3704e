/* SPDX-License-Identifier: Apache-2.0 */
/*
 * twin.c - places the kprobes behind which bpf/twin.bpf.c looks again, where fmod_ret may be skipped.
 *
 * They stand on the first instruction of a function's body, behind the place where trampolines are hooked in: what
 * fmod_ret refuses does not get that far.
 */
#include "kernel/internal.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "kernel/machine.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PROBES_PER_HOOK 2 /* see bpf/twin.bpf.c */
#define PROBE_TYPE "/sys/bus/event_source/devices/kprobe/type"

static const char *const twin_names[] = {
#define TWIN(verb) #verb,
#include "twins.h"
#undef TWIN
};

#define TWIN_COUNT ARRAY_SIZE(twin_names)

struct twin_hook {
	const char *function; /* NULL: fmod_ret is not on it either */
	uint64_t address;
	unsigned int matches;
};

/*
 * Where a function's body begins. x86: behind the five bytes that ftrace patches, which stand at the function's start, or
 * behind an endbr64 of four where the kernel is built for IBT. There the first of these is the middle of an instruction,
 * and the kernel takes no kprobe on it.
 */
#if defined(__x86_64__)
static const unsigned int body_offsets[] = { 5, 9 };
#else
static const unsigned int body_offsets[] = {}; /* not tried on any other architecture */
#endif

bool kernel_twin_wanted(unsigned int backend, char reason[KERNEL_REASON_LEN])
{
	struct machine machine;

	if (backend != CORDON_BACKEND_FMOD_RET)
		return false;
	machine_read(&machine);
	if (!machine.preempts)
		return false;
	/* There a kprobe must not send a signal: that takes a lock on which PREEMPT_RT may sleep. */
	if (!strcmp(machine.preempt, "rt")) {
		snprintf(reason, KERNEL_REASON_LEN, "PREEMPT_RT lets no program look again");
		return false;
	}
	return true;
}

static int twin_find_functions(struct bpf_object *object, struct twin_hook hooks[TWIN_COUNT], char reason[KERNEL_REASON_LEN])
{
	for (size_t i = 0; i < TWIN_COUNT; i++) {
		const struct bpf_program *prog;
		const char *section;
		char name[64];

		snprintf(name, sizeof(name), "cordon_m_%s", twin_names[i]);
		prog = bpf_object__find_program_by_name(object, name);
		section = prog ? bpf_program__section_name(prog) : NULL;
		if (!section || !text_starts_with(section, "fmod_ret/")) {
			snprintf(reason, KERNEL_REASON_LEN, "no fmod_ret program for the twin '%s'", twin_names[i]);
			return -ENOENT;
		}
		if (bpf_program__autoload(prog))
			hooks[i].function = section + strlen("fmod_ret/");
	}
	return 0;
}

/* A line of /proc/kallsyms: "ffffffff81447470 T security_file_open". */
static void twin_take_symbol(char *line, struct twin_hook hooks[TWIN_COUNT])
{
	char *end, *name;
	uint64_t address = strtoull(line, &end, 16);

	if (end[0] != ' ' || !end[1] || end[2] != ' ')
		return;
	name = end + 3;
	/* Some 200,000 lines, of which some 300 are ours to compare. */
	if (!text_starts_with(name, "security_"))
		return;
	name[strcspn(name, "\t\n")] = '\0';
	for (size_t i = 0; i < TWIN_COUNT; i++) {
		if (!hooks[i].function || strcmp(hooks[i].function, name) != 0)
			continue;
		hooks[i].address = address;
		hooks[i].matches++;
	}
}

static int twin_find_addresses(struct twin_hook hooks[TWIN_COUNT], char reason[KERNEL_REASON_LEN])
{
	_cleanup_fclose_ FILE *file = fopen("/proc/kallsyms", "re");
	_cleanup_free_ char *line = NULL;
	size_t size = 0;

	while (file && getline(&line, &size, file) > 0)
		twin_take_symbol(line, hooks);
	for (size_t i = 0; i < TWIN_COUNT; i++) {
		if (!hooks[i].function || (hooks[i].matches == 1 && hooks[i].address))
			continue;
		snprintf(reason, KERNEL_REASON_LEN, "/proc/kallsyms %s '%s'",
			 hooks[i].matches > 1 ? "has more than one" : "does not tell the address of", hooks[i].function);
		return -ENODATA;
	}
	return 0;
}

/* Gives: a perf event, which is the kprobe; -errno. */
static int twin_probe_open(uint32_t type, const char *function, unsigned int offset)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = type,
		.config1 = (uint64_t)(uintptr_t)function,
		.config2 = offset,
	};
	/* For every task; the processor does not matter, the program runs on all. */
	int fd = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int twin_probe_pin(struct kernel *kernel, int prog, int event, const char *verb, int nr)
{
	_cleanup_close_ int link = bpf_link_create(prog, event, BPF_PERF_EVENT, NULL);
	char path[PATH_MAX + 128];

	if (link < 0)
		return -errno;
	snprintf(path, sizeof(path), "%s/l_cordon_twin_%s_%d", kernel->dir, verb, nr);
	return bpf_obj_pin(link, path) ? -errno : 0;
}

/* Finds the offset with the first of the probes and uses it for the others. */
static int twin_probe(struct kernel *kernel, int prog, uint32_t type, const char *verb, struct twin_hook *hook)
{
	int r = -EOPNOTSUPP;

	for (size_t o = 0; o < ARRAY_SIZE(body_offsets); o++) {
		_cleanup_close_ int first = twin_probe_open(type, hook->function, body_offsets[o]);

		r = first < 0 ? first : 0;
		if (r)
			continue;
		for (int i = 0; !r && i < PROBES_PER_HOOK; i++) {
			_cleanup_close_ int more = i ? twin_probe_open(type, hook->function, body_offsets[o]) : -1;

			r = i && more < 0 ? more : twin_probe_pin(kernel, prog, i ? more : first, verb, i);
		}
		hook->address += body_offsets[o];
		return r;
	}
	return r;
}

/* The programs that are jumped to. */
static int twin_fill(struct kernel *kernel, struct bpf_object *object, uint32_t which)
{
	static const struct {
		const char *prefix;
		enum kernel_map map;
	} tables[] = { { "cordon_k_", KERNEL_MAP_twin_opts }, { "cordon_j_", KERNEL_MAP_twin_aggrs } };

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		const struct bpf_program *prog;
		char name[64];
		int fd;

		snprintf(name, sizeof(name), "%s%s", tables[i].prefix, twin_names[which]);
		prog = bpf_object__find_program_by_name(object, name);
		fd = prog ? bpf_program__fd(prog) : -ENOENT;
		if (fd < 0)
			return fd;
		if (bpf_map_update_elem(kernel->map[tables[i].map], &which, &fd, BPF_ANY))
			return -errno;
	}
	return 0;
}

static int twin_probe_type(uint32_t *ret)
{
	_cleanup_fclose_ FILE *file = fopen(PROBE_TYPE, "re");

	return file && fscanf(file, "%u", ret) == 1 ? 0 : -EOPNOTSUPP;
}

int kernel_twin_attach(struct kernel *kernel, struct bpf_object *object, char reason[KERNEL_REASON_LEN])
{
	const struct bpf_program *prog = bpf_object__find_program_by_name(object, "cordon_twin_probe");
	struct twin_hook hooks[TWIN_COUNT] = { 0 };
	uint32_t type;
	int r = twin_find_functions(object, hooks, reason);

	if (!r)
		r = twin_find_addresses(hooks, reason);
	if (r)
		return r;
	r = twin_probe_type(&type);
	if (r) {
		snprintf(reason, KERNEL_REASON_LEN, "this kernel has no kprobes for perf, or /sys is not mounted");
		return r;
	}
	for (uint32_t i = 0; i < TWIN_COUNT; i++) {
		if (!hooks[i].function)
			continue;
		r = twin_fill(kernel, object, i);
		if (r) {
			snprintf(reason, KERNEL_REASON_LEN, "no twin program '%s': %s", twin_names[i], strerror(-r));
			return r;
		}
		r = twin_probe(kernel, bpf_program__fd(prog), type, twin_names[i], &hooks[i]);
		if (!r && bpf_map_update_elem(kernel->map[KERNEL_MAP_twins], &hooks[i].address, &i, BPF_ANY))
			r = -errno;
		if (r) {
			snprintf(reason, KERNEL_REASON_LEN, "no kprobe in %s: %s", hooks[i].function, strerror(-r));
			return r;
		}
		log_debug("twin %s: %s at %llx", twin_names[i], hooks[i].function, (unsigned long long)hooks[i].address);
	}
	return 0;
}
