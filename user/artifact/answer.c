/* SPDX-License-Identifier: Apache-2.0 */
#include "artifact/answer.h"

#include "base/cleanup.h"

#include <errno.h>
#include <string.h>

/* What a READING begins with; strings follow, each a length and its bytes. */
struct reading_head {
	uint32_t kind, fault;
	uint64_t entries;
	uint32_t startup_count;
	uint32_t pad;
};

struct startup_head {
	uint64_t size;
	uint32_t has_text;
	uint32_t pad;
};

void answer_release(struct answer *answer)
{
	free(answer->bytes);
	memset(answer, 0, sizeof(*answer));
}

static void put(struct answer *answer, const void *bytes, size_t len)
{
	if (answer->failed || !len)
		return;
	if (len > answer->size - answer->len) {
		size_t size = (answer->len + len) * 2;
		char *grown = realloc(answer->bytes, size);

		if (!grown) {
			answer->failed = true;
			return;
		}
		answer->bytes = grown;
		answer->size = size;
	}
	memcpy(answer->bytes + answer->len, bytes, len);
	answer->len += len;
}

static void put_bytes(struct answer *answer, const char *bytes, size_t len)
{
	uint32_t size = (uint32_t)len;

	put(answer, &size, sizeof(size));
	put(answer, bytes, len);
}

static void put_text(struct answer *answer, const char *text)
{
	put_bytes(answer, text ? text : "", text ? strlen(text) : 0);
}

static size_t put_head(struct answer *answer, enum answer_type type)
{
	struct answer_head head = { .magic = ANSWER_MAGIC, .type = type };

	put(answer, &head, sizeof(head));
	return answer->len;
}

/* The length, once it is known. */
static void put_end(struct answer *answer, size_t begin)
{
	struct answer_head head;

	if (answer->failed)
		return;
	memcpy(&head, answer->bytes + begin - sizeof(head), sizeof(head));
	head.len = (uint32_t)(answer->len - begin);
	memcpy(answer->bytes + begin - sizeof(head), &head, sizeof(head));
}

void answer_put_hashes(struct answer *answer, const struct artifact *artifact)
{
	size_t begin = put_head(answer, ANSWER_HASHES);
	struct answer_hashes hashes = { .has_sha512 = artifact->hashed_sha512 };

	memcpy(hashes.sha256, artifact->sha256, sizeof(hashes.sha256));
	memcpy(hashes.sha512, artifact->sha512, sizeof(hashes.sha512));
	put(answer, &hashes, sizeof(hashes));
	put_end(answer, begin);
}

void answer_put_reading(struct answer *answer, const struct artifact *artifact)
{
	size_t begin = put_head(answer, ANSWER_READING);
	struct reading_head head = {
		.kind = artifact->kind, .fault = artifact->fault, .entries = artifact->entries,
		.startup_count = (uint32_t)artifact->startup_count,
	};

	put(answer, &head, sizeof(head));
	put_text(answer, artifact->detail);
	put_text(answer, artifact->identity.ecosystem);
	put_text(answer, artifact->identity.name);
	put_text(answer, artifact->identity.version);
	for (size_t i = 0; i < artifact->startup_count; i++) {
		const struct artifact_startup *startup = &artifact->startup[i];
		struct startup_head one = { .size = startup->size, .has_text = startup->text != NULL };

		put(answer, &one, sizeof(one));
		put_text(answer, startup->path);
		put_bytes(answer, startup->text, startup->text ? startup->len : 0);
	}
	put_end(answer, begin);
}

void answer_put_error(struct answer *answer, int error)
{
	size_t begin = put_head(answer, ANSWER_ERROR);
	int32_t number = error;

	put(answer, &number, sizeof(number));
	put_end(answer, begin);
}

struct cursor {
	const char *at, *end;
};

/* -EBADMSG, here and below: no answer of ours. */
static int take(struct cursor *c, void *ret, size_t len)
{
	if ((size_t)(c->end - c->at) < len)
		return -EBADMSG;
	memcpy(ret, c->at, len);
	c->at += len;
	return 0;
}

