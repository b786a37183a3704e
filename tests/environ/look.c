/* SPDX-License-Identifier: Apache-2.0 */
/* look.c - a program that writes out its environment as it has it, and all of its initial stack. tests/environ/run builds
 * it, as a static program too. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

static int write_stack(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long start, end;
	char line[512];

	while (maps && fgets(line, sizeof(line), maps))
		if (strstr(line, "[stack]") && sscanf(line, "%lx-%lx", &start, &end) == 2)
			/* Up from here: what lies below is this program's own. */
			return write(1, &start, end - (unsigned long)&start) > 0;
	return 0;
}

int main(void)
{
	for (char **variable = environ; *variable; variable++)
		if (write(1, *variable, strlen(*variable)) < 0 || write(1, "\n", 1) < 0)
			return 1;
	return write_stack() ? 0 : 1;
}
