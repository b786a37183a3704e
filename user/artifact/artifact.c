/* SPDX-License-Identifier: Apache-2.0 */
#include "artifact/artifact.h"

#include "base/cleanup.h"

#include <string.h>

static const char *const kinds[] = {
	[ARTIFACT_NONE] = "none",   [ARTIFACT_WHEEL] = "wheel", [ARTIFACT_SDIST] = "sdist",
	[ARTIFACT_NPM] = "npm",	    [ARTIFACT_CRATE] = "crate", [ARTIFACT_GEM] = "gem",
	[ARTIFACT_ZIP] = "zip",	    [ARTIFACT_TAR] = "tar",	[ARTIFACT_MALFORMED] = "malformed",
};

static const char *const faults[] = {
	[ARTIFACT_FAULT_NONE] = "nothing",
	[ARTIFACT_FAULT_BROKEN] = "is truncated or against its format",
	[ARTIFACT_FAULT_DIFFERS] = "is not read alike by every reader",
	[ARTIFACT_FAULT_DUPLICATE] = "has two entries of one name",
	[ARTIFACT_FAULT_ESCAPES] = "leads outside of where it is unpacked",
	[ARTIFACT_FAULT_ENTRY] = "has an entry that no package has",
	[ARTIFACT_FAULT_BOMB] = "unpacks to more than the limits allow",
	[ARTIFACT_FAULT_IDENTITY] = "does not say what it is, or says it twice",
	[ARTIFACT_FAULT_SLOW] = "could not be read in time",
	[ARTIFACT_FAULT_DIED] = "ended its reader",
};

_Static_assert(ARRAY_SIZE(kinds) == ARTIFACT_KIND_COUNT, "a name for each");
_Static_assert(ARRAY_SIZE(faults) == ARTIFACT_FAULT_COUNT, "a clause for each");

/* A wheel of 1 GB is hashed in a second; a large sdist, which has to be unpacked, takes five. */
const struct artifact_limits artifact_limits_default = {
	.deadline_ms = 20000,
	.cpu_s = 15,
	.memory = 192u << 20, /* xz -9 takes 65 MiB, zstd --long 128 */
	.entries = 200000,
	.unpacked = 16ULL << 30,
	.ratio = 100,
};

const char *artifact_kind_name(unsigned int kind)
{
	return kind < ARTIFACT_KIND_COUNT ? kinds[kind] : "?";
}

const char *artifact_fault_name(unsigned int fault)
{
	return fault < ARTIFACT_FAULT_COUNT ? faults[fault] : "?";
}

void artifact_release(struct artifact *artifact)
{
	for (size_t i = 0; i < artifact->startup_count; i++) {
		free(artifact->startup[i].path);
		free(artifact->startup[i].text);
	}
	free(artifact->startup);
	free(artifact->detail);
	memset(artifact, 0, sizeof(*artifact));
}
