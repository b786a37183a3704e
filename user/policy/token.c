/* SPDX-License-Identifier: Apache-2.0 */
/* token.c - the small patterns of recognition files. The kernel compares hashes of whole names, so few forms exist. */
#include "base/text.h"
#include "policy/installers.h"
#include "wire.h"

#include <errno.h>
#include <string.h>

static const char version_suffix[] = "[0-9.]*";

/* Takes: the name without its wildcard. */
static const char *name_mistake(const char *name, enum token_kind kind, enum token_match match)
{
	const char *slash = strchr(name, '/');

	if (!*name)
		return "is only a wildcard";
	if (strlen(name) >= CORDON_NAME_LEN)
		return "is too long";
	if (strpbrk(name, "*?[]{} \t\\"))
		return "has a wildcard that is not allowed there; only [0-9.]* or * at the end";
	if (slash && (kind != TOKEN_KIND_SCRIPT || match != TOKEN_EXACT))
		return "has a '/'; only a script without a wildcard may have one";
	if (slash && (slash == name || !slash[1] || strchr(slash + 1, '/')))
		return "must be a file's name, or FOLDER/NAME";
	if (kind == TOKEN_KIND_MODULE && match != TOKEN_EXACT)
		return "has a wildcard; modules have none";
	if (kind == TOKEN_KIND_EXE && match == TOKEN_PREFIX)
		return "has a wildcard '*'; a program has [0-9.]* or none";
	/* The kernel cuts a script's name behind its first '-'. */
	if (kind == TOKEN_KIND_SCRIPT && match == TOKEN_PREFIX && strchr(name, '-') != name + strlen(name) - 1)
		return "must have its only '-' before the '*'";
	return NULL;
}

int token_parse(const struct schema *s, const struct toml_node *node, enum token_kind kind, struct token_pattern *ret)
{
	_cleanup_free_ char *text = NULL;
	enum token_match match = TOKEN_EXACT;
	const char *why;
	int r = schema_string(s, node, &text);

	if (r < 0)
		return r;
	if (text_ends_with(text, version_suffix)) {
		match = TOKEN_VERSION;
		text[strlen(text) - strlen(version_suffix)] = '\0';
	} else if (text_ends_with(text, "*")) {
		match = TOKEN_PREFIX;
		text[strlen(text) - 1] = '\0';
	}
	why = name_mistake(text, kind, match);
	if (why)
		return schema_error(s, node, "'%s' %s", node->string, why);
	ret->text = TAKE_PTR(text);
	ret->match = match;
	return 0;
}

void token_list_release(struct token_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i].text);
	free(list->items);
	list->items = NULL;
	list->count = 0;
}

int token_list_parse(const struct schema *s, const struct toml_node *node, enum token_kind kind, struct token_list *ret)
{
	int r;

	if (!node)
		return 0;
	r = schema_kind(s, node, TOML_ARRAY);
	if (r < 0 || !node->count)
		return r;
	ret->items = calloc(node->count, sizeof(*ret->items));
	if (!ret->items)
		return -ENOMEM;
	for (size_t i = 0; i < node->count; i++) {
		r = token_parse(s, &node->items[i], kind, &ret->items[i]);
		if (r < 0)
			return r;
		ret->count++;
	}
	return 0;
}

int child_check(const struct schema *s, const struct toml_node *node)
{
	const char *star = strchr(node->string, '*');

	if (strpbrk(node->string, "/?[]{} ") || (star && (star[1] || star == node->string)))
		return schema_error(s, node, "'%s' is no name of a program, which may end in '*'", node->string);
	return 0;
}

int attribution_check(const struct schema *s, const struct toml_node *node)
{
	static const char *const fields[] = { "{name}", "{version}", "{hex}" };
	unsigned int seen[ARRAY_SIZE(fields)] = { 0 };
	bool after_wild = false;

	for (const char *c = node->string; *c; c++) {
		bool wild = *c == '*' || *c == '{';

		/* What stands between two of them decides where one ends; nothing there, and any split would do. */
		if (wild && after_wild)
			return schema_error(s, node, "'%s' has two wildcards or fields with nothing between",
					    node->string);
		after_wild = wild;
		if (strchr("}?[]\\", *c))
			return schema_error(s, node, "'%s' has a '%c'; there are only *, {name}, {version} and {hex}",
					    node->string, *c);
		if (*c != '{')
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
			if (text_starts_with(c, fields[i])) {
				seen[i]++;
				c += strlen(fields[i]) - 1;
				break;
			}
		}
		if (*c == '{')
			return schema_error(s, node, "'%s' has an unknown field; there are {name}, {version} and {hex}",
					    node->string);
	}
	if (node->string[0] != '/' && !text_starts_with(node->string, "*/"))
		return schema_error(s, node, "'%s' must start with '*/' or '/'", node->string);
	/* Without a name (pip's folder for an archive that was given by its path) the last archive opened tells it. */
	if (seen[0] > 1 || seen[1] > 1)
		return schema_error(s, node, "'%s' may have {name} and {version} once each", node->string);
	if (seen[1] && !seen[0])
		return schema_error(s, node, "'%s' has a {version} of nothing: {name} is missing", node->string);
	return 0;
}
