/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervisor.c - a small process that owns the terminal and the exit status.
 *
 * Command and supervisor stay in one process group, so the terminal's ^C, ^\ and SIGWINCH reach the command by
 * themselves; signals that somebody sent to the supervisor are passed on. It follows the command's stops (^Z), so that
 * the shell sees one job. When the controller dies or falls silent, it ends what is held: nobody would wake it.
 */
#include "guard/supervisor.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "guard/descend.h"
#include "guard/launch.h"
#include "guard/proto.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* The controller says that it lives every second. Guests without hardware support stall for seconds. */
#define SILENCE_MS 15000
/* After this much it may have been stopped: it is continued. */
#define STOPPED_MS 4000
/* How long process 1 waits for the controller's end. */
#define OUTLIVE_MS 5000
/* How long the summary may take after the command's end: a full ring is some thousand rows in the journal. */
#define SUMMARY_MS 30000

struct supervisor {
	const struct run_options *options;
	struct launched command;
	pid_t controller_starter; /* cordon attach, or sudo in front of it */
	pid_t controller;
	int socket;
	int signals;
	sigset_t mask; /* as it was */
	int64_t heard; /* ms, when the controller spoke last */
	bool ready, lost, done, audit;
	bool waits;	 /* the command was stopped by SIGSTOP: it waits for a verdict, */
	bool stop_waits; /* and ^Z came meanwhile, which its continuation takes away */
	bool exited;
	int status; /* wait status of the command */
	int verdict; /* enum proto_verdict, of PROTO_DONE */
	char *failure; /* of PROTO_FAILED */
	char *summary;
};

static int supervisor_signals(struct supervisor *sv)
{
	static const int handled[] = { SIGCHLD, SIGINT,	 SIGQUIT, SIGTERM, SIGHUP,  SIGUSR1,
				       SIGUSR2, SIGALRM, SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(handled); i++)
		sigaddset(&set, handled[i]);
	if (sigprocmask(SIG_BLOCK, &set, &sv->mask))
		return -errno;
	signal(SIGPIPE, SIG_IGN);
	sv->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return sv->signals < 0 ? -errno : 0;
}

/* Where nobody is left to judge, what waits for a verdict is refused. */
static void supervisor_lose(struct supervisor *sv)
{
	if (!sv->lost && !sv->done && !sv->exited && sv->ready)
		log_warn("the controller is gone; %s", sv->audit ? "nothing is recorded any more" :
			 "what was refused stays refused, package code that it held is ended");
	sv->lost = true;
	if (sv->ready && !sv->done)
		descend_wake(getpid(), sv->audit);
}

static void supervisor_message(struct supervisor *sv, const struct proto_message *message)
{
	sv->heard = clock_ms();
	switch (message->type) {
	case PROTO_READY:
		sv->ready = true;
		sv->controller = message->value;
		if (message->len && !sv->options->quiet)
			log_info("%s", message->text);
		break;
	case PROTO_AUDIT:
		sv->audit = true;
		break;
	case PROTO_FAILED:
		free(sv->failure);
		sv->failure = strdup(message->text);
		sv->lost = true;
		break;
	case PROTO_NOTE:
		if (!sv->options->quiet)
			log_info("%s", message->text);
		break;
	case PROTO_DONE:
		sv->done = true;
		sv->verdict = message->value;
		free(sv->summary);
		sv->summary = message->len ? strdup(message->text) : NULL;
		break;
	default: /* ALIVE, and what a newer controller may say */
		break;
	}
}

static void supervisor_read(struct supervisor *sv)
{
	struct proto_message *message = malloc(sizeof(*message));
	int r = message ? 1 : -ENOMEM;

	while (r > 0) {
		r = proto_receive(sv->socket, message);
		if (r > 0)
			supervisor_message(sv, message);
	}
	free(message);
	if (r != -EAGAIN && r != -EWOULDBLOCK) {
		close(TAKE_FD(sv->socket));
		supervisor_lose(sv);
	}
}

static bool is_job_stop(int sig)
{
	return sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU;
}

/* The command's stop by the terminal becomes ours, and our continuation the command's. SIGSTOP is not followed: it may be the
 * hold's. */
static void supervisor_stopped(struct supervisor *sv, int status)
{
	if (WIFCONTINUED(status) && sv->stop_waits)
		kill(sv->command.pid, SIGTSTP);
	sv->waits = WIFSTOPPED(status) && !is_job_stop(WSTOPSIG(status));
	sv->stop_waits = sv->stop_waits && sv->waits;
	if (WIFCONTINUED(status) || sv->waits)
		return;
	raise(SIGSTOP);
	kill(sv->command.pid, SIGCONT);
}

