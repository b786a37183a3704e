/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * exec.bpf.c - roles are decided at exec, and package code is held there.
 *
 * sched_process_exec fires past the point of no return and before the first instruction, in every backend. Arguments are
 * readable in the new memory only. Here only `root` becomes `installer`; whatever an installer or a helper starts is put
 * to `package` and stopped, and the controller, which can look at files, may raise it again (user/session/decide.h).
 */
#include "admit.bpf.h"
#include "argv.h"
#include "program.bpf.h"

char _license[] SEC("license") = "Dual BSD/GPL";

static __always_inline struct cordon_recognition *exec_look_up(const struct cordon_features *f, __u32 token, __u32 session)
{
	struct cordon_recognition_key key;

	if (!cordon_recognition_key(f, token, session, &key))
		return NULL;
	return bpf_map_lookup_elem(&recognition, &key);
}

/* Gives 1 and *ret where the program is an installer, 0 where it is none, -1 where that cannot be told. */
CORDON_GLOBAL int exec_recognise(struct cordon_record_exec *record, struct cordon_session *session,
				     struct cordon_recognition *ret)
{
	struct cordon_recognition *hit, *interpreter;
	struct cordon_features f;
	struct cordon_args args;
	__u32 id, token;

	if (!record || !session || !ret)
		return -1;
	id = record->head.session;
	cordon_argv_exe(&f, record->path, record->path_len);
	if (f.flags & CORDON_FEATURE_UNDECIDABLE)
		return -1;
	for (token = CORDON_TOKEN_EXE; token <= CORDON_TOKEN_EXE_VERSION; token++) {
		hit = exec_look_up(&f, token, id);
		if (hit) {
			*ret = *hit;
			return 1;
		}
	}
	interpreter = exec_look_up(&f, CORDON_TOKEN_INTERPRETER, id);
	if (!interpreter)
		return 0;
	args.bytes = record->args;
	args.len = record->args_len;
	args.truncated = record->truncated;
	cordon_argv_scan(&f, interpreter->installer, session->codes, &args);
	if (f.flags & CORDON_FEATURE_UNDECIDABLE)
		return -1;
	for (token = CORDON_TOKEN_SCRIPT_PAIR; token < CORDON_TOKEN_COUNT; token++) {
		hit = exec_look_up(&f, token, id);
		if (hit) {
			*ret = *hit;
			return 1;
		}
	}
	if (f.code && f.code <= CORDON_CODES_MAX) {
		const struct cordon_code *code = &session->codes[f.code - 1];

		ret->installer = code->installer;
		ret->role = code->role;
		return 1;
	}
	return 0;
}

/* The role after the exec, with all that depends on it. `record` is NULL where the ring is full. */
static __noinline void exec_decide(struct cordon_label *label, struct cordon_record_exec *record,
				   struct cordon_session *session)
{
	struct cordon_recognition found = {};
	int known;

	if (!label || !session)
		return;
	switch (label->role) {
	case CORDON_ROLE_PROJECT:
		if (!(label->flags & CORDON_LABEL_CONFINED))
			return;
		/* fall through: the session's own command, confined */
	case CORDON_ROLE_ROOT:
		known = record ? exec_recognise(record, session, &found) : -1;
		if (!known)
			return;
		if (known > 0) {
			label->installer = found.installer;
			label->role = found.role == CORDON_ROLE_PROJECT ? CORDON_ROLE_PROJECT : CORDON_ROLE_INSTALLER;
			label->flags = 0;
			return;
		}
		break;
	case CORDON_ROLE_INSTALLER:
	case CORDON_ROLE_HELPER:
		break;
	default:
		return; /* package code never leaves that role, whatever it starts */
	}
	hold_as_package(label);
}

/* The program that runs from here on: on trace it is judged now, before its first instruction, on fmod_ret for the
 * capabilities that its file has given; in every backend a linker is known by it. */
static __always_inline void exec_program(struct cordon_label *label, struct linux_binprm *bprm, __u8 role_before)
{
	struct cordon_state *st = guard_state();
	struct file_request request = {};
	bool gained = program_has_gained(bprm);

	program_request(&request, bprm, CORDON_BACKEND_TRACE);
	if (gained)
		request.traits |= CORDON_TRAIT_SETID;
	/* Code that is held for its package anyway is not held a second time. */
	if (role_before != label->role)
		request.access = PROGRAM_FINAL;
	if (st && role_before > CORDON_ROLE_ROOT &&
	    (st->backend == CORDON_BACKEND_TRACE || (st->backend == CORDON_BACKEND_FMOD_RET && gained))) {
		__u32 answer = program_judge(label, &request);

		if (answer != CORDON_ANSWER_PASS && answer != CORDON_ANSWER_AGAIN)
			bpf_send_signal(SIGKILL);
	}
	request.access = 0;
	__builtin_memset(&request.hit, 0, sizeof(request.hit));
	program_note_tool(label, &request);
}

/*
 * Past the point of no return. Where the kernel preempts tracepoints (7.3), the program below is skipped for every task of a
 * CPU while one run of it is preempted there: code of a package would go on as what started it. So the label says that it has
 * yet to come, and admit_late() decides where it did not. Whoever is package code already stays that, but may be no linker
 * any more.
 */
static __always_inline int exec_expect(void)
{
	struct cordon_label *label = task_label();

	if (!label)
		return 0;
	label->flags &= ~(CORDON_LABEL_LINKER | CORDON_LABEL_KEEPER);
	if (label->role != CORDON_ROLE_PACKAGE)
		label->reads |= CORDON_READS_EXEC;
	return 0;
}

SEC("?lsm/bprm_committed_creds")
int BPF_PROG(cordon_l_committed, struct linux_binprm *bprm)
{
	return exec_expect();
}

SEC("?fentry/security_bprm_committed_creds")
int BPF_PROG(cordon_m_committed, struct linux_binprm *bprm)
{
	return exec_expect();
}

SEC("?tp_btf/sched_process_exec")
int BPF_PROG(cordon_exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	struct cordon_label *label = task_label();
	struct cordon_record_exec *record;
	struct cordon_session *session;
	__u8 role_before;
	void *ring;
	long len;

	if (!label)
		return 0;
	session = task_session(label);
	if (!session) {
		if (label->role != CORDON_ROLE_ROOT)
			bpf_send_signal(SIGKILL);
		return 0;
	}
	role_before = label->role;
	label->reads &= ~CORDON_READS_EXEC;
	label->flags &= ~CORDON_LABEL_SHARED; /* an exec leaves what was shared */
	ring = emit_ring(label->session);
	record = ring ? bpf_ringbuf_reserve(ring, sizeof(*record), 0) : NULL;
	if (!record) {
		emit_count_lost(label->session, CORDON_RULE_NONE);
		exec_decide(label, NULL, session);
		exec_program(label, bprm, role_before);
		hold_unbound(label, NULL, session);
		return 0;
	}
	emit_head(&record->head, EMIT_KIND(CORDON_RECORD_EXEC, record), emit_leader(), label, session->level);
	hold_read_args(record, task);
	len = bpf_probe_read_kernel_str(record->path, sizeof(record->path), bprm->interp);
	record->path_len = len > 0 ? len : 0;
	record->held = 0;
	exec_decide(label, record, session);
	exec_program(label, bprm, role_before);
	hold_unbound(label, record, session);
	len = bpf_probe_read_kernel_str(record->path, sizeof(record->path), bprm->filename);
	record->path_len = len > 0 ? len : 0;
	record->role_before = role_before;
	record->head.label = *label;
	bpf_ringbuf_submit(record, 0);
	return 0;
}
