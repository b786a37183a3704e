/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load.c - loads the programs of one backend, attaches and pins them.
 *
 * Programs are named by backend: cordon_l_ lsm, cordon_m_ fmod_ret, cordon_k_, cordon_j_ and cordon_twin_ its twins, cordon_t_
 * and the cgroup ones trace, all others every backend. Everything is pinned, and the skeleton is gone when this returns:
 * whoever comes later opens pins.
 */
#include "kernel/internal.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/rule.h"
#include "base/text.h"
#include "cordon.skel.h"
#include "kernel/machine.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

/* libbpf explains a refusal in its messages only. The first of a load says which program or map it was; the verifier's
 * log behind it is one message of many lines, for CORDON_DEBUG. */
static char load_message[KERNEL_REASON_LEN];

static int load_print(enum libbpf_print_level level, const char *format, va_list args)
{
	char *text = NULL;
	char *line, *rest;

	if (level == LIBBPF_DEBUG)
		return 0;
	if (vasprintf(&text, format, args) < 0)
		return 0;
	for (rest = text; (line = strsep(&rest, "\n"));) {
		if (!*line)
			continue;
		if (level == LIBBPF_WARN && !load_message[0])
			snprintf(load_message, sizeof(load_message), "%.*s", KERNEL_REASON_LEN - 1, line);
		log_debug("%s", line);
	}
	free(text);
	return 0;
}

/* What the object is: a different one gets a pin directory of its own. */
uint64_t kernel_object_digest(void)
{
	size_t size = 0;
	const void *bytes = cordon_bpf__elf_bytes(&size);

	return text_hash(bytes, size);
}

static bool load_wants(const char *name, unsigned int backend, bool twins)
{
#define CGROUP_NAME(prog) #prog,
	static const char *const cgroup_names[] = { KERNEL_CGROUP_PROGS(CGROUP_NAME) };
#undef CGROUP_NAME

	if (text_ends_with(name, "_test"))
		return false;
	if (text_starts_with(name, "cordon_l_"))
		return backend == CORDON_BACKEND_LSM;
	if (text_starts_with(name, "cordon_m_"))
		return backend == CORDON_BACKEND_FMOD_RET;
	if (text_starts_with(name, "cordon_k_") || text_starts_with(name, "cordon_j_") || text_starts_with(name, "cordon_twin_"))
		return twins;
	if (text_starts_with(name, "cordon_t_"))
		return backend == CORDON_BACKEND_TRACE;
	for (size_t i = 0; i < ARRAY_SIZE(cgroup_names); i++)
		if (!strcmp(name, cgroup_names[i]))
			return backend == CORDON_BACKEND_TRACE;
	return true;
}

/* path hooks are missing without CONFIG_SECURITY_PATH (early RHEL 9), inode_set_acl before 6.2, where an ACL is an xattr as
 * any other, file_truncate before 6.2, where its calls come to path_truncate, file_ioctl_compat before 6.8 and
 * inode_file_setattr before 6.17, where theirs come to file_ioctl, perf_event_open without CONFIG_PERF_EVENTS. Every other
 * hook has to be there. */
static bool load_may_miss(const char *name)
{
	static const char *const optional[] = { "_truncate", "_chmod", "_chown", "_acl", "_ftruncate",
						"_fileattr", "_ioctl_compat", "_perf" };

	for (size_t i = 0; i < ARRAY_SIZE(optional); i++)
		if (text_ends_with(name, optional[i]))
			return true;
	return false;
}

/* Gives: the function that the program is for, 0: none, or this kernel has no such function. */
static int load_target(const struct btf *btf, const struct bpf_program *prog)
{
	const char *section = bpf_program__section_name(prog);
	const char *slash = strchr(section, '/');
	char function[128];

	if (slash && text_starts_with(section, "lsm/"))
		snprintf(function, sizeof(function), "bpf_lsm_%s", slash + 1);
	else if (slash && text_starts_with(section, "fmod_ret/"))
		snprintf(function, sizeof(function), "%s", slash + 1);
	else
		return 0;
	return btf__find_by_name_kind(btf, function, BTF_KIND_FUNC);
}

static bool load_has_target(const struct btf *btf, const struct bpf_program *prog)
{
	const char *section = bpf_program__section_name(prog);

	if (!btf || !(text_starts_with(section, "lsm/") || text_starts_with(section, "fmod_ret/")))
		return true;
	return load_target(btf, prog) > 0;
}

