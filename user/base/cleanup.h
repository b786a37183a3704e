/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cleanup.h - owned locals release themselves; ownership leaves a function only through TAKE_PTR() or TAKE_FD().
 */
#ifndef CORDON_BASE_CLEANUP_H
#define CORDON_BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(fn) __attribute__((cleanup(fn)))

#define DEFINE_CLEANUP(type, fn)                   \
	static inline void fn##_cleanup(type *p)   \
	{                                          \
		if (*p)                            \
			fn(*p);                    \
	}

static inline void cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_fclose(FILE **f)
{
	if (*f)
		fclose(*f);
}

#define _cleanup_free_ CLEANUP(cleanup_free)
#define _cleanup_close_ CLEANUP(cleanup_close)
#define _cleanup_fclose_ CLEANUP(cleanup_fclose)

#define TAKE_PTR(p)                            \
	({                                     \
		__auto_type take_ptr_ = (p);   \
		(p) = NULL;                    \
		take_ptr_;                     \
	})
#define TAKE_FD(fd)                            \
	({                                     \
		int take_fd_ = (fd);           \
		(fd) = -1;                     \
		take_fd_;                      \
	})

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
