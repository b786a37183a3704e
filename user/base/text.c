/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include "judge.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t text_hash(const char *bytes, size_t len)
{
	uint64_t hash = CORDON_HASH_START;

	for (size_t i = 0; i < len; i++)
		hash = cordon_hash_step(hash, (unsigned char)bytes[i]);
	return hash;
}

size_t text_utf8_decode(const char *text, uint32_t *ret_code)
{
	const unsigned char *s = (const unsigned char *)text;
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len = s[0] < 0x80	     ? 1 :
		     (s[0] & 0xe0) == 0xc0 ? 2 :
		     (s[0] & 0xf0) == 0xe0 ? 3 :
		     (s[0] & 0xf8) == 0xf0 ? 4 :
					     0;
	uint32_t code;

	if (!len)
		return 0;
	if (len == 1) {
		*ret_code = s[0];
		return 1;
	}
	code = s[0] & (0x7f >> len);
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80) /* also the NUL at the end */
			return 0;
		code = code << 6 | (s[i] & 0x3f);
	}
	if (code < least[len] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	*ret_code = code;
	return len;
}

/*
 * Code points that move the cursor, hide text, or reorder it (Trojan Source, CVE-2021-42574). Variation selectors and
 * tags show as nothing and can carry a whole program (GlassWorm, 2025); fillers look like blanks.
 */
static bool code_is_unsafe(uint32_t code)
{
	static const struct {
		uint32_t first, last;
	} unsafe[] = {
		{ 0x00, 0x1f },	      { 0x7f, 0x9f },	    { 0xad, 0xad },	  { 0x34f, 0x34f },
		{ 0x61c, 0x61c },     { 0x115f, 0x1160 },   { 0x17b4, 0x17b5 },	  { 0x180b, 0x180f },
		{ 0x200b, 0x200f },   { 0x2028, 0x202e },   { 0x2060, 0x206f },	  { 0x2800, 0x2800 },
		{ 0x3164, 0x3164 },   { 0xfe00, 0xfe0f },   { 0xfeff, 0xfeff },	  { 0xffa0, 0xffa0 },
		{ 0xfff0, 0xfffb },   { 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a }, { 0xe0000, 0xe0fff },
	};

	for (size_t i = 0; i < sizeof(unsafe) / sizeof(unsafe[0]); i++)
		if (code >= unsafe[i].first && code <= unsafe[i].last)
			return true;
	return false;
}

char *text_escape_terminal(const char *text)
{
	const char *s = text;
	/* The longest forms: \x1b, four bytes for one; \u{61C}, seven for two; each with room for snprintf's NUL. */
	char *out = malloc(strlen(text) * 5 + 1);
	char *o = out;

	if (!out)
		return NULL;
	while (*s) {
		uint32_t code = 0;
		size_t len = text_utf8_decode(s, &code);

		if (!len || code < 0x80) {
			if (!len || code_is_unsafe(code))
				o += snprintf(o, 5, "\\x%02x", (unsigned char)*s);
			else
				*o++ = *s;
			s++;
			continue;
		}
		if (code_is_unsafe(code)) {
			o += snprintf(o, 11, "\\u{%X}", code);
		} else {
			memcpy(o, s, len);
			o += len;
		}
		s += len;
	}
	*o = '\0';
	return out;
}

bool text_starts_with(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

bool text_ends_with(const char *text, const char *suffix)
{
	size_t n = strlen(text), m = strlen(suffix);

	return n >= m && !strcmp(text + n - m, suffix);
}

const char *text_basename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

char *text_format(const char *format, ...)
{
	char *out = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&out, format, args) < 0)
		out = NULL;
	va_end(args);
	return out;
}

void text_hex(char *to, const unsigned char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		snprintf(to + 2 * i, 3, "%02x", bytes[i]);
}