/* Reaps what ended, and looks at the command's stops. */
static void supervisor_reap(struct supervisor *sv)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED | WCONTINUED)) > 0) {
		bool ended = WIFEXITED(status) || WIFSIGNALED(status);

		if (pid == sv->controller_starter && ended)
			sv->controller_starter = 0;
		if (pid != sv->command.pid)
			continue;
		if (ended) {
			sv->exited = true;
			sv->status = status;
		} else {
			supervisor_stopped(sv, status);
		}
	}
}

static void supervisor_signal(struct supervisor *sv, const struct signalfd_siginfo *info)
{
	int sig = (int)info->ssi_signo;

	if (sig == SIGCHLD) {
		supervisor_reap(sv);
		return;
	}
	if (sig == SIGTSTP && info->ssi_code == SI_KERNEL)
		sv->stop_waits = sv->waits;
	/* The terminal's signals reached the command too, but its hang-up: that goes to the session's leader, which may be
	 * us (`ssh -t`, `xterm -e`). SIGCONT and stops are followed above. */
	if ((info->ssi_code == SI_KERNEL && sig != SIGHUP) || sig == SIGCONT || is_job_stop(sig))
		return;
	if (!sv->exited && sv->command.pid > 0)
		kill(sv->command.pid, sig);
}

