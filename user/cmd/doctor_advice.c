/* SPDX-License-Identifier: Apache-2.0 */
/* doctor_advice.c - what follows from the findings of doctor_check.c: the verdict, and what to change. */
#include "cmd/doctor.h"

#include "base/rule.h"
#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void advise(struct doctor *d, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void advise(struct doctor *d, const char *format, ...)
{
	va_list args;

	if (d->advice_count == DOCTOR_ADVICE_MAX)
		return;
	va_start(args, format);
	if (vasprintf(&d->advice[d->advice_count], format, args) >= 0)
		d->advice_count++;
	va_end(args);
}

/* Without these no backend can work, so nothing else is worth saying. */
static bool advise_basics(struct doctor *d)
{
	if (!d->machine.btf) {
		advise(d, "Boot a kernel built with CONFIG_DEBUG_INFO_BTF=y: this one has no /sys/kernel/btf/vmlinux (in a "
			  "container, mount /sys)");
		return true;
	}
	if (!d->root) {
		advise(d, "Run `sudo cordon doctor`: only root can try the backends");
		return true;
	}
	if (!d->machine.bpffs) {
		advise(d, "Mount the bpf file system: mount -t bpf bpf /sys/fs/bpf");
		return true;
	}
	if (!strcmp(d->machine.lockdown, "confidentiality")) {
		advise(d, "Boot with lockdown=integrity: under confidentiality the kernel lets no program read names");
		return true;
	}
	return false;
}

/* How to get the strong backend, where its failure is one that can be cured. */
static void advise_lsm(struct doctor *d)
{
	const struct kernel_attempt *lsm = &d->attempts.of[CORDON_BACKEND_LSM];

	if (!lsm->error)
		return;
	if (!d->machine.lsms[0]) {
		if (!d->securityfs)
			return;
		advise(d, "Mount securityfs, which tells the active LSMs: mount -t securityfs securityfs /sys/kernel/security");
		return;
	}
	if (lsm->error == -EBADMSG && !d->machine.lsm_bpf)
		advise(d, "Boot with lsm=%s,bpf on the kernel's command line: the programs attach, but the LSM list lacks bpf",
		       d->machine.lsms);
}

static void advise_preemption(struct doctor *d)
{
	if (d->backend != CORDON_BACKEND_FMOD_RET || !d->weakness)
		return;
	if (!strcmp(d->machine.preempt, "unknown"))
		advise(d, "Mount debugfs, which tells the preemption model: mount -t debugfs debugfs /sys/kernel/debug");
	else if (!strcmp(d->machine.preempt, "rt"))
		advise(d, "Boot a kernel without PREEMPT_RT, or with bpf among its LSMs");
	else
		advise(d, "Boot with preempt=voluntary: under %s preemption the kernel may skip a check", d->machine.preempt);
}

/* Where only trace works and no boot parameter helps: the kernel was built or patched so. */
static void advise_kernel(struct doctor *d)
{
	const struct kernel_attempt *lsm = &d->attempts.of[CORDON_BACKEND_LSM];
	const struct kernel_attempt *fmod = &d->attempts.of[CORDON_BACKEND_FMOD_RET];

	if (d->backend >= 0 && d->backend != CORDON_BACKEND_TRACE)
		return;
	if (lsm->error && fmod->error && (d->machine.lsm_bpf || lsm->error != -EBADMSG))
		advise(d, "Use a kernel of 6.1 or later that allows BPF trampolines: this one refuses what lsm and fmod_ret need");
	if (d->backend == CORDON_BACKEND_TRACE && !d->machine.cgroup2)
		advise(d, "Mount cgroup2 on /sys/fs/cgroup: without it trace ends processes that use the network instead of "
			  "refusing the call");
}

static void advise_rest(struct doctor *d)
{
	if (d->mistake)
		advise(d, "Correct the policy; `cordon policy check` reads it again");
	if (d->journal_error == -ENOSPC)
		advise(d, "Free space below '%s'", d->journal);
	else if (d->root && d->journal_error)
		advise(d, "Make '%s' a folder of root's that can be written, or point CORDON_STATE at one", d->journal);
	if (d->unheld)
		advise(d, "Move what is protected to a local file system: %zu protected places cannot be held, first %s",
		       d->unheld, d->unheld_example ? d->unheld_example : "?");
}

/* In the order in which `run` would meet it. */
static char *judge_obstacle(const struct doctor *d)
{
	if (!d->machine.btf)
		return text_format("this kernel has no BTF, so no program can be loaded");
	if (!d->root)
		return text_format("not known without root");
	if (d->mistake)
		return text_format("the policy has a mistake");
	if (d->backend < 0 && d->backend_set)
		return text_format("the policy requires backend %s, which does not work",
				   backend_name((unsigned int)d->policy->backend));
	if (d->backend < 0)
		return text_format("no backend works on this kernel");
	if (d->journal_error)
		return text_format("the journal cannot be written: %s", strerror(-d->journal_error));
	return NULL;
}

void doctor_judge(struct doctor *d)
{
	if (!advise_basics(d)) {
		advise_lsm(d);
		advise_preemption(d);
		advise_kernel(d);
	}
	advise_rest(d);
	d->obstacle = judge_obstacle(d);
	d->verdict = d->obstacle ? DOCTOR_CANNOT : d->weakness ? DOCTOR_WEAKLY : DOCTOR_ENFORCES;
}