/* A new string of `max` bytes at most. */
static int take_bytes(struct cursor *c, size_t max, char **ret, size_t *ret_len)
{
	uint32_t len;
	char *copy;

	if (take(c, &len, sizeof(len)) || len > max || (size_t)(c->end - c->at) < len)
		return -EBADMSG;
	copy = malloc((size_t)len + 1);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, c->at, len);
	copy[len] = '\0';
	c->at += len;
	*ret = copy;
	*ret_len = len;
	return 0;
}

/* As above, without a NUL in it. */
static int take_text(struct cursor *c, size_t max, char **ret)
{
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	int r = take_bytes(c, max, &text, &len);

	if (r)
		return r;
	if (strlen(text) != len)
		return -EBADMSG;
	*ret = TAKE_PTR(text);
	return 0;
}

/* Only what its own ecosystem would call a name and a version, as it is compared. */
static int take_identity(struct cursor *c, struct identity *ret)
{
	_cleanup_free_ char *ecosystem = NULL, *name = NULL, *version = NULL;
	struct identity identity = { 0 };
	int r = take_text(c, ARTIFACT_ECOSYSTEM_MAX, &ecosystem);

	if (!r)
		r = take_text(c, IDENTITY_NAME_MAX, &name);
	if (!r)
		r = take_text(c, IDENTITY_VERSION_MAX, &version);
	if (r)
		return r;
	memcpy(identity.ecosystem, ecosystem, strlen(ecosystem) + 1);
	if (*ecosystem && strcmp(ecosystem, "pypi") != 0 && strcmp(ecosystem, "npm") != 0 &&
	    strcmp(ecosystem, "cargo") != 0 && strcmp(ecosystem, "gem") != 0)
		return -EBADMSG;
	if (!*ecosystem && (*name || *version))
		return -EBADMSG;
	if (*name && identity_set_name(&identity, name, strlen(name)))
		return -EBADMSG;
	if (*version && identity_set_version(&identity, version, strlen(version)))
		return -EBADMSG;
	*ret = identity;
	return 0;
}

static int take_startup(struct cursor *c, size_t *texts, struct artifact_startup *ret)
{
	_cleanup_free_ char *path = NULL, *text = NULL;
	struct startup_head head;
	size_t len = 0;
	int r = take(c, &head, sizeof(head));

	if (!r)
		r = take_text(c, ARTIFACT_PATH_MAX, &path);
	if (!r)
		r = take_bytes(c, ARTIFACT_TEXT_MAX, &text, &len);
	if (r)
		return r;
	*texts += len;
	if (!*path || head.has_text > 1 || (!head.has_text && len) || *texts > ARTIFACT_TEXTS_MAX)
		return -EBADMSG;
	*ret = (struct artifact_startup){ .path = TAKE_PTR(path), .len = len, .size = head.size };
	if (head.has_text)
		ret->text = TAKE_PTR(text);
	return 0;
}

static int take_reading(struct cursor *c, struct artifact *artifact)
{
	struct reading_head head;
	size_t texts = 0;
	int r = take(c, &head, sizeof(head));

	if (r || head.kind >= ARTIFACT_KIND_COUNT || head.fault >= ARTIFACT_FAULT_COUNT ||
	    head.startup_count > ARTIFACT_STARTUP_MAX ||
	    (head.kind == ARTIFACT_MALFORMED) != (head.fault != ARTIFACT_FAULT_NONE))
		return -EBADMSG;
	artifact->kind = head.kind;
	artifact->fault = head.fault;
	artifact->entries = head.entries;
	r = take_text(c, ARTIFACT_DETAIL_MAX, &artifact->detail);
	if (!r)
		r = take_identity(c, &artifact->identity);
	if (r)
		return r;
	if (head.startup_count) {
		artifact->startup = calloc(head.startup_count, sizeof(*artifact->startup));
		if (!artifact->startup)
			return -ENOMEM;
	}
	while (!r && artifact->startup_count < head.startup_count) {
		r = take_startup(c, &texts, &artifact->startup[artifact->startup_count]);
		if (!r)
			artifact->startup_count++;
	}
	if (!artifact->detail[0]) {
		free(artifact->detail);
		artifact->detail = NULL;
	}
	return r ? r : c->at == c->end ? 0 : -EBADMSG;
}

