/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule.h - names of the enumerations in bpf/wire.h, as policies, journals and people write them.
 *
 * X_name() gives the name, "?" for a value outside the enumeration. X_from_name() gives the value or -EINVAL.
 */
#ifndef CORDON_BASE_RULE_H
#define CORDON_BASE_RULE_H

#include "wire.h"

const char *rule_name(unsigned int rule);
int rule_from_name(const char *name);
/* One clause for people: "reads a file that holds credentials". "" for a value outside. */
const char *rule_summary(unsigned int rule);

const char *role_name(unsigned int role);
int role_from_name(const char *name);
const char *action_name(unsigned int action);
int action_from_name(const char *name);
const char *mode_name(unsigned int mode);
int mode_from_name(const char *name);
const char *backend_name(unsigned int backend);
int backend_from_name(const char *name);
const char *answer_name(unsigned int answer);
int answer_from_name(const char *name);
const char *strength_name(unsigned int strength);
const char *op_name(unsigned int kind);
int op_from_name(const char *name);
const char *zone_name(unsigned int zone);
int zone_from_name(const char *name);

#endif
