/* SPDX-License-Identifier: Apache-2.0 */
/*
 * query.h - what the commands that read the journal share: opening it, whose sessions count, reading numbers and dates.
 * They log what is wrong; the command returns EXIT_ERROR then.
 */
#ifndef CORDON_CMD_QUERY_H
#define CORDON_CMD_QUERY_H

#include "journal/journal.h"

#include <stdint.h>

/* Opens the journal for reading. -ENOENT, without a message: there is none yet, so nothing happened. */
int query_open(struct journal **ret);
/* Logs why the journal could not be read on. */
int query_error(int error);

/* Whose sessions to show: under sudo those of the user who called it, else everybody's (-1). */
int query_uid(void);

/* A whole number from `least` up, in decimal. `what` names it in the message. */
int query_number(const char *text, const char *what, int64_t least, int64_t *ret);
/* "30m", "2h", "2d", "1w" before now, or a local date "2027-01-31", maybe with "T12:00" or "T12:00:00". */
int query_since(const char *text, int64_t *ret);

#endif
