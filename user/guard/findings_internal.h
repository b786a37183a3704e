/* SPDX-License-Identifier: Apache-2.0 */
/*
 * findings_internal.h - what the files of findings share.
 *
 *   findings.c         who did it, for which package; the journal, the summary, the status
 *   findings_object.c  what it was about
 */
#ifndef CORDON_GUARD_FINDINGS_INTERNAL_H
#define CORDON_GUARD_FINDINGS_INTERNAL_H

#include "guard/controller.h"

/* Fills object_* of the finding. */
void finding_fill_object(struct controller *c, struct finding *finding, const struct cordon_record_finding *record);
/* The file's path as far as it is known. A new string, NULL: out of memory. */
char *finding_path(const struct controller *c, const struct cordon_record_finding *record);

#endif
