/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/schema.h"

#include "policy/diag.h"
#include "policy/read.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

static const char *const kind_names[] = {
	[TOML_TABLE] = "a table",	  [TOML_ARRAY] = "a list",
	[TOML_STRING] = "a string",	  [TOML_INTEGER] = "a number",
	[TOML_BOOLEAN] = "true or false", [TOML_DATE] = "a date, YYYY-MM-DD without quotes",
	[TOML_OTHER] = "something else",
};

static int error_at(const struct schema *s, struct diag_place place, const char *format, va_list args)
{
	_cleanup_free_ char *text = NULL;

	if (vasprintf(&text, format, args) < 0) {
		text = NULL;
		return -ENOMEM;
	}
	return diag_set(s->diag, -EINVAL, place, "%s", text);
}

int schema_error(const struct schema *s, const struct toml_node *node, const char *format, ...)
{
	const struct diag_place place = { s->file, node->line, node->column };
	va_list args;
	int r;

	va_start(args, format);
	r = error_at(s, place, format, args);
	va_end(args);
	return r;
}

int schema_error_key(const struct schema *s, const struct toml_node *node, const char *format, ...)
{
	const struct diag_place place = { s->file, node->key_line, node->key_column };
	va_list args;
	int r;

	va_start(args, format);
	r = error_at(s, place, format, args);
	va_end(args);
	return r;
}

#define SUGGEST_LEN_MAX 32

static unsigned int min3(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Insertions, deletions, replacements and swaps of neighbours that turn one into the other. */
static unsigned int edit_distance(const char *a, const char *b)
{
	unsigned int d[SUGGEST_LEN_MAX + 1][SUGGEST_LEN_MAX + 1];
	size_t n = strlen(a), m = strlen(b);

	if (n > SUGGEST_LEN_MAX || m > SUGGEST_LEN_MAX)
		return SUGGEST_LEN_MAX;
	for (size_t i = 0; i <= n; i++)
		d[i][0] = (unsigned int)i;
	for (size_t j = 0; j <= m; j++)
		d[0][j] = (unsigned int)j;
	for (size_t i = 1; i <= n; i++) {
		for (size_t j = 1; j <= m; j++) {
			d[i][j] = min3(d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    d[i - 2][j - 2] + 1 < d[i][j])
				d[i][j] = d[i - 2][j - 2] + 1;
		}
	}
	return d[n][m];
}

const char *schema_suggest(const char *word, const char *const *names)
{
	const char *best = NULL;
	/* Two slips in a word of five letters would make "deny" of "file". */
	unsigned int least = strlen(word) > 5 ? 3 : 2;

	for (; *names; names++) {
		unsigned int distance = edit_distance(word, *names);

		if (distance < least) {
			least = distance;
			best = *names;
		}
	}
	return best;
}

int schema_kind(const struct schema *s, const struct toml_node *node, enum toml_kind kind)
{
	if (node->kind == kind)
		return 0;
	if (node->key)
		return schema_error(s, node, "'%s' must be %s", node->key, kind_names[kind]);
	return schema_error(s, node, "must be %s", kind_names[kind]);
}

int schema_keys(const struct schema *s, const struct toml_node *table, const char *what, const char *const *keys)
{
	int r = schema_kind(s, table, TOML_TABLE);

	if (r < 0)
		return r;
	for (size_t i = 0; i < table->count; i++) {
		const struct toml_node *item = &table->items[i];
		const char *const *known = keys;
		const char *near;

		while (*known && strcmp(*known, item->key))
			known++;
		if (*known)
			continue;
		near = schema_suggest(item->key, keys);
		return schema_error_key(s, item, "unknown key '%s' in %s%s%s%s", item->key, what,
					near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
	}
	return 0;
}

int schema_string(const struct schema *s, const struct toml_node *node, char **ret)
{
	char *copy;
	int r;

	if (!node)
		return 0;
	r = schema_kind(s, node, TOML_STRING);
	if (r < 0)
		return r;
	if (!*node->string)
		return schema_error(s, node, "%s%s%smust not be empty", node->key ? "'" : "",
				    node->key ? node->key : "", node->key ? "' " : "");
	copy = strdup(node->string);
	if (!copy)
		return -ENOMEM;
	free(*ret);
	*ret = copy;
	return 0;
}

int schema_strings(const struct schema *s, const struct toml_node *node, char ***ret, size_t *ret_count)
{
	char **list = NULL;
	size_t count = 0;
	int r;

	if (!node)
		return 0;
	r = schema_kind(s, node, TOML_ARRAY);
	for (size_t i = 0; !r && i < node->count; i++) {
		_cleanup_free_ char *text = NULL;

		r = schema_string(s, &node->items[i], &text);
		if (!r)
			r = strings_append(&list, &count, text);
	}
	if (r < 0) {
		strings_free(list, count);
		return r;
	}
	*ret = list;
	*ret_count = count;
	return 0;
}

int schema_choice(const struct schema *s, const struct toml_node *node, const char *const *names, unsigned int *ret)
{
	char list[160] = "";
	const char *near;
	size_t len = 0;
	int r;

	if (!node)
		return 0;
	r = schema_kind(s, node, TOML_STRING);
	if (r < 0)
		return r;
	for (unsigned int i = 0; names[i]; i++) {
		if (!strcmp(names[i], node->string)) {
			*ret = i;
			return 0;
		}
	}
	near = schema_suggest(node->string, names);
	if (near)
		return schema_error(s, node, "'%s' is no value of '%s'; did you mean '%s'?", node->string,
				    node->key ? node->key : "this list", near);
	/* Cut where it does not fit: the lists that come here are short. */
	for (unsigned int i = 0; names[i] && len < sizeof(list); i++)
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s", i ? ", " : "", names[i]);
	return schema_error(s, node, "'%s' is no value of '%s'; it is one of: %s", node->string,
			    node->key ? node->key : "this list", list);
}
