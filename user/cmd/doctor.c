/* SPDX-License-Identifier: Apache-2.0 */
/* doctor.c - `cordon doctor`: can this machine enforce, how well, and what to change. */
#include "cmd/doctor.h"

#include "base/log.h"
#include "cmd/cmd.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
	"usage: cordon doctor [--json]\n\n"
	"Tries on this kernel what `cordon run` would use, and tells how well it can guard and what to change. Loads its\n"
	"programs beside those of sessions that are on, for about a second, and takes them away again.\n\n"
	"  --json   for programs\n\n"
	"Exit status: 0 can enforce, 1 weakly, 2 cannot guard.\n";

/* Trying a backend takes a part of a second: who watches is told. */
static void doctor_progress(const char *what)
{
	if (*what)
		fprintf(stderr, "\r\033[K... %s", what);
	else
		fputs("\r\033[K", stderr);
	fflush(stderr);
}

int cmd_doctor(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	const char *term = getenv("TERM");
	bool json = false, watched = isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
	struct doctor doctor;
	int option, r;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (option) {
		case 'j':
			json = true;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		default:
			return EXIT_ERROR;
		}
	}
	if (optind != argc) {
		log_error("doctor takes no argument '%s'", argv[optind]);
		return EXIT_ERROR;
	}
	doctor_check(&doctor, watched ? doctor_progress : NULL);
	doctor_judge(&doctor);
	r = json ? doctor_print_json(&doctor) : doctor_print_text(&doctor);
	if (r < 0)
		log_err(r, "cannot write the answer");
	else
		r = (int)doctor.verdict;
	doctor_release(&doctor);
	return r < 0 ? EXIT_ERROR : r;
}
