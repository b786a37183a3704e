/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remains.h - what is left of a condemned package when the command has ended: installed although it was caught, or built
 * before it was. What it built is taken away, what is installed is told, with how to remove it.
 */
#ifndef CORDON_GUARD_REMAINS_H
#define CORDON_GUARD_REMAINS_H

#include "guard/controller.h"

/* Where this installer may put something: looked through at the end, where a package was condemned. */
void remains_note(struct controller *c, const struct process *installer);
/* Of condemned packages, what installers keep for the next install: none of this session uses it. */
void remains_take_built(struct controller *c);
/* The command has ended: looks for all that is left of condemned packages. */
void remains_finish(struct controller *c);
void remains_release(struct controller *c);

#endif
