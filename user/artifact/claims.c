/* SPDX-License-Identifier: Apache-2.0 */
#include "artifact/claims.h"

#include "artifact/path.h"
#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

static const char info_suffix[] = ".dist-info";

void claims_init(struct claims *claims, struct look *look, bool zip)
{
	memset(claims, 0, sizeof(*claims));
	claims->look = look;
	claims->zip = zip;
}

void claims_release(struct claims *claims)
{
	for (size_t i = 0; i < CLAIM_COUNT; i++) {
		free(claims->files[i].path);
		free(claims->files[i].text);
	}
	free(claims->info);
	free(claims->top);
}

/* Takes: the first part of a path, `len` bytes. */
static int notice_top(struct claims *claims, const char *path, size_t len, bool inside)
{
	bool info = len >= sizeof(info_suffix) &&
		    !memcmp(path + len - (sizeof(info_suffix) - 1), info_suffix, sizeof(info_suffix) - 1);

	if (!claims->top) {
		claims->top = inside ? strndup(path, len) : strdup("");
		if (!claims->top)
			return look_no_memory(claims->look);
	} else if (claims->top[0] && (!inside || strlen(claims->top) != len || memcmp(claims->top, path, len) != 0)) {
		claims->top[0] = '\0';
	}
	if (!claims->zip || !info || !inside)
		return 0;
	if (!claims->info) {
		claims->info = strndup(path, len);
		return claims->info ? 0 : look_no_memory(claims->look);
	}
	claims->infos |= strlen(claims->info) != len || memcmp(claims->info, path, len) != 0;
	return 0;
}

static bool is_in_info(const struct claims *claims, const char *path)
{
	size_t len = claims->info ? strlen(claims->info) : 0;

	return len && !strncmp(path, claims->info, len) && path[len] == '/';
}

/* Of what an egg is installed from, or was. */
static bool is_in_egg(const char *path)
{
	size_t len = path_top(path);

	return len >= 8 && !strncasecmp(path + len - 8, "egg-info", 8);
}

/* Takes: `name`, the part behind the top folder, or `path` itself. */
static enum claim claim_of(const struct claims *claims, const char *path, const char *name)
{
	if (!strcmp(name, "PKG-INFO") && !is_in_egg(path))
		return CLAIM_PKG_INFO;
	if (name == path)
		return !claims->zip && !strcmp(name, "metadata.gz") ? CLAIM_GEMSPEC : CLAIM_COUNT;
	if (!strcmp(name, "package.json"))
		return CLAIM_PACKAGE;
	return !strcmp(name, "METADATA") && is_in_info(claims, path) ? CLAIM_METADATA : CLAIM_COUNT;
}

int claims_notice(struct claims *claims, const char *path, bool folder, enum claim *ret)
{
	size_t top = path_top(path);
	const char *name = path[top] ? path + top + 1 : path;
	struct claim_file *file;
	int r;

	*ret = CLAIM_COUNT;
	if (!*path)
		return 0;
	r = notice_top(claims, path, top, path[top] || folder);
	if (r || folder || strchr(name, '/') != NULL)
		return r;
	/* pip takes a top folder away, but needs none. */
	claims->setup |= !strcmp(name, "setup.py") || !strcmp(name, "pyproject.toml");
	claims->data |= name == path && !strcmp(name, "data.tar.gz");
	claims->cargo |= name != path && !strcmp(name, "Cargo.toml");
	claims->wheel |= !strcmp(name, "WHEEL") && is_in_info(claims, path);
	*ret = claim_of(claims, path, name);
	if (*ret == CLAIM_COUNT)
		return 0;
	file = &claims->files[*ret];
	if (file->count++) {
		*ret = CLAIM_COUNT;
		return 0;
	}
	file->path = strdup(path);
	return file->path ? 0 : look_no_memory(claims->look);
}

void claims_take(struct claims *claims, enum claim claim, char *text, size_t len)
{
	struct claim_file *file = &claims->files[claim];

	free(file->text);
	file->text = text;
	file->len = len;
}

int claims_startup(struct claims *claims, const char *path, uint64_t size, char *text, size_t len)
{
	_cleanup_free_ char *owned = text;
	struct artifact *out = claims->look->out;
	struct artifact_startup *startup;
	size_t all = len;

	/* Counted and no more: with so many it is no wheel that anybody made. */
	if (++claims->startups > ARTIFACT_STARTUP_MAX)
		return 0;
	if (!out->startup)
		out->startup = calloc(ARTIFACT_STARTUP_MAX, sizeof(*out->startup));
	if (!out->startup)
		return look_no_memory(claims->look);
	for (size_t i = 0; i < out->startup_count; i++)
		all += out->startup[i].len;
	startup = &out->startup[out->startup_count];
	startup->path = strdup(path);
	if (!startup->path)
		return look_no_memory(claims->look);
	out->startup_count++;
	startup->size = size;
	if (text && all <= ARTIFACT_TEXTS_MAX) {
		startup->text = TAKE_PTR(owned);
		startup->len = len;
	}
	return 0;
}

