/* SPDX-License-Identifier: Apache-2.0 */
/* look.h - inside the reader: the file that is read, and how what is wrong with it is said. */
#ifndef CORDON_ARTIFACT_LOOK_H
#define CORDON_ARTIFACT_LOOK_H

#include "artifact/artifact.h"

#include <openssl/types.h>

struct look {
	int fd;
	uint64_t size;
	const struct artifact_limits *limits;
	struct artifact *out;
};

/* What is found out before the first byte, so that no file has to be opened behind it. 0, -EIO. */
struct look_tools {
	EVP_MD *sha256, *sha512;
};
int look_prepare(struct look_tools *ret);

/* Both give 0, or -EBADMSG with the fault in look->out. */
int look_hash(struct look *look, const struct look_tools *tools);
int look_content(struct look *look);

/* MALFORMED, the first fault stays. Gives -EBADMSG, for `return look_fault(...)`. */
int look_fault(struct look *look, enum artifact_fault fault, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Out of memory, whose bounds the limits are. */
int look_no_memory(struct look *look);
/* Exactly `len` bytes from `offset` on. */
int look_read(struct look *look, void *buffer, size_t len, uint64_t offset);

/* What was compressed, at most `max` bytes of it, with a NUL behind: 0; -EBADMSG: broken, -EFBIG, -ENOMEM. `bits` as
 * inflateInit2() takes them: -15 raw, 31 gzip. */
int look_inflate(const char *bytes, size_t len, int bits, size_t max, char **ret, size_t *ret_len);

#endif
