/* SPDX-License-Identifier: Apache-2.0 */
/*
 * passthrough.h - an installer's child that is the user's own program: `uv run`, `npm run`, `npx`, `poetry run`.
 */
#ifndef CORDON_SESSION_PASSTHROUGH_H
#define CORDON_SESSION_PASSTHROUGH_H

#include "session/context.h"

/*
 * Whether the new program goes back to `root`: the installer was asked for one of its `passthrough` commands, and this
 * is not what it does on the way there: no lifecycle script of an install, neither program nor folder in a place where
 * packages are built, and not one of uv's questions to an interpreter.
 */
bool passthrough_program(const struct context *c);

#endif
