/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/row.h"

#include "base/rule.h"
#include "journal/digest.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

/* Binding and reading go column by column; the first failure is kept, as the rest would be in the wrong place. */
struct cursor {
	sqlite3_stmt *stmt;
	int column;
	int error;
};

static void put_int(struct cursor *c, int64_t value)
{
	if (sqlite3_bind_int64(c->stmt, ++c->column, value) != SQLITE_OK)
		c->error = -ENOMEM;
}

static void put_text(struct cursor *c, const char *text)
{
	if (sqlite3_bind_text(c->stmt, ++c->column, text, -1, SQLITE_STATIC) != SQLITE_OK)
		c->error = -ENOMEM;
}

static int64_t get_int(struct cursor *c)
{
	return sqlite3_column_int64(c->stmt, c->column++);
}

static char *get_text(struct cursor *c)
{
	const char *text = (const char *)sqlite3_column_text(c->stmt, c->column);
	bool null = sqlite3_column_type(c->stmt, c->column++) == SQLITE_NULL;
	char *copy = text ? strdup(text) : NULL;

	if (!null && !copy)
		c->error = -ENOMEM;
	return copy;
}

static unsigned int get_enum(struct cursor *c, int (*from_name)(const char *name))
{
	const char *name = (const char *)sqlite3_column_text(c->stmt, c->column++);
	int value = name ? from_name(name) : -EINVAL;

	return value < 0 ? UINT_MAX : (unsigned int)value;
}

static void put_process(struct cursor *c, const struct finding_process *process)
{
	put_int(c, process->pid);
	put_text(c, process->exe);
	put_text(c, process->argv);
	put_text(c, process->cwd);
	put_int(c, process->uid);
	put_text(c, role_name(process->role));
}

static void get_process(struct cursor *c, struct finding_process *process)
{
	process->pid = (int)get_int(c);
	process->exe = get_text(c);
	process->argv = get_text(c);
	process->cwd = get_text(c);
	process->uid = (int)get_int(c);
	process->role = get_enum(c, role_from_name);
}

static int add_ancestor(struct journal *journal, int64_t id, const struct finding *finding, size_t depth)
{
	_cleanup_stmt_ sqlite3_stmt *stmt = NULL;
	struct cursor c = { 0 };
	int r;

	r = store_stmt(journal, STMT_ANCESTOR_ADD, &stmt);
	if (r < 0)
		return r;
	c.stmt = stmt;
	put_int(&c, id);
	put_int(&c, (int64_t)depth);
	put_process(&c, &finding->ancestry[depth]);
	return c.error ? c.error : store_run(journal, stmt);
}

static int add_finding(struct journal *journal, const struct finding *f, const uint8_t *sameness)
{
	_cleanup_stmt_ sqlite3_stmt *stmt = NULL;
	struct cursor c = { 0 };
	int r;

	r = store_stmt(journal, STMT_FINDING_ADD, &stmt);
	if (r < 0)
		return r;
	c.stmt = stmt;
	put_int(&c, f->session);
	put_int(&c, f->time);
	put_text(&c, mode_name(f->mode));
	put_text(&c, backend_name(f->backend));
	put_text(&c, rule_name(f->rule));
	put_text(&c, action_name(f->action));
	put_text(&c, answer_name(f->answer));
	put_text(&c, f->ecosystem);
	put_text(&c, f->package);
	put_text(&c, f->version);
	put_text(&c, f->sha256);
	put_text(&c, f->installer);
	put_process(&c, &f->process);
	put_text(&c, op_name(f->op));
	put_text(&c, f->object_path);
	put_text(&c, f->object_address);
	put_int(&c, f->object_port);
	put_text(&c, f->object_protocol);
	put_int(&c, f->object_pid);
	put_text(&c, f->origin);
	put_text(&c, f->reason);
	put_text(&c, f->hint);
	put_int(&c, f->count);
	if (sqlite3_bind_blob(stmt, ++c.column, sameness, DIGEST_LEN, SQLITE_STATIC) != SQLITE_OK)
		c.error = -ENOMEM;
	return c.error ? c.error : store_run(journal, stmt);
}

int row_add_finding(struct journal *journal, const struct finding *finding, const uint8_t *sameness, int64_t *ret_id)
{
	int64_t id;
	int r;

	r = add_finding(journal, finding, sameness);
	if (r < 0)
		return r;
	id = sqlite3_last_insert_rowid(journal->db);
	for (size_t i = 0; i < finding->ancestry_count; i++) {
		r = add_ancestor(journal, id, finding, i);
		if (r < 0)
			return r;
	}
	*ret_id = id;
	return 0;
}

