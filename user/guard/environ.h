/* SPDX-License-Identifier: Apache-2.0 */
/* environ.h - secrets leave the environment of a program before it runs. */
#ifndef CORDON_GUARD_ENVIRON_H
#define CORDON_GUARD_ENVIRON_H

#include "guard/controller.h"

/*
 * Takes: a task that is held at its exec, still without the label that it is to have. Empties the variables that the
 * rules keep from that role and package, and records them.
 * Gives: whether it may go on; where not, that is recorded too.
 */
bool environ_empty(struct controller *c, const struct process *process, const struct cordon_label *label);

#endif