/* The file that says it, once, and what it says. */
static int identify(struct claims *claims, enum claim claim, struct identity *identity)
{
	static int (*const parse[CLAIM_COUNT])(const char *, size_t, struct identity *) = {
		[CLAIM_METADATA] = headers_identity, [CLAIM_PKG_INFO] = headers_identity,
		[CLAIM_PACKAGE] = manifest_package, [CLAIM_GEMSPEC] = manifest_gem,
	};
	const struct claim_file *file = &claims->files[claim];
	struct look *look = claims->look;
	int r;

	if (!file->count)
		return look_fault(look, ARTIFACT_FAULT_IDENTITY, "nothing in it says what it is");
	if (file->count > 1)
		return look_fault(look, ARTIFACT_FAULT_IDENTITY, "more than one %s", text_basename(file->path));
	if (!file->text)
		return look_fault(look, ARTIFACT_FAULT_IDENTITY, "%s: too large, or not packed as it should be",
				  file->path);
	r = parse[claim](file->text, file->len, identity);
	if (r == -ENOMEM)
		return look_no_memory(look);
	if (r)
		return look_fault(look, ARTIFACT_FAULT_IDENTITY, "%s: names no package", file->path);
	return 0;
}

static int finish_wheel(struct claims *claims)
{
	struct look *look = claims->look;
	struct identity *identity = &look->out->identity, folder = { .ecosystem = "pypi" };
	size_t len = strcspn(claims->info, "-");
	int r;

	if (claims->infos)
		return look_fault(look, ARTIFACT_FAULT_IDENTITY, "more than one folder ends in %s", info_suffix);
	if (!claims->wheel)
		return look_fault(look, ARTIFACT_FAULT_IDENTITY, "%s/WHEEL is missing", claims->info);
	if (claims->startups > ARTIFACT_STARTUP_MAX)
		return look_fault(look, ARTIFACT_FAULT_BOMB, "more than %d start-up files", ARTIFACT_STARTUP_MAX);
	r = identify(claims, CLAIM_METADATA, identity);
	if (r)
		return r;
	/* The installer goes by the folder, what is installed by the file. */
	if (identity_set_name(&folder, claims->info, len) || strcmp(folder.name, identity->name) != 0)
		return look_fault(look, ARTIFACT_FAULT_IDENTITY, "%s: is of another package by its METADATA",
				  claims->info);
	return 0;
}

static int finish_crate(struct claims *claims)
{
	_cleanup_free_ char *file = text_format("%s.crate", claims->top);
	struct identity *identity = &claims->look->out->identity;

	if (!file)
		return look_no_memory(claims->look);
	if (identity_from_archive("cargo", file, NULL, identity))
		return look_fault(claims->look, ARTIFACT_FAULT_IDENTITY, "%s: no NAME-VERSION", claims->top);
	return 0;
}

static bool is_crate(const struct claims *claims)
{
	_cleanup_free_ char *file =
	    claims->cargo && claims->top && claims->top[0] ? text_format("%s.crate", claims->top) : NULL;
	struct identity identity;

	return file && !identity_from_archive("cargo", file, NULL, &identity);
}

/* What it is by what was seen, the first that fits; first of all that of the installer's ecosystem. */
static enum artifact_kind decide(const struct claims *claims)
{
	const char *ecosystem = claims->look->limits->ecosystem;
	const struct claim_file *package = &claims->files[CLAIM_PACKAGE];
	bool sdist = claims->files[CLAIM_PKG_INFO].count || claims->setup;

	if (claims->info)
		return ARTIFACT_WHEEL;
	if (claims->files[CLAIM_GEMSPEC].count && claims->data)
		return ARTIFACT_GEM;
	if (!strcmp(ecosystem, "npm") && package->count)
		return ARTIFACT_NPM;
	if (!strcmp(ecosystem, "cargo") && claims->cargo)
		return ARTIFACT_CRATE;
	if (!strcmp(ecosystem, "pypi") && sdist)
		return ARTIFACT_SDIST;
	if (claims->files[CLAIM_PKG_INFO].count)
		return ARTIFACT_SDIST;
	if (package->count && text_starts_with(package->path, "package/"))
		return ARTIFACT_NPM;
	if (is_crate(claims) && !claims->setup)
		return ARTIFACT_CRATE;
	if (sdist)
		return ARTIFACT_SDIST;
	if (package->count)
		return ARTIFACT_NPM;
	return claims->zip ? ARTIFACT_ZIP : ARTIFACT_TAR;
}

/* Only a wheel is unpacked to where python looks. */
static void forget_startups(struct artifact *out)
{
	for (size_t i = 0; i < out->startup_count; i++) {
		free(out->startup[i].path);
		free(out->startup[i].text);
	}
	free(out->startup);
	out->startup = NULL;
	out->startup_count = 0;
}

int claims_finish(struct claims *claims)
{
	static const char *const ecosystems[ARTIFACT_KIND_COUNT] = {
		[ARTIFACT_WHEEL] = "pypi", [ARTIFACT_SDIST] = "pypi", [ARTIFACT_NPM] = "npm",
		[ARTIFACT_CRATE] = "cargo", [ARTIFACT_GEM] = "gem",
	};
	struct artifact *out = claims->look->out;
	const char *ecosystem;

	out->kind = decide(claims);
	ecosystem = ecosystems[out->kind];
	if (ecosystem)
		memcpy(out->identity.ecosystem, ecosystem, strlen(ecosystem) + 1);
	if (out->kind != ARTIFACT_WHEEL)
		forget_startups(out);
	switch (out->kind) {
	case ARTIFACT_WHEEL:
		return finish_wheel(claims);
	case ARTIFACT_GEM:
		return identify(claims, CLAIM_GEMSPEC, &out->identity);
	case ARTIFACT_NPM:
		return identify(claims, CLAIM_PACKAGE, &out->identity);
	case ARTIFACT_CRATE:
		return finish_crate(claims);
	case ARTIFACT_SDIST:
		return claims->files[CLAIM_PKG_INFO].count ? identify(claims, CLAIM_PKG_INFO, &out->identity) : 0;
	default:
		return 0;
	}
}
