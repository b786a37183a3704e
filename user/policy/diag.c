/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/diag.h"

#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void diag_release(struct diag *diag)
{
	free(diag->file);
	free(diag->text);
	memset(diag, 0, sizeof(*diag));
}

char *diag_format(const struct diag *diag)
{
	const char *text = diag->text ? diag->text : "out of memory";

	if (!diag->file)
		return strdup(text);
	if (!diag->line)
		return text_format("%s: %s", diag->file, text);
	return text_format("%s:%u:%u: %s", diag->file, diag->line, diag->column, text);
}

int diag_set(struct diag *ret_diag, int error, struct diag_place place, const char *format, ...)
{
	char *file = NULL, *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	if (place.file)
		file = strdup(place.file);
	diag_release(ret_diag);
	if (!text || (place.file && !file)) {
		free(text);
		free(file);
		return -ENOMEM;
	}
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = ' ';
	ret_diag->file = file;
	ret_diag->line = place.line;
	ret_diag->column = place.column;
	ret_diag->text = text;
	return error;
}
