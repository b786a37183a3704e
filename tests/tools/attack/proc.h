/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proc.h - techniques for proc.memory, proc.signal, tty.inject, net.broker and flood.tasks: what is done to processes,
 * terminals and sockets that the caller names. Signals and looks into memory that guard.h has are not here again.
 */
#ifndef ATTACK_PROC_H
#define ATTACK_PROC_H

#include "outcome.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>

/* Asks whoever is the parent to trace this process. */
static int trace_me(char **args)
{
	(void)args;
	return outcome_of(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

/* Open for writing as well: what a debugger and a thief do. */
static int write_mem(char **args)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", atoi(args[0]));
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* PID SIGNAL, to the thread of that number */
static int signal_thread(char **args)
{
	return outcome_of(syscall(SYS_tkill, atoi(args[0]), atoi(args[1])));
}

static int signal_thread_queue(char **args)
{
	siginfo_t info = { .si_signo = atoi(args[1]), .si_code = SI_QUEUE };

	return outcome_of(syscall(SYS_rt_tgsigqueueinfo, atoi(args[0]), atoi(args[0]), atoi(args[1]), &info));
}

static int limit_priority(char **args)
{
	return outcome_of(setpriority(PRIO_PROCESS, (id_t)atoi(args[0]), 1));
}

/* The processors that it has anyway. */
static int limit_affinity(char **args)
{
	cpu_set_t set;

	if (sched_getaffinity(atoi(args[0]), sizeof(set), &set))
		return broken(errno);
	return outcome_of(sched_setaffinity(atoi(args[0]), sizeof(set), &set));
}

static int limit_scheduler(char **args)
{
	struct sched_param param = { 0 };

	return outcome_of(sched_setscheduler(atoi(args[0]), SCHED_BATCH, &param));
}

static int limit_resource(char **args)
{
	struct rlimit limit;

	if (prlimit(atoi(args[0]), RLIMIT_CORE, NULL, &limit))
		return broken(errno);
	return outcome_of(prlimit(atoi(args[0]), RLIMIT_CORE, &limit, NULL));
}

/* Best effort, lowest. */
static int limit_io(char **args)
{
	return outcome_of(syscall(SYS_ioprio_set, 1, atoi(args[0]), 2 << 13 | 7));
}

/* TERMINAL. One letter, into the input of whoever reads there. */
static int tty_type(char **args)
{
	int fd = open(args[0], O_RDWR | O_NOCTTY | O_CLOEXEC), r;

	if (fd < 0)
		return broken(errno);
	r = outcome_of(ioctl(fd, TIOCSTI, "x"));
	close(fd);
	/* Kernels can be built and told to have it no more. */
	return r == -EIO ? unavailable(EIO) : r;
}

/* Only a console answers anything but ENOTTY; the question comes behind the check. */
static int tty_console(char **args)
{
	char subcode = 6; /* the state of the shift keys */
	int fd = open(args[0], O_RDWR | O_NOCTTY | O_CLOEXEC), r;

	if (fd < 0)
		return broken(errno);
	r = outcome_of(ioctl(fd, TIOCLINUX, &subcode));
	close(fd);
	return r == -ENOTTY ? 0 : r;
}

/* ADDRESS: a path, or @NAME for the abstract one. Gives its length. */
static socklen_t unix_address(struct sockaddr_un *addr, const char *text)
{
	memset(addr, 0, sizeof(*addr));
	addr->sun_family = AF_UNIX;
	snprintf(addr->sun_path, sizeof(addr->sun_path), "%s", text);
	if (text[0] == '@')
		addr->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(text));
}

static int unix_connect_by(const char *address, int type)
{
	struct sockaddr_un addr;
	socklen_t len = unix_address(&addr, address);
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0), r;

	if (fd < 0)
		return broken(errno);
	r = outcome_of(connect(fd, (struct sockaddr *)&addr, len));
	/* A connected datagram socket has said nothing yet, but a stream could. */
	if (!r)
		r = outcome_of(send(fd, "x", 1, MSG_NOSIGNAL));
	close(fd);
	return r;
}

