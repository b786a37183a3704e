/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* twin.bpf.h - what the twin of a hook is given; see twin.bpf.c. */
#ifndef CORDON_TWIN_BPF_H
#define CORDON_TWIN_BPF_H

#include "wire.h"

struct twin {
	__u64 args[6]; /* first, for ___bpf_ctx_cast() of bpf_tracing.h */
	struct cordon_label label;
};

#endif
