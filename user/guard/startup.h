/* SPDX-License-Identifier: Apache-2.0 */
/*
 * startup.h - what an installer wrote for Python to run when it starts: held against policy/startup/ and the grants once
 * it is there, and put aside where neither knows it (file.startup).
 *
 *   startup.c        which files are looked at, when, and what becomes of them
 *   startup_owner.c  whose file it is, by what is installed beside it
 */
#ifndef CORDON_GUARD_STARTUP_H
#define CORDON_GUARD_STARTUP_H

#include "guard/controller.h"

/* The distribution that a file belongs to, as the installer wrote it down. */
struct startup_owner {
	struct identity identity; /* name "": nobody's */
	bool editable;		  /* installed with -e */
};

/* The content of a regular file of at most `max` bytes, with a NUL behind it: 0; -EFBIG, -EINVAL (none such), -errno. */
int startup_read(int folder, const char *name, int flags, size_t max, char **ret, size_t *ret_len);
/* Takes: an open folder of modules, the file's name in it. Gives: *ret; true where anything is installed there at all. */
bool startup_owner_find(int folder, const char *name, struct startup_owner *ret);

/* Whether a grant of file.startup names that digest ("": none does) for that distribution. */
bool startup_is_granted(const struct controller *c, const struct identity *owner, const char *sha256);

/* A finding of the kernel's: an installer writes such a file, which cannot be read yet. */
void startup_note(struct controller *c, const struct cordon_record_finding *record, const char *path);
/* That process is gone: what it wrote is complete. */
void startup_exited(struct controller *c, uint32_t pid);
/* A task of an installer was stopped since it would read one. Gives the signal for it: it goes on, or ends. */
int startup_take(struct controller *c, const struct cordon_record_program *record, const char *path);
/* The command has ended. */
void startup_finish(struct controller *c);
void startup_release(struct controller *c);

#endif
