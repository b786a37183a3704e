/* SPDX-License-Identifier: Apache-2.0 */
/* environ_block.h - secrets out of a block of environment strings, "NAME=value" and a NUL each, as it lies in the
 * memory of a program that has just been started. Pure: any bytes may be in there. */
#ifndef CORDON_GUARD_ENVIRON_BLOCK_H
#define CORDON_GUARD_ENVIRON_BLOCK_H

#include "policy/env.h"

/* Whose block it is. */
struct environ_owner {
	const struct env_list *list;
	unsigned int reads; /* CORDON_CLASS_* that it has nevertheless */
	/* Whether it is granted that variable; NULL: nothing is. */
	bool (*keeps)(const void *arg, const char *name, size_t len);
	const void *keeps_arg;
};

/* A value that was changed. */
struct environ_change {
	size_t name, name_len; /* in the block */
	size_t end;	       /* behind the value as it was; everything that changed lies between the name and here */
	bool part;	       /* something of it is left */
};

/*
 * Takes: `len` bytes, and changes them in place: what is left of a value moves to its start, NULs take the rest, so no
 * string moves. Gives: 0 and the changes in the order of the block, for free(); -ENOMEM: the block is not to be used.
 */
int environ_rewrite(char *block, size_t len, const struct environ_owner *owner, struct environ_change **ret,
		    size_t *ret_count);

/* Takes who logs in out of a value that holds URLs or headers. Gives its new length; what is behind that is the old. */
size_t environ_cut(char *value, size_t len);

#endif
