/* SPDX-License-Identifier: Apache-2.0 */
/* What supervisor and controller tell each other, and what either makes of nonsense from the other. */
#include "guard/proto.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct pair {
	int fd[2];
	struct proto_message *got;
};

static int set_up(void **state)
{
	struct pair *pair = calloc(1, sizeof(*pair));

	if (!pair || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair->fd))
		return -1;
	pair->got = malloc(sizeof(*pair->got));
	/* What was there before must not show through. */
	if (pair->got)
		memset(pair->got, 0xa5, sizeof(*pair->got));
	*state = pair;
	return pair->got ? 0 : -1;
}

static int tear_down(void **state)
{
	struct pair *pair = *state;

	close(pair->fd[0]);
	if (pair->fd[1] >= 0)
		close(pair->fd[1]);
	free(pair->got);
	free(pair);
	return 0;
}

static void test_a_message_arrives_whole(void **state)
{
	struct pair *pair = *state;

	assert_int_equal(proto_send_text(pair->fd[0], PROTO_NOTE, -7, "two\nlines"), 0);
	assert_int_equal(proto_receive(pair->fd[1], pair->got), 1);
	assert_int_equal(pair->got->type, PROTO_NOTE);
	assert_int_equal(pair->got->value, -7);
	assert_int_equal(pair->got->len, strlen("two\nlines"));
	assert_string_equal(pair->got->text, "two\nlines");
}

/* An argv is text with NULs between. */
static void test_text_may_hold_nul(void **state)
{
	struct pair *pair = *state;

	assert_int_equal(proto_send(pair->fd[0], PROTO_COMMAND, 0, "pip\0install", 12), 0);
	assert_int_equal(proto_receive(pair->fd[1], pair->got), 1);
	assert_int_equal(pair->got->len, 12);
	assert_memory_equal(pair->got->text, "pip\0install", 12);
}

static void test_no_text_is_empty_text(void **state)
{
	struct pair *pair = *state;

	assert_int_equal(proto_send(pair->fd[0], PROTO_ALIVE, 0, NULL, 0), 0);
	assert_int_equal(proto_receive(pair->fd[1], pair->got), 1);
	assert_int_equal(pair->got->len, 0);
	assert_string_equal(pair->got->text, "");
}

static void test_long_text_is_cut(void **state)
{
	struct pair *pair = *state;
	size_t len = PROTO_TEXT_MAX + 1000;
	char *text = malloc(len);

	assert_non_null(text);
	memset(text, 'x', len);
	assert_int_equal(proto_send(pair->fd[0], PROTO_DONE, 120, text, len), 0);
	free(text);
	assert_int_equal(proto_receive(pair->fd[1], pair->got), 1);
	assert_int_equal(pair->got->value, 120);
	assert_int_equal(pair->got->len, PROTO_TEXT_MAX);
	assert_int_equal(strlen(pair->got->text), PROTO_TEXT_MAX);
}

static void test_messages_keep_their_order(void **state)
{
	struct pair *pair = *state;

	for (int i = 0; i < 10; i++)
		assert_int_equal(proto_send(pair->fd[0], PROTO_NOTE, i, NULL, 0), 0);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(proto_receive(pair->fd[1], pair->got), 1);
		assert_int_equal(pair->got->value, i);
	}
}

static void test_nothing_there_does_not_wait(void **state)
{
	struct pair *pair = *state;

	assert_int_equal(proto_receive(pair->fd[1], pair->got), -EAGAIN);
}

/* A supervisor that ^Z has stopped reads nothing, for as long as its user likes. */
static void test_alive_never_waits(void **state)
{
	struct pair *pair = *state;
	size_t count = 0;

	alarm(30);
	for (int i = 0; i < 100000; i++)
		assert_int_equal(proto_send(pair->fd[0], PROTO_ALIVE, 0, NULL, 0), 0);
	alarm(0);
	while (proto_receive(pair->fd[1], pair->got) == 1)
		count++;
	/* What it finds is enough to know, and there is room again for what counts. */
	assert_in_range(count, 1, 99999);
	assert_int_equal(proto_send(pair->fd[0], PROTO_DONE, 120, "summary", 7), 0);
	assert_int_equal(proto_receive(pair->fd[1], pair->got), 1);
	assert_int_equal(pair->got->type, PROTO_DONE);
}

static void test_a_dead_peer_is_told(void **state)
{
	struct pair *pair = *state;

	close(pair->fd[1]);
	pair->fd[1] = -1;
	assert_int_equal(proto_receive(pair->fd[0], pair->got), 0);
	/* And by an error, not by a signal that would end the supervisor. */
	assert_int_equal(proto_send(pair->fd[0], PROTO_ALIVE, 0, NULL, 0), -EPIPE);
}

/* Raw packets: cut short, longer than they say, shorter than they say. */
static void test_malformed_packets_are_refused(void **state)
{
	struct pair *pair = *state;
	struct proto_message message = { .type = PROTO_NOTE, .len = 4, .text = "four" };
	size_t head = offsetof(struct proto_message, text);
	static const struct {
		uint32_t len;
		int delta; /* of the packet's size against head + 4 */
	} cases[] = { { 4, -1 }, { 4, 1 }, { 3, 0 }, { 5, 0 }, { UINT32_MAX, 0 }, { PROTO_TEXT_MAX + 1, 0 } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t size = head + 4 + (size_t)cases[i].delta;

		message.len = cases[i].len;
		assert_int_equal(send(pair->fd[0], &message, size, 0), size);
		assert_int_equal(proto_receive(pair->fd[1], pair->got), -EBADMSG);
	}
	for (size_t size = 1; size < head; size++) {
		assert_int_equal(send(pair->fd[0], &message, size, 0), size);
		assert_int_equal(proto_receive(pair->fd[1], pair->got), -EBADMSG);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_message_arrives_whole, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_text_may_hold_nul, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_text_is_empty_text, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_long_text_is_cut, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_messages_keep_their_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nothing_there_does_not_wait, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_alive_never_waits, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_dead_peer_is_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_malformed_packets_are_refused, set_up, tear_down),
	};

	signal(SIGPIPE, SIG_DFL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
