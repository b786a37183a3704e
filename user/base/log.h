/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.h - messages to stderr, "cordon: " in front. Stages never log above debug; commands log an error once:
 *
 *	return log_err(r, "cannot open '%s'", path);
 *
 * Lower case, no full stop, the error's own text appended by the _err variant, subject quoted.
 * What comes from outside (names, argv, paths) is escaped for a terminal by the functions here, whole message at once.
 */
#ifndef CORDON_BASE_LOG_H
#define CORDON_BASE_LOG_H

enum log_level { LOG_LEVEL_QUIET, LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Default LOG_LEVEL_INFO; CORDON_DEBUG=1 in the environment makes it debug. */
void log_set_level(enum log_level level);
/* Where messages go instead of stderr; the controller has no terminal. NULL: stderr. */
void log_set_sink(void (*sink)(enum log_level level, const char *line));

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Logs the message with strerror(-error) behind it; returns `error` (negative errno, or 0: no text is added). */
int log_err(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
