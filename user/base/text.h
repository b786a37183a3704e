/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text.h - strings: the hash that the kernel side uses too, escaping for terminals, small helpers.
 * Escaping for JSON is jansson's work; there is no other sink yet.
 */
#ifndef CORDON_BASE_TEXT_H
#define CORDON_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* cordon_hash() of bpf/judge.h over `len` bytes. */
uint64_t text_hash(const char *bytes, size_t len);

/*
 * Takes: any bytes up to the NUL. Gives: a new string, safe on one line of a terminal: control characters, DEL, C1,
 * invalid UTF-8, bidirectional overrides, line separators and what shows as nothing become \xNN or \u{NNNN}, a
 * backslash stays as it is.
 * NULL: out of memory. Newlines of our own are added after escaping, never before.
 */
char *text_escape_terminal(const char *text);

/* Gives the length of the UTF-8 sequence at `text` and its code point; 0 where it is none (RFC 3629: no overlong forms,
 * no surrogates, nothing above U+10FFFF). A NUL is one byte long. */
size_t text_utf8_decode(const char *text, uint32_t *ret_code);

bool text_starts_with(const char *text, const char *prefix);
bool text_ends_with(const char *text, const char *suffix);
/* The part behind the last '/', never NULL. */
const char *text_basename(const char *path);
/* snprintf into a new string; NULL: out of memory. */
char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Takes: `len` bytes. Gives: 2 * len hexadecimal digits, lower case, and a NUL. */
void text_hex(char *to, const unsigned char *bytes, size_t len);

#endif
