/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - the command table. */
#include "artifact/artifact.h"
#include "cmd/cmd.h"

#include <stdio.h>
#include <string.h>

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help; /* NULL: not for people */
} commands[] = {
	{ "run", cmd_run, "guard one command" },
	{ "log", cmd_log, "what happened" },
	{ "show", cmd_show, "one session or finding" },
	{ "allow", cmd_allow, "write the narrowest grant for a finding" },
	{ "policy", cmd_policy, "check the policy" },
	{ "scan", cmd_scan, "look into an artifact without installing it" },
	{ "doctor", cmd_doctor, "can this machine enforce, and how well" },
	{ "attach", cmd_attach, NULL },
	{ ARTIFACT_READER_COMMAND, artifact_server_main, NULL },
};

static void usage(FILE *out)
{
	fputs("usage: cordon COMMAND [OPTION...]\n\n", out);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (commands[i].help)
			fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].help);
	fputs("\n`cordon COMMAND --help` tells its options. Start with: cordon run -- pip install NAME\n", out);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		usage(stderr);
		return EXIT_CANNOT_GUARD;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		usage(stdout);
		return 0;
	}
	if (!strcmp(argv[1], "--version")) {
		puts("cordon " CORDON_VERSION);
		return 0;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(commands[i].name, argv[1]))
			return commands[i].run(argc - 1, argv + 1);
	fprintf(stderr, "cordon: no command '%s'; `cordon --help` lists them\n", argv[1]);
	return EXIT_CANNOT_GUARD;
}
