/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_artifact_answer.c - the answer's bytes, as they are written and as a reader that was taken over might; and
 * content that is changed a byte at a time, looked at in this process, so that a sanitizer sees it.
 */
#include "artifact_scratch.h"

#include "artifact/answer.h"
#include "artifact/look.h"

static uint32_t random_next(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static void answer_make(struct answer *out)
{
	struct artifact_startup startup[] = {
		{ .path = (char *)"x.pth", .text = (char *)"import os", .len = 9, .size = 9 },
		{ .path = (char *)"y.pth", .size = 1u << 30 },
	};
	struct artifact a = { .kind = ARTIFACT_WHEEL,
			      .hashed_sha512 = true,
			      .entries = 7,
			      .startup = startup,
			      .startup_count = 2,
			      .identity = { .ecosystem = "pypi", .name = "a-b", .version = "1.0" } };

	memset(a.sha256, 1, sizeof(a.sha256));
	memset(a.sha512, 2, sizeof(a.sha512));
	answer_put_hashes(out, &a);
	answer_put_reading(out, &a);
	assert_false(out->failed);
}

/* Whatever it says, what comes out is within bounds. */
static void check(const struct artifact *a)
{
	assert_true(a->kind < ARTIFACT_KIND_COUNT && a->fault < ARTIFACT_FAULT_COUNT);
	assert_true((a->kind == ARTIFACT_MALFORMED) == (a->fault != ARTIFACT_FAULT_NONE));
	assert_true(a->hashed || a->kind == ARTIFACT_MALFORMED);
	assert_true(!a->detail || strlen(a->detail) <= ARTIFACT_DETAIL_MAX);
	assert_true(a->startup_count <= ARTIFACT_STARTUP_MAX);
	assert_true(!a->identity.name[0] ||
		    identity_name_valid(a->identity.ecosystem, a->identity.name, strlen(a->identity.name)));
	for (size_t i = 0; i < a->startup_count; i++) {
		assert_true(*a->startup[i].path && strlen(a->startup[i].path) <= ARTIFACT_PATH_MAX);
		assert_true(a->startup[i].len <= ARTIFACT_TEXT_MAX);
		assert_true(a->startup[i].text ? !a->startup[i].text[a->startup[i].len] : !a->startup[i].len);
	}
}

static void test_same(void **state)
{
	CLEANUP(answer_release) struct answer answer = { 0 };
	CLEANUP(artifact_release) struct artifact a = { .size = 42 };

	(void)state;
	answer_make(&answer);
	assert_int_equal(answer_parse(answer.bytes, answer.len, &a), 0);
	assert_int_equal(a.kind, ARTIFACT_WHEEL);
	assert_int_equal(a.size, 42);
	assert_int_equal(a.entries, 7);
	assert_true(a.hashed && a.hashed_sha512 && a.sha256[31] == 1 && a.sha512[63] == 2);
	assert_string_equal(a.identity.name, "a-b");
	assert_string_equal(a.identity.version, "1.0");
	assert_int_equal(a.startup_count, 2);
	assert_string_equal(a.startup[0].text, "import os");
	assert_null(a.startup[1].text);
	assert_int_equal(a.startup[1].size, 1u << 30);
	assert_null(a.detail);
	check(&a);
}

/* Cut off anywhere: no answer, and the hashes where they came. Something behind it: none either. */
static void test_cut_off(void **state)
{
	CLEANUP(answer_release) struct answer answer = { 0 };
	size_t hashes = sizeof(struct answer_head) + sizeof(struct answer_hashes);

	(void)state;
	answer_make(&answer);
	for (size_t len = 0; len < answer.len; len++) {
		CLEANUP(artifact_release) struct artifact a = { 0 };
		_cleanup_free_ char *exact = malloc(len + 1);

		memcpy(exact, answer.bytes, len);
		assert_false(answer_complete(exact, len));
		assert_int_equal(answer_parse(exact, len, &a), 0);
		assert_int_equal(a.fault, ARTIFACT_FAULT_DIED);
		assert_int_equal(a.hashed, len >= hashes);
		check(&a);
	}
	assert_true(answer_complete(answer.bytes, answer.len));
	answer_put_hashes(&answer, &(struct artifact){ 0 });
	CLEANUP(artifact_release) struct artifact a = { 0 };
	assert_int_equal(answer_parse(answer.bytes, answer.len, &a), 0);
	assert_int_equal(a.fault, ARTIFACT_FAULT_DIED);
	assert_int_equal(a.sha256[0], 1);
}

static void test_error(void **state)
{
	static const int errors[] = { -EPERM, -ENOMEM, -EAGAIN, 0, 5, -100000 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		CLEANUP(answer_release) struct answer answer = { 0 };
		CLEANUP(artifact_release) struct artifact a = { 0 };

		answer_put_error(&answer, errors[i]);
		assert_int_equal(answer_parse(answer.bytes, answer.len, &a), i < 2 ? errors[i] : 0);
		assert_int_equal(a.fault, i < 2 ? ARTIFACT_FAULT_NONE : ARTIFACT_FAULT_DIED);
	}
	{ /* not behind the hashes: from there on it is its content that may speak */
		CLEANUP(answer_release) struct answer answer = { 0 };
		CLEANUP(artifact_release) struct artifact a = { 0 };

		answer_put_hashes(&answer, &(struct artifact){ 0 });
		answer_put_error(&answer, -EPERM);
		assert_int_equal(answer_parse(answer.bytes, answer.len, &a), 0);
		assert_int_equal(a.fault, ARTIFACT_FAULT_DIED);
	}
	{ /* no hashes, and no word of why */
		CLEANUP(answer_release) struct answer answer = { 0 };
		CLEANUP(artifact_release) struct artifact a = { 0 };

		answer_put_reading(&answer, &(struct artifact){ .kind = ARTIFACT_NONE });
		assert_int_equal(answer_parse(answer.bytes, answer.len, &a), 0);
		assert_int_equal(a.fault, ARTIFACT_FAULT_DIED);
	}
}

static void test_claims(void **state)
{
	static const struct identity identities[] = {
		{ .ecosystem = "pypi", .name = "A_b" },
		{ .ecosystem = "pypi", .name = "../x" },
		{ .ecosystem = "other", .name = "x" },
		{ .ecosystem = "", .name = "x" },
		{ .ecosystem = "npm", .name = "x", .version = "\033" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(identities); i++) {
		CLEANUP(answer_release) struct answer answer = { 0 };
		CLEANUP(artifact_release) struct artifact a = { 0 };
		struct artifact said = { .kind = ARTIFACT_SDIST, .identity = identities[i] };

		answer_put_hashes(&answer, &said);
		answer_put_reading(&answer, &said);
		assert_int_equal(answer_parse(answer.bytes, answer.len, &a), 0);
		/* As it is compared, or not at all. */
		if (i)
			assert_int_equal(a.fault, ARTIFACT_FAULT_DIED);
		else
			assert_string_equal(a.identity.name, "a-b");
	}
}

static void test_changed(void **state)
{
	CLEANUP(answer_release) struct answer answer = { 0 };
	uint32_t seed = 1;

	(void)state;
	answer_make(&answer);
	for (unsigned int round = 0; round < 20000; round++) {
		CLEANUP(artifact_release) struct artifact a = { 0 };
		_cleanup_free_ char *copy = malloc(answer.len);
		size_t len = answer.len;
		int r;

		memcpy(copy, answer.bytes, len);
		if (round < answer.len * 8) {
			copy[round / 8] ^= (char)(1 << round % 8);
		} else {
			for (unsigned int i = random_next(&seed) % 4; i < 4; i++)
				copy[random_next(&seed) % len] = (char)random_next(&seed);
			len -= random_next(&seed) % 8;
		}
		answer_complete(copy, len);
		r = answer_parse(copy, len, &a);
		assert_true(!r || (r < 0 && r != -EAGAIN));
		if (!r)
			check(&a);
	}
}

/* `bytes` with some of them changed, or gone, or twice. */
static void change(const struct bytes *from, uint32_t *seed, struct bytes *to)
{
	size_t cut = random_next(seed) % 8 ? from->len : random_next(seed) % from->len;

	put(to, from->at, cut);
	if (!(random_next(seed) % 8))
		put(to, from->at + cut / 2, from->len - cut / 2);
	for (unsigned int i = random_next(seed) % 8; to->len && i < 8; i++)
		to->at[random_next(seed) % to->len] = (unsigned char)random_next(seed);
}

static void look_changed(const struct bytes *bytes, uint32_t seed, unsigned int rounds)
{
	const struct artifact_limits *limits = &artifact_limits_default;

	for (unsigned int round = 0; round < rounds; round++) {
		_bytes_ struct bytes changed = { 0 };
		CLEANUP(artifact_release) struct artifact a = { .hashed = true };
		_cleanup_close_ int fd = memfd_create("artifact", MFD_CLOEXEC);
		struct look look = { .fd = fd, .limits = limits, .out = &a };
		int r;

		change(bytes, &seed, &changed);
		look.size = changed.len;
		assert_int_equal(write(fd, changed.at, changed.len), changed.len);
		r = look_content(&look);
		assert_int_equal(r ? -EBADMSG : 0, r);
		assert_int_equal(!!r, a.kind == ARTIFACT_MALFORMED);
		check(&a);
	}
}

static void test_content(void **state)
{
	_bytes_ struct bytes wheel = { 0 }, tar = { 0 }, gz = { 0 }, gem = { 0 };

	(void)state;
	WHEEL(&wheel, NULL, { .name = "x.pth", .text = "import os\n", .stored = true },
	      { .name = "usercustomize.py", .text = "x" });
	look_changed(&wheel, 1, 3000);
	TAR(&tar, ARCHIVE_FILTER_NONE, { .name = "x-1/PKG-INFO", .text = "Name: x\nVersion: 1\n" },
	    { .name = "x-1/\xc3\xa9", .type = AE_IFLNK, .link = "PKG-INFO" });
	look_changed(&tar, 2, 1500);
	TAR(&gz, ARCHIVE_FILTER_GZIP,
	    { .name = "package/package.json", .text = "{\"name\": \"x\", \"version\": \"1\"}" });
	look_changed(&gz, 3, 1000);
	TAR(&gem, ARCHIVE_FILTER_NONE, { .name = "metadata.gz", .text = (char *)gz.at, .len = gz.len },
	    { .name = "data.tar.gz", .text = "x" });
	look_changed(&gem, 4, 500);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),   cmocka_unit_test(test_cut_off), cmocka_unit_test(test_error),
		cmocka_unit_test(test_claims), cmocka_unit_test(test_changed), cmocka_unit_test(test_content),
	};

	return artifact_tests(argc, argv, tests);
}
