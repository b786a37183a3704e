/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_policy.c - the parsers of user/policy/ on any bytes. The first byte chooses which. Seeds: the files of policy/,
 * each with one of 0 to 4 in front.
 *
 * libFuzzer: compile with clang -fsanitize=fuzzer,address,undefined; other fuzzers, and single files, with
 * -DFUZZ_STANDALONE, which makes a program that reads the files it is given.
 */
#include "base/cleanup.h"
#include "policy/env.h"
#include "policy/installers.h"
#include "policy/parse.h"
#include "policy/zones.h"

#include <errno.h>
#include <string.h>

DEFINE_CLEANUP(struct policy *, policy_free)
DEFINE_CLEANUP(struct zones *, zones_free)
DEFINE_CLEANUP(struct env_list *, env_free)
DEFINE_CLEANUP(struct installers *, installers_free)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Each mistake names a place and says what, on one line. */
static void check_diag(int r, const struct diag *diag)
{
	if (r == -ENOMEM)
		return;
	if (r < 0 ? !diag->text || strchr(diag->text, '\n') : diag->text != NULL)
		abort();
}

static void fuzz_policy(const char *text, size_t len, enum policy_source source)
{
	CLEANUP(policy_free_cleanup) struct policy *policy = policy_new();
	CLEANUP(diag_release) struct diag diag = { 0 };
	int r;

	if (!policy)
		return;
	r = policy_parse(policy, text, len, "fuzz.toml", source, &diag);
	check_diag(r, &diag);
	/* What was taken can be written, and is the same grant when it is read again. Not where it has what a grant
	 * does not keep (the program of a rule without an effect), or a path that is written escaped: grant_append()
	 * refuses it. */
	for (size_t i = 0; !r && i < policy->grant_count; i++) {
		CLEANUP(policy_free_cleanup) struct policy *again = policy_new();
		_cleanup_free_ char *grant = grant_format(&policy->grants[i]);

		if (!again || !grant || !policy->grants[i].host)
			continue;
		if (policy_parse(again, grant, strlen(grant), "again.toml", POLICY_SOURCE_REVIEWED, &diag) < 0 ||
		    again->grant_count != 1 || !grant_equal(&again->grants[0], &policy->grants[i]))
			abort();
	}
}

/* Every variable is its own value: paths, and what is none. */
static const char *fuzz_env(const void *arg, const char *name)
{
	(void)arg;
	return name[0] == 'X' ? "/nonexistent/x/../y" : name[0] == 'Y' ? "/nonexistent/y/" : NULL;
}

static void fuzz_zones(const char *text)
{
	CLEANUP(zones_free_cleanup) struct zones *zones = calloc(1, sizeof(*zones));
	CLEANUP(diag_release) struct diag diag = { 0 };
	/* Folders that do not exist: what is tested does not hang on the machine. */
	const struct zones_scene scene = { .home = "/nonexistent/home", .project = "/nonexistent/p", .env = fuzz_env };
	const struct zone_list list = { text, "fuzz.list", text[0] & 1 ? CORDON_ZONE_PERSIST : CORDON_ZONE_SECRET,
					&scene };

	if (zones)
		check_diag(zones_parse(zones, &list, &diag), &diag);
	for (size_t i = 0; zones && i < zones->count; i++)
		if (!zones->entries[i].procfs && !zones->entries[i].anywhere &&
		    (zones->entries[i].path[0] != '/' || strstr(zones->entries[i].path, "/../")))
			abort();
}

static void fuzz_env_list(const char *text)
{
	CLEANUP(env_free_cleanup) struct env_list *list = calloc(1, sizeof(*list));
	CLEANUP(diag_release) struct diag diag = { 0 };

	if (list)
		check_diag(env_parse(list, text, "fuzz.list", &diag), &diag);
	/* A pattern matches at least itself. */
	for (size_t i = 0; list && i < list->count; i++)
		if (!env_find(list, list->items[i].pattern, strlen(list->items[i].pattern)))
			abort();
}

static void fuzz_installer(const char *text, size_t len)
{
	CLEANUP(installers_free_cleanup) struct installers *installers = calloc(1, sizeof(*installers));
	CLEANUP(diag_release) struct diag diag = { 0 };
	int r;

	if (!installers)
		return;
	r = installer_parse(installers, text, len, "fuzz.toml", &diag);
	if (!r)
		r = installers_finish(installers, &diag);
	check_diag(r, &diag);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = size ? strndup((const char *)data + 1, size - 1) : NULL;

	if (!text)
		return 0;
	switch (data[0] % 5) {
	case 0:
		fuzz_policy((const char *)data + 1, size - 1, POLICY_SOURCE_LOCAL);
		break;
	case 1:
		fuzz_policy((const char *)data + 1, size - 1, POLICY_SOURCE_REVIEWED);
		break;
	case 2:
		fuzz_zones(text);
		break;
	case 3:
		fuzz_env_list(text);
		break;
	default:
		fuzz_installer((const char *)data + 1, size - 1);
		break;
	}
	return 0;
}

#ifdef FUZZ_STANDALONE
int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		_cleanup_free_ uint8_t *data = malloc(TOML_SIZE_MAX + 2);
		_cleanup_fclose_ FILE *f = fopen(argv[i], "r");

		if (!data || !f)
			return 1;
		LLVMFuzzerTestOneInput(data, fread(data, 1, TOML_SIZE_MAX + 2, f));
	}
	return 0;
}
#endif
