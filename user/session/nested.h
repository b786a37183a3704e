/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nested.h - an installer that an installer starts: pip for the requirements of a build, npm for a git dependency.
 */
#ifndef CORDON_SESSION_NESTED_H
#define CORDON_SESSION_NESTED_H

#include "session/context.h"

/*
 * Whether the new program stays an installer: recognised, on the `nested` list of the one that starts it, and made of
 * files that package code of this install cannot have written:
 *
 * - The file that runs (interpreter or ELF) and the script were last changed before the installer itself was started. A
 *   file's change time cannot be set back without privileges, so this holds whatever package code may write. For a
 *   script inside a zip it is the zip's, for a folder its __main__.py's, for `-m` the module lies in an environment
 *   and only the interpreter is asked: the environment of `build` is made by build itself, moments before.
 * - Where pip's own place is known from how it was started (pip.pyz, site-packages/pip, __pip-runner__.py), a nested
 * pip must lie in the same folder or zip.
 * - pip 21.1 to 22.1 writes itself into TMPDIR/pip-standalone-pip-x/__env_pip__.zip, which is newer than pip: that
 * folder must be the user's own, closed to others, and directly in a temporary folder. Another process of the same user
 *   could still exchange it: closed to package code by file.outside only.
 *
 * None of this vouches for what the interpreter loads besides (.pth files): an installer has no right to secrets or to
 * hosts that are not its own.
 */
bool nested_installer(const struct context *c);

#endif
