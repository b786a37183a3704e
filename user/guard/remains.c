/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/remains.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "guard/aside.h"
#include "guard/remains_internal.h"
#include "judge.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* pip keeps a wheel four folders below its own. */
#define STORE_DEPTH 6
/* Entries of such a store that are looked at for one package; who has more of them gets no word on it. */
#define STORE_MAX 100000

static void dir_close(DIR *dir)
{
	closedir(dir);
}
DEFINE_CLEANUP(DIR *, dir_close)

/* "Six-1.16.0.dist-info", "six-1.16.0-py3.11.egg-info": what an installer of Python leaves beside the modules. */
static bool is_metadata(const struct identity *package, const char *file)
{
	static const char *const suffixes[] = { ".dist-info", ".egg-info", ".egg-link", ".egg" };
	struct identity found = *package;
	size_t len = strlen(file), name, version;

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++)
		if (text_ends_with(file, suffixes[i]))
			len -= strlen(suffixes[i]);
	if (!file[len])
		return false;
	name = strcspn(file, "-") < len ? strcspn(file, "-") : len;
	if (identity_set_name(&found, file, name) || strcmp(found.name, package->name) != 0)
		return false;
	if (name == len || !package->version[0])
		return true;
	version = strcspn(file + name + 1, "-");
	if (version > len - name - 1)
		version = len - name - 1;
	return version == strlen(package->version) && !strncmp(file + name + 1, package->version, version);
}

static bool is_wheel(const struct identity *package, const char *file)
{
	struct identity found;

	return text_ends_with(file, ".whl") && !identity_from_archive("pypi", file, package->name, &found) &&
	       (!package->version[0] || !strcmp(found.version, package->version));
}

/* What was there before the session is an earlier install's: no reason to take it away. */
static bool is_new(const struct look *look, const struct stat *st)
{
	return (uint64_t)st->st_ctim.tv_sec * 1000000000ULL + (uint64_t)st->st_ctim.tv_nsec >= look->c->kernel_session.began;
}

/* Beside a module is what its installer keeps there. */
static const char *module_remover(const char *path)
{
	static const struct {
		const char *file, *command;
	} signs[] = { { ".pnpm", "pnpm remove" }, { ".yarn-integrity", "yarn remove" }, { ".yarn-state.yml", "yarn remove" } };
	static const char below[] = "/node_modules/";
	const char *end = strstr(path, below);

	for (size_t i = 0; end && i < ARRAY_SIZE(signs); i++) {
		_cleanup_free_ char *sign = text_format("%.*s%s", (int)(end - path + (ptrdiff_t)strlen(below)), path, signs[i].file);

		if (sign && !access(sign, F_OK))
			return signs[i].command;
	}
	return "npm uninstall";
}

static void tell_left(struct look *look, const char *path, bool earlier)
{
	_cleanup_free_ char *hint = NULL;

	if (earlier)
		hint = strdup("it was there before");
	else if (!strcmp(look->package->ecosystem, "npm"))
		hint = text_format("to remove it: %s %s", module_remover(path), look->package->name);
	else if (!text_ends_with(path, ".whl"))
		hint = text_format("to remove it: pip uninstall %s", look->package->name);
	else
		hint = strdup("to remove it: delete that file");
	look->left = true;
	finding_take_remains(look->c, look->number,
			     &(struct remains_finding){ .path = path, .hint = hint, .reason = earlier ?
				"a condemned package is there, from an earlier install" : "a condemned package is there all the same" });
}

static void take_wheel_away(struct look *look, int folder, const char *path)
{
	const char *name = text_basename(path);
	_cleanup_free_ char *aside = NULL, *reason = NULL;

	if (look->store) {
		if (!unlinkat(folder, name, 0))
			reason = strdup("a condemned package had it built: it was taken out of the cache");
	} else {
		aside = put_aside(folder, name);
		if (aside)
			reason = text_format("a condemned package had it built: it is now %s", aside);
	}
	if (!reason) {
		log_warn("%s could not be taken away: %s", path, strerror(errno));
		tell_left(look, path, false);
		return;
	}
	finding_take_remains(look->c, look->number, &(struct remains_finding){ .path = path, .reason = reason, .gone = true });
}

