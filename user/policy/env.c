/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/env.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "policy/diag.h"
#include "policy/read.h"
#include "policy/zones.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

DEFINE_CLEANUP(struct env_list *, env_free)

#define BLANKS " \t"

static const char class_prefix[] = "class=";

/* One line, while it is looked at. */
struct env_line {
	const char *file, *text;
	unsigned int number;
	struct diag *diag;
	bool kind_said;
	struct env_entry entry;
};

void env_free(struct env_list *list)
{
	if (!list)
		return;
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i].pattern);
	free(list->items);
	free(list);
}

static struct diag_place place_of(const struct env_line *line, const char *at)
{
	return (struct diag_place){ line->file, line->number, (unsigned int)(at - line->text) + 1 };
}

static int check_pattern(struct env_line *line, const char *at)
{
	const char *pattern = line->entry.pattern, *why = NULL;

	if (strchr(pattern, '='))
		why = "has a '=', which no name of a variable has";
	else if (strpbrk(pattern, "?[]{}\\"))
		why = "has a character that means nothing here; only '*' does";
	else if (strstr(pattern, "**"))
		why = "has two '*' in a row";
	else if (!strcmp(pattern, "*"))
		why = "is every variable";
	return why ? diag_set(line->diag, -EINVAL, place_of(line, at), "'%s' %s", pattern, why) : 0;
}

static int take_kind(struct env_line *line, const char *at, const char *tag, enum env_kind kind)
{
	if (line->kind_said)
		return diag_set(line->diag, -EINVAL, place_of(line, at), "'%s' behind another such tag", tag);
	line->kind_said = true;
	line->entry.kind = kind;
	return 0;
}

static int take_tag(struct env_line *line, const char *at, const char *tag)
{
	unsigned int bit;

	if (!strcmp(tag, "url"))
		return take_kind(line, at, tag, ENV_URL);
	if (!strcmp(tag, "keep"))
		return take_kind(line, at, tag, ENV_KEEP);
	if (!text_starts_with(tag, class_prefix))
		return diag_set(line->diag, -EINVAL, place_of(line, at),
				"unknown tag '%s'; it is one of url, keep, class=NAME", tag);
	bit = zone_class(tag + strlen(class_prefix));
	/* `names` is for sockets: every helper has that class. */
	if (!bit || bit == CORDON_CLASS_NAMES)
		return diag_set(line->diag, -EINVAL, place_of(line, at), "unknown class '%s'; it is one of ssh, git, keyring, gpg",
				tag + strlen(class_prefix));
	line->entry.classes |= bit;
	return 0;
}

static int take_tags(struct env_line *line, const char *at)
{
	while (*(at += strspn(at, BLANKS)) && *at != '#') {
		size_t len = strcspn(at, BLANKS);
		_cleanup_free_ char *tag = strndup(at, len);
		int r = tag ? take_tag(line, at, tag) : -ENOMEM;

		if (r < 0)
			return r;
		at += len;
	}
	if (line->entry.kind == ENV_KEEP && line->entry.classes)
		return diag_set(line->diag, -EINVAL, place_of(line, line->text), "class= is for what is taken from others");
	return 0;
}

static int add_entry(struct env_list *list, struct env_line *line, const char *at)
{
	struct env_entry *grown;

	/* The first of them would never count. */
	for (size_t i = 0; i < list->count; i++)
		if (!strcasecmp(list->items[i].pattern, line->entry.pattern))
			return diag_set(line->diag, -EINVAL, place_of(line, at), "'%s' is already in line %u",
					line->entry.pattern, list->items[i].line);
	grown = reallocarray(list->items, list->count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	list->items = grown;
	list->items[list->count++] = line->entry;
	line->entry.pattern = NULL;
	return 0;
}

static int parse_line(struct env_list *list, struct env_line *line)
{
	const char *start = line->text + strspn(line->text, BLANKS);
	size_t len = strcspn(start, BLANKS);
	int r;

	for (const char *c = line->text; *c; c++)
		if (((unsigned char)*c < 0x20 && *c != '\t') || *c == 0x7f)
			return diag_set(line->diag, -EINVAL, place_of(line, c), "a control character");
	if (!len || *start == '#')
		return 0;
	line->entry.pattern = strndup(start, len);
	if (!line->entry.pattern)
		return -ENOMEM;
	line->entry.kind = ENV_SECRET;
	line->entry.line = line->number;
	r = check_pattern(line, start);
	if (!r)
		r = take_tags(line, start + len);
	return r < 0 ? r : add_entry(list, line, start);
}

int env_parse(struct env_list *list, const char *text, const char *file, struct diag *ret_diag)
{
	const size_t before = list->count;
	unsigned int number = 0;

	for (const char *at = text; *at;) {
		size_t len = strcspn(at, "\n");
		_cleanup_free_ char *copy = strndup(at, len);
		struct env_line line = { .file = file, .text = copy, .number = ++number, .diag = ret_diag };
		int r = copy ? parse_line(list, &line) : -ENOMEM;

		free(line.entry.pattern);
		if (r < 0)
			return r;
		at += len + (at[len] == '\n');
	}
	/* A list that was cut off protects nothing, and nobody would notice. */
	if (list->count == before)
		return diag_set(ret_diag, -EINVAL, (struct diag_place){ file, 0, 0 }, "names no variable");
	return 0;
}

int env_load(const char *dir, struct env_list **ret, struct diag *ret_diag)
{
	CLEANUP(env_free_cleanup) struct env_list *list = calloc(1, sizeof(*list));
	_cleanup_free_ char *file = text_format("%s/env.list", dir), *text = NULL;
	size_t len = 0;
	int r = list && file ? policy_read(file, false, &text, &len, ret_diag) : -ENOMEM;

	if (!r && strlen(text) != len)
		r = diag_set(ret_diag, -EINVAL, (struct diag_place){ file, 0, 0 }, "a NUL character");
	if (!r)
		r = env_parse(list, text, file, ret_diag);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(list);
	return 0;
}

/* A later * makes up for what an earlier one took too little of, so one way back is enough. */
static bool matches(const char *pattern, const char *name, size_t len)
{
	const char *star = NULL, *end = name + len, *from = name;

	while (name < end) {
		if (*pattern == '*') {
			star = ++pattern;
			from = name;
		} else if (*pattern && tolower((unsigned char)*pattern) == tolower((unsigned char)*name)) {
			pattern++;
			name++;
		} else if (star) {
			pattern = star;
			name = ++from;
		} else {
			return false;
		}
	}
	return !pattern[*pattern == '*'];
}

const struct env_entry *env_find(const struct env_list *list, const char *name, size_t len)
{
	for (size_t i = list->count; i > 0; i--)
		if (matches(list->items[i - 1].pattern, name, len))
			return &list->items[i - 1];
	return NULL;
}
