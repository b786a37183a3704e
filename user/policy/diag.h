/* SPDX-License-Identifier: Apache-2.0 */
/* diag.h - how the stage makes the struct diag that policy.h promises. Inside user/policy/ only. */
#ifndef CORDON_POLICY_DIAG_H
#define CORDON_POLICY_DIAG_H

#include "policy/policy.h"

#ifdef __cplusplus
extern "C" {
#endif

struct diag_place {
	const char *file;
	unsigned int line;   /* 0: the whole file */
	unsigned int column;
};

/*
 * Takes: an error to give back, where and what. Gives: `error`, with *ret_diag filled; -ENOMEM where that failed. What
 * *ret_diag held is released, so it must be zero or filled. Control characters become blanks: `text` is one line.
 */
int diag_set(struct diag *ret_diag, int error, struct diag_place place, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#ifdef __cplusplus
}
#endif

#endif
