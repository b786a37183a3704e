/* SPDX-License-Identifier: Apache-2.0 */
/* Full, read-only, foreign and broken disks. */
#include "journal_scratch.h"

static void notices_a_corrupt_page(void **state)
{
	const struct scratch *s = *state;
	struct journal *journal = open_for_write(s);
	int64_t session = begin_session(journal, 0, 0), bad;
	struct stat st;
	char junk[512];
	int fd;

	for (unsigned int port = 1; port <= 300; port++)
		add_sample(journal, session, port);
	journal_close(journal);
	assert_int_equal(stat(s->db, &st), 0);
	fd = open(s->db, O_WRONLY);
	assert_true(fd >= 0);
	memset(junk, 0xa5, sizeof(junk));
	/* The head of every page but the first, which says that it is ours. */
	for (off_t at = 4096; at < st.st_size; at += 4096)
		assert_int_equal(pwrite(fd, junk, sizeof(junk), at), sizeof(junk));
	close(fd);
	journal = open_for_read(s);
	assert_int_equal(verify(journal, &bad), -EUCLEAN);
	journal_close(journal);
}

static void refuses_a_folder_of_somebody_else(void **state)
{
	const struct scratch *s = *state;
	struct journal *journal = NULL;

	if (geteuid() != 0) {
		print_message("not root: cannot give a folder away\n");
		skip();
	}
	assert_int_equal(mkdir(s->dir, 0700), 0);
	assert_int_equal(chown(s->dir, 1, 1), 0);
	assert_int_equal(journal_open(s->dir, JOURNAL_WRITE, &journal), -EACCES);
	assert_null(journal);
}

/* Makes the journal's folder a small file system of its own. */
static void mount_small(struct scratch *s)
{
	if (geteuid() != 0) {
		print_message("not root: cannot mount\n");
		skip();
	}
	assert_int_equal(mkdir(s->dir, 0700), 0);
	if (mount("tmpfs", s->dir, "tmpfs", 0, "size=1m,mode=0700") < 0) {
		print_message("cannot mount a tmpfs here: %s\n", strerror(errno));
		skip();
	}
	s->mounted = true;
}

static void fill_up(const struct scratch *s)
{
	static const char block[4096];
	char path[80];
	int fd;

	snprintf(path, sizeof(path), "%s/filler", s->dir);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	while (write(fd, block, sizeof(block)) > 0)
		;
	assert_int_equal(errno, ENOSPC);
	close(fd);
}

static void says_so_when_the_disk_is_full(void **state)
{
	struct scratch *s = *state;
	struct journal *journal = NULL;

	mount_small(s);
	fill_up(s);
	assert_int_equal(journal_open(s->dir, JOURNAL_WRITE, &journal), -ENOSPC);
	assert_null(journal);
}

static void says_so_when_an_old_journal_has_no_room(void **state)
{
	struct scratch *s = *state;
	struct journal *journal = NULL;

	mount_small(s);
	journal_close(open_for_write(s));
	fill_up(s);
	assert_int_equal(journal_open(s->dir, JOURNAL_WRITE, &journal), -ENOSPC);
	assert_null(journal);
}

static void goes_on_after_a_full_disk(void **state)
{
	struct scratch *s = *state;
	_cleanup_journal_ struct journal *journal = NULL;
	struct finding_process ancestry[2];
	struct finding f;
	char path[80];
	int64_t session;
	int r = 0;

	mount_small(s);
	journal = open_for_write(s);
	session = begin_session(journal, 0, 0);
	fill_up(s);
	f = sample(session, ancestry);
	for (f.object_port = 1; r == 0 && f.object_port < 500; f.object_port++)
		r = journal_add(journal, &f);
	assert_int_equal(r, -ENOSPC);
	snprintf(path, sizeof(path), "%s/filler", s->dir);
	assert_int_equal(unlink(path), 0);
	add_sample(journal, session, 1000);
	end_session(journal, session, 0);
	assert_sound(journal);
}

static void reads_on_a_read_only_file_system(void **state)
{
	struct scratch *s = *state;
	struct journal *journal = NULL;

	mount_small(s);
	journal = open_for_write(s);
	add_sample(journal, begin_session(journal, 0, 0), 1);
	journal_close(journal);
	journal = NULL;
	assert_int_equal(mount(NULL, s->dir, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	assert_int_equal(journal_open(s->dir, JOURNAL_WRITE, &journal), -EROFS);
	journal = open_for_read(s);
	assert_int_equal(findings_of(journal, &all), 1);
	assert_sound(journal);
	journal_close(journal);
}

/* What is still in the log would be missing: better no answer than a wrong one. */
static void refuses_half_a_journal_on_a_read_only_file_system(void **state)
{
	struct scratch *s = *state;
	struct journal *journal = NULL;
	pid_t child;
	int status;

	mount_small(s);
	child = fork();
	if (child == 0) {
		/* Ends without closing, as a controller that was killed. */
		journal = open_for_write(s);
		add_sample(journal, begin_session(journal, 0, 0), 1);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(mount(NULL, s->dir, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	assert_int_equal(journal_open(s->dir, JOURNAL_READ, &journal), -EROFS);
	assert_null(journal);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(notices_a_corrupt_page),
		TEST(refuses_a_folder_of_somebody_else),
		TEST(says_so_when_the_disk_is_full),
		TEST(says_so_when_an_old_journal_has_no_room),
		TEST(goes_on_after_a_full_disk),
		TEST(reads_on_a_read_only_file_system),
		TEST(refuses_half_a_journal_on_a_read_only_file_system),
	};

	return cmocka_run_group_tests_name("journal_disk", tests, NULL, NULL);
}
