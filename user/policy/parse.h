/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parse.h - one policy file into the policy that is being built; policy.c decides which files, and in which order.
 * Inside user/policy/ and its tests only.
 */
#ifndef CORDON_POLICY_PARSE_H
#define CORDON_POLICY_PARSE_H

#include "policy/schema.h"

enum policy_source {
	POLICY_SOURCE_VENDOR,   /* complete: what it does not set is a mistake */
	POLICY_SOURCE_LOCAL,
	POLICY_SOURCE_REVIEWED, /* written by cordon: grants, nothing else */
};

/* A policy in which nothing is set yet: every action is CORDON_ACTION_COUNT, which the judge refuses. NULL: no
 * memory. */
struct policy *policy_new(void);
/* Adds what `text` says to `policy`. -EINVAL and *ret_diag: a mistake; `policy` is then of no use. */
int policy_parse(struct policy *policy, const char *text, size_t len, const char *file, enum policy_source source,
		 struct diag *ret_diag);
/* After the vendor's file: everything is set. Fills in what is not configurable: `root`, `none`, identity.*
 * elsewhere. */
int policy_complete(struct policy *policy, const char *file, struct diag *ret_diag);
/* Notes a key that has no effect yet. */
int policy_add_inert(struct policy *policy, const struct schema *s, const struct toml_node *node, const char *key);

/* --- deny.c --- */

/* Adds the entries of identity.deny; NULL: there is none. */
int deny_parse(struct policy *policy, const struct schema *s, const struct toml_node *list);
void deny_release(struct policy_deny *deny);

/* --- grant.c --- */

/* Adds one [[grant]], or only notes it as inert. */
int grant_parse(struct policy *policy, const struct schema *s, const struct toml_node *table);
/* Everything but where it stands. */
bool grant_equal(const struct policy_grant *a, const struct policy_grant *b);
/* Whether its last day is over. */
bool grant_is_expired(const struct policy_grant *grant, time_t now);
/* Whether any backend enforces it: no setting of the others has an effect. */
bool rule_is_enforced(unsigned int rule);
/* NULL-terminated; without `none`. The index is the rule - 1. */
const char *const *rule_names(void);

#endif
