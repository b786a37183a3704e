/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * probe.h - what tests/tools/cases and the programs of probe.bpf.c hand each other through BPF_PROG_TEST_RUN.
 */
#ifndef CORDON_PROBE_H
#define CORDON_PROBE_H

#include "argv.h"

struct cordon_probe_judge {
	struct cordon_op op;
	__u32 policy; /* enum cordon_action of this role and rule */
	__u32 granted;
	__u32 mode;
	__u32 backend;
	/* Out: */
	__u32 rule;
	__u32 action;
	__u32 answer;
	__u32 strength;
	__u32 condemns;
	__u32 pad;
};

struct cordon_probe_argv {
	char path[CORDON_PATH_LEN];
	char args[CORDON_ARGS_LEN];
	struct cordon_code codes[CORDON_CODES_MAX];
	__u32 path_len;
	__u32 args_len;
	__u32 truncated;
	__u32 interpreter; /* what the look-up of CORDON_TOKEN_INTERPRETER gave */
	/* Out: */
	struct cordon_features features;
};

#endif
