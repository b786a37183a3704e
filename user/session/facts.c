/* SPDX-License-Identifier: Apache-2.0 */
#include "session/facts.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

/* A dead process answers ENOENT or ESRCH, depending on how far it is gone. */
static int gone(int error)
{
	return error == ENOENT ? -ESRCH : -error;
}

/* Reads a file of at most `max` bytes. */
static int read_block(int dir, const char *name, size_t max, struct facts_block *ret)
{
	_cleanup_close_ int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	_cleanup_free_ char *bytes = NULL;
	size_t len = 0, room = 4096;

	if (fd < 0)
		return gone(errno);
	bytes = malloc(room + 1);
	if (!bytes)
		return -ENOMEM;
	for (;;) {
		size_t want = (room < max ? room : max) - len;
		ssize_t n = read(fd, bytes + len, want);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return gone(errno);
		if (n == 0)
			break;
		len += (size_t)n;
		if (len == max) {
			ret->cut = true;
			break;
		}
		if (len == room) {
			char *grown = realloc(bytes, 2 * room + 1);

			if (!grown)
				return -ENOMEM;
			bytes = grown;
			room *= 2;
		}
	}
	bytes[len] = '\0';
	ret->bytes = TAKE_PTR(bytes);
	ret->len = len;
	return 0;
}

static int read_link(int dir, const char *name, char **ret)
{
	char buffer[PATH_MAX];
	ssize_t n = readlinkat(dir, name, buffer, sizeof(buffer));

	if (n < 0)
		return gone(errno);
	if ((size_t)n == sizeof(buffer))
		return -ENAMETOOLONG;
	*ret = strndup(buffer, (size_t)n);
	return *ret ? 0 : -ENOMEM;
}

/* PID (COMM) STATE PPID ...: COMM is the process's own and may hold anything, so fields count from the last ')'. */
static int parse_stat(const char *text, struct facts_stat *ret)
{
	const char *at = strrchr(text, ')');
	uint64_t fields[52] = { 0 };
	char *end;

	if (!at || at[1] != ' ' || !at[2] || at[3] != ' ')
		return -EUCLEAN;
	ret->state = at[2];
	ret->ppid = (pid_t)strtol(at + 4, &end, 10);
	/* `end` is behind field 4. Some of the others are negative. */
	for (int field = 5; field <= 51; field++) {
		if (*end != ' ')
			return -EUCLEAN;
		at = end + 1;
		errno = 0;
		fields[field] = strtoull(at, &end, 10);
		if (end == at || (errno && (field == 22 || field >= 50)))
			return -EUCLEAN;
	}
	ret->start = fields[22];
	ret->env_start = fields[50];
	ret->env_end = fields[51];
	return 0;
}

int facts_stat(int dir, struct facts_stat *ret)
{
	struct facts_block block = { 0 };
	/* COMM has at most 64 bytes, the 51 numbers at most 20 each. */
	int r = read_block(dir, "stat", 4096, &block);

	if (r == 0)
		r = parse_stat(block.bytes, ret);
	free(block.bytes);
	return r;
}

int facts_open(int proc, pid_t pid)
{
	char name[16];
	int dir;

	snprintf(name, sizeof(name), "%d", pid);
	dir = openat(proc, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return dir < 0 ? gone(errno) : dir;
}

static int read_uid(int dir, struct facts *facts)
{
	struct facts_block block = { 0 };
	int r = read_block(dir, "status", 16384, &block);
	const char *line;

	if (r < 0)
		return r;
	/* "Name:" comes first and has its newlines escaped by the kernel, so a line that begins so is the kernel's. */
	line = strstr(block.bytes, "\nUid:\t");
	if (!line || sscanf(line, "\nUid:\t%*u\t%u", &facts->uid) != 1)
		r = -EUCLEAN;
	free(block.bytes);
	return r;
}

static int read_exe(int dir, struct facts *facts)
{
	int r = read_link(dir, "exe", &facts->exe);

	if (r < 0)
		return r;
	/* Follows to the file itself, which needs no name. A name may end in " (deleted)" without being so. */
	if (fstatat(dir, "exe", &facts->exe_stat, 0) < 0)
		return gone(errno);
	facts->exe_deleted = facts->exe_stat.st_nlink == 0;
	return 0;
}

static int read_cwd(int dir, struct facts *facts)
{
	struct stat st;
	int r = read_link(dir, "cwd", &facts->cwd);

	if (r < 0)
		return r;
	if (fstatat(dir, "cwd", &st, 0) < 0)
		return gone(errno);
	if (st.st_nlink == 0) {
		free(facts->cwd);
		facts->cwd = NULL;
	}
	return 0;
}

int facts_read(int proc, pid_t pid, uint64_t start, struct facts *ret)
{
	_cleanup_close_ int dir = facts_open(proc, pid);
	struct facts_stat stat, again;
	struct facts facts = { 0 };
	int r;

	if (dir < 0)
		return dir;
	r = facts_stat(dir, &stat);
	if (r == 0 && start && stat.start != start)
		r = -ESRCH;
	if (r == 0)
		r = read_uid(dir, &facts);
	if (r == 0)
		r = read_exe(dir, &facts);
	if (r == 0)
		r = read_cwd(dir, &facts);
	if (r == 0)
		r = read_block(dir, "environ", FACTS_BLOCK_MAX, &facts.environ);
	if (r == 0)
		r = read_block(dir, "cmdline", FACTS_BLOCK_MAX, &facts.cmdline);
	/* Was it there to the end? A zombie's files read as empty, without an error. */
	if (r == 0)
		r = facts_stat(dir, &again);
	if (r == 0 && (again.start != stat.start || again.state == 'Z' || again.state == 'X'))
		r = -ESRCH;
	if (r < 0) {
		facts_release(&facts);
		return r;
	}
	facts.start = stat.start;
	facts.ppid = stat.ppid;
	facts.state = stat.state;
	*ret = facts;
	return 0;
}

void facts_release(struct facts *facts)
{
	free(facts->exe);
	free(facts->cwd);
	free(facts->environ.bytes);
	free(facts->cmdline.bytes);
	*facts = (struct facts){ 0 };
}

const char *facts_env(const struct facts *facts, const char *name)
{
	const char *at = facts->environ.bytes;
	const char *end = at ? at + facts->environ.len : NULL;
	size_t len = strlen(name);

	for (; at < end; at += strlen(at) + 1) {
		if (strncmp(at, name, len) != 0 || at[len] != '=')
			continue;
		/* The last string is whole only if the block was not cut. */
		if (facts->environ.cut && at + strlen(at) >= end)
			return NULL;
		return at + len + 1;
	}
	return NULL;
}
