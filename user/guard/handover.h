/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handover.h - folders that an installer made for one package become that package's to write in.
 *
 * Package code writes what its own package made (the kernel knows that: bpf/made.bpf.h), and what its installer made for
 * it: the unpacked source, the build environment, the folder for the result. Those are told by the installer itself, in
 * what it passes at exec: working folder, arguments, a few variables, and PEP 517's input.json. A folder counts only
 * where an installer of this session made it, and goes to one package only.
 */
#ifndef CORDON_GUARD_HANDOVER_H
#define CORDON_GUARD_HANDOVER_H

#include "kernel/kernel.h"
#include "policy/policy.h"
#include "session/facts.h"

struct places;
struct handover;

struct handover_input {
	struct kernel *kernel;
	struct places *places;
	uint32_t session;
	const char *const *temps; /* folders for temporary files, resolved */
	size_t temp_count;
	const char *start, *home; /* never handed over, nor what is above them */
};

int handover_new(const struct handover_input *input, struct handover **ret);
void handover_free(struct handover *handover);

/*
 * Takes: a held process as /proc has it, its installer, the session's number of its package.
 * Gives: 0, or -errno where a folder could not be handed over: the package is refused there. How many were new is logged.
 */
int handover_to(struct handover *handover, const struct installer *installer, const struct facts *facts, uint32_t package);

/* The folders of a package, in no order. Gives how many; *ret: of `size`. */
size_t handover_folders(const struct handover *handover, uint32_t package, const char **ret, size_t size);

#endif
