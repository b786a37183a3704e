/* SPDX-License-Identifier: Apache-2.0 */
/*
 * field.h - parts of a finding as short texts for a terminal. Each gives a new string, already escaped; NULL: out of
 * memory. Private to user/report/.
 */
#ifndef CORDON_REPORT_FIELD_H
#define CORDON_REPORT_FIELD_H

#include "journal/finding.h"

/* How much of a name, a path and a command goes onto a line that people read; the whole is in `cordon show`. */
#define FIELD_NAME_MAX 64
#define FIELD_OBJECT_MAX 120
#define FIELD_COMMAND_MAX 60

/* Escaped, and "..." for what is beyond `max` bytes. */
char *field_clip(const char *text, size_t max);
/* "pypi:evil 1.0", "an unknown package", or who did it where it was no package: "pip (installer)". */
char *field_package(const struct finding *finding);
/* "203.0.113.7:443", "[2001:db8::1]:53", a path, "process 12", a protocol; "" where the rule has no object. */
char *field_object(const struct finding *finding, size_t max);
/* The program's command line, or its path, or "?". */
char *field_command(const struct finding *finding, size_t max);
/* "2027-01-31T12:00:00.123Z". */
void field_time(int64_t ms, char *ret, size_t size);

#define FIELD_TIME_SIZE 32

#endif
