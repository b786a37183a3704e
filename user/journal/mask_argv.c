/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/mask.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

static bool is_plain(const char *arg)
{
	if (!*arg)
		return false;
	for (; *arg; arg++)
		if (!isalnum((unsigned char)*arg) && !strchr("_@%+=:,./-", *arg))
			return false;
	return true;
}

static bool has_control(const char *arg)
{
	for (; *arg; arg++)
		if ((unsigned char)*arg < 0x20 || *arg == 0x7f)
			return true;
	return false;
}

/* In quotes where a shell would read it otherwise. $'...' where it has control characters, so that the result stays on
 * one line; bytes above 0x7f stay as they are, they are names in other languages. */
static void put_quoted(FILE *out, const char *arg)
{
	bool control = has_control(arg);

	if (is_plain(arg)) {
		fputs(arg, out);
		return;
	}
	fputs(control ? "$'" : "'", out);
	for (; *arg; arg++) {
		unsigned char c = (unsigned char)*arg;

		if (!control && c == '\'')
			fputs("'\\''", out);
		else if (control && (c == '\'' || c == '\\'))
			fprintf(out, "\\%c", c);
		else if (c < 0x20 || c == 0x7f) /* three digits: the next character cannot become a part of it */
			fprintf(out, "\\%03o", c);
		else
			fputc(c, out);
	}
	fputc('\'', out);
}

/* Whether the argument behind this one is a secret: `--password X`, `npm config set //host/:_authToken X`. */
static bool wants_secret(const char *arg)
{
	static const char *const settings[] = { "_authToken", "_auth", "_password" };
	const char *colon = strrchr(arg, ':');
	const char *key = colon ? colon + 1 : arg;

	if (!strncmp(arg, "--", 2))
		return !strchr(arg, '=') && mask_is_secret_name(arg, strlen(arg));
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
		if (!strcmp(key, settings[i]))
			return true;
	return false;
}

static bool is_script_option(const char *arg)
{
	return arg && arg[0] == '-' && arg[1] != '-' && text_ends_with(arg, "c");
}

/* NAME=VALUE or --name=VALUE as a whole argument: the value goes to its end, blanks included. */
static char *mask_assignment(const char *arg)
{
	const char *value = strchr(arg, '=');
	bool option = !strncmp(arg, "--", 2);

	if (!value)
		return NULL;
	for (const char *s = arg; s < value; s++)
		if (!isalnum((unsigned char)*s) && !strchr("_-.", *s))
			return NULL;
	value++;
	/* `secret==1.0` names a release of a package. */
	if (!*value || (!option && *value == '=') || !mask_is_secret_name(arg, (size_t)(value - 1 - arg)))
		return NULL;
	return text_format("%.*s***", (int)(value - arg), arg);
}

/* `before` is the argument in front of it, unmasked; NULL: none. */
static char *mask_arg(const char *arg, const char *before)
{
	char *masked;

	/* An option in the place of a value: the one before took none. */
	if (before && wants_secret(before) && *arg && strncmp(arg, "--", 2) != 0)
		return strdup("***");
	/* `sh -c 'TOKEN=x wget ...'`: to hide the rest of a script would hide an attack. */
	masked = is_script_option(before) ? NULL : mask_assignment(arg);
	return masked ? masked : mask_text(arg);
}

char *mask_argv(const char *args, size_t len)
{
	_cleanup_free_ char *joined = NULL;
	_cleanup_free_ char *before = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&joined, &size);

	if (!out)
		return NULL;
	for (size_t i = 0; i < len;) {
		size_t n = strnlen(args + i, len - i);
		_cleanup_free_ char *arg = strndup(args + i, n);
		_cleanup_free_ char *masked = arg ? mask_arg(arg, before) : NULL;

		if (!masked) {
			fclose(out);
			return NULL;
		}
		if (i)
			fputc(' ', out);
		put_quoted(out, masked);
		free(before);
		before = TAKE_PTR(arg);
		i += n + 1;
	}
	/* Closing writes what was held back, and so may run out of memory. */
	return fclose(out) == 0 ? TAKE_PTR(joined) : NULL;
}
