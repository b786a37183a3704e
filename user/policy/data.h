/* SPDX-License-Identifier: Apache-2.0 */
/* data.h - what comes with cordon as data beside the policy, loaded together: who guards needs all of it. */
#ifndef CORDON_POLICY_DATA_H
#define CORDON_POLICY_DATA_H

#include "policy/env.h"
#include "policy/policy.h"
#include "policy/startup.h"

struct policy_data {
	struct installers *installers;
	struct zones *zones;
	struct env_list *env;
	struct startup_forms *startup;
	char **built; /* folders of installers, with what they have had built */
	size_t built_count;
};

/* Takes: the vendor folder (policy_vendor_dir()), whose lists of paths they are to be. Gives: 0; or -errno and *ret_diag,
 * with what was loaded so far in *ret. */
int policy_data_load(const char *vendor, const struct zones_scene *scene, struct policy_data *ret, struct diag *ret_diag);
void policy_data_release(struct policy_data *data);

#endif
