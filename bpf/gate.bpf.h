/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * gate.bpf.h - where an installer takes an artifact into use it waits for the controller's verdict: it is stopped, and its
 * call is made once more when it is woken. Here is what such a place is, and what holds once there is a verdict.
 *
 * A verdict is on one state of one file: nobody has it open for writing, and its time of change is what it was. Each
 * opening, each read and each mapping looks again. Nobody there to ask, or no way to ask: refused.
 */
#ifndef CORDON_GATE_BPF_H
#define CORDON_GATE_BPF_H

#include "layer.bpf.h"
#include "job.bpf.h"
#include "wait.bpf.h"

/* Of the way up to a folder whose name tells. */
struct gate_walk {
	struct dentry *dentry;
	__u64 leaf;
	__u64 kind; /* CORDON_GATE_FOLDER, or like leaf */
	__u64 levels;
	__u32 session;
	__u16 installer;
	__u8 verb;
	__u8 found;
};

/* Of the way along a folder's name. */
struct gate_name {
	char name[CORDON_NAME_LEN];
	__u64 hash;
	__u64 kept; /* without the digits behind it */
};

/* One byte of a name; gives 1 at its end. Apart from object_name_hash(): two ways for each byte of a plain loop cost the verifier
 * 5,000 instructions in every program that looks at files. */
CORDON_GLOBAL int gate_name_step(struct gate_name *name, __u32 at)
{
	__u32 c;

	if (!name || at >= CORDON_NAME_LEN)
		return 1;
	c = (unsigned char)name->name[at];
	if (!c)
		return 1;
	name->hash = cordon_hash_step(name->hash, (unsigned char)c);
	if (c < '0' || c > '9')
		name->kept = name->hash;
	return 0;
}

static long gate_name_walk(__u32 at, struct gate_name *name)
{
	return gate_name_step(name, at) ? 1 : 0;
}

/* Hash of the name of a folder, without digits at its end: as struct cordon_gate_key has it. 0: it is too long, or none. */
CORDON_GLOBAL __u64 gate_folder_hash(__u64 address)
{
	struct gate_name name = { .hash = CORDON_HASH_START, .kept = CORDON_HASH_START };
	struct dentry *dentry = (void *)address;
	const unsigned char *from = BPF_CORE_READ(dentry, d_name.name);
	long len = bpf_probe_read_kernel_str(name.name, sizeof(name.name), from);

	if (len <= 1 || len >= CORDON_NAME_LEN)
		return 0;
	bpf_loop(CORDON_NAME_LEN, gate_name_walk, &name, 0);
	return name.kept;
}

/* One level more; gives 1 where it is the last. Global for the reason that object_step() has. */
CORDON_GLOBAL int gate_step(struct gate_walk *walk, __u32 below)
{
	struct dentry *dentry, *parent;
	struct cordon_gate_key key = {};
	struct cordon_gate *gate;

	if (!walk)
		return 1;
	dentry = walk->dentry;
	parent = BPF_CORE_READ(dentry, d_parent);
	if (!parent || parent == dentry)
		return 1;
	walk->dentry = parent;
	key.level = walk->verb == CORDON_GATE_CREATE ? CORDON_GATE_ANY : below + 1;
	if (!(walk->levels >> (key.level & 63) & 1))
		return 0;
	key.name = gate_folder_hash((__u64)parent);
	key.session = walk->session;
	key.installer = walk->installer;
	key.verb = walk->verb;
	gate = bpf_map_lookup_elem(&gates, &key);
	walk->found = gate && (!gate->leaf || gate->leaf == walk->leaf || gate->leaf == walk->kind);
	return walk->found;
}

static long gate_walk_step(__u32 below, struct gate_walk *walk)
{
	return gate_step(walk, below) ? 1 : 0;
}

/* What the task's installer has names for: bits as of struct cordon_gate's level 0. */
static __always_inline __u64 gate_levels(struct cordon_label *label, __u32 verb)
{
	struct cordon_gate_key key = {};
	struct cordon_gate *gate;

	key.session = label->session;
	key.installer = label->installer;
	key.verb = verb;
	gate = bpf_map_lookup_elem(&gates, &key);
	return gate ? gate->leaf : 0;
}

/* Beside a verb: it is a folder that has the name, or gets it. */
#define GATE_IS_FOLDER 0x100u

