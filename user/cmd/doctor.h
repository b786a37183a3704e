/* SPDX-License-Identifier: Apache-2.0 */
/* doctor.h - what `cordon doctor` finds out, what it advises, and how it is shown. */
#ifndef CORDON_CMD_DOCTOR_H
#define CORDON_CMD_DOCTOR_H

#include "kernel/kernel.h"
#include "kernel/machine.h"
#include "policy/data.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define DOCTOR_ADVICE_MAX 12

enum doctor_verdict {
	DOCTOR_ENFORCES = 0, /* exit statuses */
	DOCTOR_WEAKLY = 1,
	DOCTOR_CANNOT = 2,
};

struct doctor {
	struct machine machine;
	bool root;
	bool securityfs; /* this kernel has it, mounted or not */
	struct kernel_attempts attempts;
	int backend;      /* that `run` would take, -1: none */
	bool backend_set; /* the policy requires one */
	const char *weakness;
	int live;      /* programs of the set that sessions use now; 0: none is on */
	json_t *skipped; /* of those: name -> how often the kernel skipped it; only what it did skip */

	struct policy *policy; /* NULL: a mistake */
	struct policy_data data;
	char *mistake; /* "file:line:column: text" */

	const char *journal;
	int journal_error; /* 0: it can be written */
	bool journal_is_there;

	const char *home;
	size_t unheld;  /* protected places that are there and cannot be held */
	char *unheld_example;

	char *advice[DOCTOR_ADVICE_MAX]; /* one imperative line each, the most important first */
	size_t advice_count;
	char *obstacle; /* why `run` would refuse to start, NULL: it would not */
	enum doctor_verdict verdict;
};

/* Called before each step that takes time. NULL: silence. */
typedef void (*doctor_progress_fn)(const char *what);

/* doctor_check.c: fills everything down to `unheld_example`. Loads programs where it is root, and takes them away. */
void doctor_check(struct doctor *doctor, doctor_progress_fn progress);
void doctor_release(struct doctor *doctor);

/* doctor_advice.c: what follows from that: verdict, obstacle and advice. A pure function of the rest. */
void doctor_judge(struct doctor *doctor);

/* doctor_print.c. Both escape what comes from outside. -errno where it cannot be written. */
int doctor_print_text(const struct doctor *doctor);
int doctor_print_json(const struct doctor *doctor);
/* "confined weakly by trace: ...": the one line that sums it up; a new string. */
char *doctor_summary(const struct doctor *doctor);

#endif