static void supervisor_read_signals(struct supervisor *sv)
{
	struct signalfd_siginfo info;

	while (read(sv->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
		supervisor_signal(sv, &info);
}

/* Waits for something to happen, `ms` at the most. */
static void supervisor_wait(struct supervisor *sv, int ms)
{
	struct pollfd fds[2] = { { .fd = sv->signals, .events = POLLIN }, { .fd = sv->socket, .events = POLLIN } };

	if (poll(fds, 2, ms) < 0 && errno != EINTR)
		return;
	if (fds[0].revents)
		supervisor_read_signals(sv);
	if (sv->socket >= 0 && fds[1].revents)
		supervisor_read(sv);
}

/* Gives 0 when the controller is ready, else it is not going to be. A password may be asked for meanwhile: no deadline,
 * but the controller's starter must live, or have left a controller that says something. */
static int supervisor_attach(struct supervisor *sv)
{
	_cleanup_close_ int ours = -1, theirs = -1;
	char *const *command = sv->options->command;
	_cleanup_free_ char *argv = NULL;
	size_t len = 0;
	int pair[2], r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	ours = pair[0];
	theirs = pair[1];
	r = launch_controller(sv->options, sv->command.pid, theirs, &sv->controller_starter);
	if (r)
		return r;
	close(TAKE_FD(theirs));
	sv->socket = TAKE_FD(ours);
	for (size_t i = 0; command[i]; i++)
		len += strlen(command[i]) + 1;
	argv = malloc(len);
	if (!argv)
		return -ENOMEM;
	len = 0;
	for (size_t i = 0; command[i]; i++) {
		size_t n = strlen(command[i]) + 1;

		memcpy(argv + len, command[i], n);
		len += n;
	}
	r = proto_send(sv->socket, PROTO_COMMAND, 0, argv, len);
	while (!r && !sv->ready && !sv->lost && !sv->exited)
		supervisor_wait(sv, 1000);
	return sv->ready && !sv->lost ? 0 : -ECONNABORTED;
}

static int supervisor_start_command(struct supervisor *sv)
{
	int error = 0;
	ssize_t n;

	if (write(sv->command.go, "g", 1) != 1)
		return -errno;
	close(TAKE_FD(sv->command.go));
	do
		n = read(sv->command.error, &error, sizeof(error));
	while (n < 0 && errno == EINTR);
	close(TAKE_FD(sv->command.error));
	return n == (ssize_t)sizeof(error) ? -error : 0;
}

static void supervisor_loop(struct supervisor *sv)
{
	while (!sv->exited) {
		int ms = sv->lost ? 200 : 2000;
		int64_t silence, heard = sv->heard, begun = clock_ms(), late;

		supervisor_wait(sv, ms);
		/* We were stopped ourselves, by ^Z or together with the controller: that is nobody's silence. */
		late = clock_ms() - begun - ms;
		if (late > 0 && sv->heard == heard)
			sv->heard += late;
		silence = clock_ms() - sv->heard;
		if (sv->lost || silence > SILENCE_MS)
			supervisor_lose(sv);
		else if (silence > STOPPED_MS)
			/* On trace a root package can stop it before it is ended for that. */
			kill(sv->controller, SIGCONT);
	}
}

static void supervisor_finish(struct supervisor *sv)
{
	int64_t until = clock_ms() + SUMMARY_MS;

	if (sv->socket >= 0 && proto_send(sv->socket, PROTO_EXITED, sv->status, NULL, 0))
		sv->lost = true;
	while (!sv->done && !sv->lost && clock_ms() < until)
		supervisor_wait(sv, 500);
	if (sv->summary)
		fprintf(stderr, "%s%s", sv->summary, sv->summary[strlen(sv->summary) - 1] == '\n' ? "" : "\n");
	if (!sv->done) {
		log_warn("nobody could tell what was refused; `sudo cordon log` has what was written down");
		launch_sweep();
	}
}

/* The end of process 1 ends all that is in its container. So the controller is waited for, which has pins and journal to put in
 * order, and what would keep it ends now. */
static void supervisor_outlive(struct supervisor *sv)
{
	int64_t until = clock_ms() + OUTLIVE_MS;

	while (getpid() == 1 && sv->done && sv->socket >= 0 && clock_ms() < until) {
		descend_end_others(sv->controller);
		supervisor_wait(sv, 50);
	}
}

static int supervisor_status(const struct supervisor *sv)
{
	if (WIFSIGNALED(sv->status))
		return 128 + WTERMSIG(sv->status);
	if (sv->done && sv->verdict == PROTO_CONDEMNED)
		return EXIT_REFUSED;
	if (WEXITSTATUS(sv->status))
		return WEXITSTATUS(sv->status);
	if (!sv->done)
		return EXIT_CANNOT_GUARD;
	return sv->verdict == PROTO_CLEAN ? 0 : EXIT_REFUSED;
}

static int supervisor_refuse(struct supervisor *sv, int r)
{
	close(TAKE_FD(sv->command.go));
	if (!sv->exited) {
		kill(sv->command.pid, SIGKILL);
		while (waitpid(sv->command.pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (sv->failure)
		log_error("cannot guard: %s", sv->failure);
	else if (r == -ENOENT)
		log_error("cannot guard: that takes root, and there is no sudo; run it as root");
	else if (geteuid() != 0)
		log_error("cannot guard: sudo did not start `cordon attach`");
	else
		log_error("cannot guard: the controller ended before it was ready");
	log_error("nothing was run");
	return EXIT_CANNOT_GUARD;
}

static int supervisor_drive(struct supervisor *sv)
{
	int r = supervisor_signals(sv);

	if (r)
		return log_err(r, "cannot take signals"), EXIT_CANNOT_GUARD;
	/* Orphans of the command stay below us, where they can be found when the controller dies. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	r = launch_command(sv->options->command, &sv->mask, &sv->command);
	if (r)
		return log_err(r, "cannot fork"), EXIT_CANNOT_GUARD;
	r = supervisor_attach(sv);
	if (r)
		return supervisor_refuse(sv, r);
	sv->heard = clock_ms();
	r = supervisor_start_command(sv);
	if (r)
		log_err(r, "cannot run '%s'", sv->options->command[0]);
	supervisor_loop(sv);
	supervisor_finish(sv);
	supervisor_outlive(sv);
	if (r)
		return r == -ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN;
	return supervisor_status(sv);
}

int supervisor_run(const struct run_options *options)
{
	struct supervisor sv = { .options = options, .socket = -1, .signals = -1, .command = { .go = -1, .error = -1 } };
	int status;

	/* One session does not guard in another: the inner controller would be a task of the outer one. */
	if (getenv(LAUNCH_MARK)) {
		log_error("this runs in a guarded session already; run the command without cordon");
		log_error("nothing was run");
		return EXIT_CANNOT_GUARD;
	}
	status = launch_find(options->command[0]);
	if (status) {
		log_err(status, "cannot run '%s'", options->command[0]);
		return status == -ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN;
	}
	status = supervisor_drive(&sv);
	cleanup_close(&sv.socket);
	cleanup_close(&sv.signals);
	cleanup_close(&sv.command.go);
	cleanup_close(&sv.command.error);
	free(sv.failure);
	free(sv.summary);
	return status;
}