/* Whether the name, `dentry`'s, is one by which the task's installer takes things into use. */
CORDON_GLOBAL int gate_is_named(struct cordon_label *label, __u64 address, __u32 verb)
{
	struct gate_walk walk = {};

	if (!label)
		return 0;
	walk.levels = gate_levels(label, verb & 0xff);
	if (!(walk.levels & ~CORDON_GATE_ARCHIVES))
		return 0;
	walk.dentry = (void *)address;
	walk.leaf = object_name_hash(address);
	walk.kind = verb & GATE_IS_FOLDER ? CORDON_GATE_FOLDER : walk.leaf;
	walk.session = label->session;
	walk.installer = label->installer;
	walk.verb = verb;
	bpf_loop(verb == CORDON_GATE_CREATE ? CORDON_WALK_MAX : CORDON_GATE_LEVELS, gate_walk_step, &walk, 0);
	return walk.found;
}

/* The last letters of a name, small ones, as gate_is_archive() compares them. */
#define GATE_END3(a, b, c) ((__u32)(a) | (__u32)(b) << 8 | (__u32)(c) << 16)
#define GATE_END4(a, b, c, d) (GATE_END3(a, b, c) | (__u32)(d) << 24)

/* Whether the last bytes of the name are those of an archive that installers unpack; pip takes capitals for small letters. */
CORDON_GLOBAL int gate_is_archive(__u64 address)
{
	struct dentry *dentry = (void *)address;
	const unsigned char *name = BPF_CORE_READ(dentry, d_name.name);
	__u32 len = BPF_CORE_READ(dentry, d_name.len), end = 0;

	if (len < 4 || bpf_probe_read_kernel(&end, 4, name + len - 4))
		return 0;
	/* What else becomes one of these by it is no letter that a name ends in. */
	end |= 0x20202020;
	switch (end) {
	case GATE_END4('.', 'w', 'h', 'l'):
	case GATE_END4('.', 'z', 'i', 'p'):
	case GATE_END4('.', 't', 'a', 'r'):
	case GATE_END4('.', 't', 'g', 'z'):
	case GATE_END4('.', 't', 'b', 'z'):
	case GATE_END4('.', 't', 'x', 'z'):
	case GATE_END4('.', 't', 'l', 'z'):
	case GATE_END4('.', 'b', 'z', '2'):
	case GATE_END4('l', 'z', 'm', 'a'):
	case GATE_END4('.', 'z', 's', 't'):
	case GATE_END4('.', 'g', 'e', 'm'):
	case GATE_END4('r', 'a', 't', 'e'): /* .crate */
	case GATE_END4('o', 'n', 'd', 'a'): /* .conda */
		return 1;
	}
	return end >> 8 == GATE_END3('.', 'g', 'z') || end >> 8 == GATE_END3('.', 'x', 'z') || end >> 8 == GATE_END3('.', 'l', 'z');
}

/* How far below a folder for temporary files a download may lie: pip-unpack-x/FILE. */
#define GATE_FRESH_DEPTH 2

/* pip unpacks by content what a server has given any name, or none: what is new there is looked at whatever it is called. */
static __always_inline bool gate_is_fresh(struct cordon_label *label, struct file_request *request, struct inode *inode)
{
	struct cordon_session *session = task_session(label);

	return (request->hit.met & 1u << CORDON_ZONE_TEMP) && request->hit.depth <= GATE_FRESH_DEPTH && session &&
	       origin_ctime(inode) >= session->began;
}

/* How often a job says that it still waits, ms. What the controller has answered by no verdict is looked at anew then. */
#define GATE_ASK_MS 100

/* Notes that a job waits for the verdict on this state of the file. Gives 0, or 1: the job is to be stopped. That is so where
 * there is a verdict on an earlier state, which goes on refusing what was opened then. */
static __always_inline int gate_note_job(struct cordon_origin_key *key, __u64 changed)
{
	struct cordon_verdict note = { .answer = CORDON_ANSWER_AGAIN }, *known;

	note.changed = changed;
	note.asked = bpf_ktime_get_ns() / 1000000;
	known = bpf_map_lookup_elem(&verdicts, key);
	if (known && known->answer != CORDON_ANSWER_AGAIN)
		return 1;
	if (known && known->changed == changed) {
		known->asked = note.asked;
		return 0;
	}
	if (known)
		bpf_map_delete_elem(&verdicts, key);
	/* Not over one that the controller has given meanwhile. */
	return bpf_map_update_elem(&verdicts, key, &note, BPF_NOEXIST) != 0;
}