static void look_at(struct look *look, int folder, const char *parent, const char *name)
{
	bool wheel = is_wheel(look->package, name);
	_cleanup_free_ char *path = NULL;
	struct stat st;
	bool new;

	if (!wheel && (look->store || !is_metadata(look->package, name)))
		return;
	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW))
		return;
	new = is_new(look, &st);
	if (!new && wheel)
		return;
	path = text_format("%s/%s", parent, name);
	if (!path)
		look->unsure = true;
	else if (wheel && S_ISREG(st.st_mode))
		take_wheel_away(look, folder, path);
	else if (!wheel)
		tell_left(look, path, !new);
}

static bool was_seen(struct look *look, int folder)
{
	struct stat st;

	if (fstat(folder, &st))
		return false;
	for (size_t i = 0; i < look->seen_count; i++)
		if (look->seen[i].dev == st.st_dev && look->seen[i].ino == st.st_ino)
			return true;
	if (look->seen_count < ARRAY_SIZE(look->seen))
		look->seen[look->seen_count++] = (struct look_seen){ st.st_dev, st.st_ino };
	return false;
}

/* Into the folders of a store only; never through a link, whose end somebody may choose while we look. */
static void look_through(struct look *look, int parent, const char *name, const char *path, unsigned int depth)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (depth ? O_NOFOLLOW : 0));
	CLEANUP(dir_close_cleanup) DIR *dir = NULL;
	struct dirent *entry;

	if (fd < 0 || (!depth && was_seen(look, fd)) || !(dir = fdopendir(fd))) {
		look->unsure |= fd < 0 && errno != ENOENT && errno != ENOTDIR && errno != ELOOP;
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (look->store && ++look->entries > STORE_MAX) {
			look->unsure = true;
			return;
		}
		look_at(look, fd, path, entry->d_name);
		if (look->store && depth < STORE_DEPTH && (entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN)) {
			_cleanup_free_ char *below = text_format("%s/%s", path, entry->d_name);

			if (below)
				look_through(look, fd, entry->d_name, below, depth + 1);
		}
	}
}

void remains_look_in_folder(struct look *look, const char *path)
{
	look_through(look, AT_FDCWD, path, path, 0);
}

/* PARENT/node_modules/NAME, with its scope. */
void remains_look_for_module(struct look *look, const char *parent)
{
	_cleanup_free_ char *path = text_format("%s/node_modules/%s", parent, look->package->name);
	_cleanup_close_ int fd = path ? open(path, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	struct stat st;

	if (fd >= 0 && !was_seen(look, fd) && !fstatat(AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW))
		tell_left(look, path, !is_new(look, &st));
}

/* What the summary may say of it. */
static void note_outcome(const struct look *look)
{
	for (size_t i = 0; i < look->c->finding_count; i++) {
		struct finding *f = &look->c->findings[i];

		if (f->action == CORDON_ACTION_CONDEMN && f->package && !strcmp(f->package, look->package->name) &&
		    !strcmp(f->version ? f->version : "", look->package->version))
			f->nothing_left = !look->left && !look->unsure;
	}
}

static bool is_condemned(const struct controller *c, uint32_t number)
{
	const struct cordon_label label = { .role = CORDON_ROLE_PACKAGE, .package = number };

	return package_identity(c, number)->name[0] && condemn_is(c, &label);
}

/* What it had built before. */
static void look_in_stores(struct look *look)
{
	look->store = true;
	look->entries = 0;
	look->seen_count = 0;
	for (size_t i = 0; !strcmp(look->package->ecosystem, "pypi") && i < look->c->data.built_count; i++)
		remains_look_in_folder(look, look->c->data.built[i]);
	look->store = false;
}

void remains_take_built(struct controller *c)
{
	for (uint32_t number = 1; number <= c->package_count; number++) {
		struct look look = { .c = c, .package = package_identity(c, number), .number = number };

		if (is_condemned(c, number))
			look_in_stores(&look);
	}
}

void remains_finish(struct controller *c)
{
	for (uint32_t number = 1; number <= c->package_count; number++) {
		struct look look = { .c = c, .package = package_identity(c, number), .number = number };
		const char *ecosystem = look.package->ecosystem;

		if (!is_condemned(c, number) || (strcmp(ecosystem, "pypi") != 0 && strcmp(ecosystem, "npm") != 0))
			continue;
		remains_look_in_places(&look);
		look_in_stores(&look);
		note_outcome(&look);
	}
}
