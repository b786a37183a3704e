/* SPDX-License-Identifier: Apache-2.0 */
/* mountinfo.h - /proc/PID/mountinfo (proc_pid_mountinfo(5)): what is mounted where, as that process sees it. */
#ifndef CORDON_BASE_MOUNTINFO_H
#define CORDON_BASE_MOUNTINFO_H

struct mount {
	unsigned int major, minor; /* of the super block */
	const char *root;          /* what of the file system is mounted: "/", a subvolume, the source of a bind mount */
	const char *target;        /* where */
};

/* Calls `each` for every mount of the file, in order, until it gives other than 0. Gives that, 0, or -errno. Lines of another
 * form are left out. */
int mountinfo_each(const char *file, int (*each)(const struct mount *mount, void *data), void *data);

#endif
