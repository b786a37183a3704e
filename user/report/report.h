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

/* One finding with the fields of ../shared/design.md, section 5, all of them, null where unknown. Where the controller
 * gave no reason or hint, those of the rule and of report_narrowest_grant(). A new reference; NULL: out of memory. */
json_t *report_finding_json(const struct finding *finding);
json_t *report_session_json(const struct journal_session *session);
/* JSON knows only UTF-8, an attacker's path any bytes: each byte that is no UTF-8 becomes the four characters \xNN.
 * null for NULL. A new reference; NULL: out of memory. */
json_t *report_json_string(const char *text);
/* Writes one line, ASCII only: \uNNNN keeps a terminal safe that the line goes to. -errno; drops the reference, and
 * takes NULL as out of memory. */
int report_json_write(FILE *out, json_t *json);

/* `cordon show ID`: everything about one finding. `color` as report_color() says. */
void report_finding_text(FILE *out, const struct finding *finding, bool color);
/* `cordon log`: one line each. */
void report_finding_line(FILE *out, const struct finding *finding, bool color);
void report_session_line(FILE *out, const struct journal_session *session, bool color);

/*
 * The end of `cordon run`: at most four lines for each package in which something was refused or ended (mode enforce),
 * one line in all where the mode is audit and something would have been; one line where records were lost. "" where
 * there is nothing to say. Hidden settings are left out: honest tools look for them in every install. A new string,
 * NULL: out of memory.
 */
char *report_summary(const struct finding *findings, size_t count, unsigned int mode, int64_t lost);

/* The narrowest grant that would allow this finding: package, version, rule and exactly this host:port or path; without
 * reason, author and expiry. -ENOTSUP where no grant can (guard.tamper; package unknown; a rule without host or path),
 * *ret_why says why, in a clause. *ret is for grant_release(). */
int report_narrowest_grant(const struct finding *finding, struct policy_grant *ret, const char **ret_why);

/* What came of it, for people: "refused", "ended", "hidden", "taken out", "logged"; "would refuse", "would hide" in audit;
 * "not stopped" where the rule refuses and the backend cannot. */
const char *report_outcome(const struct finding *finding);
/* Whether the rule refuses it, whatever the mode and backend made of that; a hidden setting is not refused. */
bool report_is_refusal(const struct finding *finding);

/* Whether `out` wants colour: a terminal, NO_COLOR unset or empty, TERM not dumb. */
bool report_color(FILE *out);

#endif
