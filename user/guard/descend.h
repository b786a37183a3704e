/* SPDX-License-Identifier: Apache-2.0 */
/* descend.h - the processes below one, from /proc: for the supervisor, which cannot read the kernel's labels. */
#ifndef CORDON_GUARD_DESCEND_H
#define CORDON_GUARD_DESCEND_H

#include <stdbool.h>
#include <sys/types.h>

/* Nobody is left to wake what is stopped below `top`. Code that has not begun, or whose file nobody has looked at, is ended, but
 * in audit; all else is continued, what the user stopped by ^Z too, which cannot be told from it: the kernel refuses what it
 * then asks once more. */
void descend_wake(pid_t top, bool audit);
/* Ends every other process of the container that we are process 1 of, but `spared`. */
void descend_end_others(pid_t spared);

#endif
