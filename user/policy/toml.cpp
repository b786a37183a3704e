/* SPDX-License-Identifier: Apache-2.0 */
/*
 * toml.cpp - the only C++ here: toml++ to struct toml_node. No exception leaves it, no C++ object outlives a call.
 */
#include "policy/toml.h"

#include "policy/diag.h"

#include <toml++/toml.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <string_view>

namespace
{

/* A mistake of the document that toml++ takes but we do not. */
struct refused {
	toml::source_position where;
	const char *text;
};

/*
 * toml++ bounds the nesting of values (256), not the length of a dotted key, and its destructors recurse: 300,000 times
 * "a." would run out of stack after a successful parse. So dots outside of strings and comments are bounded for each
 * line before it sees the text; honest lines have one or two.
 */
constexpr unsigned int dots_max = TOML_DEPTH_MAX;

size_t run_of(std::string_view text, size_t at, char c)
{
	size_t n = 0;

	while (at + n < text.size() && text[at + n] == c)
		n++;
	return n;
}

/* Gives the index behind the string that starts at `at`, whose quote is text[at]. */
size_t skip_string(std::string_view text, size_t at)
{
	const char quote = text[at];
	const bool multi = run_of(text, at, quote) >= 3;

	for (at += multi ? 3 : 1; at < text.size(); at++) {
		if (quote == '"' && text[at] == '\\')
			at++;
		else if (!multi && (text[at] == quote || text[at] == '\n'))
			return at + 1;
		else if (multi && run_of(text, at, quote) >= 3) /* up to two quotes of the content stand before them */
			return at + std::min<size_t>(run_of(text, at, quote), 5);
	}
	return text.size();
}

void check_dots(std::string_view text)
{
	unsigned int line = 1, dots = 0;

	for (size_t at = 0; at < text.size();) {
		const char c = text[at];

		if (c == '"' || c == '\'') {
			const size_t end = skip_string(text, at);
			const auto lines =
			    std::count(text.begin() + at, text.begin() + std::min(end, text.size()), '\n');

			if (lines)
				dots = 0;
			line += (unsigned int)lines;
			at = end;
			continue;
		}
		if (c == '#') {
			at = std::min(text.find('\n', at), text.size());
			continue;
		}
		if (c == '\n') {
			line++;
			dots = 0;
		} else if (c == '.' && ++dots > dots_max) {
			throw refused{ { line, 1 }, "a key with too many parts" };
		}
		at++;
	}
}

char *copy_string(const std::string &text, const toml::source_position &where)
{
	if (text.find('\0') != std::string::npos)
		throw refused{ where, "a NUL character in a string" };
	char *copy = strdup(text.c_str());
	if (!copy)
		throw std::bad_alloc();
	return copy;
}

void fill(struct toml_node &out, const toml::node &in, unsigned int depth);

void fill_items(struct toml_node &out, size_t count)
{
	if (!count)
		return;
	out.items = static_cast<struct toml_node *>(calloc(count, sizeof(*out.items)));
	if (!out.items)
		throw std::bad_alloc();
}

bool stands_before(const struct toml_node &a, const struct toml_node &b)
{
	return a.key_line != b.key_line ? a.key_line < b.key_line : a.key_column < b.key_column;
}

void fill_table(struct toml_node &out, const toml::table &in, unsigned int depth)
{
	fill_items(out, in.size());
	for (auto &&[key, value] : in) {
		/* Counted first: what is half filled must be released too. */
		struct toml_node &item = out.items[out.count++];
		const auto where = key.source().begin;

		item.key = copy_string(std::string(key.str()), where);
		fill(item, value, depth + 1);
		item.key_line = where.line;
		item.key_column = where.column;
	}
	/* toml++ sorts by name; the first mistake that is reported should be the first in the file. */
	std::sort(out.items, out.items + out.count, stands_before);
}

void fill(struct toml_node &out, const toml::node &in, unsigned int depth)
{
	const auto where = in.source().begin;

	if (depth > TOML_DEPTH_MAX)
		throw refused{ where, "nested too deep" };
	out.line = out.key_line = where.line;
	out.column = out.key_column = where.column;
	out.kind = TOML_OTHER;
	if (const auto *table = in.as_table()) {
		out.kind = TOML_TABLE;
		fill_table(out, *table, depth);
	} else if (const auto *array = in.as_array()) {
		out.kind = TOML_ARRAY;
		fill_items(out, array->size());
		for (auto &&value : *array)
			fill(out.items[out.count++], value, depth + 1);
	} else if (const auto *string = in.as_string()) {
		out.kind = TOML_STRING;
		out.string = copy_string(string->get(), where);
	} else if (const auto *integer = in.as_integer()) {
		out.kind = TOML_INTEGER;
		out.integer = integer->get();
	} else if (const auto *boolean = in.as_boolean()) {
		out.kind = TOML_BOOLEAN;
		out.integer = boolean->get();
	} else if (const auto *date = in.as_date()) {
		char text[32];

		snprintf(text, sizeof(text), "%04u-%02u-%02u", (unsigned int)date->get().year,
			 (unsigned int)date->get().month, (unsigned int)date->get().day);
		out.kind = TOML_DATE;
		out.string = copy_string(text, where);
	}
}

void release(struct toml_node &node)
{
	for (size_t i = 0; i < node.count; i++)
		release(node.items[i]);
	free(node.items);
	free(node.key);
	free(node.string);
}

} /* namespace */

extern "C" void toml_free(struct toml_node *root)
{
	if (!root)
		return;
	release(*root);
	free(root);
}

extern "C" int toml_parse(const char *text, size_t len, const char *file, struct toml_node **ret, struct diag *ret_diag)
{
	struct toml_node *root = nullptr;
	int r;

	if (len > TOML_SIZE_MAX)
		return diag_set(ret_diag, -E2BIG, { file, 0, 0 }, "longer than %u bytes", TOML_SIZE_MAX);
	try {
		const std::string_view document{ text, len };

		check_dots(document);
		const toml::table table = toml::parse(document);
		root = static_cast<struct toml_node *>(calloc(1, sizeof(*root)));
		if (!root)
			throw std::bad_alloc();
		fill(*root, table, 0);
		*ret = root;
		return 0;
	} catch (const toml::parse_error &e) {
		static const std::string_view prefix = "Error while parsing ";
		std::string_view what = e.description();
		const auto where = e.source().begin;

		if (what.substr(0, prefix.size()) == prefix)
			what.remove_prefix(prefix.size());
		r = diag_set(ret_diag, -EINVAL, { file, where.line, where.column }, "no TOML: %.*s", (int)what.size(),
			     what.data());
	} catch (const refused &e) {
		r = diag_set(ret_diag, -EINVAL, { file, e.where.line, e.where.column }, "%s", e.text);
	} catch (const std::bad_alloc &) {
		r = diag_set(ret_diag, -ENOMEM, { file, 0, 0 }, "out of memory");
	} catch (...) {
		r = diag_set(ret_diag, -EINVAL, { file, 0, 0 }, "the TOML library failed on it");
	}
	toml_free(root);
	return r;
}

extern "C" const struct toml_node *toml_get(const struct toml_node *table, const char *key)
{
	for (size_t i = 0; i < table->count; i++)
		if (!strcmp(table->items[i].key, key))
			return &table->items[i];
	return nullptr;
}
