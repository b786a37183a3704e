/* SPDX-License-Identifier: Apache-2.0 */
/* descend.h - the processes below one, from /proc: for the supervisor, which cannot read the kernel's labels. */
#ifndef CORDON_GUARD_DESCEND_H
#define CORDON_GUARD_DESCEND_H

#include <sys/types.h>

/* Ends every process below `top` that is stopped: it was held, and nobody is left to wake it. What the user stopped by
 * ^Z in an interactive shell goes too; it cannot be told from the outside. */
void descend_end_stopped(pid_t top);

#endif
