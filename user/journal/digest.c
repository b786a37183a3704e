/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/digest.h"

#include "base/cleanup.h"
#include "base/rule.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <string.h>

/* Text that grows; a failed allocation is kept until canon_digest() reports it. */
struct canon {
	char *bytes;
	size_t len, size;
	bool failed;
};

static void canon_release(struct canon *c)
{
	free(c->bytes);
}

static void canon_raw(struct canon *c, const char *bytes, size_t len)
{
	if (c->failed)
		return;
	if (len > c->size - c->len) {
		size_t size = (c->len + len) * 2 + 256;
		char *grown = realloc(c->bytes, size);

		if (!grown) {
			c->failed = true;
			return;
		}
		c->bytes = grown;
		c->size = size;
	}
	memcpy(c->bytes + c->len, bytes, len);
	c->len += len;
}

static void canon_text(struct canon *c, const char *text)
{
	canon_raw(c, text, strlen(text));
}

static void canon_quoted(struct canon *c, const char *text)
{
	if (!text) {
		canon_text(c, "null");
		return;
	}
	canon_text(c, "\"");
	for (const unsigned char *s = (const unsigned char *)text; *s; s++) {
		char escape[8];

		if (*s >= 0x20 && *s < 0x7f && *s != '"' && *s != '\\') {
			canon_raw(c, (const char *)s, 1);
		} else {
			snprintf(escape, sizeof(escape), "\\u%04x", *s);
			canon_text(c, escape);
		}
	}
	canon_text(c, "\"");
}

/* A comma, but not behind an opening bracket; then the key, where there is one. */
static void canon_key(struct canon *c, const char *key)
{
	if (c->len && c->bytes[c->len - 1] != '{' && c->bytes[c->len - 1] != '[')
		canon_text(c, ",");
	if (key) {
		canon_quoted(c, key);
		canon_text(c, ":");
	}
}

static void canon_string(struct canon *c, const char *key, const char *value)
{
	canon_key(c, key);
	canon_quoted(c, value);
}

static void canon_int(struct canon *c, const char *key, int64_t value)
{
	char number[24];

	canon_key(c, key);
	snprintf(number, sizeof(number), "%" PRId64, value);
	canon_text(c, number);
}

static void canon_open(struct canon *c, const char *key, const char *bracket)
{
	canon_key(c, key);
	canon_text(c, bracket);
}

static int canon_digest(const struct canon *c, uint8_t *ret)
{
	if (c->failed)
		return -ENOMEM;
	return EVP_Digest(c->bytes, c->len, ret, NULL, EVP_sha256(), NULL) == 1 ? 0 : -EIO;
}

static void canon_process(struct canon *c, const char *key, const struct finding_process *process)
{
	canon_open(c, key, "{");
	canon_int(c, "pid", process->pid);
	canon_string(c, "exe", process->exe);
	canon_string(c, "argv", process->argv);
	canon_string(c, "cwd", process->cwd);
	canon_int(c, "uid", process->uid);
	canon_string(c, "role", role_name(process->role));
	canon_text(c, "}");
}

/* The part that both the chain and the comparison look at. */
static void canon_subject(struct canon *c, const struct finding *f)
{
	canon_string(c, "rule", rule_name(f->rule));
	canon_string(c, "action", action_name(f->action));
	canon_string(c, "answer", answer_name(f->answer));
	canon_string(c, "ecosystem", f->ecosystem);
	canon_string(c, "package", f->package);
	canon_string(c, "version", f->version);
	canon_string(c, "op", op_name(f->op));
	canon_string(c, "object_path", f->object_path);
	canon_string(c, "object_address", f->object_address);
	canon_int(c, "object_port", f->object_port);
	canon_string(c, "object_protocol", f->object_protocol);
	canon_int(c, "object_pid", f->object_pid);
}

int digest_finding(const struct finding *f, uint8_t *ret)
{
	CLEANUP(canon_release) struct canon c = { 0 };

	canon_text(&c, "{");
	canon_string(&c, "kind", "finding");
	canon_int(&c, "id", f->id);
	canon_int(&c, "session", f->session);
	canon_int(&c, "time", f->time);
	canon_string(&c, "mode", mode_name(f->mode));
	canon_string(&c, "backend", backend_name(f->backend));
	canon_subject(&c, f);
	canon_string(&c, "sha256", f->sha256);
	canon_string(&c, "installer", f->installer);
	canon_process(&c, "process", &f->process);
	canon_open(&c, "ancestry", "[");
	for (size_t i = 0; i < f->ancestry_count; i++)
		canon_process(&c, NULL, &f->ancestry[i]);
	canon_text(&c, "]");
	canon_string(&c, "origin", f->origin);
	canon_string(&c, "reason", f->reason);
	canon_string(&c, "hint", f->hint);
	canon_text(&c, "}");
	return canon_digest(&c, ret);
}

int digest_sameness(const struct finding *f, uint8_t *ret)
{
	CLEANUP(canon_release) struct canon c = { 0 };

	canon_text(&c, "{");
	canon_subject(&c, f);
	canon_string(&c, "exe", f->process.exe);
	canon_string(&c, "role", role_name(f->process.role));
	canon_text(&c, "}");
	return canon_digest(&c, ret);
}

int digest_session_begin(const struct journal_session *s, uint8_t *ret)
{
	CLEANUP(canon_release) struct canon c = { 0 };

	canon_text(&c, "{");
	canon_string(&c, "kind", "begin");
	canon_int(&c, "session", s->id);
	canon_int(&c, "started", s->started);
	canon_string(&c, "mode", mode_name(s->mode));
	canon_string(&c, "backend", backend_name(s->backend));
	canon_int(&c, "uid", s->uid);
	canon_string(&c, "command", s->command);
	canon_string(&c, "cwd", s->cwd);
	canon_string(&c, "policy_digest", s->policy_digest);
	canon_text(&c, "}");
	return canon_digest(&c, ret);
}

int digest_session_end(const struct journal_session *s, const struct digest_count *counts, size_t n, uint8_t *ret)
{
	CLEANUP(canon_release) struct canon c = { 0 };

	canon_text(&c, "{");
	canon_string(&c, "kind", "end");
	canon_int(&c, "session", s->id);
	canon_int(&c, "ended", s->ended);
	canon_int(&c, "status", s->status);
	canon_int(&c, "lost", s->lost);
	canon_open(&c, "counts", "[");
	for (size_t i = 0; i < n; i++) {
		canon_open(&c, NULL, "[");
		canon_int(&c, NULL, counts[i].finding);
		canon_int(&c, NULL, counts[i].count);
		canon_text(&c, "]");
	}
	canon_text(&c, "]}");
	return canon_digest(&c, ret);
}

int digest_prune(int64_t session, uint8_t *ret)
{
	CLEANUP(canon_release) struct canon c = { 0 };

	canon_text(&c, "{");
	canon_string(&c, "kind", "prune");
	canon_int(&c, "session", session);
	canon_text(&c, "}");
	return canon_digest(&c, ret);
}

int digest_link(const uint8_t *previous, const uint8_t *digest, uint8_t *ret)
{
	uint8_t both[2 * DIGEST_LEN];

	memcpy(both, previous, DIGEST_LEN);
	memcpy(both + DIGEST_LEN, digest, DIGEST_LEN);
	return EVP_Digest(both, sizeof(both), ret, NULL, EVP_sha256(), NULL) == 1 ? 0 : -EIO;
}
