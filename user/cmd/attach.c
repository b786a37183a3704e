/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attach.c - `cordon attach`, which `cordon run` starts as root, itself or through sudo: makes the controller.
 *
 * Not for people. Standard input is the socket to the supervisor (guard/proto.h). It returns when the controller is
 * ready, so that sudo goes away; the controller goes on in a session and process group of its own, where neither ^C nor
 * ^Z of the terminal reaches it.
 */
#include "cmd/cmd.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/rule.h"
#include "base/text.h"
#include "guard/controller.h"
#include "guard/proto.h"
#include "journal/mask.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* The supervisor sends the command at once; a user who types this by hand has no such socket. */
#define COMMAND_MS 10000

enum { OPT_MODE = 256, OPT_POLICY, OPT_BACKEND, OPT_FAIL_ON, OPT_CONFINE, OPT_STRICT, OPT_SWEEP };

static int attach_sweep(void)
{
	struct kernel_attempts attempts;
	struct kernel *kernel;
	int r = kernel_open(-1, &kernel, &attempts);

	if (r)
		return EXIT_ERROR;
	kernel_sweep(kernel, getppid());
	kernel_close(kernel);
	return 0;
}

static int attach_fail_on(const char *name)
{
	if (!strcmp(name, "deny"))
		return POLICY_FAIL_ON_DENY;
	if (!strcmp(name, "condemn"))
		return POLICY_FAIL_ON_CONDEMN;
	return !strcmp(name, "never") ? POLICY_FAIL_ON_NEVER : -EINVAL;
}

static int attach_read_command(struct controller *c)
{
	struct proto_message *message = malloc(sizeof(*message));
	struct pollfd fd = { .fd = c->supervisor, .events = POLLIN };
	int r = -ENOMEM;

	if (message) {
		r = poll(&fd, 1, COMMAND_MS) > 0 ? proto_receive(c->supervisor, message) : -ETIMEDOUT;
		if (r > 0)
			r = message->type == PROTO_COMMAND ? 0 : -EBADMSG;
		else if (!r)
			r = -EPIPE;
		if (!r)
			c->record.command = mask_argv(message->text, message->len);
	}
	free(message);
	return r;
}

/* Signals of a terminal that is not ours, and a supervisor that went away, are no reason to stop guarding. */
static void attach_ignore_signals(void)
{
	static const int ignored[] = { SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM, SIGTSTP, SIGTTIN, SIGTTOU };

	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
		signal(ignored[i], SIG_IGN);
}

static int attach_controller(const struct attach_options *options, int ready)
{
	struct controller c = { .options = options, .proc = -1, .root = -1, .pidfd = -1, .supervisor = -1 };
	_cleanup_free_ char *why = NULL;
	int r, null;

	attach_ignore_signals();
	setsid();
	prctl(PR_SET_DUMPABLE, 0);
	c.supervisor = fcntl(PROTO_FD, F_DUPFD_CLOEXEC, 3);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (c.supervisor < 0 || null < 0)
		return EXIT_ERROR;
	/* Whoever reads our output must not wait for us: `cordon run ... | less`. */
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	if (!getenv("CORDON_DEBUG"))
		dup2(null, STDERR_FILENO);
	if (chdir("/"))
		log_debug("cannot leave the folder");
	r = attach_read_command(&c);
	if (!r)
		r = controller_setup(&c, &why);
	if (r)
		proto_send_text(c.supervisor, PROTO_FAILED, r, why ? why : strerror(-r));
	close(ready);
	if (!r)
		r = controller_run(&c);
	controller_release(&c);
	return r ? EXIT_ERROR : 0;
}

/* Forks the controller and waits until it is ready or has failed: sudo's password prompt is over then. */
static int attach_start(const struct attach_options *options)
{
	int pipefd[2];
	char byte;
	pid_t pid;

	if (pipe2(pipefd, O_CLOEXEC))
		return log_err(-errno, "cannot make a pipe"), EXIT_ERROR;
	pid = fork();
	if (pid < 0)
		return log_err(-errno, "cannot fork"), EXIT_ERROR;
	if (!pid) {
		close(pipefd[0]);
		_exit(attach_controller(options, pipefd[1]));
	}
	close(pipefd[1]);
	while (read(pipefd[0], &byte, 1) < 0 && errno == EINTR)
		;
	close(pipefd[0]);
	return 0;
}

static int attach_usage(void)
{
	log_error("`cordon attach` is started by `cordon run`, not by hand");
	return EXIT_ERROR;
}

int cmd_attach(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "mode", required_argument, NULL, OPT_MODE },	     { "policy", required_argument, NULL, OPT_POLICY },
		{ "backend", required_argument, NULL, OPT_BACKEND }, { "fail-on", required_argument, NULL, OPT_FAIL_ON },
		{ "confine", no_argument, NULL, OPT_CONFINE },	     { "strict", no_argument, NULL, OPT_STRICT },
		{ "sweep", no_argument, NULL, OPT_SWEEP },	     { NULL, 0, NULL, 0 },
	};
	struct attach_options options = { .mode = -1, .backend = -1, .fail_on = -1 };
	bool bad = false;
	char *end;
	int opt;

	while ((opt = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (opt) {
		case OPT_MODE:
			options.mode = mode_from_name(optarg);
			bad |= options.mode < 0;
			break;
		case OPT_POLICY:
			options.policy = optarg;
			break;
		case OPT_BACKEND:
			options.backend = backend_from_name(optarg);
			bad |= options.backend < 0;
			break;
		case OPT_FAIL_ON:
			options.fail_on = attach_fail_on(optarg);
			bad |= options.fail_on < 0;
			break;
		case OPT_CONFINE:
			options.confine = true;
			break;
		case OPT_STRICT:
			options.strict = true;
			break;
		case OPT_SWEEP:
			return attach_sweep();
		default:
			bad = true;
		}
	}
	if (bad || optind + 1 != argc)
		return attach_usage();
	options.pid = (pid_t)strtol(argv[optind], &end, 10);
	if (*end || options.pid <= 1)
		return attach_usage();
	return attach_start(&options);
}
