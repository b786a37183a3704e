/* SPDX-License-Identifier: Apache-2.0 */
/* What doctor makes of machines that the one under the test is not: verdict, obstacle and advice. */
#include "cmd/doctor.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct policy any_policy = { .mode = CORDON_MODE_ENFORCE, .backend = -1 };

/* A machine on which everything works, with lsm. */
static struct doctor good(void)
{
	struct doctor d = { .root = true, .securityfs = true, .policy = &any_policy, .journal = "/var/lib/cordon" };

	snprintf(d.machine.preempt, sizeof(d.machine.preempt), "voluntary");
	snprintf(d.machine.lockdown, sizeof(d.machine.lockdown), "none");
	snprintf(d.machine.lsms, sizeof(d.machine.lsms), "lockdown,yama,bpf");
	d.machine.lsm_bpf = d.machine.btf = d.machine.bpffs = d.machine.cgroup2 = true;
	d.backend = CORDON_BACKEND_LSM;
	return d;
}

static void fails(struct doctor *d, unsigned int backend, int error)
{
	d->attempts.of[backend].tried = true;
	d->attempts.of[backend].error = error;
	if (d->backend == (int)backend)
		d->backend = backend + 1 < CORDON_BACKEND_COUNT ? (int)backend + 1 : -1;
}

/* Gives the advice that holds `text`, NULL: none does. */
static const char *advice_with(const struct doctor *d, const char *text)
{
	for (size_t i = 0; i < d->advice_count; i++)
		if (strstr(d->advice[i], text))
			return d->advice[i];
	return NULL;
}

static void forget(struct doctor *d)
{
	for (size_t i = 0; i < d->advice_count; i++)
		free(d->advice[i]);
	free(d->obstacle);
	free(d->unheld_example);
}

static void test_a_good_machine_needs_no_advice(void **state)
{
	struct doctor d = good();
	char *summary;

	(void)state;
	doctor_judge(&d);
	summary = doctor_summary(&d);
	assert_int_equal(d.verdict, DOCTOR_ENFORCES);
	assert_int_equal(d.advice_count, 0);
	assert_null(d.obstacle);
	assert_string_equal(summary, "can enforce, with backend lsm");
	free(summary);
	forget(&d);
}

static void test_bpf_is_added_to_the_list_that_is_active(void **state)
{
	struct doctor d = good();

	(void)state;
	snprintf(d.machine.lsms, sizeof(d.machine.lsms), "lockdown,capability,yama,apparmor");
	d.machine.lsm_bpf = false;
	fails(&d, CORDON_BACKEND_LSM, -EBADMSG);
	doctor_judge(&d);
	assert_int_equal(d.verdict, DOCTOR_ENFORCES); /* fmod_ret, and nothing preempts */
	assert_non_null(advice_with(&d, "lsm=lockdown,capability,yama,apparmor,bpf "));
	forget(&d);
}

static void test_no_bpf_in_the_list_is_not_blamed_for_another_failure(void **state)
{
	struct doctor d = good();

	(void)state;
	d.machine.lsm_bpf = false;
	fails(&d, CORDON_BACKEND_LSM, -EPERM);
	fails(&d, CORDON_BACKEND_FMOD_RET, -EPERM);
	d.weakness = "it ends";
	doctor_judge(&d);
	assert_int_equal(d.verdict, DOCTOR_WEAKLY);
	assert_null(advice_with(&d, "lsm="));
	assert_non_null(advice_with(&d, "trampolines"));
	forget(&d);
}