/* lsm/inode_setattr comes in two forms: a shift of arguments is no error to the kernel, so it is us who count. */
static bool load_fits(const struct btf *btf, const struct bpf_program *prog)
{
	const char *name = bpf_program__name(prog);
	const struct btf_type *type;
	bool two = !strcmp(name, "cordon_l_times_two");
	int id;

	if (!two && strcmp(name, "cordon_l_times") != 0)
		return true;
	id = btf ? load_target(btf, prog) : 0;
	type = id > 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL;
	type = type ? btf__type_by_id(btf, type->type) : NULL;
	return (type && btf_vlen(type) == 2) == two;
}

static void load_select(struct cordon_bpf *skel, unsigned int backend, bool twins)
{
	struct btf *btf = btf__load_vmlinux_btf();
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, skel->obj) {
		const char *name = bpf_program__name(prog);
		bool wanted = load_wants(name, backend, twins);

		if (wanted && load_may_miss(name) && !load_has_target(btf, prog))
			wanted = false;
		if (wanted && !load_fits(btf, prog))
			wanted = false;
		bpf_program__set_autoload(prog, wanted);
	}
	btf__free(btf);
}

/* What the verifier had to walk through: the time that a load takes, above all in emulation. */
static void load_log_cost(const struct cordon_bpf *skel)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, skel->obj) {
		struct bpf_prog_info info = {};
		uint32_t len = sizeof(info);

		if (bpf_program__autoload(prog) && !bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &len))
			log_debug("%s: %u instructions verified", bpf_program__name(prog), info.verified_insns);
	}
}

/* iter and cgroup programs are attached when they are used, the kprobes' by twin.c, and those that others jump to never. */
static bool load_attaches(const struct bpf_program *prog)
{
	const char *section = bpf_program__section_name(prog), *name = bpf_program__name(prog);

	if (text_starts_with(name, "cordon_k_") || text_starts_with(name, "cordon_j_"))
		return false;
	return bpf_program__autoload(prog) && !text_starts_with(section, "iter/") && !text_starts_with(section, "cgroup/") &&
	       strcmp(section, "kprobe") != 0;
}

static int load_pin(struct kernel *kernel, struct cordon_bpf *skel)
{
	struct bpf_program *prog;
	struct bpf_map *map;
	char path[PATH_MAX + 64];

	bpf_object__for_each_map(map, skel->obj) {
		if (bpf_map__is_internal(map))
			continue;
		snprintf(path, sizeof(path), "%s/m_%s", kernel->dir, bpf_map__name(map));
		if (bpf_obj_pin(bpf_map__fd(map), path))
			return -errno;
	}
	bpf_object__for_each_program(prog, skel->obj) {
		if (!bpf_program__autoload(prog))
			continue;
		snprintf(path, sizeof(path), "%s/p_%s", kernel->dir, bpf_program__name(prog));
		if (bpf_obj_pin(bpf_program__fd(prog), path))
			return -errno;
	}
	return 0;
}

/* Attaches those that refuse, or all others. */
static int load_attach(struct kernel *kernel, struct cordon_bpf *skel, bool refusing, char reason[KERNEL_REASON_LEN])
{
	struct bpf_program *prog;
	char path[PATH_MAX + 64];

	bpf_object__for_each_program(prog, skel->obj) {
		struct bpf_link *link;
		int r;

		if (!load_attaches(prog) || refusing != text_starts_with(bpf_program__section_name(prog), "fmod_ret/"))
			continue;
		link = bpf_program__attach(prog);
		r = (int)libbpf_get_error(link);
		if (r) {
			snprintf(reason, KERNEL_REASON_LEN, "cannot attach %s: %s", bpf_program__section_name(prog), strerror(-r));
			return r;
		}
		snprintf(path, sizeof(path), "%s/l_%s", kernel->dir, bpf_program__name(prog));
		r = bpf_link__pin(link, path);
		if (!r)
			r = bpf_link__destroy(link); /* the pin keeps it attached */
		else
			bpf_link__destroy(link);
		if (r)
			return r;
	}
	return 0;
}

/* Written once, before anything runs: the kernel counts in it later on. */
static int load_state(struct cordon_bpf *skel, const struct cordon_state *state)
{
	uint32_t zero = 0;

	return bpf_map_update_elem(bpf_map__fd(skel->maps.state), &zero, state, BPF_ANY) ? -errno : 0;
}

static int load_fail(int error, const char *what, char reason[KERNEL_REASON_LEN])
{
	if (!reason[0])
		snprintf(reason, KERNEL_REASON_LEN, "%s: %s%s%.160s", what, strerror(-error), load_message[0] ? "; " : "",
			 load_message);
	return error;
}

