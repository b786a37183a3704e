/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/environ_block.h"

#include "journal/mask.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A value that gets shorter. */
struct value {
	char *at;
	size_t len;
};

static void drop(struct value *v, size_t from, size_t to)
{
	memmove(v->at + from, v->at + to, v->len - to);
	v->len -= to - from;
}

static bool is_blank(char c)
{
	return (unsigned char)c <= ' ';
}

static size_t find_blank(const struct value *v, size_t at)
{
	while (at < v->len && !is_blank(v->at[at]))
		at++;
	return at;
}

/* The first of the bytes `any` in [at, end), else `end`. */
static size_t find_any(const struct value *v, size_t at, size_t end, const char *any)
{
	while (at < end && (!v->at[at] || !strchr(any, v->at[at])))
		at++;
	return at;
}

/* "://" in [at, end), else `end`. */
static size_t find_scheme_end(const struct value *v, size_t at, size_t end)
{
	const char *found = at < end ? memmem(v->at + at, end - at, "://", 3) : NULL;

	return found ? (size_t)(found - v->at) : end;
}

/* Where the scheme begins that ends at `end`, not before `from`. */
static size_t scheme_start(const struct value *v, size_t from, size_t end)
{
	while (end > from && (isalnum((unsigned char)v->at[end - 1]) || strchr("+-", v->at[end - 1])))
		end--;
	return end;
}

/* Behind the last '@' of [from, end); 0: there is none. */
static size_t behind_at(const struct value *v, size_t from, size_t end)
{
	const char *at = from < end ? memrchr(v->at + from, '@', end - from) : NULL;

	return at ? (size_t)(at - v->at) + 1 : 0;
}

static bool has(const struct value *v, size_t from, size_t end, char c)
{
	return from < end && memchr(v->at + from, c, end - from);
}

/* Whether what stands behind the ':' of HOST:PORT is no port. */
static bool has_odd_port(const struct value *v, size_t from, size_t end)
{
	const char *colon = from < end && v->at[from] != '[' ? memchr(v->at + from, ':', end - from) : NULL;

	for (size_t i = colon ? (size_t)(colon - v->at) + 1 : end; i < end; i++)
		if (!isdigit((unsigned char)v->at[i]))
			return true;
	return false;
}

/*
 * What is to be cut at `at`, behind "scheme://": gives its end, 0: nothing. The URL goes to `end`, the next one begins
 * at `next`. A password should have its '/', '?', '#', '@' and blanks escaped; where it has not, that is told by what
 * remains. With a password in there, more is cut rather than less.
 */
static size_t login_end(const struct value *v, size_t at, size_t end, size_t next, bool http)
{
	size_t host = find_any(v, at, end, "/?#"), login = behind_at(v, at, host);

	if (login && (http || has(v, at, login, ':')))
		return behind_at(v, at, end);
	if (login || !has_odd_port(v, at, host))
		return 0;
	login = behind_at(v, at, end);
	return login ? login : behind_at(v, at, next);
}

/* Parameters whose names say that they are secrets, from `at` on. Gives the URL's end. */
static size_t cut_parameters(struct value *v, size_t at, size_t end)
{
	at = find_any(v, at, end, "?");
	while (at < end) {
		size_t name = at + 1, stop = find_any(v, name, end, "&;#"), equals = find_any(v, name, stop, "=");

		if (equals < stop && mask_is_secret_name(v->at + name, equals - name)) {
			drop(v, equals + 1, stop);
			end -= stop - equals - 1;
			stop = equals + 1;
		}
		at = stop;
	}
	return end;
}

/* user:password@host without a scheme, as proxies are written, in [from, end). Gives the word's end. */
static size_t cut_word(struct value *v, size_t from, size_t end)
{
	size_t login = behind_at(v, from, end), colon = find_any(v, from, end, ":"), equals = find_any(v, from, end, "=");

	if (!login || colon >= login)
		return end;
	if (equals < colon)
		from = equals + 1;
	if (colon - from >= 2 && v->at[from] == '/' && v->at[from + 1] == '/')
		from += 2;
	drop(v, from, login);
	return end - (login - from);
}

/* One URL, whose scheme ends at `colon`, or more than one in a word that goes to `word`. Gives where to go on. */
static size_t cut_url(struct value *v, size_t from, size_t colon, size_t word)
{
	size_t at = colon + 3, next = find_scheme_end(v, at, v->len), end, login;
	bool http = (colon - from >= 4 && !strncasecmp(v->at + colon - 4, "http", 4)) ||
		    (colon - from >= 5 && !strncasecmp(v->at + colon - 5, "https", 5));

	if (next < v->len)
		next = scheme_start(v, at, next);
	end = word < next ? word : next;
	login = login_end(v, at, end, next, http);
	if (login) {
		drop(v, at, login);
		end = end > login ? end - (login - at) : at;
	}
	return cut_parameters(v, at, end);
}

/* "Authorization: ..." and kin, up to the line's end or a quote. */
static void cut_headers(struct value *v)
{
	static const struct {
		const char *name;
		size_t len;
	} headers[] = { { "authorization:", 14 }, { "token: ", 7 }, { "cookie: ", 8 } };

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		for (size_t at = 0; at + headers[i].len <= v->len; at++) {
			if (strncasecmp(v->at + at, headers[i].name, headers[i].len) != 0)
				continue;
			at += headers[i].len;
			drop(v, at, find_any(v, at, v->len, "\r\n\"'"));
			at--;
		}
	}
}

size_t environ_cut(char *value, size_t len)
{
	struct value v = { value, len };

	cut_headers(&v);
	for (size_t at = 0; at < v.len;) {
		size_t word, scheme;

		if (is_blank(v.at[at])) {
			at++;
			continue;
		}
		word = find_blank(&v, at);
		scheme = find_scheme_end(&v, at, word);
		at = scheme < word ? cut_url(&v, at, scheme, word) : cut_word(&v, at, word);
	}
	return v.len;
}

/* What is left of the value. */
static size_t rewrite_value(const struct environ_owner *owner, const char *name, size_t name_len, char *value,
			    size_t len)
{
	const struct env_entry *entry = len ? env_find(owner->list, name, name_len) : NULL;

	if (!entry || entry->kind == ENV_KEEP || (entry->classes & owner->reads) ||
	    (owner->keeps && owner->keeps(owner->keeps_arg, name, name_len)))
		return len;
	return entry->kind == ENV_URL ? environ_cut(value, len) : 0;
}

int environ_rewrite(char *block, size_t len, const struct environ_owner *owner, struct environ_change **ret,
		    size_t *ret_count)
{
	struct environ_change *changes = NULL;
	size_t count = 0, room = 0;

	for (size_t at = 0; at < len;) {
		const char *nul = memchr(block + at, '\0', len - at);
		size_t end = nul ? (size_t)(nul - block) : len, start = at, left;
		const char *equals = memchr(block + at, '=', end - at);
		char *value = equals ? block + (equals - block) + 1 : NULL;

		at = end + 1;
		if (!value)
			continue;
		left = rewrite_value(owner, block + start, (size_t)(equals - block) - start, value, (size_t)(block + end - value));
		if (value + left == block + end)
			continue;
		memset(value + left, 0, (size_t)(block + end - value) - left);
		if (count == room) {
			struct environ_change *grown = reallocarray(changes, room = room * 2 + 16, sizeof(*grown));

			if (!grown) {
				free(changes);
				return -ENOMEM;
			}
			changes = grown;
		}
		changes[count++] = (struct environ_change){ start, (size_t)(equals - block) - start, end, left > 0 };
	}
	*ret = changes;
	*ret_count = count;
	return 0;
}
