/* SPDX-License-Identifier: Apache-2.0 */
/* data.c - all that the vendor folder holds beside cordon.toml: recognition, lists of paths and variables, forms of start-up files. */
#include "policy/data.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "policy/read.h"

#include <errno.h>

int policy_data_load(const char *vendor, const struct zones_scene *scene, struct policy_data *ret, struct diag *ret_diag)
{
	_cleanup_free_ char *installers = text_format("%s/installers", vendor), *zones = text_format("%s/zones", vendor);
	_cleanup_free_ char *startup = text_format("%s/startup", vendor);
	int r = installers && zones && startup ? 0 : -ENOMEM;

	if (!r)
		r = installers_load(installers, &ret->installers, ret_diag);
	if (!r)
		r = zones_load(zones, scene, &ret->zones, ret_diag);
	if (!r)
		r = env_load(zones, &ret->env, ret_diag);
	if (!r)
		r = installers_add_caches(ret->installers, scene, ret->zones, ret_diag);
	if (!r)
		r = installers_expand_built(ret->installers, scene, &ret->built, &ret->built_count);
	if (!r)
		r = startup_load(startup, &ret->startup, ret_diag);
	return r;
}

void policy_data_release(struct policy_data *data)
{
	installers_free(data->installers);
	zones_free(data->zones);
	env_free(data->env);
	startup_free(data->startup);
	strings_free(data->built, data->built_count);
	*data = (struct policy_data){ 0 };
}