static int load_try(struct kernel *kernel, struct cordon_bpf *skel, bool twins, char reason[KERNEL_REASON_LEN])
{
	/* On trace every session may have a cgroup. */
	struct cordon_state state = {
		.backend = kernel->backend,
		.cgroups = kernel->backend == CORDON_BACKEND_TRACE,
		.twins = twins,
		.tasks = CORDON_TASKS_MAX,
	};
	int r = kernel_limits_apply(skel->obj, &state, reason);

	if (!r)
		r = cordon_bpf__load(skel);
	if (r)
		return load_fail(r, "the kernel refuses the programs", reason);
	load_log_cost(skel);
	r = load_state(skel, &state);
	if (r)
		return load_fail(r, "cannot write a map", reason);
	if (mkdir(kernel->dir, 0700) && errno != EEXIST)
		return load_fail(-errno, "cannot make the pin directory", reason);
	r = load_pin(kernel, skel);
	if (r)
		return load_fail(r, "cannot pin", reason);
	r = kernel_pins_open(kernel);
	if (r)
		return load_fail(r, "cannot open the pins", reason);
	r = load_attach(kernel, skel, false, reason);
	/* Before fmod_ret is there to refuse anything, what the canary meets is the twins: they have to end it. */
	if (!r && twins)
		r = kernel_twin_attach(kernel, skel->obj, reason);
	if (!r && twins)
		r = kernel_canary(kernel, reason);
	if (!r)
		r = load_attach(kernel, skel, true, reason);
	if (r)
		return load_fail(r, "cannot attach", reason);
	return kernel_pins_open_links(kernel);
}

/* Whether this kernel takes such a program at all: two instructions, before some ten thousand are verified. */
static int load_probe(unsigned int backend, char reason[KERNEL_REASON_LEN])
{
	static const struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	bool lsm = backend == CORDON_BACKEND_LSM;
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = lsm ? BPF_LSM_MAC : BPF_MODIFY_RETURN);
	struct machine machine;
	int id, fd;

	if (backend == CORDON_BACKEND_TRACE)
		return 0;
	machine_read(&machine);
	/* Where the list can be read it is believed: programs would attach, and never run. Elsewhere the canary tells. */
	if (lsm && machine.lsms[0] && !machine.lsm_bpf) {
		snprintf(reason, KERNEL_REASON_LEN, "bpf is not in the active LSM list (%.200s)", machine.lsms);
		return -EOPNOTSUPP;
	}
	id = libbpf_find_vmlinux_btf_id(lsm ? "file_open" : "security_file_open", opts.expected_attach_type);
	if (id < 0) {
		snprintf(reason, KERNEL_REASON_LEN, "this kernel's BTF has no such hook");
		return id;
	}
	opts.attach_btf_id = (uint32_t)id;
	fd = bpf_prog_load(lsm ? BPF_PROG_TYPE_LSM : BPF_PROG_TYPE_TRACING, "cordon_probe", "GPL", nothing, ARRAY_SIZE(nothing),
			   &opts);
	if (fd < 0) {
		fd = -errno;
		snprintf(reason, KERNEL_REASON_LEN, "the kernel refuses programs of this kind: %s", strerror(-fd));
		return fd;
	}
	close(fd);
	return 0;
}

static int load_set(struct kernel *kernel, bool twins, char reason[KERNEL_REASON_LEN])
{
	struct cordon_bpf *skel = cordon_bpf__open();
	int r;

	reason[0] = load_message[0] = '\0';
	if (!skel)
		return load_fail(-errno, "cannot open the BPF object", reason);
	load_select(skel, kernel->backend, twins);
	r = load_try(kernel, skel, twins, reason);
	cordon_bpf__destroy(skel);
	if (!r)
		r = kernel_learn_objects(kernel);
	if (!r)
		r = kernel_canary(kernel, reason);
	if (r) {
		load_fail(r, "cannot set up", reason);
		kernel_pins_close(kernel);
		kernel_pins_remove(kernel->dir);
	}
	return r;
}

int kernel_load(struct kernel *kernel, unsigned int backend, char reason[KERNEL_REASON_LEN])
{
	bool twins;
	int r;

	reason[0] = load_message[0] = kernel->twin_reason[0] = '\0';
	libbpf_set_print(load_print);
	r = load_probe(backend, reason);
	if (r)
		return r;
	kernel->backend = backend;
	twins = kernel_twin_wanted(backend, kernel->twin_reason);
	r = load_set(kernel, twins, reason);
	if (r && twins) {
		/* Better guarded weakly, which is said, than not. */
		log_debug("no twins: %s", reason);
		memcpy(kernel->twin_reason, reason, sizeof(kernel->twin_reason));
		r = load_set(kernel, false, reason);
	}
	return r;
}