/* Asks the controller. Gives 1 where the task was stopped, or makes its call again and again. */
CORDON_GLOBAL int gate_ask(struct cordon_label *label, struct file_request *request)
{
	struct cordon_origin_key key = {};
	struct cordon_record_gate *record;
	struct cordon_session *session;
	struct dentry *dentry;
	void *ring;

	if (!label || !request || !label->session)
		return 0;
	session = task_session(label);
	if (!session || !session_is_alive(session, label->session) || !wait_can_stop(label, request))
		return 0;
	dentry = request->dentry;
	origin_key(&key, BPF_CORE_READ(dentry, d_inode), label->session);
	ring = emit_ring(label->session);
	record = ring ? bpf_ringbuf_reserve(ring, sizeof(*record), 0) : NULL;
	if (!record)
		return 0;
	emit_head(&record->look.head, EMIT_KIND(CORDON_RECORD_GATE, record), emit_leader(), label, session->level);
	wait_fill(&record->look, label, request, &key);
	dentry = request->to ? request->to : request->dentry;
	bpf_probe_read_kernel_str(record->leaf, sizeof(record->leaf), BPF_CORE_READ(dentry, d_name.name));
	record->look.polls = !record->look.final && task_is_job() && !gate_note_job(&key, record->look.changed);
	if (record->look.polls ? job_again() : bpf_send_signal_thread(SIGSTOP)) {
		bpf_ringbuf_discard(record, 0);
		return 0;
	}
	/* Whoever wakes it too early has it stopped at its next call. The controller takes this away. */
	if (!record->look.polls)
		label->flags |= CORDON_LABEL_HELD;
	bpf_ringbuf_submit(record, 0);
	return 1;
}

/* A job waits for the verdict on that file already: gives 1 where it goes on waiting, and has said so not long ago. Apart from
 * gate_answer(), for the stack that it takes. */
CORDON_GLOBAL int gate_polls(struct cordon_label *label, struct file_request *request)
{
	struct cordon_origin_key key = {};
	struct cordon_session *session;
	struct cordon_verdict *verdict;
	struct dentry *dentry;
	struct inode *inode;

	if (!label || !request)
		return 0;
	dentry = request->dentry;
	inode = BPF_CORE_READ(dentry, d_inode);
	origin_key(&key, inode, label->session);
	verdict = bpf_map_lookup_elem(&verdicts, &key);
	if (!verdict || verdict->answer != CORDON_ANSWER_AGAIN || verdict->changed != origin_ctime(inode) ||
	    (__u32)(bpf_ktime_get_ns() / 1000000) - verdict->asked > GATE_ASK_MS || wait_is_final(label, request))
		return 0;
	session = task_session(label);
	return session && session_is_alive(session, label->session) && task_is_job() && !job_again();
}

/* Whether it is no system call of the task's that asks, but its io_uring: it could be made by one. */
static __always_inline bool gate_is_by_ring(struct cordon_label *label, struct file_request *request)
{
	struct cordon_session *session = task_session(label);

	return !wait_can_stop(label, request) && !(label->reads & CORDON_READS_TWIN) && session &&
	       session->mode == CORDON_MODE_ENFORCE;
}

/* What stands against an artifact that the controller has not seen, or not as it is now. Nothing is said of a ring's: libuv
 * tries the same by a system call where it is told that the kernel does not know the operation. */
CORDON_GLOBAL __u32 gate_refuse(struct cordon_label *label, struct file_request *request, __u32 what)
{
	struct ask_object object = {};
	struct cordon_op op = {};

	if (!label || !request)
		return CORDON_ANSWER_EPERM;
	if (gate_is_by_ring(label, request))
		return CORDON_ANSWER_NOT_SO;
	op.kind = CORDON_OP_ARTIFACT;
	op.what = what;
	op.depth = request->hit.depth;
	object.dentry = request->dentry;
	object.object = request->hit.object;
	return ask(label, &op, &object, request->backend);
}

/* Whether the verdict is on the file as it is now. */
static __always_inline bool gate_holds(const struct cordon_verdict *verdict, struct inode *inode)
{
	return verdict->changed == CORDON_VERDICT_ALWAYS ||
	       (verdict->changed == origin_ctime(inode) && !origin_is_written(inode));
}

