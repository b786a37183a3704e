/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_source.c - code starts whose artifact nobody may have seen: what its installer says of it, and it of itself. Any of that
 * is enough to refuse it, none of it to let it do more.
 */
#include "guard/gate_internal.h"

#include "base/text.h"
#include "session/attribute.h"

#include <openssl/evp.h>
#include <string.h>

#define SHA512_LEN 64
/* With its two '='. */
#define SHA512_BASE64_LEN 88

/* "sha512-BASE64", the best of those that npm was told to expect. */
static void take_integrity(const char *text, char ret[129])
{
	static const char kind[] = "sha512-";
	unsigned char bytes[SHA512_BASE64_LEN / 4 * 3];
	const char *at = text ? strstr(text, kind) : NULL;

	if (!at || strlen(at + strlen(kind)) < SHA512_BASE64_LEN)
		return;
	if (EVP_DecodeBlock(bytes, (const unsigned char *)at + strlen(kind), SHA512_BASE64_LEN) == (int)sizeof(bytes))
		text_hex(ret, bytes, SHA512_LEN);
}

void gate_source(const struct controller *c, const struct installer *installer, const struct facts *facts,
		 const struct identity *identity, struct gate_source *ret)
{
	*ret = (struct gate_source){ .identity = *identity };
	if (installer)
		attribute_claim(installer, facts, &ret->claim);
	snprintf(ret->sha256, sizeof(ret->sha256), "%s", gate_sha256(c, identity));
	/* From a URL it has a digest, and no name. */
	if (!ret->sha256[0])
		gate_uv_source_digest(facts->cwd, ret->sha256);
	take_integrity(facts_env(facts, "npm_package_integrity"), ret->sha512);
}
