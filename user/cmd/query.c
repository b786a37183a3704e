/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/query.h"

#include "base/cleanup.h"
#include "base/log.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <time.h>

int query_error(int error)
{
	const char *dir = journal_dir();

	switch (error) {
	case -EACCES:
	case -EPERM:
		if (geteuid() != 0)
			log_error("the journal in '%s' belongs to root, since it holds everybody's installs: "
				  "sudo cordon ...",
				  dir);
		else
			log_err(error, "cannot read the journal in '%s'", dir);
		break;
	case -EROFS:
		log_error("the journal in '%s' is on a read-only file system, and its last rows are still in "
			  "journal.db-wal: mount it writable once, or copy the folder and set CORDON_STATE",
			  dir);
		break;
	case -EUCLEAN:
		log_error("'%s/journal.db' is damaged or no journal; move the folder's files away to start anew", dir);
		break;
	case -ENOTSUP:
		log_error("'%s/journal.db' was written by a newer cordon", dir);
		break;
	default:
		log_err(error, "cannot read the journal in '%s'", dir);
	}
	return error;
}

int query_open(struct journal **ret)
{
	int r = journal_open(journal_dir(), JOURNAL_READ, ret);

	return r < 0 && r != -ENOENT ? query_error(r) : r;
}

int query_uid(void)
{
	const char *text = getenv("SUDO_UID");
	char *end;
	long uid;

	if (!text || !isdigit((unsigned char)*text) || geteuid() != 0)
		return -1;
	uid = strtol(text, &end, 10);
	return *end || uid <= 0 || uid > INT_MAX ? -1 : (int)uid;
}

int query_number(const char *text, const char *what, int64_t least, int64_t *ret)
{
	char *end;
	intmax_t value;

	errno = 0;
	value = strtoimax(text, &end, 10);
	if (!isdigit((unsigned char)*text) || *end || errno || value < least || value > INT64_MAX) {
		log_error("'%s' is no %s", text, what);
		return -EINVAL;
	}
	*ret = value;
	return 0;
}

static bool parse_age(const char *text, int64_t *ret_ms)
{
	static const struct {
		char unit;
		int64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 604800 } };
	intmax_t value;
	char *end;

	errno = 0;
	value = strtoimax(text, &end, 10);
	/* A hundred years are more than any journal, and keep the product from overflowing. */
	if (!isdigit((unsigned char)*text) || errno || value > 3155760000LL || !*end || end[1])
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (units[i].unit == *end) {
			*ret_ms = value * units[i].seconds * 1000;
			return true;
		}
	}
	return false;
}

int query_since(const char *text, int64_t *ret)
{
	static const char *const formats[] = { "%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S" };
	int64_t age;

	if (parse_age(text, &age)) {
		*ret = time(NULL) * 1000LL - age;
		if (*ret < 0)
			*ret = 0;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		struct tm tm = { .tm_isdst = -1 };
		const char *end = strptime(text, formats[i], &tm);
		int day = tm.tm_mday;
		time_t when;

		if (!end || *end)
			continue;
		when = mktime(&tm);
		/* mktime() makes March of the 30th of February. */
		if (when == (time_t)-1 || tm.tm_mday != day)
			break;
		*ret = when * 1000LL;
		return 0;
	}
	log_error("'%s' is no time: 30m, 2h, 2d, 1w, 2027-01-31 or 2027-01-31T12:00", text);
	return -EINVAL;
}
