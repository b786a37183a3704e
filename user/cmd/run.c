/* SPDX-License-Identifier: Apache-2.0 */
/* run.c - `cordon run`: options, then the supervisor. */
#include "cmd/cmd.h"

#include "base/log.h"
#include "base/rule.h"
#include "guard/supervisor.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char run_usage[] =
	"usage: cordon run [OPTION...] -- COMMAND [ARGUMENT...]\n"
	"\n"
	"Runs COMMAND in this environment, folder and terminal. Installers that it starts (pip, uv, npm...) are followed, and\n"
	"the code of the packages that they install is confined.\n"
	"\n"
	"  --enforce          refuse what the policy refuses (the shipped policy's mode)\n"
	"  --audit            refuse nothing, record everything\n"
	"  --policy FILE      use FILE in place of /etc/cordon\n"
	"  --confine          confine COMMAND itself too, as code of this project\n"
	"  --fail-on WHAT     exit with 120 when something of this kind was refused although COMMAND succeeded, and when a\n"
	"                     package was condemned in any case: deny (any refusal), condemn, never\n"
	"  --strict           refuse to start where this kernel cannot refuse calls, or a protected file cannot be held\n"
	"  --backend NAME     lsm, fmod_ret or trace, instead of the strongest that works\n"
	"  --as-root          run COMMAND as root although sudo started cordon\n"
	"  -q, --quiet        no line about a weak backend or audit mode\n"
	"\n"
	"Exit status: COMMAND's own; 120 refused (see --fail-on); 125 cannot guard, nothing was run; 126 COMMAND cannot be\n"
	"started; 127 no such command; 128+N ended by signal N.\n";

enum { OPT_ENFORCE = 256, OPT_AUDIT, OPT_POLICY, OPT_CONFINE, OPT_FAIL_ON, OPT_STRICT, OPT_BACKEND, OPT_AS_ROOT };

static int run_check(const struct run_options *options)
{
	if (options->backend && backend_from_name(options->backend) < 0) {
		log_error("no backend '%s': lsm, fmod_ret or trace", options->backend);
		return EXIT_CANNOT_GUARD;
	}
	if (options->fail_on && strcmp(options->fail_on, "deny") != 0 && strcmp(options->fail_on, "condemn") != 0 &&
	    strcmp(options->fail_on, "never") != 0) {
		log_error("--fail-on takes deny, condemn or never, not '%s'", options->fail_on);
		return EXIT_CANNOT_GUARD;
	}
	if (options->policy && access(options->policy, F_OK)) {
		log_error("no policy '%s'", options->policy);
		return EXIT_CANNOT_GUARD;
	}
	if (geteuid() == 0 && getenv("SUDO_UID") && !options->as_root) {
		log_error("sudo changes the environment, and the command would run as root; use `cordon run` without sudo, which asks "
			  "for it where needed, or --as-root");
		return EXIT_CANNOT_GUARD;
	}
	return 0;
}

int cmd_run(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "enforce", no_argument, NULL, OPT_ENFORCE },	     { "audit", no_argument, NULL, OPT_AUDIT },
		{ "policy", required_argument, NULL, OPT_POLICY },   { "confine", no_argument, NULL, OPT_CONFINE },
		{ "fail-on", required_argument, NULL, OPT_FAIL_ON }, { "strict", no_argument, NULL, OPT_STRICT },
		{ "backend", required_argument, NULL, OPT_BACKEND }, { "as-root", no_argument, NULL, OPT_AS_ROOT },
		{ "quiet", no_argument, NULL, 'q' },		     { "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct run_options options = { 0 };
	int opt, r;

	while ((opt = getopt_long(argc, argv, "+qh", longs, NULL)) != -1) {
		switch (opt) {
		case OPT_ENFORCE:
			options.mode = "enforce";
			break;
		case OPT_AUDIT:
			options.mode = "audit";
			break;
		case OPT_POLICY:
			options.policy = optarg;
			break;
		case OPT_CONFINE:
			options.confine = true;
			break;
		case OPT_FAIL_ON:
			options.fail_on = optarg;
			break;
		case OPT_STRICT:
			options.strict = true;
			break;
		case OPT_BACKEND:
			options.backend = optarg;
			break;
		case OPT_AS_ROOT:
			options.as_root = true;
			break;
		case 'q':
			options.quiet = true;
			break;
		case 'h':
			fputs(run_usage, stdout);
			return 0;
		default:
			return EXIT_CANNOT_GUARD;
		}
	}
	if (optind >= argc) {
		log_error("no command: cordon run -- pip install NAME");
		return EXIT_CANNOT_GUARD;
	}
	options.command = argv + optind;
	r = run_check(&options);
	return r ? r : supervisor_run(&options);
}