static int unix_stream(char **args)
{
	return unix_connect_by(args[0], SOCK_STREAM);
}

static int unix_packets(char **args)
{
	return unix_connect_by(args[0], SOCK_SEQPACKET);
}

static int unix_datagram(char **args)
{
	return unix_connect_by(args[0], SOCK_DGRAM);
}

static int unix_send_to(char **args)
{
	struct sockaddr_un addr;
	socklen_t len = unix_address(&addr, args[0]);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), r;

	if (fd < 0)
		return broken(errno);
	r = outcome_of(sendto(fd, "x", 1, 0, (struct sockaddr *)&addr, len));
	close(fd);
	return r;
}

/* COUNT: so many children that live at once; the bomb is put out by its own pipe. What the machine itself does not let
 * one have (a limit of its control group) says nothing of a guard. */
static int fork_bomb(char **args)
{
	int count = atoi(args[0]), ends[2], made, error = 0;
	pid_t child = 0;
	char byte;

	if (pipe(ends))
		return broken(errno);
	for (made = 0; made < count; made++) {
		child = fork();
		if (child <= 0)
			break;
	}
	if (child == 0) {
		close(ends[1]);
		_exit(read(ends[0], &byte, 1) == 0 ? 0 : 1);
	}
	if (child < 0)
		error = errno;
	close(ends[1]);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	return error == EAGAIN || error == ENOMEM ? unavailable(error) : -error;
}

/* A process that has let go of all that it was started with. Gives 0 in it, else an outcome in who started it. */
static int leave_begin(pid_t *ret)
{
	*ret = fork();
	if (*ret < 0)
		return broken(errno);
	if (*ret > 0)
		return waitpid(*ret, NULL, 0) < 0 ? broken(errno) : 0;
	setsid();
	signal(SIGHUP, SIG_IGN);
	if (fork() != 0)
		_exit(0);
	for (int fd = 0; fd < 256; fd++)
		close(fd);
	return 0;
}

/* Five minutes: whoever forgets it does not have it for ever. */
static int leave_sleeping(char **args)
{
	pid_t child;
	int r = leave_begin(&child);

	(void)args;
	if (r || child)
		return r;
	sleep(300);
	_exit(0);
}

static int leave_stopped(char **args)
{
	pid_t child;
	int r = leave_begin(&child);

	(void)args;
	if (r || child)
		return r;
	alarm(300);
	raise(SIGSTOP);
	sleep(300);
	_exit(0);
}

/* Never the same number for long: whoever lists and then ends it comes too late. */
static int leave_restless(char **args)
{
	pid_t child;
	int r = leave_begin(&child);

	(void)args;
	if (r || child)
		return r;
	for (int i = 0; i < 10000; i++) {
		usleep(30000);
		if (fork() > 0)
			_exit(0);
	}
	_exit(0);
}

static const struct technique proc_techniques[] = {
	{ "leave", 0, leave_sleeping },
	{ "leave-stopped", 0, leave_stopped },
	{ "leave-restless", 0, leave_restless },
	{ "traceme", 0, trace_me },
	{ "write-mem", 1, write_mem },
	{ "tkill", 2, signal_thread },
	{ "tgsigqueue", 2, signal_thread_queue },
	{ "priority", 1, limit_priority },
	{ "affinity", 1, limit_affinity },
	{ "scheduler", 1, limit_scheduler },
	{ "rlimit", 1, limit_resource },
	{ "ioprio", 1, limit_io },
	{ "tty-type", 1, tty_type },
	{ "tty-console", 1, tty_console },
	{ "unix-stream", 1, unix_stream },
	{ "unix-packets", 1, unix_packets },
	{ "unix-datagram", 1, unix_datagram },
	{ "unix-send-to", 1, unix_send_to },
	{ "fork-bomb", 1, fork_bomb },
	{ 0 },
};

#endif
