/* SPDX-License-Identifier: Apache-2.0 */
/* aside.h - a file that must not be found where it is, and may be its user's to look at: it gets another name. */
#ifndef CORDON_GUARD_ASIDE_H
#define CORDON_GUARD_ASIDE_H

/* Gives `name`, in the folder of that descriptor, a name that neither python nor an installer reads. That name, new; NULL:
 * it could not be moved, and errno says why. */
char *put_aside(int folder, const char *name);

#endif
