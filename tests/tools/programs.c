/* SPDX-License-Identifier: Apache-2.0 */
/*
 * programs.c - tells in JSON about the set of programs that is live, as the kernel counts.
 *
 *	programs live     once; status 1 where no set is live
 *	programs stats    for each line of input; as long as the input is open, the kernel counts runs and their time
 *	programs built    what this build has, loaded or not: names and sections
 *	programs maps     the entries of each map of the live set, as an object
 *
 * Per live program: name (of its pin: the kernel's own is cut at 15 characters), verified (instructions that the verifier
 * walked through), size (instructions as translated), jited (bytes), attached (a link of the set runs it), runs and ns
 * (only while statistics are on).
 */
#include "kernel/internal.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "cordon.skel.h"

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct set {
	char dir[PATH_MAX];
	uint32_t attached[KERNEL_LINKS_MAX]; /* programs that have a link */
	size_t attached_count;
};

/* Gives the descriptor of the pin `name`, -errno. */
static int set_open(const struct set *set, const char *name)
{
	char path[PATH_MAX + NAME_MAX + 2];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", set->dir, name);
	fd = bpf_obj_get(path);
	return fd < 0 ? -errno : fd;
}

static int set_add_link(struct set *set, const char *name)
{
	_cleanup_close_ int fd = set_open(set, name);
	struct bpf_link_info info = {};
	uint32_t len = sizeof(info);

	if (fd < 0)
		return fd;
	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		return -errno;
	if (set->attached_count == ARRAY_SIZE(set->attached))
		return -E2BIG;
	set->attached[set->attached_count++] = info.prog_id;
	return 0;
}

static bool set_attaches(const struct set *set, uint32_t id)
{
	for (size_t i = 0; i < set->attached_count; i++)
		if (set->attached[i] == id)
			return true;
	return false;
}

static int set_tell_program(const struct set *set, const char *name, json_t *programs)
{
	_cleanup_close_ int fd = set_open(set, name);
	struct bpf_prog_info info = {};
	uint32_t len = sizeof(info);
	json_t *program;

	if (fd < 0)
		return fd;
	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		return -errno;
	program = json_pack("{s:s, s:I, s:I, s:I, s:b, s:I, s:I}", "name", name + strlen("p_"), "verified",
			    (json_int_t)info.verified_insns, "size",
			    (json_int_t)(info.xlated_prog_len / sizeof(struct bpf_insn)), "jited",
			    (json_int_t)info.jited_prog_len, "attached", set_attaches(set, info.id), "runs",
			    (json_int_t)info.run_cnt, "ns", (json_int_t)info.run_time_ns);
	return json_array_append_new(programs, program) ? -ENOMEM : 0;
}

/* All pins of a kind: links first, so that programs know theirs. */
static int set_each(struct set *set, bool links, json_t *programs)
{
	DIR *dir = opendir(set->dir);
	struct dirent *entry;
	int r = 0;

	if (!dir)
		return -errno;
	while (!r && (entry = readdir(dir))) {
		if (links && text_starts_with(entry->d_name, "l_"))
			r = set_add_link(set, entry->d_name);
		else if (!links && text_starts_with(entry->d_name, "p_"))
			r = set_tell_program(set, entry->d_name, programs);
	}
	closedir(dir);
	return r;
}

/* Takes the value. */
static int tell(json_t *value)
{
	int r = json_dumpf(value, stdout, JSON_COMPACT) || putchar('\n') == EOF || fflush(stdout) ? -EIO : 0;

	json_decref(value);
	return r;
}

static int tell_live(void)
{
	struct set set = { 0 };
	json_t *programs = json_array();
	int r;

	kernel_pins_dir(set.dir);
	r = set_each(&set, true, programs);
	if (!r)
		r = set_each(&set, false, programs);
	if (!r)
		return tell(programs);
	json_decref(programs);
	fprintf(stderr, "programs: '%s': %s\n", set.dir, strerror(-r));
	return r;
}

/* Keys are no longer than those of made_entries. */
static int map_count(int fd, json_int_t *ret)
{
	unsigned char key[256];
	bool first = true;

	for (*ret = 0; !bpf_map_get_next_key(fd, first ? NULL : key, key); first = false)
		++*ret;
	return errno == ENOENT ? 0 : -errno;
}

static int tell_maps(void)
{
	struct set set = { 0 };
	json_t *maps = json_object();
	int r = 0;

	kernel_pins_dir(set.dir);
	for (size_t i = 0; !r && i < KERNEL_MAP_COUNT; i++) {
		_cleanup_free_ char *name = text_format("m_%s", kernel_map_names[i]);
		_cleanup_close_ int fd = name ? set_open(&set, name) : -ENOMEM;
		json_int_t count = 0;

		r = fd < 0 ? fd : map_count(fd, &count);
		if (!r && json_object_set_new(maps, kernel_map_names[i], json_integer(count)))
			r = -ENOMEM;
	}
	if (!r)
		return tell(maps);
	json_decref(maps);
	fprintf(stderr, "programs: '%s': %s\n", set.dir, strerror(-r));
	return r;
}

static int tell_built(void)
{
	struct cordon_bpf *skel = cordon_bpf__open();
	json_t *programs = json_array();
	struct bpf_program *prog;

	if (!skel) {
		json_decref(programs);
		return -ENOEXEC;
	}
	bpf_object__for_each_program(prog, skel->obj)
		json_array_append_new(programs, json_pack("{s:s, s:s}", "name", bpf_program__name(prog), "section",
							  bpf_program__section_name(prog)));
	cordon_bpf__destroy(skel);
	return tell(programs);
}

static int tell_stats(void)
{
	/* The kernel takes the statistics back with the descriptor, however we end. */
	_cleanup_close_ int stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
	char line[16];
	int r = 0;

	if (stats < 0) {
		fprintf(stderr, "programs: no statistics: %s\n", strerror(errno));
		return -errno;
	}
	while (!r && fgets(line, sizeof(line), stdin))
		r = tell_live();
	return r;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*fn)(void);
	} verbs[] = { { "live", tell_live }, { "stats", tell_stats }, { "built", tell_built }, { "maps", tell_maps } };

	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (argc == 2 && !strcmp(argv[1], verbs[i].name))
			return verbs[i].fn() ? 1 : 0;
	fprintf(stderr, "usage: programs live|stats|built|maps\n");
	return 2;
}
