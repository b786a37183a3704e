/* SPDX-License-Identifier: Apache-2.0 */
/* Records from the ring are believed only where version, type, size and every string's end are right. */
#include "kernel/kernel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

union any_record {
	struct cordon_record head;
	struct cordon_record_exec exec;
	struct cordon_record_finding finding;
	struct cordon_record_archive archive;
	unsigned char bytes[sizeof(struct cordon_record_exec) + 64];
};

static const struct {
	uint16_t type;
	uint32_t size;
} kinds[] = {
	{ CORDON_RECORD_EXEC, sizeof(struct cordon_record_exec) },
	{ CORDON_RECORD_FORK, sizeof(struct cordon_record) },
	{ CORDON_RECORD_EXIT, sizeof(struct cordon_record) },
	{ CORDON_RECORD_FINDING, sizeof(struct cordon_record_finding) },
	{ CORDON_RECORD_ARCHIVE, sizeof(struct cordon_record_archive) },
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* A record that is right, its strings empty. */
static void make(union any_record *record, uint16_t type, uint32_t size)
{
	memset(record, 0, sizeof(*record));
	record->head.abi = CORDON_ABI;
	record->head.type = type;
	record->head.size = size;
	record->head.label.role = CORDON_ROLE_PACKAGE;
}

static void test_right_ones_are_valid(void **state)
{
	union any_record record;

	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		make(&record, kinds[i].type, kinds[i].size);
		assert_true(kernel_record_is_valid(&record, kinds[i].size));
	}
}

/* Every other size, whether the record admits it or not. */
static void test_wrong_sizes_are_refused(void **state)
{
	union any_record record;

	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		for (uint32_t size = 0; size <= sizeof(record); size++) {
			if (size == kinds[i].size)
				continue;
			make(&record, kinds[i].type, kinds[i].size);
			assert_false(kernel_record_is_valid(&record, size));
			record.head.size = size;
			assert_false(kernel_record_is_valid(&record, size));
			assert_false(kernel_record_is_valid(&record, kinds[i].size));
		}
	}
}

static void test_other_versions_types_and_roles_are_refused(void **state)
{
	union any_record record;

	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		make(&record, kinds[i].type, kinds[i].size);
		record.head.abi = CORDON_ABI + 1;
		assert_false(kernel_record_is_valid(&record, kinds[i].size));

		make(&record, kinds[i].type, kinds[i].size);
		record.head.label.role = CORDON_ROLE_COUNT;
		assert_false(kernel_record_is_valid(&record, kinds[i].size));

		make(&record, 0, kinds[i].size);
		assert_false(kernel_record_is_valid(&record, kinds[i].size));
		make(&record, CORDON_RECORD_ARCHIVE + 1, kinds[i].size);
		assert_false(kernel_record_is_valid(&record, kinds[i].size));
	}
}

static void test_names_without_an_end_are_refused(void **state)
{
	union any_record record;

	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		make(&record, kinds[i].type, kinds[i].size);
		memset(record.head.comm, 'x', sizeof(record.head.comm));
		assert_false(kernel_record_is_valid(&record, kinds[i].size));
	}

	make(&record, CORDON_RECORD_EXEC, sizeof(record.exec));
	memset(record.exec.path, 'x', sizeof(record.exec.path));
	assert_false(kernel_record_is_valid(&record, sizeof(record.exec)));

	make(&record, CORDON_RECORD_ARCHIVE, sizeof(record.archive));
	memset(record.archive.name, 'x', sizeof(record.archive.name));
	assert_false(kernel_record_is_valid(&record, sizeof(record.archive)));
	make(&record, CORDON_RECORD_ARCHIVE, sizeof(record.archive));
	memset(record.archive.parent, 'x', sizeof(record.archive.parent));
	assert_false(kernel_record_is_valid(&record, sizeof(record.archive)));
}

/* argv may fill its field to the last byte, and tells its own length. */
static void test_lengths_beyond_their_field_are_refused(void **state)
{
	union any_record record;

	(void)state;
	make(&record, CORDON_RECORD_EXEC, sizeof(record.exec));
	memset(record.exec.args, 'x', sizeof(record.exec.args));
	record.exec.args_len = sizeof(record.exec.args);
	record.exec.path_len = sizeof(record.exec.path);
	assert_true(kernel_record_is_valid(&record, sizeof(record.exec)));
	record.exec.args_len = sizeof(record.exec.args) + 1;
	assert_false(kernel_record_is_valid(&record, sizeof(record.exec)));
	record.exec.args_len = 0;
	record.exec.path_len = sizeof(record.exec.path) + 1;
	assert_false(kernel_record_is_valid(&record, sizeof(record.exec)));
}

static void test_findings_index_no_table_beyond_its_end(void **state)
{
	static const size_t fields[] = {
		offsetof(struct cordon_record_finding, rule),
		offsetof(struct cordon_record_finding, action),
		offsetof(struct cordon_record_finding, answer),
		offsetof(struct cordon_record_finding, op) + offsetof(struct cordon_op, kind),
		offsetof(struct cordon_record_finding, names),
	};
	static const uint32_t first_bad[] = { CORDON_RULE_COUNT, CORDON_ACTION_COUNT, CORDON_ANSWER_COUNT,
					      CORDON_OP_COUNT, CORDON_FINDING_NAMES + 1 };
	union any_record record;

	(void)state;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		uint32_t value = first_bad[i] - 1;

		make(&record, CORDON_RECORD_FINDING, sizeof(record.finding));
		memcpy(record.bytes + fields[i], &value, sizeof(value));
		assert_true(kernel_record_is_valid(&record, sizeof(record.finding)));
		memcpy(record.bytes + fields[i], &first_bad[i], sizeof(first_bad[i]));
		assert_false(kernel_record_is_valid(&record, sizeof(record.finding)));
		memset(record.bytes + fields[i], 0xff, sizeof(value));
		assert_false(kernel_record_is_valid(&record, sizeof(record.finding)));
	}
}

/* Only names that count need an end: the kernel leaves the others as they were. */
static void test_findings_names_end(void **state)
{
	union any_record record;

	(void)state;
	make(&record, CORDON_RECORD_FINDING, sizeof(record.finding));
	memset(record.finding.name[2], 'x', sizeof(record.finding.name[2]));
	record.finding.names = 2;
	assert_true(kernel_record_is_valid(&record, sizeof(record.finding)));
	record.finding.names = 3;
	assert_false(kernel_record_is_valid(&record, sizeof(record.finding)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_right_ones_are_valid),
		cmocka_unit_test(test_wrong_sizes_are_refused),
		cmocka_unit_test(test_other_versions_types_and_roles_are_refused),
		cmocka_unit_test(test_names_without_an_end_are_refused),
		cmocka_unit_test(test_lengths_beyond_their_field_are_refused),
		cmocka_unit_test(test_findings_index_no_table_beyond_its_end),
		cmocka_unit_test(test_findings_names_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
