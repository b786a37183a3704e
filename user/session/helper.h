/* SPDX-License-Identifier: Apache-2.0 */
/*
 * helper.h - the programs that an installer is known to need: git, ssh, keyring.
 */
#ifndef CORDON_SESSION_HELPER_H
#define CORDON_SESSION_HELPER_H

#include "session/context.h"

/* Whether an installer's child is one of its helpers. *ret_reads: CORDON_CLASS_* that it may read. */
bool helper_of_installer(const struct context *c, unsigned int *ret_reads);

/* Whether a helper's child stays a helper: it is on that helper's own list, is the helper itself (git runs git), or is
 * the shell that git puts before `git-upload-pack` of a repository on this machine. */
bool helper_of_helper(const struct context *c, unsigned int *ret_reads);

#endif
