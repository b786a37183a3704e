/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

static enum log_level log_level = LOG_LEVEL_INFO;
static void (*log_sink)(enum log_level level, const char *line);

void log_set_level(enum log_level level)
{
	log_level = level;
}

void log_set_sink(void (*sink)(enum log_level level, const char *line))
{
	log_sink = sink;
}

static bool log_wanted(enum log_level level)
{
	static int debug = -1;

	if (debug < 0) {
		const char *v = getenv("CORDON_DEBUG");

		debug = v && *v && strcmp(v, "0") != 0;
	}
	return level <= log_level || (debug && log_level != LOG_LEVEL_QUIET);
}

static void log_line(enum log_level level, int error, const char *format, va_list args)
{
	_cleanup_free_ char *message = NULL;
	_cleanup_free_ char *line = NULL;
	_cleanup_free_ char *safe = NULL;

	if (!log_wanted(level))
		return;
	if (vasprintf(&message, format, args) < 0)
		return;
	if (asprintf(&line, "%s%s%s", message, error ? ": " : "", error ? strerror(-error) : "") < 0)
		return;
	safe = text_escape_terminal(line);
	if (!safe)
		return;
	if (log_sink)
		log_sink(level, safe);
	else
		fprintf(stderr, "cordon: %s%s\n", level == LOG_LEVEL_DEBUG ? "debug: " : "", safe);
}

#define LOG_FUNCTION(name, level)                    \
	void name(const char *format, ...)           \
	{                                            \
		va_list args;                        \
		va_start(args, format);              \
		log_line(level, 0, format, args);    \
		va_end(args);                        \
	}

LOG_FUNCTION(log_error, LOG_LEVEL_ERROR)
LOG_FUNCTION(log_warn, LOG_LEVEL_WARN)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO)
LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG)

int log_err(int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_line(LOG_LEVEL_ERROR, error, format, args);
	va_end(args);
	return error;
}
