/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd.h - the commands. Each takes argv from its own name on and gives the exit status.
 * Options by getopt_long; every command has --help (stdout, 0), every listing one --json.
 */
#ifndef CORDON_CMD_CMD_H
#define CORDON_CMD_CMD_H

/* Exit statuses, ../shared/design.md section 5. */
#define EXIT_REFUSED 120      /* run: a package was condemned; or the command's own was 0, and something was refused */
#define EXIT_CANNOT_GUARD 125 /* run: usage, or cordon cannot guard */
#define EXIT_CANNOT_RUN 126   /* run: the command is there and cannot be started */
#define EXIT_NOT_FOUND 127    /* run: no such command */
#define EXIT_CLEAN 0          /* queries: nothing found */
#define EXIT_FOUND 1          /* queries: something found */
#define EXIT_ERROR 2          /* queries: could not look */

int cmd_run(int argc, char **argv);
int cmd_attach(int argc, char **argv);
int cmd_log(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_allow(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_policy(int argc, char **argv);
int cmd_scan(int argc, char **argv);

#endif
