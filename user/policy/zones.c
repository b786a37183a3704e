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
const char *const zone_class_names[] = { "ssh", "git", "keyring", "gpg", "names", NULL };
_Static_assert(CORDON_CLASS_SSH == 1u << 0 && CORDON_CLASS_GIT == 1u << 1 && CORDON_CLASS_KEYRING == 1u << 2 &&
		   CORDON_CLASS_GPG == 1u << 3 && CORDON_CLASS_NAMES == 1u << 4,
	       "zone_class_names follows CORDON_CLASS_*");

unsigned int zone_class(const char *name)
{
	for (unsigned int bit = 0; zone_class_names[bit]; bit++)
		if (!strcmp(zone_class_names[bit], name))
			return 1u << bit;
	return 0;
}

static const char proc_prefix[] = "proc:";
static const char class_prefix[] = "class=";
static const char by_installer[] = "by=installer";
static const char anywhere_prefix[] = "*/";

/* One line, while it is looked at. */
struct zone_line {
	const struct zone_list *list;
	const char *text;
	unsigned int number;
	struct diag *diag;
	char *path; /* unescaped, without a trailing slash; behind "proc:" or "*\/" */
	bool subtree;
	bool procfs;
	bool anywhere;
	unsigned int classes;
};

static struct diag_place place_of(const struct zone_line *line, const char *at)
{
	return (struct diag_place){ line->list->file, line->number, (unsigned int)(at - line->text) + 1 };
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

/* Who may read it for all that. What is written later is nobody's to read, and a tool's place is everybody's. */
static int take_class(struct zone_line *line, const char *at, const char *name)
{
	unsigned int class = zone_class(name);

	if (line->list->zone == CORDON_ZONE_PERSIST || line->list->zone == CORDON_ZONE_TOOL)
		return diag_set(line->diag, -EINVAL, place_of(line, at), "class= is for what is kept from readers");
	if (!class)
		return diag_set(line->diag, -EINVAL, place_of(line, at),
				"unknown class '%s'; it is one of ssh, git, keyring, gpg, names", name);
	line->classes |= class;
	return 0;
}

static int take_tags(struct zone_line *line, const char *at)
{
	while (*(at += strspn(at, BLANKS)) && *at != '#') {
		size_t len = strcspn(at, BLANKS);
		_cleanup_free_ char *tag = strndup(at, len);
		int r = 0;

		if (!tag)
			return -ENOMEM;
		if (text_starts_with(tag, class_prefix))
			r = take_class(line, at, tag + strlen(class_prefix));
		else if (line->list->zone == CORDON_ZONE_PERSIST && !strcmp(tag, by_installer))
			line->classes |= CORDON_CLASS_INSTALLER;
		else
			return diag_set(
			    line->diag, -EINVAL, place_of(line, at),
			    "unknown tag '%s'; there is only %s, and a blank in a path is written '\\ '", tag,
			    line->list->zone == CORDON_ZONE_PERSIST ? by_installer : "class=NAME");
		if (r < 0)
			return r;
		at += len;
	}
	return 0;
}

/* The kernel looks for a file's whole name, and for what begins with its last dot. */
static int check_anywhere(struct zone_line *line, const char *at)
{
	char *name = line->path + strlen(anywhere_prefix);
	const char *why = NULL, *rest = name;

	if (line->list->zone != CORDON_ZONE_SECRET && line->list->zone != CORDON_ZONE_PERSIST)
		why = "stands only in secret.list and persist.list";
	else if (!*name || strpbrk(name, "/?[]\\"))
		why = "must be one name behind the '*/'";
	if (rest[0] == '*')
		why = why ? why : rest[1] == '.' && rest[2] && !strpbrk(rest + 2, ".{") ? NULL : "must end in '*.SUFFIX'";
	rest += rest[0] == '*';
	if (!why && strchr(rest, '*'))
		why = "has a second '*'";
	/* With alternatives: each is looked at when it stands alone. */
	if (!why && strlen(name) >= CORDON_NAME_LEN && !strchr(name, '{'))
		why = "has a part that is too long";
	if (why)
		return diag_set(line->diag, -EINVAL, place_of(line, at), "'%s' %s", line->path, why);
	line->anywhere = true;
	memmove(line->path, name, strlen(name) + 1);
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
	if (text_starts_with(line->path, anywhere_prefix))
		return check_anywhere(line, at);
	why = zone_path_mistake(line->path);
	if (why)
		return diag_set(line->diag, -EINVAL, place_of(line, at), "'%s' %s", line->path, why);
	if (line->path[len - 1] == '/') {
		line->subtree = true;
		line->path[len - 1] = '\0';
	}
	return 0;
}

static struct zone_entry entry_of(const struct zone_line *line, const char *path)
{
	bool write = line->list->zone == CORDON_ZONE_PERSIST;

