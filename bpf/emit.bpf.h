/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * emit.bpf.h - the one emitter, and ask(): judge, record, answer.
 *
 * The answer is known before a record is reserved: a full ring loses a line of the report, never a refusal, and what is
 * lost is counted. Mode is applied in cordon_answer_of() and nowhere else.
 */
#ifndef CORDON_EMIT_BPF_H
#define CORDON_EMIT_BPF_H

#include "object.bpf.h"

static __always_inline void emit_count_lost(__u32 session, __u32 rule)
{
	__u64 key = (__u64)session << 32 | rule, one = 1;
	__u64 *count = bpf_map_lookup_elem(&lost, &key);

	if (count)
		__sync_fetch_and_add(count, 1); /* we may be preempted by another task on this CPU */
	else
		bpf_map_update_elem(&lost, &key, &one, BPF_NOEXIST);
}

static __always_inline void *emit_ring(__u32 session)
{
	return bpf_map_lookup_elem(&rings, &session);
}

/* Type and size of a record, as one number: a global function takes five arguments. */
#define EMIT_KIND(type, record) ((type) << 16 | sizeof(*(record)))

/* Fills the head of a record about `address`, a process's first thread, as one at `level` sees it. */
CORDON_GLOBAL int emit_head(struct cordon_record *head, __u32 kind, __u64 address, struct cordon_label *label, __u32 level)
{
	struct task_struct *leader = (void *)address;

	if (!head || !label)
		return 0;
	head->abi = CORDON_ABI;
	head->type = kind >> 16;
	head->size = kind & 0xffff;
	head->time = bpf_ktime_get_ns();
	head->session = label->session;
	head->pid = task_pid_at(leader, level);
	head->tgid = BPF_CORE_READ(leader, tgid);
	head->ppid = task_pid_at(BPF_CORE_READ(leader, real_parent, group_leader), level);
	head->uid = (__u32)bpf_get_current_uid_gid();
	head->label = *label;
	head->label.reads &= ~CORDON_READS_MARKS;
	head->pad = 0;
	bpf_get_current_comm(head->comm, sizeof(head->comm));
	return 0;
}

/* The first thread of the current process. */
static __always_inline __u64 emit_leader(void)
{
	return (__u64)BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), group_leader);
}

/* What ask() needs beside the operation. Zero in what does not apply. */
struct ask_object {
	struct dentry *dentry;
	__u32 object;
	__u32 target;  /* process, as the kernel numbers it */
	__u32 package; /* whose the object is, where the finding is about that one; 0: it is about the task's */
	__u32 pad;
};

/* What came of an operation, as one number: a global function takes five arguments. */
#define VERDICT(rule, action, answer) ((rule) << 16 | (action) << 8 | (answer))

CORDON_GLOBAL int emit_finding(struct cordon_label *label, struct cordon_op *op, struct ask_object *object, __u32 verdict)
{
	struct cordon_record_finding *record;
	struct cordon_session *session;
	struct dentry *dentry;
	void *ring;
	int i;

	if (!label || !op || !object || !label->session) /* 0: the canary's */
		return 0;
	session = task_session(label);
	ring = emit_ring(label->session);
	record = ring ? bpf_ringbuf_reserve(ring, sizeof(*record), 0) : NULL;
	if (!record) {
		emit_count_lost(label->session, verdict >> 16);
		return 0;
	}
	emit_head(&record->head, EMIT_KIND(CORDON_RECORD_FINDING, record), emit_leader(), label, session ? session->level : 0);
	if (object->package)
		record->head.label.package = object->package == CORDON_PACKAGE_UNKNOWN ? 0 : object->package;
	record->op = *op;
	record->rule = verdict >> 16;
	record->action = verdict >> 8 & 0xff;
	record->answer = verdict & 0xff;
	record->target = object->target;
	record->object = object->object;
	record->names = 0;
	dentry = object->dentry;
	for (i = 0; i < CORDON_FINDING_NAMES && dentry; i++) {
		struct dentry *parent = BPF_CORE_READ(dentry, d_parent);

		if (!parent || parent == dentry)
			break;
		bpf_probe_read_kernel_str(record->name[i], CORDON_NAME_LEN, BPF_CORE_READ(dentry, d_name.name));
		record->names = i + 1;
		dentry = parent;
	}
	bpf_ringbuf_submit(record, 0);
	return 0;
}

