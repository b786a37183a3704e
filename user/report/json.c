/* SPDX-License-Identifier: Apache-2.0 */
#include "report/report.h"

#include "base/cleanup.h"
#include "base/rule.h"
#include "base/text.h"
#include "report/field.h"

#include <errno.h>
#include <string.h>

json_t *report_json_string(const char *text)
{
	_cleanup_free_ char *fixed = NULL;
	size_t n = 0;

	if (!text)
		return json_null();
	fixed = malloc(strlen(text) * 4 + 1); /* \xNN for each byte */
	if (!fixed)
		return NULL;
	while (*text) {
		uint32_t code;
		size_t len = text_utf8_decode(text, &code);

		if (len) {
			memcpy(fixed + n, text, len);
			n += len;
			text += len;
		} else {
			n += (size_t)snprintf(fixed + n, 5, "\\x%02x", (unsigned char)*text++);
		}
	}
	return json_stringn(fixed, n);
}

int report_json_write(FILE *out, json_t *json)
{
	int r;

	if (!json)
		return -ENOMEM;
	r = json_dumpf(json, out, JSON_COMPACT | JSON_ENSURE_ASCII);
	json_decref(json);
	if (r < 0 || fputc('\n', out) == EOF)
		return -EIO;
	return 0;
}

/* The setters take the value's reference, also where they fail; jansson refuses NULL, so a failed allocation of a value
 * shows as a failed set. */
static int set(json_t *object, const char *key, json_t *value)
{
	return json_object_set_new(object, key, value) < 0 ? -ENOMEM : 0;
}

static int set_string(json_t *object, const char *key, const char *value)
{
	return set(object, key, report_json_string(value));
}

static int set_time(json_t *object, const char *key, int64_t ms)
{
	char time[FIELD_TIME_SIZE];

	if (!ms)
		return set(object, key, json_null());
	field_time(ms, time, sizeof(time));
	return set(object, key, json_string(time));
}

static json_t *package_json(const struct finding *f)
{
	json_t *json;

	if (!f->package)
		return json_null();
	json = json_object();
	/* That of a start-up file goes with its path. */
	if (set_string(json, "ecosystem", f->ecosystem) < 0 || set_string(json, "name", f->package) < 0 ||
	    set_string(json, "version", f->version) < 0 ||
	    set_string(json, "sha256", f->rule == CORDON_RULE_FILE_STARTUP ? NULL : f->sha256) < 0) {
		json_decref(json);
		return NULL;
	}
	return json;
}

static json_t *process_json(const struct finding_process *p)
{
	json_t *json = json_object();

	if (set(json, "pid", p->pid ? json_integer(p->pid) : json_null()) < 0 || set_string(json, "exe", p->exe) < 0 ||
	    set_string(json, "argv", p->argv) < 0 || set_string(json, "cwd", p->cwd) < 0 ||
	    set(json, "uid", p->uid >= 0 ? json_integer(p->uid) : json_null()) < 0 ||
	    set_string(json, "role", role_name(p->role)) < 0) {
		json_decref(json);
		return NULL;
	}
	return json;
}

static json_t *process_tree_json(const struct finding *f)
{
	json_t *json = process_json(&f->process);
	json_t *ancestry = json_array();

	for (size_t i = 0; i < f->ancestry_count; i++) {
		if (json_array_append_new(ancestry, process_json(&f->ancestry[i])) < 0) {
			json_decref(ancestry);
			json_decref(json);
			return NULL;
		}
	}
	if (set(json, "ancestry", ancestry) < 0) {
		json_decref(json);
		return NULL;
	}
	return json;
}

static json_t *object_json(const struct finding *f)
{
	bool net = f->object_address || f->object_protocol;
	json_t *json;
	int r;

	if (!net && !f->object_path && !f->object_pid)
		return json_null();
	json = json_object();
	if (f->rule == CORDON_RULE_ENV_SECRET) {
		r = set_string(json, "variable", f->object_protocol);
	} else if (f->object_path) {
		r = set_string(json, "path", f->object_path);
		if (r == 0 && f->rule == CORDON_RULE_FILE_STARTUP)
			r = set_string(json, "sha256", f->sha256);
	} else if (net) {
		r = set_string(json, "address", f->object_address);
		if (r == 0)
			r = set(json, "port", f->object_address ? json_integer(f->object_port) : json_null());
		if (r == 0)
			r = set_string(json, "protocol", f->object_protocol);
	} else {
		r = set(json, "pid", json_integer(f->object_pid));
	}
	if (r < 0) {
		json_decref(json);
		return NULL;
	}
	return json;
}

static json_t *hint_json(const struct finding *f)
{
	CLEANUP(grant_release) struct policy_grant grant = { 0 };
	_cleanup_free_ char *hint = NULL;
	const char *why = "";
	int r;

	if (f->hint)
		return report_json_string(f->hint);
	r = report_narrowest_grant(f, &grant, &why);
	if (r < 0 && r != -ENOTSUP)
		return NULL;
	hint = r == 0 ? text_format("cordon allow %lld", (long long)f->id) :
			text_format("no grant allows this: %s", why);
	return hint ? json_string(hint) : NULL;
}

json_t *report_finding_json(const struct finding *f)
{
	json_t *json = json_object();

	if (set(json, "id", json_integer(f->id)) < 0 || set_time(json, "time", f->time) < 0 ||
	    set(json, "session", json_integer(f->session)) < 0 || set_string(json, "mode", mode_name(f->mode)) < 0 ||
	    set_string(json, "backend", backend_name(f->backend)) < 0 ||
	    set_string(json, "action", action_name(f->action)) < 0 ||
	    set_string(json, "answer", answer_name(f->answer)) < 0 ||
	    set_string(json, "rule", rule_name(f->rule)) < 0 ||
	    set(json, "package", package_json(f)) < 0 || set_string(json, "installer", f->installer) < 0 ||
	    set(json, "process", process_tree_json(f)) < 0 || set(json, "object", object_json(f)) < 0 ||
	    set_string(json, "origin", f->origin) < 0 ||
	    set_string(json, "reason", f->reason ? f->reason : rule_summary(f->rule)) < 0 ||
	    set(json, "hint", hint_json(f)) < 0 || set(json, "count", json_integer(f->count)) < 0) {
		json_decref(json);
		return NULL;
	}
	return json;
}

json_t *report_session_json(const struct journal_session *s)
{
	json_t *json = json_object();

	if (set(json, "id", json_integer(s->id)) < 0 || set_time(json, "started", s->started) < 0 ||
	    set_time(json, "ended", s->ended) < 0 || set_string(json, "mode", mode_name(s->mode)) < 0 ||
	    set_string(json, "backend", backend_name(s->backend)) < 0 ||
	    set(json, "uid", s->uid >= 0 ? json_integer(s->uid) : json_null()) < 0 ||
	    set_string(json, "command", s->command) < 0 || set_string(json, "cwd", s->cwd) < 0 ||
	    set(json, "status", s->status >= 0 ? json_integer(s->status) : json_null()) < 0 ||
	    set(json, "findings", json_integer(s->findings)) < 0 ||
	    set(json, "refused", json_integer(s->refused)) < 0 ||
	    set(json, "lost", json_integer(s->lost)) < 0 || set_string(json, "policy_digest", s->policy_digest) < 0) {
		json_decref(json);
		return NULL;
	}
	return json;
}
