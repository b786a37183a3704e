/* SPDX-License-Identifier: Apache-2.0 */
/*
 * project.h - code of the tree that the session started in.
 *
 * It is confined as package code is, but may write in that tree. So a package must not be taken for it: not what lies
 * in node_modules, a hidden folder, an environment, a cache or a temporary folder inside the tree, nor what the
 * installer put there just now (`pip install -e git+...` clones into ./src).
 */
#ifndef CORDON_SESSION_PROJECT_H
#define CORDON_SESSION_PROJECT_H

#include "session/context.h"

/* Whether an installer's child is the project's own build hook or lifecycle script. */
bool project_hook(const struct context *c);

/* Whether the new program is a script of the project itself: python setup.py. */
bool project_script(const struct context *c);

#endif
