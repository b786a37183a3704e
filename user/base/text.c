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

/* Gives the length of the UTF-8 sequence at `s` and its code point, 0 where it is none (RFC 3629: no overlong forms,
 * no surrogates, nothing above U+10FFFF). */
static size_t utf8_decode(const unsigned char *s, uint32_t *ret_code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len = s[0] < 0x80 ? 1 : (s[0] & 0xe0) == 0xc0 ? 2 : (s[0] & 0xf0) == 0xe0 ? 3 : (s[0] & 0xf8) == 0xf0 ? 4 : 0;
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

/* Code points that move the cursor, hide text, or reorder it (Trojan Source, CVE-2021-42574). */
static bool code_is_unsafe(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0xad || code == 0x61c ||
	       (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2060 && code <= 0x206f) || code == 0xfeff || (code >= 0xfff9 && code <= 0xfffb) ||
	       (code >= 0xe0000 && code <= 0xe007f);
}

char *text_escape_terminal(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	/* \u{10FFFF} is the longest form: ten bytes for at least two. */
	char *out = malloc(strlen(text) * 5 + 1);
	char *o = out;

	if (!out)
		return NULL;
	while (*s) {
		uint32_t code = 0;
		size_t len = utf8_decode(s, &code);

		if (!len || code < 0x80) {
			if (!len || code_is_unsafe(code))
				o += snprintf(o, 5, "\\x%02x", *s);
			else
				*o++ = (char)*s;
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
