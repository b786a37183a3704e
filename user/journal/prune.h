/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prune.h - the caps: whole sessions go, oldest first, each in a transaction of its own. Private to user/journal/.
 */
#ifndef CORDON_JOURNAL_PRUNE_H
#define CORDON_JOURNAL_PRUNE_H

#include "journal/store.h"

/* Drops what is too old, then, where the journal is above its size, the oldest until it is a tenth below. */
int prune_journal(struct journal *journal);
/* Prunes where the size asks for it. -EDQUOT: still above, all the rest belongs to sessions that are on. */
int prune_if_full(struct journal *journal);

/* Wall clock, ms since 1970. */
int64_t journal_now(void);

#endif