/* The verdict on the file of the request, which is one that is taken into use; AGAIN: the task waits for it. */
CORDON_GLOBAL __u32 gate_answer(struct cordon_label *label, struct file_request *request)
{
	struct cordon_verdict *verdict;
	struct cordon_origin_key key = {};
	struct dentry *dentry;
	struct inode *inode;

	if (!label || !request)
		return CORDON_ANSWER_EPERM;
	dentry = request->dentry;
	inode = BPF_CORE_READ(dentry, d_inode);
	origin_key(&key, inode, label->session);
	verdict = bpf_map_lookup_elem(&verdicts, &key);
	if (verdict && verdict->answer == CORDON_ANSWER_AGAIN) {
		if (gate_polls(label, request))
			return CORDON_ANSWER_AGAIN;
	} else if (verdict && gate_holds(verdict, inode)) {
		if (verdict->answer == CORDON_ANSWER_PASS)
			label->reads |= CORDON_READS_PASSED;
		return verdict->answer;
	}
	return gate_ask(label, request) ? CORDON_ANSWER_AGAIN : gate_refuse(label, request, CORDON_ARTIFACT_UNSEEN);
}

/* An installer opens a regular file for reading, and for that alone. */
static __always_inline __u32 gate_open(struct cordon_label *label, struct file_request *request)
{
	struct dentry *dentry = request->dentry;

	if (label->role != CORDON_ROLE_INSTALLER || (request->access & CORDON_ACCESS_WRITE) ||
	    (BPF_CORE_READ(dentry, d_inode, i_mode) & S_IFMT) != S_IFREG)
		return CORDON_ANSWER_PASS;
	if ((gate_levels(label, CORDON_GATE_OPEN) & CORDON_GATE_ARCHIVES) &&
	    (gate_is_archive((__u64)dentry) || gate_is_fresh(label, request, BPF_CORE_READ(dentry, d_inode))))
		return gate_answer(label, request);
	if (!gate_is_named(label, (__u64)dentry, CORDON_GATE_OPEN))
		return CORDON_ANSWER_PASS;
	return gate_answer(label, request);
}

/* An installer gives what it has unpacked or fetched the name under which it uses it. */
CORDON_GLOBAL __u32 gate_rename(struct cordon_label *label, struct file_request *request)
{
	struct dentry *dentry;
	__u32 verb = CORDON_GATE_RENAME;

	if (!label || !request)
		return CORDON_ANSWER_EPERM;
	if (label->role != CORDON_ROLE_INSTALLER)
		return CORDON_ANSWER_PASS;
	dentry = request->dentry;
	if ((BPF_CORE_READ(dentry, d_inode, i_mode) & S_IFMT) == S_IFDIR)
		verb |= GATE_IS_FOLDER;
	/* It is asked about by the name that the installer gives it. */
	if (!gate_is_named(label, (__u64)request->to, verb) || layer_is_worked_on((__u64)dentry))
		return CORDON_ANSWER_PASS;
	object_find((__u64)dentry, label->session, &request->hit);
	return gate_answer(label, request);
}

/*
 * A read, or a mapping, of what there was a verdict on. As soon as it is not the state that it was on any more, the task waits
 * for another one: a mode, a name or a link of it may have changed, and who changes the content has that judged. What has no
 * name left the controller cannot look at; nor can a call wait that execve(2) makes.
 */
static __always_inline __u32 gate_read(struct cordon_label *label, struct file *file, __u32 backend)
{
	struct file_request request = { .kind = CORDON_OP_OPEN, .backend = backend };
	struct cordon_verdict *verdict;
	struct cordon_origin_key key = {};
	struct dentry *dentry;
	struct inode *inode;

	if (label->role != CORDON_ROLE_INSTALLER || !file)
		return CORDON_ANSWER_PASS;
	dentry = BPF_CORE_READ(file, f_path.dentry);
	request.dentry = dentry;
	inode = BPF_CORE_READ(dentry, d_inode);
	if (!inode || (BPF_CORE_READ(inode, i_mode) & S_IFMT) != S_IFREG)
		return CORDON_ANSWER_PASS;
	origin_key(&key, inode, label->session);
	verdict = bpf_map_lookup_elem(&verdicts, &key);
	if (!verdict || verdict->answer == CORDON_ANSWER_AGAIN)
		return CORDON_ANSWER_PASS;
	if (gate_holds(verdict, inode))
		return verdict->answer;
	if (BPF_CORE_READ(inode, i_nlink) && !task_is_in_exec()) {
		object_find((__u64)dentry, label->session, &request.hit);
		if (gate_ask(label, &request))
			return CORDON_ANSWER_AGAIN;
	}
	return gate_refuse(label, &request, CORDON_ARTIFACT_CHANGED);
}

#endif
