/* SPDX-License-Identifier: Apache-2.0 */
/* headers.c - METADATA and PKG-INFO: header lines as python's email.parser takes them, up to the first that is none. */
#include "artifact/claims.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

struct line {
	const char *at;
	size_t len;
};

/* \n, \r\n and \r end one. False: there is no more. */
static bool line_next(const char **at, const char *end, struct line *ret)
{
	const char *stop = *at;

	if (*at == end)
		return false;
	while (stop < end && *stop != '\n' && *stop != '\r')
		stop++;
	*ret = (struct line){ .at = *at, .len = (size_t)(stop - *at) };
	if (stop < end)
		stop += *stop == '\r' && stop + 1 < end && stop[1] == '\n' ? 2 : 1;
	*at = stop;
	return true;
}

/* NAME: VALUE, where NAME has no blank in it. */
static bool line_split(const struct line *line, struct line *ret_name, struct line *ret_value)
{
	size_t n = 0;

	while (n < line->len && (unsigned char)line->at[n] > 0x20 && (unsigned char)line->at[n] < 0x7f &&
	       line->at[n] != ':')
		n++;
	if (n == line->len || line->at[n] != ':')
		return false;
	*ret_name = (struct line){ .at = line->at, .len = n };
	*ret_value = (struct line){ .at = line->at + n + 1, .len = line->len - n - 1 };
	while (ret_value->len && (*ret_value->at == ' ' || *ret_value->at == '\t')) {
		ret_value->at++;
		ret_value->len--;
	}
	while (ret_value->len &&
	       (ret_value->at[ret_value->len - 1] == ' ' || ret_value->at[ret_value->len - 1] == '\t'))
		ret_value->len--;
	return true;
}

static bool is_field(const struct line *name, const char *field)
{
	return name->len == strlen(field) && !strncasecmp(name->at, field, name->len);
}

int headers_identity(const char *text, size_t len, struct identity *ret)
{
	const char *at = text, *end = text + len;
	struct line line, name, value;
	struct identity identity = *ret;
	unsigned int names = 0, versions = 0;
	bool last = false; /* the line before is one of the two */

	while (line_next(&at, end, &line) && line.len) {
		if (*line.at == ' ' || *line.at == '\t') {
			/* A name that goes on in the next line. */
			if (last)
				return -EINVAL;
			continue;
		}
		if (!line_split(&line, &name, &value))
			break;
		last = false;
		if (is_field(&name, "Name")) {
			if (names++ || identity_set_name(&identity, value.at, value.len))
				return -EINVAL;
			last = true;
		} else if (is_field(&name, "Version")) {
			if (versions++ || identity_set_version(&identity, value.at, value.len))
				return -EINVAL;
			last = true;
		}
	}
	if (names != 1 || versions != 1)
		return -EINVAL;
	*ret = identity;
	return 0;
}
