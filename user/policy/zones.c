/* SPDX-License-Identifier: Apache-2.0 */
/* zones.c - the lists of protected paths; their format is described at the head of policy/zones/secret.list. */
#include "policy/zones.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "policy/diag.h"
#include "policy/read.h"
#include "policy/zone_expand.h"

#include <errno.h>
#include <string.h>

DEFINE_CLEANUP(struct zones *, zones_free)

#define BLANKS " \t"

/* The bits are counted from ssh up; a class without a name would be one that no list can use. */
const char *const zone_class_names[] = { "ssh", "git", "keyring", "gpg", NULL };
_Static_assert(CORDON_CLASS_SSH == 1u << 0 && CORDON_CLASS_GIT == 1u << 1 && CORDON_CLASS_KEYRING == 1u << 2 &&
		   CORDON_CLASS_GPG == 1u << 3,
	       "zone_class_names follows CORDON_CLASS_*");

static const char proc_prefix[] = "proc:";
static const char class_prefix[] = "class=";

/* One line, while it is looked at. */
struct zone_line {
	const struct zone_list *list;
	const char *text;
	unsigned int number;
	struct diag *diag;
	char *path; /* unescaped, without a trailing slash; behind "proc:" */
	bool subtree;
	bool procfs;
	unsigned int classes;
};

static struct diag_place place_of(const struct zone_line *line, const char *at)
{
	return (struct diag_place){ line->list->file, line->number, (unsigned int)(at - line->text) + 1 };
}

void zones_free(struct zones *zones)
{
	if (!zones)
		return;
	for (size_t i = 0; i < zones->count; i++) {
		free(zones->entries[i].path);
		free(zones->entries[i].file);
	}
	free(zones->entries);
	free(zones);
}

/* The path up to the first blank, where "\\ " is a blank of its own. Moves *at behind it. */
static int take_path(struct zone_line *line, const char **at)
{
	const char *in = *at;
	char *out = line->path = malloc(strlen(in) + 1);

	if (!out)
		return -ENOMEM;
	for (; *in && !strchr(BLANKS, *in); in++) {
		if (*in == '\\' && *++in != ' ' && *in != '\\')
			return diag_set(line->diag, -EINVAL, place_of(line, in - 1),
					"a backslash stands only before a blank or another backslash");
		*out++ = *in;
	}
	*out = '\0';
	*at = in;
	return 0;
}

static int take_tags(struct zone_line *line, const char *at)
{
	while (*(at += strspn(at, BLANKS)) && *at != '#') {
		size_t len = strcspn(at, BLANKS);
		_cleanup_free_ char *tag = strndup(at, len);
		const char *name;
		unsigned int bit = 0;

		if (!tag)
			return -ENOMEM;
		if (!text_starts_with(tag, class_prefix))
			return diag_set(
			    line->diag, -EINVAL, place_of(line, at),
			    "unknown tag '%s'; there is only class=NAME, and a blank in a path is written '\\ '", tag);
		name = tag + strlen(class_prefix);
		while (zone_class_names[bit] && strcmp(zone_class_names[bit], name) != 0)
			bit++;
		if (!zone_class_names[bit])
			return diag_set(line->diag, -EINVAL, place_of(line, at),
					"unknown class '%s'; it is one of ssh, git, keyring, gpg", name);
		line->classes |= 1u << bit;
		at += len;
	}
	return 0;
}

static int check_path(struct zone_line *line, const char *at)
{
	const size_t len = strlen(line->path);
	const char *why = NULL;

	if (text_starts_with(line->path, proc_prefix)) {
		const char *name = line->path + strlen(proc_prefix);

		if (!*name || name[strspn(name, "abcdefghijklmnopqrstuvwxyz_")])
			return diag_set(line->diag, -EINVAL, place_of(line, at), "'%s' names no file of /proc/PID",
					line->path);
		line->procfs = true;
		memmove(line->path, name, strlen(name) + 1);
		return 0;
	}
	why = zone_path_mistake(line->path);
	if (why)
		return diag_set(line->diag, -EINVAL, place_of(line, at), "'%s' %s", line->path, why);
	if (line->path[len - 1] == '/') {
		line->subtree = true;
		line->path[len - 1] = '\0';
	}
	return 0;
}

static const struct zone_entry *find_entry(const struct zones *zones, const char *path, bool procfs)
{
	for (size_t i = 0; i < zones->count; i++)
		if (zones->entries[i].procfs == procfs && !strcmp(zones->entries[i].path, path))
			return &zones->entries[i];
	return NULL;
}

/* Takes over `path`. */
static int add_entry(struct zones *zones, const struct zone_line *line, char *path)
{
	struct zone_entry *grown = reallocarray(zones->entries, zones->count + 1, sizeof(*grown));
	char *file = strdup(line->list->file);

	if (grown)
		zones->entries = grown;
	if (!grown || !file) {
		free(path);
		free(file);
		return -ENOMEM;
	}
	grown[zones->count++] = (struct zone_entry){
		.path = path,
		.subtree = line->subtree,
		.procfs = line->procfs,
		.zone = line->list->zone,
		.classes = line->classes,
		.file = file,
		.line = line->number,
	};
	return 0;
}

