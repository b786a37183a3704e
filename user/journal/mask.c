/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/mask.h"

#include "base/cleanup.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#define MASK "***"

/* Names of secrets, lower case with '_' for '-' and '.'. */
static const char *const secret_suffixes[] = {
	"token",      "password",  "passwd",	    "passphrase", "secret",	 "api_key",    "apikey",
	"access_key", "accesskey", "secret_key",    "secretkey",  "private_key", "privatekey", "credential",
	"credentials", "_auth",	   "authorization", "_pass",	  "_pwd",	 "_pat",       "cookie",
	"signature",
};
static const char *const secret_names[] = { "auth", "pass", "sig", "pgpass" };

/* Headers: the value is more than one word ("Bearer ..."). */
static const char *const line_names[] = { "authorization", "proxy_authorization", "cookie", "set_cookie" };

/* Tokens that tell themselves. `least` characters must follow, so that npm_config and AKIAN stay readable. */
static const struct shape {
	const char *prefix;
	size_t least;
	bool symbols; /* '_', '-', '.' too */
} shapes[] = {
	{ "ghp_", 30, false },	   { "gho_", 30, false },   { "ghu_", 30, false },	{ "ghs_", 30, false },
	{ "ghr_", 30, false },	   { "github_pat_", 20, true }, { "npm_", 30, false },	{ "pypi-AgEI", 16, true },
	{ "AKIA", 16, false },	   { "ASIA", 16, false },   { "xoxb-", 10, true },	{ "xoxp-", 10, true },
	{ "xoxa-", 10, true },	   { "xoxr-", 10, true },   { "xoxs-", 10, true },	{ "glpat-", 16, true },
	{ "dckr_pat_", 16, true }, { "hf_", 30, false },    { "sk_live_", 16, false },	{ "eyJhbGciOi", 16, true },
};

/* Output that grows; out of memory shows at the end. */
struct out {
	char *bytes;
	size_t len, size;
	bool failed;
};

static void put(struct out *out, const char *bytes, size_t len)
{
	if (out->failed)
		return;
	if (len + 1 > out->size - out->len) {
		size_t size = (out->len + len) * 2 + 64;
		char *grown = realloc(out->bytes, size);

		if (!grown) {
			out->failed = true;
			return;
		}
		out->bytes = grown;
		out->size = size;
	}
	memcpy(out->bytes + out->len, bytes, len);
	out->len += len;
	out->bytes[out->len] = '\0';
}

static char *finish(struct out *out)
{
	put(out, "", 0);
	if (!out->failed)
		return out->bytes;
	free(out->bytes);
	return NULL;
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static bool is_name(char c)
{
	return is_word(c) || c == '-' || c == '.';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_quote(char c)
{
	return c == '"' || c == '\'' || c == '`';
}

static bool is_one_of(const char *name, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(name, list[i]))
			return true;
	return false;
}

/* Puts the end of a name into `ret`, in the form of the lists; the longest entry is far shorter. */
static void normalise(const char *name, size_t len, char *ret, size_t size)
{
	size_t skip = len >= size ? len - size + 1 : 0;
	size_t n = 0;

	for (size_t i = skip; i < len; i++)
		ret[n++] = name[i] == '-' || name[i] == '.' ? '_' : (char)tolower((unsigned char)name[i]);
	ret[n] = '\0';
}

static bool classify(const char *name, size_t len, bool *ret_line)
{
	char norm[64];
	size_t n;

	/* Dashes make it an option; the underscore of "_auth" stays, it tells it from "oauth". */
	while (len && (*name == '-' || *name == '.')) {
		name++;
		len--;
	}
	normalise(name, len, norm, sizeof(norm));
	n = strlen(norm);
	*ret_line = is_one_of(norm, line_names, ARRAY_SIZE(line_names));
	if (is_one_of(norm, secret_names, ARRAY_SIZE(secret_names)))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(secret_suffixes); i++) {
		size_t m = strlen(secret_suffixes[i]);

		if (n >= m && !strcmp(norm + n - m, secret_suffixes[i]))
			return true;
	}
	return false;
}

bool mask_is_secret_name(const char *name, size_t len)
{
	bool line;

	return classify(name, len, &line);
}

/* Length of the token at `s`, 0: none; *ret_keep is what may stay of it. */
static size_t token_at(const char *s, size_t *ret_keep)
{
	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
		size_t prefix = strlen(shapes[i].prefix);
		size_t n = prefix;

		if (strncmp(s, shapes[i].prefix, prefix) != 0)
			continue;
		while (isalnum((unsigned char)s[n]) || (shapes[i].symbols && s[n] && strchr("_-.=", s[n])))
			n++;
		if (n - prefix < shapes[i].least)
			continue;
		*ret_keep = prefix;
		return n;
	}
	return 0;
}