static int read_ancestry(struct journal *journal, struct finding *finding)
{
	_cleanup_stmt_ sqlite3_stmt *stmt = NULL;
	size_t room = 0;
	int r;

	r = store_stmt(journal, STMT_ANCESTORS, &stmt);
	if (r < 0)
		return r;
	sqlite3_bind_int64(stmt, 1, finding->id);
	while ((r = store_step(journal, stmt)) > 0) {
		struct cursor c = { .stmt = stmt };

		if (finding->ancestry_count == room) {
			struct finding_process *grown;

			room = room ? room * 2 : 8;
			grown = reallocarray(finding->ancestry, room, sizeof(*grown));
			if (!grown)
				return -ENOMEM;
			finding->ancestry = grown;
		}
		memset(&finding->ancestry[finding->ancestry_count], 0, sizeof(*finding->ancestry));
		get_process(&c, &finding->ancestry[finding->ancestry_count++]);
		if (c.error)
			return c.error;
	}
	return r;
}

int row_read_finding(struct journal *journal, sqlite3_stmt *stmt, struct finding *ret)
{
	CLEANUP(finding_release) struct finding f = { 0 };
	struct cursor c = { .stmt = stmt };
	int64_t count;
	int r;

	f.id = get_int(&c);
	f.session = get_int(&c);
	f.time = get_int(&c);
	f.mode = get_enum(&c, mode_from_name);
	f.backend = get_enum(&c, backend_from_name);
	f.rule = get_enum(&c, rule_from_name);
	f.action = get_enum(&c, action_from_name);
	f.answer = get_enum(&c, answer_from_name);
	f.ecosystem = get_text(&c);
	f.package = get_text(&c);
	f.version = get_text(&c);
	f.sha256 = get_text(&c);
	f.installer = get_text(&c);
	get_process(&c, &f.process);
	f.op = get_enum(&c, op_from_name);
	f.object_path = get_text(&c);
	f.object_address = get_text(&c);
	f.object_port = (unsigned int)get_int(&c);
	f.object_protocol = get_text(&c);
	f.object_pid = (int)get_int(&c);
	f.origin = get_text(&c);
	f.reason = get_text(&c);
	f.hint = get_text(&c);
	count = get_int(&c);
	f.count = count > UINT_MAX ? UINT_MAX : (unsigned int)count;
	if (c.error)
		return c.error;
	r = read_ancestry(journal, &f);
	if (r < 0)
		return r;
	*ret = f;
	f = (struct finding){ 0 };
	return 0;
}

int row_read_session(sqlite3_stmt *stmt, struct journal_session *ret)
{
	CLEANUP(journal_session_release) struct journal_session s = { 0 };
	struct cursor c = { .stmt = stmt };

	s.id = get_int(&c);
	s.started = get_int(&c);
	s.ended = get_int(&c);
	s.mode = get_enum(&c, mode_from_name);
	s.backend = get_enum(&c, backend_from_name);
	s.uid = (int)get_int(&c);
	s.command = get_text(&c);
	s.cwd = get_text(&c);
	s.status = (int)get_int(&c);
	s.lost = get_int(&c);
	s.policy_digest = get_text(&c);
	s.findings = get_int(&c);
	s.refused = get_int(&c);
	if (c.error)
		return c.error;
	*ret = s;
	s = (struct journal_session){ 0 };
	return 0;
}

int row_get_finding(struct journal *journal, int64_t id, struct finding *ret)
{
	_cleanup_stmt_ sqlite3_stmt *stmt = NULL;
	int r;

	r = store_stmt(journal, STMT_FINDING_GET, &stmt);
	if (r < 0)
		return r;
	sqlite3_bind_int64(stmt, 1, id);
	r = store_step(journal, stmt);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	return row_read_finding(journal, stmt, ret);
}

int row_get_session(struct journal *journal, int64_t id, struct journal_session *ret)
{
	_cleanup_stmt_ sqlite3_stmt *stmt = NULL;
	int r;

	r = store_stmt(journal, STMT_SESSION_GET, &stmt);
	if (r < 0)
		return r;
	sqlite3_bind_int64(stmt, 1, id);
	r = store_step(journal, stmt);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	return row_read_session(stmt, ret);
}