/*
 * One path of a line. Twice the same path is a mistake, for the second line would not count; only what a * met may be
 * there already (./.env.local and ./.env.*), or what became one by chance (a project that is the home): the first line
 * wins, and secret.list is read first, so the stricter one.
 */
static int add_path(struct zones *zones, const struct zone_line *line, const char *at, const char *path)
{
	const struct zone_entry *there = find_entry(zones, path, line->procfs);
	char *copy;

	if (there && (strchr(line->path, '*') || line->path[0] == '.'))
		return 0;
	if (there)
		return diag_set(line->diag, -EINVAL, place_of(line, at), "'%s' is already in %s, line %u", path,
				there->file, there->line);
	copy = strdup(path);
	return copy ? add_entry(zones, line, copy) : -ENOMEM;
}

static int add_line(struct zones *zones, const struct zone_line *line, const char *at)
{
	const struct zone_list *list = line->list;
	char **paths = NULL;
	size_t count = 0;
	int r;

	if (line->procfs)
		return add_path(zones, line, at, line->path);
	r = zone_path_expand(line->path, list->home, list->project, &paths, &count);
	if (r == -E2BIG)
		return diag_set(line->diag, r, place_of(line, at), "'%s' stands for more than %d paths", line->path,
				ZONE_EXPAND_MAX);
	if (r < 0)
		return diag_set(line->diag, r, place_of(line, at), "'%s' cannot be looked up: %s", line->path,
				strerror(-r));
	for (size_t i = 0; !r && i < count; i++)
		r = add_path(zones, line, at, paths[i]);
	strings_free(paths, count);
	return r;
}

static int parse_line(struct zones *zones, struct zone_line *line)
{
	const char *start = line->text + strspn(line->text, BLANKS), *at = start;
	int r;

	for (const char *c = line->text; *c; c++)
		if (((unsigned char)*c < 0x20 && *c != '\t') || *c == 0x7f)
			return diag_set(line->diag, -EINVAL, place_of(line, c), "a control character");
	if (!*start || *start == '#')
		return 0;
	r = take_path(line, &at);
	if (!r)
		r = take_tags(line, at);
	if (!r)
		r = check_path(line, start);
	return r < 0 ? r : add_line(zones, line, start);
}

int zones_parse(struct zones *zones, const struct zone_list *list, struct diag *ret_diag)
{
	unsigned int number = 0;
	bool empty = true;

	for (const char *at = list->text; *at;) {
		size_t len = strcspn(at, "\n");
		_cleanup_free_ char *text = strndup(at, len), *path = NULL;
		struct zone_line line = { .list = list, .text = text, .number = ++number, .diag = ret_diag };
		int r = text ? parse_line(zones, &line) : -ENOMEM;

		path = line.path;
		if (r < 0)
			return r;
		empty = empty && !line.path;
		at += len + (at[len] == '\n');
	}
	/* A list that was cut off protects nothing, and nobody would notice. */
	if (empty)
		return diag_set(ret_diag, -EINVAL, (struct diag_place){ list->file, 0, 0 }, "names no path");
	return 0;
}

int zones_load(const char *dir, const char *home, const char *project, struct zones **ret, struct diag *ret_diag)
{
	static const struct {
		const char *name;
		unsigned int zone;
	} lists[] = { { "secret.list", CORDON_ZONE_SECRET }, { "hidden.list", CORDON_ZONE_HIDDEN } };
	CLEANUP(zones_free_cleanup) struct zones *zones = calloc(1, sizeof(*zones));

	memset(ret_diag, 0, sizeof(*ret_diag));
	if (!zones)
		return -ENOMEM;
	/* Without a home every line with ~ would protect nothing. */
	if (!home || home[0] != '/' || !project || project[0] != '/')
		return diag_set(ret_diag, -EINVAL, (struct diag_place){ dir, 0, 0 },
				"the user's %s must be known, as an absolute path",
				home && home[0] == '/' ? "working folder" : "home");
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		_cleanup_free_ char *file = text_format("%s/%s", dir, lists[i].name), *text = NULL;
		size_t len;
		int r = file ? policy_read(file, false, &text, &len, ret_diag) : -ENOMEM;

		if (!r && strlen(text) != len)
			r = diag_set(ret_diag, -EINVAL, (struct diag_place){ file, 0, 0 }, "a NUL character");
		if (!r)
			r = zones_parse(zones, &(struct zone_list){ text, file, lists[i].zone, home, project },
					ret_diag);
		if (r < 0)
			return r;
	}
	*ret = TAKE_PTR(zones);
	return 0;
}
