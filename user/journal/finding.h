/* SPDX-License-Identifier: Apache-2.0 */
/*
 * finding.h - one recorded operation that a rule did not allow, as the journal keeps it and every report shows it.
 *
 * Fields follow ../shared/design.md, section 5. Strings are owned by the struct; NULL where not known. They hold what
 * an attacker chose (names, argv, paths): raw here, masked before they get here (journal/mask.h), escaped by each sink.
 */
#ifndef CORDON_JOURNAL_FINDING_H
#define CORDON_JOURNAL_FINDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct finding_process {
	int pid;
	char *exe;
	char *argv; /* joined by spaces, shell-quoted where needed */
	char *cwd;
	int uid;
	unsigned int role; /* enum cordon_role */
};

struct finding {
	int64_t id;      /* set by the journal */
	int64_t session; /* row id of the session */
	int64_t time;    /* wall clock, ms since 1970 */
	unsigned int mode, backend, rule, action, answer; /* enums of wire.h */
	char *ecosystem, *package, *version; /* package: "unknown" where it could not be bound */
	char *sha256;    /* of the package's artifact; file.startup: of the start-up file */
	char *installer; /* id of its recognition file */
	struct finding_process process;
	struct finding_process *ancestry; /* from the installer down to the parent */
	size_t ancestry_count;
	unsigned int op;       /* enum cordon_op_kind */
	char *object_path;     /* files */
	char *object_address;  /* network: "203.0.113.7" or "2001:db8::1" */
	unsigned int object_port;
	char *object_protocol; /* "tcp", "udp", or the family and type that were asked for; env.secret: the variable's name */
	int object_pid;        /* signals, tracing */
	char *origin;          /* not known yet: NULL */
	char *reason;          /* one sentence */
	char *hint;            /* "cordon allow ID" with what it would write, or what to do instead */
	bool nothing_left;     /* not stored: of a condemned package nothing was found at the end */
	bool unended;	       /* not stored: some process of a condemned package could not be ended */
	unsigned int count;    /* how often the same was seen in this session (package, rule, object, program) */
};

void finding_release(struct finding *finding);

#endif
