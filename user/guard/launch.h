/* SPDX-License-Identifier: Apache-2.0 */
/* launch.h - starting the two processes of `cordon run`: the command, stopped before its exec, and the controller. */
#ifndef CORDON_GUARD_LAUNCH_H
#define CORDON_GUARD_LAUNCH_H

#include "guard/supervisor.h"

#include <signal.h>
#include <sys/types.h>

struct launched {
	pid_t pid;
	int go;    /* one byte written here lets it exec; closed without: it ends */
	int error; /* yields the errno of a failed exec, or EOF when the exec happened */
};

/* Set in the command's environment: it is guarded. Who sets it himself only refuses himself a guard, which says so. */
#define LAUNCH_MARK "CORDON_SESSION"

/* Looks the command up as execvp(3) will. 0, -ENOENT or -EACCES. */
int launch_find(const char *command);
/* Forks the command's process in this environment, directory and terminal, with `mask` restored; it waits for `go`. */
int launch_command(char **command, const sigset_t *mask, struct launched *ret);
/* Starts `cordon attach` for `pid`, as root or through sudo, with `socket` as its PROTO_FD. -ENOENT: neither. */
int launch_controller(const struct run_options *options, pid_t pid, int socket, pid_t *ret);
/* The last step of a session whose controller died: `cordon attach --sweep`. Only root can. */
void launch_sweep(void);

#endif