/* The end of a value at `s`: the quote that it stands in, or the first blank. A backslash hides the next character. */
static const char *value_end(const char *s, char quote, bool line)
{
	for (; *s; s++) {
		if (*s == '\\' && s[1]) {
			s++;
			continue;
		}
		if (quote ? *s == quote : *s == '\n' || *s == '\r')
			break;
		if (!quote && !line && (is_blank(*s) || *s == '&' || is_quote(*s)))
			break;
	}
	return s;
}

/* Masks the value at `s`, which may be quoted; gives its end. `outer` is the quote right before its name: the value
 * goes as far as that one, blanks included ('PASSPHRASE=correct horse'). */
static const char *mask_value(struct out *out, const char *s, char outer, bool line)
{
	char quote = 0;
	const char *end;

	if (is_quote(*s) && *s != outer) {
		quote = *s;
		put(out, s++, 1);
	} else {
		quote = outer;
	}
	end = value_end(s, quote, line);
	if (end > s)
		put(out, MASK, strlen(MASK));
	return end;
}

/*
 * Takes: the name of `len` bytes at `s`. Gives: where the value of that setting begins, NULL: no setting. `option`: it
 * has dashes in front, so a blank may take the place of '='.
 */
static const char *value_of(const char *s, size_t len, bool option)
{
	const char *v = s + len;

	if (is_quote(*v)) /* "token": "x" */
		v++;
	else if (option && is_blank(*v)) {
		while (is_blank(*v))
			v++;
		/* The next option: this one had no value. */
		return *v && strncmp(v, "--", 2) != 0 ? v : NULL;
	}
	while (is_blank(*v))
		v++;
	/* `secret==1.0` names a release of a package, `token::new` is code. */
	if ((*v != '=' && *v != ':') || (!option && v[1] == *v))
		return NULL;
	v++;
	while (is_blank(*v))
		v++;
	return v;
}

/* A user alone may be a token; over ssh and git it is just "git". With a password of these forms the user is the
 * token. */
static bool user_is_secret(const char *user, size_t len, const char *password, size_t password_len)
{
	size_t keep;

	if (!password_len || (password_len == 13 && !strncmp(password, "x-oauth-basic", 13)))
		return true;
	return len >= 32 || token_at(user, &keep);
}

/* Takes: the text behind "scheme://", and the scheme's end. Gives: the end of what was written. */
static const char *mask_authority(struct out *out, const char *s, bool plain_users)
{
	size_t len = strcspn(s, "/?# \t\r\n\"<>"); /* no single quote: it may be a part of the password */
	const char *at = memrchr(s, '@', len);
	const char *colon;
	size_t user;

	if (!at)
		return s;
	colon = memchr(s, ':', (size_t)(at - s));
	user = (size_t)((colon ? colon : at) - s);
	if (colon && !user_is_secret(s, user, colon + 1, (size_t)(at - colon - 1))) {
		put(out, s, user + 1);
		put(out, MASK, strlen(MASK));
	} else if (plain_users && !colon) {
		put(out, s, user);
	} else {
		put(out, MASK, strlen(MASK));
	}
	return at;
}

static bool scheme_has_plain_users(const char *text, const char *colon)
{
	const char *s = colon;

	while (s > text && (isalnum((unsigned char)s[-1]) || s[-1] == '+'))
		s--;
	return (colon - s >= 3 && !strncasecmp(colon - 3, "ssh", 3)) || (colon - s == 3 && !strncasecmp(s, "git", 3));
}

/* Puts the word up to its first token; gives the token's end, NULL: there is none. It may stand behind a part of the
 * name: "x-ghp_...". */
static const char *mask_token(struct out *out, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		size_t keep = 0, token;

		if (i && is_word(s[i - 1]))
			continue;
		token = token_at(s + i, &keep);
		if (!token)
			continue;
		put(out, s, i + keep);
		put(out, MASK, strlen(MASK));
		return s + i + token;
	}
	return NULL;
}

/* One word: a token, or a name with its value, or only a word. Gives its end. */
static const char *mask_word(struct out *out, const char *text, const char *s)
{
	char before = s > text ? s[-1] : '\0';
	const char *end, *value = NULL;
	size_t len = 0;
	bool line;

	while (is_name(s[len]))
		len++;
	/* First, since what ends like a name may begin with a token, and names stay. */
	end = mask_token(out, s, len);
	if (end)
		return end;
	if (classify(s, len, &line))
		value = value_of(s, len, !strncmp(s, "--", 2));
	if (value) {
		put(out, s, (size_t)(value - s));
		return mask_value(out, value, is_quote(before) && s[len] != before ? before : 0, line);
	}
	put(out, s, len);
	return s + len;
}

char *mask_text(const char *text)
{
	struct out out = { 0 };
	const char *s = text;

	while (*s) {
		if (is_name(*s)) {
			s = mask_word(&out, text, s);
		} else if (!strncmp(s, "://", 3)) {
			put(&out, s, 3);
			s = mask_authority(&out, s + 3, scheme_has_plain_users(text, s));
		} else {
			put(&out, s++, 1);
		}
	}
	return finish(&out);
}