static int take_hashes(struct cursor *c, struct artifact *artifact)
{
	struct answer_hashes hashes;

	if (take(c, &hashes, sizeof(hashes)) || c->at != c->end || hashes.has_sha512 > 1)
		return -EBADMSG;
	memcpy(artifact->sha256, hashes.sha256, sizeof(hashes.sha256));
	memcpy(artifact->sha512, hashes.sha512, sizeof(hashes.sha512));
	artifact->hashed = true;
	artifact->hashed_sha512 = hashes.has_sha512;
	return 0;
}

static int take_error(struct cursor *c)
{
	int32_t error;

	return take(c, &error, sizeof(error)) || c->at != c->end || error >= 0 || error < -4095 || error == -EAGAIN
		   ? -EBADMSG
		   : error;
}

/* A body of a record. */
static int take_record(struct cursor *c, struct cursor *ret, uint32_t *ret_type)
{
	struct answer_head head;

	if (take(c, &head, sizeof(head)) || head.magic != ANSWER_MAGIC || head.len > (size_t)(c->end - c->at))
		return -EBADMSG;
	*ret = (struct cursor){ .at = c->at, .end = c->at + head.len };
	*ret_type = head.type;
	c->at += head.len;
	return 0;
}

bool answer_complete(const char *bytes, size_t len)
{
	struct cursor c = { .at = bytes, .end = bytes + len }, body;
	uint32_t type;

	/* One behind the hashes and no more, so that a look at it is no work. */
	return !take_record(&c, &body, &type) && (type != ANSWER_HASHES || !take_record(&c, &body, &type));
}

/* 1: an ERROR's number is in *ret_error. */
static int take_answer(struct cursor *c, struct artifact *artifact, int *ret_error)
{
	struct cursor body;
	uint32_t type;
	int r = take_record(c, &body, &type);

	if (!r && type == ANSWER_ERROR) {
		r = take_error(&body);
		if (r == -EBADMSG || c->at != c->end)
			return -EBADMSG;
		*ret_error = r;
		return 1;
	}
	if (!r && type == ANSWER_HASHES) {
		r = take_hashes(&body, artifact);
		if (!r)
			r = take_record(c, &body, &type);
	}
	if (r || type != ANSWER_READING || c->at != c->end)
		return -EBADMSG;
	r = take_reading(&body, artifact);
	/* Without hashes there is one thing to say: why. */
	if (!r && !artifact->hashed && artifact->kind != ARTIFACT_MALFORMED)
		r = -EBADMSG;
	return r;
}

int answer_parse(const char *bytes, size_t len, struct artifact *ret)
{
	CLEANUP(artifact_release) struct artifact artifact = { .size = ret->size };
	struct cursor c = { .at = bytes, .end = bytes + len };
	int error = 0, r = take_answer(&c, &artifact, &error);

	if (r == 1)
		return error;
	if (r == -ENOMEM)
		return r;
	if (r) {
		/* What was hashed stays: it was said before anything could be wrong. */
		struct artifact died = { .size = ret->size, .kind = ARTIFACT_MALFORMED, .fault = ARTIFACT_FAULT_DIED,
					 .hashed = artifact.hashed, .hashed_sha512 = artifact.hashed_sha512 };

		memcpy(died.sha256, artifact.sha256, sizeof(died.sha256));
		memcpy(died.sha512, artifact.sha512, sizeof(died.sha512));
		*ret = died;
		return 0;
	}
	*ret = artifact;
	memset(&artifact, 0, sizeof(artifact));
	return 0;
}