CORDON_GLOBAL int ask_is_granted(struct cordon_label *label, struct cordon_op *op, struct ask_object *object, __u32 rule)
{
	if (!label || !op || !object || !label->package)
		return 0;
	if (rule == CORDON_RULE_NET_CONNECT || rule == CORDON_RULE_NET_SEND || rule == CORDON_RULE_NET_LISTEN) {
		struct cordon_grant_net key = {};

		__builtin_memcpy(key.addr, op->addr, sizeof(key.addr));
		key.session = label->session;
		key.package = label->package;
		key.rule = rule;
		key.port = op->port;
		if (bpf_map_lookup_elem(&grants_net, &key))
			return 1;
		key.port = 0;
		return bpf_map_lookup_elem(&grants_net, &key) != NULL;
	}
	/* Rules that a grant opens as a whole (proc.signal, kernel.mount...) have object 0. */
	struct cordon_grant_file key = {
		.session = label->session,
		.package = label->package,
		.rule = rule,
		.object = object->object,
	};

	return bpf_map_lookup_elem(&grants_file, &key) != NULL;
}

/*
 * Judges the operation of the current task, records what a rule did not allow, and gives the answer (enum
 * cordon_answer) for `backend`. KILL: the call is refused where that can be done, and the process is to be ended. A session
 * that is gone has left its labels behind for a moment: package code is refused, as it was before.
 */
CORDON_GLOBAL __u32 ask(struct cordon_label *label, struct cordon_op *op, struct ask_object *object, __u32 backend)
{
	struct cordon_session *session;
	__u32 rule, action, answer, mode = CORDON_MODE_ENFORCE;

	if (!label || !op || !object)
		return CORDON_ANSWER_EPERM;
	op->role = label->role;
	op->reads = label->reads & ~CORDON_READS_MARKS;
	rule = cordon_rule_of(op);
	if (rule == CORDON_RULE_NONE || rule >= CORDON_RULE_COUNT)
		return CORDON_ANSWER_PASS;
	session = task_session(label);
	action = label->role == CORDON_ROLE_ROOT ? CORDON_ACTION_ALLOW : CORDON_ACTION_DENY;
	if (session) {
		__u64 at = cordon_row_of(op) * CORDON_RULE_COUNT + rule;

		mode = session->mode;
		barrier_var(at); /* the compiler would check a copy that the verifier does not connect with this one */
		if (at < sizeof(session->actions))
			action = ((const __u8 *)session->actions)[at];
	}
	action = cordon_action_of(op, rule, action, ask_is_granted(label, op, object, rule));
	if (action == CORDON_ACTION_ALLOW)
		return CORDON_ANSWER_PASS;
	answer = cordon_answer_of(action, mode);
	if (backend == CORDON_BACKEND_TRACE)
		answer = cordon_answer_of_trace(rule, action, answer);
	/* The call goes on already: it can only be ended. */
	if ((label->reads & CORDON_READS_TWIN) && answer != CORDON_ANSWER_PASS)
		answer = CORDON_ANSWER_KILL;
	/* Every getpwuid() of every program asks nscd. */
	if (rule == CORDON_RULE_NET_BROKER && action == CORDON_ACTION_HIDE)
		return answer;
	/* Before it is told: who hears of it finds it so. */
	if (cordon_condemns(action, mode, label->role)) {
		package_condemn(label);
		emit_finding(label, op, object, VERDICT(rule, action, answer));
		return CORDON_ANSWER_KILL;
	}
	emit_finding(label, op, object, VERDICT(rule, action, answer));
	return answer;
}

/* What a hook returns for an answer. The verifier of 6.8 and later wants to see constants, and clang-14 folds a choice
 * between them into arithmetic whose range it loses (reference/kernel.md, section 8): so, moves it cannot fold. */
static __always_inline int answer_errno(__u32 answer)
{
	int ret;

	if (answer == CORDON_ANSWER_PASS)
		asm volatile("%0 = 0" : "=r"(ret));
	else if (answer == CORDON_ANSWER_ENOENT)
		asm volatile("%0 = -2" : "=r"(ret));
	else if (answer == CORDON_ANSWER_AGAIN)
		asm volatile("%0 = -513" : "=r"(ret));
	else if (answer == CORDON_ANSWER_NOT_SO)
		asm volatile("%0 = -95" : "=r"(ret)); /* EOPNOTSUPP */
	else
		asm volatile("%0 = -1" : "=r"(ret));
	return ret;
}

/* The same for what task_admit() gives. */
static __always_inline int admit_errno(int error)
{
	int ret;

	if (!error)
		asm volatile("%0 = 0" : "=r"(ret));
	else if (error == -ERESTARTNOINTR)
		asm volatile("%0 = -513" : "=r"(ret));
	else
		asm volatile("%0 = -1" : "=r"(ret));
	return ret;
}

#endif
