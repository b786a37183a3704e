/* SPDX-License-Identifier: Apache-2.0 */
/*
 * installers_gate.c - [gate] of recognition files: where an installer takes artifacts into use. The kernel compares the name
 * of one folder some levels above a file, and the file's own, so patterns have only these two, and * between them. A / at the
 * end: folders alone. In `create` the folder may be any number of levels above, which is written with two of them.
 */
#include "base/cleanup.h"
#include "policy/installers.h"
#include "policy/schema.h"

#include <errno.h>
#include <string.h>

void gate_patterns_release(struct gate_pattern *patterns, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(patterns[i].top);
		free(patterns[i].leaf);
	}
	free(patterns);
}

/* The name of a folder: its digits at the end do not count, and are written as *. */
static int parse_top(const struct schema *s, const struct toml_node *node, size_t len, struct gate_pattern *ret)
{
	const char *text = node->string;
	bool version = len && text[len - 1] == '*';
	size_t kept = version ? len - 1 : len;

	if (!kept || memchr(text, '*', kept) || (!version && text[kept - 1] >= '0' && text[kept - 1] <= '9'))
		return schema_error(s, node, "'%s' must begin with the name of a folder; a number at its end is written as *", text);
	while (kept && text[kept - 1] >= '0' && text[kept - 1] <= '9')
		kept--;
	if (!kept || kept >= CORDON_NAME_LEN)
		return schema_error(s, node, "'%s' begins with a name that the kernel does not compare", text);
	ret->top = strndup(text, kept);
	return ret->top ? 0 : -ENOMEM;
}

static int parse_pattern(const struct schema *s, const struct toml_node *node, bool deep, struct gate_pattern *ret)
{
	const char *part;
	int r = schema_kind(s, node, TOML_STRING);

	if (!r)
		r = parse_top(s, node, strcspn(node->string, "/"), ret);
	if (r < 0)
		return r;
	part = node->string + strcspn(node->string, "/");
	if (deep) {
		ret->level = CORDON_GATE_ANY;
		return !strcmp(part, "/**") ? 0 : schema_error(s, node, "'%s' must end in /**: at any depth", node->string);
	}
	for (; *part == '/'; part += strcspn(part, "/")) {
		size_t len = strcspn(++part, "/");

		if (++ret->level > CORDON_GATE_LEVELS)
			return schema_error(s, node, "'%s' has more than %d names", node->string, CORDON_GATE_LEVELS + 1);
		if (!len && !*part && ret->level > 1 && part[-2] == '*') {
			ret->level--;
			ret->folder = true;
			break;
		}
		if (len == 1 && *part == '*')
			continue;
		if (!len || part[len] || memchr(part, '*', len) || len >= CORDON_NAME_LEN)
			return schema_error(s, node, "'%s' may have only * between its first name and its last", node->string);
		ret->leaf = strndup(part, len);
		if (!ret->leaf)
			return -ENOMEM;
	}
	if (!ret->level)
		return schema_error(s, node, "'%s' names no file below a folder", node->string);
	return 0;
}

static int check_twice(const struct schema *s, const struct toml_node *node, const struct gate_pattern *patterns, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (patterns[i].level == patterns[at].level && !strcmp(patterns[i].top, patterns[at].top))
			return schema_error(s, node, "'%s' is compared as an earlier one is", node->string);
	return 0;
}

static int parse_patterns(const struct schema *s, const struct toml_node *list, bool deep, struct gate_pattern **ret,
			  size_t *ret_count)
{
	int r;

	if (!list)
		return 0;
	r = schema_kind(s, list, TOML_ARRAY);
	if (r < 0)
		return r;
	*ret = calloc(list->count + 1, sizeof(**ret));
	if (!*ret)
		return -ENOMEM;
	for (size_t i = 0; !r && i < list->count; i++) {
		/* Counted first: what is half filled must be released too. */
		++*ret_count;
		r = parse_pattern(s, &list->items[i], deep, &(*ret)[i]);
		if (!r)
			r = check_twice(s, &list->items[i], *ret, i);
	}
	return r;
}

static int parse_flag(const struct schema *s, const struct toml_node *node, bool *ret)
{
	int r = node ? schema_kind(s, node, TOML_BOOLEAN) : 0;

	if (node && !r)
		*ret = node->integer;
	return r;
}

int installer_gate_parse(struct installer *installer, const struct schema *s, const struct toml_node *table)
{
	static const char *const keys[] = { "archives", "open", "rename", "create", "hold", NULL };
	struct installer_gate *gate = &installer->gate;
	int r;

	if (!table)
		return 0;
	r = schema_keys(s, table, "[gate]", keys);
	if (!r)
		r = parse_flag(s, toml_get(table, "archives"), &gate->archives);
	if (!r)
		r = parse_flag(s, toml_get(table, "hold"), &gate->hold);
	if (!r)
		r = parse_patterns(s, toml_get(table, "open"), false, &gate->open, &gate->open_count);
	if (!r)
		r = parse_patterns(s, toml_get(table, "rename"), false, &gate->rename, &gate->rename_count);
	return r < 0 ? r : parse_patterns(s, toml_get(table, "create"), true, &gate->create, &gate->create_count);
}
