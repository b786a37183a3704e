/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_environ.c - environ_rewrite() on any bytes. Seeds: /proc/PID/environ of anybody; "A_URL=" and a line of
 * tests/unit/test_environ_block.c.
 *
 * libFuzzer: compile with clang -fsanitize=fuzzer,address,undefined; other fuzzers, and single files, with
 * -DFUZZ_STANDALONE, which makes a program that reads the files it is given.
 */
#include "base/cleanup.h"
#include "guard/environ_block.h"

#include <string.h>

#define SIZE_MAX_READ (8u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* No string moves, no name changes, and nothing appears that was not there. */
static void check(const char *before, const char *after, size_t len, const struct environ_change *changes, size_t count)
{
	size_t at = 0;

	for (size_t i = 0; i < count; i++) {
		const struct environ_change *change = &changes[i];

		if (change->name < at || change->end > len || change->name + change->name_len >= change->end)
			abort();
		if (memcmp(before + at, after + at, change->name + change->name_len + 1 - at) != 0)
			abort();
		if (change->part != !!after[change->name + change->name_len + 1] || (change->end < len && after[change->end]))
			abort();
		at = change->end;
	}
	if (memcmp(before + at, after + at, len - at) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct env_list list;
	const struct environ_owner owner = { .list = &list };
	_cleanup_free_ struct environ_change *changes = NULL;
	_cleanup_free_ char *block = malloc(size + 1);
	struct diag diag = { 0 };
	size_t count = 0;

	if (!block || (!list.count && env_parse(&list, "*_TOKEN\n*_URL url\nA* url\nB* keep\n", "fuzz.list", &diag)))
		return 0;
	memcpy(block, data, size);
	if (!environ_rewrite(block, size, &owner, &changes, &count))
		check((const char *)data, block, size, changes, count);
	return 0;
}

#ifdef FUZZ_STANDALONE
int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		_cleanup_free_ uint8_t *data = malloc(SIZE_MAX_READ);
		_cleanup_fclose_ FILE *f = fopen(argv[i], "r");

		if (!data || !f)
			return 1;
		LLVMFuzzerTestOneInput(data, fread(data, 1, SIZE_MAX_READ, f));
	}
	return 0;
}
#endif