	return (struct zone_entry){
		.path = (char *)path,
		.subtree = line->subtree,
		.procfs = line->procfs,
		.anywhere = line->anywhere,
		.from = line->procfs || line->anywhere ? '/' : strpbrk(line->path, "*$") || line->path[0] == '.' ? 0 : line->path[0],
		.zone = write ? CORDON_ZONE_NONE : line->list->zone,
		.write_zone = write ? CORDON_ZONE_PERSIST : CORDON_ZONE_NONE,
		.classes = line->classes,
		.file = (char *)line->list->file,
		.line = line->number,
	};
}

/*
 * One path of a line. Twice the same path is a mistake, for the second line would not count; only what a * met may be
 * there already (~/.a/key and ~/.a/\*), or what became one by chance (a project that is the home, a home that is /opt): the
 * first line wins, and secret.list is read first, so the stricter one.
 */
static int add_path(struct zones *zones, const struct zone_line *line, const char *at, const char *path)
{
	struct zone_entry entry = entry_of(line, path);
	const struct zone_entry *there = NULL;
	int r;

	if (entry.anywhere && path[0] == '*') {
		entry.suffix = true;
		entry.path = (char *)path + 1;
	}
	r = zones_join(zones, &entry, &there);
	if (r == -EEXIST && (!entry.from || entry.from != there->from))
		return 0;
	if (r == -EEXIST)
		return diag_set(line->diag, -EINVAL, place_of(line, at), "'%s' is already in %s, line %u", path,
				there->file, there->line);
	return r;
}

/* The names of a line that stand for any place. */
static int expand_names(const char *name, const struct zones_scene *scene, char ***ret, size_t *ret_count)
{
	_cleanup_free_ char *path = text_format("/%s", name);
	int r = path ? 0 : -ENOMEM;

	/* No folder is looked into: a * is a suffix's. */
	if (!r && name[0] == '*')
		return strings_append(ret, ret_count, name);
	if (!r)
		r = zone_path_mistake(path) ? -EINVAL : zone_path_expand(path, scene, ret, ret_count);
	for (size_t i = 0; !r && i < *ret_count; i++)
		memmove((*ret)[i], (*ret)[i] + 1, strlen((*ret)[i]));
	return r;
}

static int add_line(struct zones *zones, const struct zone_line *line, const char *at)
{
	const struct zone_list *list = line->list;
	char **paths = NULL;
	size_t count = 0;
	int r;

	if (line->procfs)
		return add_path(zones, line, at, line->path);
	if (line->anywhere)
		r = expand_names(line->path, list->scene, &paths, &count);
	else
		r = zone_path_expand(line->path, list->scene, &paths, &count);
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

int zones_load(const char *dir, const struct zones_scene *scene, struct zones **ret, struct diag *ret_diag)
{
	/* The stricter first. */
	static const struct {
		const char *name;
		unsigned int zone;
	} lists[] = { { "secret.list", CORDON_ZONE_SECRET },
		      { "hidden.list", CORDON_ZONE_HIDDEN },
		      { "broker.list", CORDON_ZONE_BROKER },
		      { "tool.list", CORDON_ZONE_TOOL },
		      { "persist.list", CORDON_ZONE_PERSIST } };
	CLEANUP(zones_free_cleanup) struct zones *zones = calloc(1, sizeof(*zones));
	bool homeless = !scene->home || scene->home[0] != '/';

	memset(ret_diag, 0, sizeof(*ret_diag));
	if (!zones)
		return -ENOMEM;
	/* Without a home every line with ~ would protect nothing. */
	if (homeless || !scene->project || scene->project[0] != '/')
		return diag_set(ret_diag, -EINVAL, (struct diag_place){ dir, 0, 0 },
				"the user's %s must be known, as an absolute path", homeless ? "home" : "working folder");
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		_cleanup_free_ char *file = text_format("%s/%s", dir, lists[i].name), *text = NULL;
		size_t len;
		int r = file ? policy_read(file, false, &text, &len, ret_diag) : -ENOMEM;

		if (!r && strlen(text) != len)
			r = diag_set(ret_diag, -EINVAL, (struct diag_place){ file, 0, 0 }, "a NUL character");
		if (!r)
			r = zones_parse(zones, &(struct zone_list){ text, file, lists[i].zone, scene }, ret_diag);
		if (r < 0)
			return r;
	}
	*ret = TAKE_PTR(zones);
	return 0;
}
