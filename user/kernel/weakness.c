/* SPDX-License-Identifier: Apache-2.0 */
/* weakness.c - what a backend cannot promise on this kernel. */
#include "kernel/internal.h"

#include "kernel/machine.h"

const char *kernel_weakness(unsigned int backend, bool twins)
{
	struct machine machine;

	if (backend == CORDON_BACKEND_TRACE)
		return "it ends processes where it cannot refuse a call";
	machine_read(&machine);
	/* A tracing program that is preempted in the middle of a run is skipped for every other task on that CPU
	 * (reference/kernel.md, section 11); lsm programs lost that check in 6.1.54. Twins see what was skipped. */
	if (backend == CORDON_BACKEND_FMOD_RET && machine.preempts && !twins)
		return "this kernel preempts, and may then skip a check";
	if (backend == CORDON_BACKEND_LSM && machine.version < MACHINE_VERSION(6, 1, 54) && machine.preempts)
		return "kernels before 6.1.54 may skip a check";
	return NULL;
}
