/* SPDX-License-Identifier: Apache-2.0 */
/* installers.h - how recognition files are read and checked against each other. Inside user/policy/ and tests only. */
#ifndef CORDON_POLICY_INSTALLERS_H
#define CORDON_POLICY_INSTALLERS_H

#include "policy/schema.h"

/* Adds the installer that `text` describes. -EINVAL and *ret_diag: a mistake. */
int installer_parse(struct installers *installers, const char *text, size_t len, const char *file,
		    struct diag *ret_diag);
/* Sorts by id, and checks what one file alone cannot know: ids and names that two of them claim, `nested` ids. */
int installers_finish(struct installers *installers, struct diag *ret_diag);
void installer_release(struct installer *installer);

/* --- installers_gate.c --- */

int installer_gate_parse(struct installer *installer, const struct schema *s, const struct toml_node *table);
void gate_patterns_release(struct gate_pattern *patterns, size_t count);

/* --- token.c: names of programs, scripts and modules --- */

enum token_kind { TOKEN_KIND_EXE, TOKEN_KIND_SCRIPT, TOKEN_KIND_MODULE, TOKEN_KIND_HELPER };

/* "pip", "pip[0-9.]*", "yarn-*", "pip/__main__.py". */
int token_parse(const struct schema *s, const struct toml_node *node, enum token_kind kind, struct token_pattern *ret);
int token_list_parse(const struct schema *s, const struct toml_node *node, enum token_kind kind,
		     struct token_list *ret);
void token_list_release(struct token_list *list);
/* A name, or one with a * at its end: what a helper may start. */
int child_check(const struct schema *s, const struct toml_node *node);
/* "*\/pip-install-*\/{name}_{hex}": what package code's folder or program looks like. */
int attribution_check(const struct schema *s, const struct toml_node *node);

#endif