static void test_preemption_weakens_fmod_ret(void **state)
{
	static const struct {
		const char *model, *advice;
	} cases[] = {
		{ "full", "preempt=voluntary" }, { "lazy", "preempt=voluntary" },
		{ "rt", "PREEMPT_RT" },		 { "unknown", "debugfs" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct doctor d = good();

		snprintf(d.machine.preempt, sizeof(d.machine.preempt), "%s", cases[i].model);
		d.machine.preempts = true;
		fails(&d, CORDON_BACKEND_LSM, -EBADMSG);
		d.weakness = "this kernel preempts";
		doctor_judge(&d);
		assert_int_equal(d.verdict, DOCTOR_WEAKLY);
		assert_non_null(advice_with(&d, cases[i].advice));
		forget(&d);
	}
}

/* What run would say of them is kernel_weakness()'s, on the machine that it is. */
static void test_twins_need_no_advice(void **state)
{
	struct doctor d = good();

	(void)state;
	snprintf(d.machine.preempt, sizeof(d.machine.preempt), "full");
	d.machine.preempts = true;
	fails(&d, CORDON_BACKEND_LSM, -EOPNOTSUPP);
	d.attempts.of[CORDON_BACKEND_FMOD_RET].twins = true;
	doctor_judge(&d);
	assert_int_equal(d.verdict, DOCTOR_ENFORCES);
	assert_null(advice_with(&d, "preempt="));
	forget(&d);
}

static void test_twins_take_the_weakness_away(void **state)
{
	struct machine machine;
	const char *weak;

	(void)state;
	machine_read(&machine);
	assert_null(kernel_weakness(CORDON_BACKEND_FMOD_RET, true));
	weak = kernel_weakness(CORDON_BACKEND_FMOD_RET, false);
	if (machine.preempts)
		assert_non_null(weak);
	else
		assert_null(weak);
	/* Nothing else is cured by them. */
	assert_non_null(kernel_weakness(CORDON_BACKEND_TRACE, true));
}

static void test_without_btf_nothing_else_is_said(void **state)
{
	struct doctor d = good();

	(void)state;
	d.machine.btf = false;
	d.root = false;
	fails(&d, CORDON_BACKEND_LSM, -EOPNOTSUPP);
	fails(&d, CORDON_BACKEND_FMOD_RET, -EOPNOTSUPP);
	fails(&d, CORDON_BACKEND_TRACE, -EOPNOTSUPP);
	doctor_judge(&d);
	assert_int_equal(d.verdict, DOCTOR_CANNOT);
	assert_int_equal(d.advice_count, 1);
	assert_non_null(advice_with(&d, "CONFIG_DEBUG_INFO_BTF=y"));
	assert_non_null(strstr(d.obstacle, "no BTF"));
	forget(&d);
}

static void test_a_plain_user_is_sent_to_sudo(void **state)
{
	struct doctor d = good();

	(void)state;
	d.root = false;
	d.backend = -1;
	d.journal_error = -EPERM;
	doctor_judge(&d);
	assert_int_equal(d.verdict, DOCTOR_CANNOT);
	assert_int_equal(d.advice_count, 1);
	assert_non_null(advice_with(&d, "sudo cordon doctor"));
	forget(&d);
}

static void test_lockdown_for_confidentiality_cannot_guard(void **state)
{
	struct doctor d = good();

	(void)state;
	snprintf(d.machine.lockdown, sizeof(d.machine.lockdown), "confidentiality");
	fails(&d, CORDON_BACKEND_LSM, -EINVAL);
	fails(&d, CORDON_BACKEND_FMOD_RET, -EINVAL);
	fails(&d, CORDON_BACKEND_TRACE, -EINVAL);
	doctor_judge(&d);
	assert_int_equal(d.verdict, DOCTOR_CANNOT);
	assert_non_null(advice_with(&d, "lockdown=integrity"));
	forget(&d);
}

static void test_what_run_refuses_for_is_an_obstacle(void **state)
{
	struct policy wants_lsm = any_policy;
	struct doctor d = good();

	(void)state;
	d.mistake = (char *)"a.toml:1:1: wrong";
	doctor_judge(&d);
	assert_int_equal(d.verdict, DOCTOR_CANNOT);
	assert_non_null(advice_with(&d, "cordon policy check"));
	forget(&d);

	d = good();
	d.journal_error = -ENOSPC;
	doctor_judge(&d);
	assert_int_equal(d.verdict, DOCTOR_CANNOT);
	assert_non_null(advice_with(&d, "Free space"));
	forget(&d);

	d = good();
	wants_lsm.backend = CORDON_BACKEND_LSM;
	d.policy = &wants_lsm;
	d.backend_set = true;
	d.backend = -1;
	doctor_judge(&d);
	assert_int_equal(d.verdict, DOCTOR_CANNOT);
	assert_non_null(strstr(d.obstacle, "requires backend lsm"));
	forget(&d);
}

static void test_places_that_cannot_be_held_are_named(void **state)
{
	struct doctor d = good();

	(void)state;
	d.unheld = 3;
	d.unheld_example = strdup("/home/x/.ssh (NFS)");
	doctor_judge(&d);
	assert_int_equal(d.verdict, DOCTOR_ENFORCES); /* only --strict refuses for that */
	assert_non_null(advice_with(&d, "3 protected places cannot be held, first /home/x/.ssh (NFS)"));
	forget(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_good_machine_needs_no_advice),
		cmocka_unit_test(test_bpf_is_added_to_the_list_that_is_active),
		cmocka_unit_test(test_no_bpf_in_the_list_is_not_blamed_for_another_failure),
		cmocka_unit_test(test_preemption_weakens_fmod_ret),
		cmocka_unit_test(test_twins_need_no_advice),
		cmocka_unit_test(test_twins_take_the_weakness_away),
		cmocka_unit_test(test_without_btf_nothing_else_is_said),
		cmocka_unit_test(test_a_plain_user_is_sent_to_sudo),
		cmocka_unit_test(test_lockdown_for_confidentiality_cannot_guard),
		cmocka_unit_test(test_what_run_refuses_for_is_an_obstacle),
		cmocka_unit_test(test_places_that_cannot_be_held_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
