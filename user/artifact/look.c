/* SPDX-License-Identifier: Apache-2.0 */
#include "artifact/look.h"

#include "artifact/tar.h"
#include "artifact/zip.h"
#include "base/cleanup.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <string.h>
#include <zlib.h>

#define HASH_CHUNK (128u << 10)

int look_prepare(struct look_tools *ret)
{
	/* Without a configuration file: this is no server whose owner chooses. */
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL) != 1)
		return -EIO;
	ret->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	ret->sha512 = EVP_MD_fetch(NULL, "SHA512", NULL);
	return ret->sha256 && ret->sha512 ? 0 : -EIO;
}

int look_fault(struct look *look, enum artifact_fault fault, const char *format, ...)
{
	char detail[ARTIFACT_DETAIL_MAX + 1];
	va_list args;

	if (look->out->kind == ARTIFACT_MALFORMED)
		return -EBADMSG;
	va_start(args, format);
	vsnprintf(detail, sizeof(detail), format, args);
	va_end(args);
	look->out->kind = ARTIFACT_MALFORMED;
	look->out->fault = fault;
	look->out->detail = strdup(detail);
	return -EBADMSG;
}

int look_no_memory(struct look *look)
{
	return look_fault(look, ARTIFACT_FAULT_BOMB, "more memory than the limits allow");
}

int look_read(struct look *look, void *buffer, size_t len, uint64_t offset)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = pread(look->fd, (char *)buffer + done, len - done, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return look_fault(look, ARTIFACT_FAULT_BROKEN, "cannot be read: %s", strerror(errno));
		if (!n)
			return look_fault(look, ARTIFACT_FAULT_BROKEN, "ends at byte %llu, before what it says",
					  (unsigned long long)(offset + done));
		done += (size_t)n;
	}
	return 0;
}

int look_hash(struct look *look, const struct look_tools *tools)
{
	bool both = !look->limits->sha256_only;
	EVP_MD_CTX *a = EVP_MD_CTX_new(), *b = EVP_MD_CTX_new();
	_cleanup_free_ char *chunk = malloc(HASH_CHUNK);
	int r = 0;

	if (!a || !b || !chunk || EVP_DigestInit_ex(a, tools->sha256, NULL) != 1 ||
	    EVP_DigestInit_ex(b, tools->sha512, NULL) != 1)
		r = look_no_memory(look);
	for (uint64_t at = 0; !r && at < look->size;) {
		size_t len = look->size - at < HASH_CHUNK ? (size_t)(look->size - at) : HASH_CHUNK;

		r = look_read(look, chunk, len, at);
		if (!r && (EVP_DigestUpdate(a, chunk, len) != 1 || (both && EVP_DigestUpdate(b, chunk, len) != 1)))
			r = look_no_memory(look);
		at += len;
	}
	if (!r && (EVP_DigestFinal_ex(a, look->out->sha256, NULL) != 1 ||
		   (both && EVP_DigestFinal_ex(b, look->out->sha512, NULL) != 1)))
		r = look_no_memory(look);
	EVP_MD_CTX_free(a);
	EVP_MD_CTX_free(b);
	if (!r) {
		look->out->hashed = true;
		look->out->hashed_sha512 = both;
	}
	return r;
}

int look_inflate(const char *bytes, size_t len, int bits, size_t max, char **ret, size_t *ret_len)
{
	z_stream stream = { .next_in = (Bytef *)(uintptr_t)bytes, .avail_in = (uInt)len };
	/* One more: what does not end there is larger. */
	_cleanup_free_ char *out = len > UINT32_MAX || max >= UINT32_MAX ? NULL : malloc(max + 1);
	int r;

	if (!out || inflateInit2(&stream, bits) != Z_OK)
		return -ENOMEM;
	stream.next_out = (Bytef *)out;
	stream.avail_out = (uInt)(max + 1);
	r = inflate(&stream, Z_FINISH);
	*ret_len = max + 1 - stream.avail_out;
	inflateEnd(&stream);
	if (*ret_len > max)
		return -EFBIG;
	if (r != Z_STREAM_END)
		return -EBADMSG;
	out[*ret_len] = '\0';
	*ret = TAKE_PTR(out);
	return 0;
}

/*
 * pip takes what has a zip's end for a zip, whatever it begins with; uv and the like read from its beginning; others go
 * by the name. So one that begins like a zip and has no end is none that could be read, and what can be read as both is
 * nobody's honest work.
 */
int look_content(struct look *look)
{
	struct zip zip;
	int is_zip = zip_open(look, &zip), is_tar;

	if (is_zip < 0)
		return is_zip;
	if (!is_zip && zip_begins(look))
		return look_fault(look, ARTIFACT_FAULT_BROKEN, "begins as a zip and does not end as one");
	if (!is_zip)
		return tar_look(look);
	is_tar = tar_probe(look);
	if (is_tar < 0)
		return is_tar;
	if (is_tar)
		return look_fault(look, ARTIFACT_FAULT_DIFFERS, "is a zip and a tar at once");
	return zip_look(look, &zip);
}
