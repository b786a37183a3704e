/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_artifact.c - the parsers of user/artifact/ on any bytes. The first byte chooses which: 0 the answer, as a reader
 * that was taken over might give it; 1 METADATA, 2 package.json, 3 a gem's specification; else a file, which is looked
 * at in this process. Seeds: artifacts with a 4 in front.
 *
 * As fuzz_policy.c: libFuzzer, or -DFUZZ_STANDALONE for a program that reads the files it is given.
 */
#include "artifact/answer.h"
#include "artifact/claims.h"
#include "artifact/look.h"
#include "base/cleanup.h"

#include <errno.h>
#include <locale.h>
#include <string.h>
#include <sys/mman.h>

#define FUZZ_MAX (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever came in, what comes out is a name as it is compared. */
static void check_identity(const struct identity *identity)
{
	struct identity again = *identity;

	if (identity->name[0] && (identity_set_name(&again, identity->name, strlen(identity->name)) ||
				  strcmp(again.name, identity->name) != 0))
		abort();
	if (identity->version[0] && !identity_version_valid(identity->version, strlen(identity->version)))
		abort();
}

static void check(const struct artifact *a)
{
	if (a->kind >= ARTIFACT_KIND_COUNT || a->fault >= ARTIFACT_FAULT_COUNT ||
	    a->startup_count > ARTIFACT_STARTUP_MAX ||
	    (a->kind == ARTIFACT_MALFORMED) != (a->fault != ARTIFACT_FAULT_NONE))
		abort();
	for (size_t i = 0; i < a->startup_count; i++)
		if (!*a->startup[i].path || a->startup[i].len > ARTIFACT_TEXT_MAX ||
		    (!a->startup[i].text && a->startup[i].len))
			abort();
	check_identity(&a->identity);
}

static void fuzz_answer(const char *bytes, size_t len)
{
	CLEANUP(artifact_release) struct artifact a = { 0 };
	int r = answer_parse(bytes, len, &a);

	answer_complete(bytes, len);
	if (r > 0 || r == -EAGAIN)
		abort();
	check(&a);
}

static void fuzz_file(const uint8_t *data, size_t size)
{
	/* Small: what a fuzzer finds is not how much memory there is. */
	const struct artifact_limits limits = {
		.entries = 1000, .unpacked = 16u << 20, .ratio = 100, .sha256_only = true
	};
	CLEANUP(artifact_release) struct artifact a = { 0 }, again = { 0 };
	CLEANUP(answer_release) struct answer answer = { 0 };
	_cleanup_close_ int fd = memfd_create("artifact", MFD_CLOEXEC);
	struct look look = { .fd = fd, .size = size, .limits = &limits, .out = &a };
	int r;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		return;
	r = look_content(&look);
	if ((r && r != -EBADMSG) || !r != (a.kind != ARTIFACT_MALFORMED))
		abort();
	check(&a);
	/* Whatever it found, it can be said. */
	answer_put_hashes(&answer, &a);
	answer_put_reading(&answer, &a);
	if (answer.failed || answer_parse(answer.bytes, answer.len, &again) || again.kind != a.kind ||
	    again.startup_count != a.startup_count || strcmp(again.identity.name, a.identity.name) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int (*const texts[])(const char *, size_t, struct identity *) = { headers_identity, manifest_package,
										 manifest_gem };
	static const char *const ecosystems[] = { "pypi", "npm", "gem" };
	_cleanup_free_ char *copy = NULL;
	struct identity identity = { 0 };

	if (!size || size > FUZZ_MAX)
		return 0;
	/* As the reader's. */
	setlocale(LC_CTYPE, "C.UTF-8");
	if (data[0] > 3) {
		fuzz_file(data + 1, size - 1);
		return 0;
	}
	/* A block of its own, so that a byte behind it is one too many. */
	copy = malloc(size);
	if (!copy)
		return 0;
	memcpy(copy, data + 1, size - 1);
	if (!data[0]) {
		fuzz_answer(copy, size - 1);
		return 0;
	}
	memcpy(identity.ecosystem, ecosystems[data[0] - 1], strlen(ecosystems[data[0] - 1]) + 1);
	if (!texts[data[0] - 1](copy, size - 1, &identity))
		check_identity(&identity);
	return 0;
}

#ifdef FUZZ_STANDALONE
int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		_cleanup_free_ uint8_t *data = malloc(FUZZ_MAX + 1);
		_cleanup_fclose_ FILE *f = fopen(argv[i], "r");

		if (!data || !f)
			return 1;
		LLVMFuzzerTestOneInput(data, fread(data, 1, FUZZ_MAX + 1, f));
	}
	return 0;
}
#endif
