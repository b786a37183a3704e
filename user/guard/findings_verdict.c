/* SPDX-License-Identifier: Apache-2.0 */
/* findings_verdict.c - what the findings of a session mean for the status that it ends with. */
#include "base/rule.h"
#include "guard/controller.h"
#include "judge.h"

static bool finding_is_refused(const struct controller *c, unsigned int rule, bool condemned)
{
	for (unsigned int role = CORDON_ROLE_INSTALLER; role < CORDON_ROLE_COUNT; role++) {
		unsigned int action = c->kernel_session.actions[role][rule];

		if (action == CORDON_ACTION_CONDEMN || (action == CORDON_ACTION_DENY && !condemned))
			return true;
	}
	return false;
}

/* Whether the record of a refusal may be among the lost ones. Package code can drown it in others. */
static bool finding_may_be_lost(const struct controller *c, bool condemned)
{
	for (unsigned int rule = 1; c->kernel_session.mode == CORDON_MODE_ENFORCE && rule < CORDON_RULE_COUNT; rule++)
		if (finding_is_refused(c, rule, condemned) && kernel_lost(c->kernel, c->session, rule))
			return true;
	return false;
}

enum proto_verdict finding_verdict(const struct controller *c)
{
	int fail_on = c->options->fail_on >= 0 ? c->options->fail_on : (int)c->policy->fail_on;
	bool failed;

	switch (fail_on) {
	case POLICY_FAIL_ON_DENY:
		failed = c->refused || finding_may_be_lost(c, false);
		break;
	case POLICY_FAIL_ON_CONDEMN:
		failed = finding_may_be_lost(c, true);
		break;
	default:
		return PROTO_CLEAN;
	}
	return c->condemned ? PROTO_CONDEMNED : failed ? PROTO_REFUSED : PROTO_CLEAN;
}
