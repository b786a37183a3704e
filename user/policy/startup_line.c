/* SPDX-License-Identifier: Apache-2.0 */
/* startup_line.c - a line of a start-up file against a template: letters are themselves, {variables} what they allow. */
#include "policy/startup.h"

#include "base/cleanup.h"

#include <string.h>

#define VARIABLES_MAX 8

enum kind { KIND_NAME, KIND_MODULE, KIND_TUPLE, KIND_PATH };

static const struct variable {
	const char *name;
	enum kind kind;
} variables[] = {
	{ "{name}", KIND_NAME },     { "{child}", KIND_NAME }, { "{module}", KIND_MODULE },
	{ "{parent}", KIND_MODULE }, { "{tuple}", KIND_TUPLE }, { "{path}", KIND_PATH },
};

_Static_assert(ARRAY_SIZE(variables) <= VARIABLES_MAX, "one slot each");

struct match {
	const char *at[VARIABLES_MAX]; /* what each variable stands for, NULL: not met yet */
	size_t len[VARIABLES_MAX];
};

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static const struct variable *variable_at(const char *pattern)
{
	for (size_t i = 0; i < ARRAY_SIZE(variables); i++)
		if (!strncmp(pattern, variables[i].name, strlen(variables[i].name)))
			return &variables[i];
	return NULL;
}

/* How many bytes the variable can stand for at most. */
static size_t span_words(const char *text, size_t len, bool dots)
{
	size_t n = 0;

	while (n < len && (is_word(text[n]) || (dots && text[n] == '.')))
		n++;
	return n;
}

/* ('a',) or ('a', 'b'), as repr() writes them; 0: no tuple. */
static size_t span_tuple(const char *text, size_t len)
{
	size_t n = 1;

	if (!len || text[0] != '(')
		return 0;
	for (;;) {
		size_t word;

		if (n >= len || text[n] != '\'')
			return 0;
		word = span_words(text + n + 1, len - n - 1, false);
		n += 1 + word;
		if (!word || n >= len || text[n] != '\'')
			return 0;
		n++;
		if (n < len && text[n] == ',')
			n++;
		if (n < len && text[n] == ')')
			return n + 1;
		if (n >= len || text[n] != ' ')
			return 0;
		n++;
	}
}

/* 'a path', without anything in it that would end the string or mean something else than itself. */
static size_t span_path(const char *text, size_t len)
{
	size_t n = 1;

	if (!len || text[0] != '\'')
		return 0;
	while (n < len && text[n] != '\'' && text[n] != '\\' && (unsigned char)text[n] >= 0x20)
		n++;
	return n < len && text[n] == '\'' ? n + 1 : 0;
}

static size_t span(enum kind kind, const char *text, size_t len)
{
	switch (kind) {
	case KIND_NAME:
	case KIND_MODULE:
		return span_words(text, len, kind == KIND_MODULE);
	case KIND_TUPLE:
		return span_tuple(text, len);
	default:
		return span_path(text, len);
	}
}

static bool match_from(struct match *m, const char *pattern, const char *text, size_t len)
{
	const struct variable *variable;
	size_t most, least, i;

	while (*pattern && !(variable = variable_at(pattern))) {
		if (!len || *pattern != *text)
			return false;
		pattern++;
		text++;
		len--;
	}
	if (!*pattern)
		return !len;
	i = (size_t)(variable - variables);
	pattern += strlen(variable->name);
	if (m->at[i])
		return len >= m->len[i] && !memcmp(m->at[i], text, m->len[i]) &&
		       match_from(m, pattern, text + m->len[i], len - m->len[i]);
	most = span(variable->kind, text, len);
	least = variable->kind == KIND_NAME || variable->kind == KIND_MODULE ? 1 : most;
	/* The longest first; less where what follows begins with such letters too. */
	for (m->at[i] = text; most && most >= least; most--) {
		m->len[i] = most;
		if (match_from(m, pattern, text + most, len - most))
			return true;
	}
	m->at[i] = NULL;
	return false;
}

bool startup_line_matches(const char *pattern, const char *line, size_t len)
{
	struct match match = { 0 };

	/* A line is a few hundred bytes; a longer one is nothing that a generator writes. */
	return len < 4096 && match_from(&match, pattern, line, len);
}

const char *startup_line_mistake(const char *pattern)
{
	if (strncmp(pattern, "import ", 7) != 0)
		return "does not begin with 'import ', so it is no code";
	for (const char *at = pattern; *at; at++)
		if ((unsigned char)*at < 0x20 || (unsigned char)*at >= 0x7f)
			return "has a byte that ends a line";
	return NULL;
}
