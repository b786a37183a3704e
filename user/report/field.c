/* SPDX-License-Identifier: Apache-2.0 */
#include "report/field.h"

#include "base/cleanup.h"
#include "base/rule.h"
#include "base/text.h"

#include <string.h>
#include <time.h>

char *field_clip(const char *text, size_t max)
{
	_cleanup_free_ char *cut = NULL;
	_cleanup_free_ char *safe = NULL;
	size_t len = strlen(text);

	if (len <= max)
		return text_escape_terminal(text);
	/* Not within a character: at most three bytes of it are behind its first. */
	for (len = max; len > max - 3 && ((unsigned char)text[len] & 0xc0) == 0x80;)
		len--;
	cut = strndup(text, len);
	safe = cut ? text_escape_terminal(cut) : NULL;
	return safe ? text_format("%s...", safe) : NULL;
}

char *field_package(const struct finding *f)
{
	_cleanup_free_ char *ecosystem = field_clip(f->ecosystem ? f->ecosystem : "", FIELD_NAME_MAX);
	_cleanup_free_ char *package = field_clip(f->package ? f->package : "", FIELD_NAME_MAX);
	_cleanup_free_ char *version = field_clip(f->version ? f->version : "", FIELD_NAME_MAX);
	_cleanup_free_ char *installer = field_clip(f->installer ? f->installer : "", FIELD_NAME_MAX);

	if (!ecosystem || !package || !version || !installer)
		return NULL;
	if (!*package)
		return *installer ? text_format("%s (%s)", installer, role_name(f->process.role)) :
				    text_format("the %s", role_name(f->process.role));
	if (!strcmp(package, "unknown"))
		return strdup("an unknown package");
	return text_format("%s%s%s%s%s", ecosystem, *ecosystem ? ":" : "", package, *version ? " " : "", version);
}

char *field_object(const struct finding *f, size_t max)
{
	_cleanup_free_ char *text = NULL;

	if (f->object_address)
		text = text_format(strchr(f->object_address, ':') ? "[%s]:%u" : "%s:%u", f->object_address,
				   f->object_port);
	else if (f->object_path)
		text = strdup(f->object_path);
	else if (f->object_pid)
		text = text_format("process %d", f->object_pid);
	else
		text = strdup(f->object_protocol ? f->object_protocol : "");
	return text ? field_clip(text, max) : NULL;
}

char *field_command(const struct finding *f, size_t max)
{
	const struct finding_process *p = &f->process;

	return field_clip(p->argv && *p->argv ? p->argv : p->exe && *p->exe ? p->exe : "?", max);
}

void field_time(int64_t ms, char *ret, size_t size)
{
	int64_t fraction = (ms % 1000 + 1000) % 1000;
	time_t seconds = (time_t)((ms - fraction) / 1000);
	char date[FIELD_TIME_SIZE];
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) || !strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm))
		snprintf(ret, size, "?");
	else
		snprintf(ret, size, "%s.%03dZ", date, (int)fraction);
}
