/* SPDX-License-Identifier: Apache-2.0 */
/* path.h - names of entries. Pure. */
#ifndef CORDON_ARTIFACT_PATH_H
#define CORDON_ARTIFACT_PATH_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Takes: a name of `len` bytes as an archive has it, room for len + 1. Gives: 0 and the name without "." and empty
 * parts ("" is the archive's root), and whether it says itself that it is a folder; -EXDEV: it leads outside; -EINVAL:
 * a NUL in it, or longer than a path can be.
 */
int path_canonical(const char *name, size_t len, char *ret, bool *ret_folder);

/* Whether a link at `path` (canonical) to `target` stays below the folder that the archive is unpacked to, and below
 * its top folder where it lies in one, which installers take away. */
bool path_link_stays(const char *path, const char *target);

/* How many parts it has; the first one's length. */
size_t path_depth(const char *path);
size_t path_top(const char *path);

/*
 * Whether python reads it before its user's program once the wheel is installed, by name_traits() of the kernel side:
 * *.pth, *.start, sitecustomize and usercustomize in every form, where python looks for them: the wheel's root,
 * X.data/purelib and platlib, and folders of modules below X.data/data.
 */
bool path_is_startup(const char *path);

#endif
