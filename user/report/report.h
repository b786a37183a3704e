/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report.h - findings for people and for scripts. Everything from outside is escaped for its sink here.
 */
#ifndef CORDON_REPORT_REPORT_H
#define CORDON_REPORT_REPORT_H

#include "journal/finding.h"
#include "journal/journal.h"
#include "policy/policy.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* One finding with the fields of ../shared/design.md, section 5. A new reference; NULL: out of memory. */
json_t *report_finding_json(const struct finding *finding);
json_t *report_session_json(const struct journal_session *session);

/* `cordon show ID`: everything about one finding. `color` as report_color() says. */
void report_finding_text(FILE *out, const struct finding *finding, bool color);
/* `cordon log`: one line each. */
void report_finding_line(FILE *out, const struct finding *finding, bool color);
void report_session_line(FILE *out, const struct journal_session *session, bool color);

/* The end of `cordon run`: at most four lines for each package in which something was refused (mode enforce), one line in
 * all where the mode is audit and something would have been. "" where there is nothing to say. A new string. */
char *report_summary(const struct finding *findings, size_t count, unsigned int mode, int64_t lost);

/* The narrowest grant that would allow this finding: package, version, rule and exactly this host:port or path.
 * -ENOTSUP where no grant can (guard.tamper; package unknown; a rule without host or path), *ret_why says why. */
int report_narrowest_grant(const struct finding *finding, struct policy_grant *ret, const char **ret_why);

/* Whether `out` wants colour: a terminal, NO_COLOR unset or empty, TERM not dumb. */
bool report_color(FILE *out);

#endif
