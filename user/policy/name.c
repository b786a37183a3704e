/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/name.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

/* As package URLs name them. */
const char *const ecosystem_names[] = { "pypi", "npm", "cargo", "gem", "golang", "conda", NULL };

/* npm's limit, the longest of all registries; some old npm names have capitals and the marks !~*'(). */
#define PACKAGE_LEN_MAX 214

static bool is_letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_digits(const char *text, size_t len)
{
	return len && strspn(text, "0123456789") >= len;
}

static int refuse(const char **ret_why, const char *why)
{
	*ret_why = why;
	return -EINVAL;
}

void package_normalize_pypi(char *name)
{
	char *out = name;

	for (const char *in = name; *in; in++) {
		if (*in == '-' || *in == '_' || *in == '.') {
			if (out == name || out[-1] != '-')
				*out++ = '-';
		} else {
			*out++ = *in >= 'A' && *in <= 'Z' ? (char)(*in - 'A' + 'a') : *in;
		}
	}
	*out = '\0';
}

bool package_equal(const char *ecosystem, const char *a, const char *b)
{
	_cleanup_free_ char *x = NULL, *y = NULL;

	if (strcmp(ecosystem, "pypi") != 0)
		return !strcmp(a, b);
	x = strdup(a);
	y = strdup(b);
	if (!x || !y)
		return false; /* a grant that cannot be compared grants nothing */
	package_normalize_pypi(x);
	package_normalize_pypi(y);
	return !strcmp(x, y);
}

static bool name_is_plain(const char *name)
{
	for (const char *c = name; *c; c++)
		if (!is_letter_or_digit(*c) && !strchr("-_.", *c))
			return false;
	return is_letter_or_digit(name[0]) && is_letter_or_digit(name[strlen(name) - 1]);
}

static bool name_is_printable(const char *name)
{
	for (const char *c = name; *c; c++)
		if (!is_letter_or_digit(*c) && !strchr("-_.~!'()@/+", *c))
			return false;
	return true;
}

static int ecosystem_of(const char *text, const char **ret_ecosystem, const char **ret_name, const char **ret_why)
{
	const char *colon = strchr(text, ':');

	*ret_ecosystem = "";
	*ret_name = text;
	if (!colon)
		return 0;
	for (size_t i = 0; ecosystem_names[i]; i++) {
		if (strlen(ecosystem_names[i]) == (size_t)(colon - text) &&
		    !strncmp(ecosystem_names[i], text, (size_t)(colon - text))) {
			*ret_ecosystem = ecosystem_names[i];
			*ret_name = colon + 1;
			return 0;
		}
	}
	return refuse(ret_why, "names no ecosystem; it is one of pypi:, npm:, cargo:, gem:, golang:, conda:");
}

int package_parse(const char *text, char **ret_ecosystem, char **ret_name, const char **ret_why)
{
	_cleanup_free_ char *ecosystem_copy = NULL, *name_copy = NULL;
	const char *ecosystem, *name;
	int r = ecosystem_of(text, &ecosystem, &name, ret_why);

	if (r < 0)
		return r;
	if (!*name)
		return refuse(ret_why, "names no package");
	if (strlen(name) > PACKAGE_LEN_MAX)
		return refuse(ret_why, "is longer than any package's name");
	if (strcmp(name, "*") != 0) {
		if (strchr(name, '*'))
			return refuse(ret_why, "is a pattern; a grant names one package, or \"*\" for every known one");
		if (!strcmp(ecosystem, "pypi") ? !name_is_plain(name) : !name_is_printable(name))
			return refuse(ret_why, "is no package's name");
		if (!strcasecmp(name, PACKAGE_UNKNOWN))
			return refuse(ret_why, "is code that belongs to no known package; it gets no grants");
	}
	ecosystem_copy = strdup(ecosystem);
	name_copy = strdup(name);
	if (!ecosystem_copy || !name_copy)
		return -ENOMEM;
	if (!strcmp(ecosystem, "pypi"))
		package_normalize_pypi(name_copy);
	*ret_ecosystem = TAKE_PTR(ecosystem_copy);
	*ret_name = TAKE_PTR(name_copy);
	return 0;
}

bool version_is_plain(const char *text)
{
	for (const char *c = text; *c; c++)
		if (!is_letter_or_digit(*c) && !strchr(".+-_!~", *c))
			return false;
	return true;
}

bool hex_is_valid(const char *text, size_t len)
{
	return strlen(text) == len && strspn(text, "0123456789abcdef") == len;
}

/* Takes: digits to the end of the text. */
static int port_parse(const char *text, unsigned int *ret_port, const char **ret_why)
{
	unsigned int port = 0;

	if (!is_digits(text, strlen(text)) || strlen(text) > 5)
		return refuse(ret_why, "has no port behind its colon");
	for (; *text; text++)
		port = port * 10 + (unsigned int)(*text - '0');
	if (!port || port > 65535)
		return refuse(ret_why, "has a port outside of 1 to 65535");
	*ret_port = port;
	return 0;
}

/* A DNS name: labels of letters, digits, - and _ (which some content networks use). */
static bool host_is_name(const char *host)
{
	size_t len;

	if (strlen(host) > 253)
		return false;
	for (const char *label = host;; label += len + 1) {
		len = strcspn(label, ".");
		if (!len || len > 63 || label[0] == '-' || label[len - 1] == '-')
			return false;
		for (size_t i = 0; i < len; i++)
			if (!is_letter_or_digit(label[i]) && label[i] != '-' && label[i] != '_')
				return false;
		if (!label[len])
			return !is_digits(label, len) && strncmp(label, "0x", 2) != 0; /* 127.1 is an address to libc */
	}
}

static bool host_is_address(int family, const char *host)
{
	struct in6_addr address;

	return inet_pton(family, host, &address) == 1;
}

int host_parse(const char *text, char **ret_host, unsigned int *ret_port, const char **ret_why)
{
	_cleanup_free_ char *host = strdup(text);
	unsigned int port = 0;
	bool brackets = false;
	char *colon;
	int r;

	if (!host)
		return -ENOMEM;
	if (strstr(host, "://"))
		return refuse(ret_why, "is a URL; write only the host, and :PORT where it matters");
	if (strpbrk(host, "*?"))
		return refuse(ret_why, "is a pattern; a grant names one host");
	if (strchr(host, '/'))
		return refuse(ret_why, "is a range or a path; a grant names one host");
	if (host[0] == '[') {
		char *end = strchr(host, ']');

		if (!end || (end[1] && end[1] != ':'))
			return refuse(ret_why, "has a bracket that does not end");
		brackets = true;
		*end = '\0';
		colon = end[1] ? end + 1 : NULL;
	} else {
		/* More than one colon: an IPv6 address, which takes a port only in brackets. */
		colon = strchr(host, ':');
		if (colon && strchr(colon + 1, ':'))
			colon = NULL;
	}
	if (colon) {
		*colon = '\0';
		r = port_parse(colon + 1, &port, ret_why);
		if (r < 0)
			return r;
	}
	if (brackets)
		memmove(host, host + 1, strlen(host));
	for (char *c = host; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	if (brackets ? !host_is_address(AF_INET6, host)
		     : !host_is_address(AF_INET, host) && !host_is_address(AF_INET6, host) && !host_is_name(host))
		return refuse(ret_why, "is no host: a name, an address, NAME:PORT or [IPv6 address]:PORT");
	*ret_host = TAKE_PTR(host);
	*ret_port = port;
	return 0;
}
