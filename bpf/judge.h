/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * judge.h - the one place that says allow or deny, compiled for the kernel and for user space.
 *
 * Four steps, each a pure function of its arguments:
 *   cordon_rule_of()    which rule speaks about an operation, if any
 *   cordon_action_of()  what the policy says of that rule for that role
 *   cordon_answer_of()  what is done about it: the only place that knows the mode
 *   cordon_strength()   how well a backend can do it: the table rule x backend, in strength.h
 *
 * No maps, no kernel structures, no libc: callers look grants up. tests/cases/ runs the same data through both builds.
 */
#ifndef CORDON_JUDGE_H
#define CORDON_JUDGE_H

#include "wire.h"

#define CORDON_INLINE static inline __attribute__((always_inline, unused))

/*
 * Functions that the verifier looks at once for each program, not once for each path to them: global ones are verified by
 * themselves, for any argument. They take numbers and pointers to structs (to be checked for NULL), kernel pointers as
 * numbers only. Weak, since each object has them. Without this exec's program alone took 8 s to load in a guest.
 */
#ifdef __bpf__
#define CORDON_GLOBAL __attribute__((weak, noinline))
#else
#define CORDON_GLOBAL CORDON_INLINE
#endif

/* Numbers of the stable user-space ABI; BPF code has no system headers to take them from. */
#define CORDON_AF_UNSPEC 0
#define CORDON_AF_UNIX 1
#define CORDON_AF_INET 2
#define CORDON_AF_INET6 10
#define CORDON_AF_NETLINK 16
#define CORDON_SOCK_STREAM 1
#define CORDON_SOCK_DGRAM 2
#define CORDON_SOCK_TYPE_MASK 0xf
#define CORDON_IPPROTO_TCP 6
#define CORDON_IPPROTO_UDP 17
#define CORDON_NETLINK_ROUTE 0

/* FNV-1a, 64 bit, over the bytes of a name. Not cryptographic, and it need not be: a collision with a protected name
 * refuses one open too many, a collision with an installer's name gives a role that grants nothing. What grants
 * something (addresses, packages) is never hashed. */
#define CORDON_HASH_START 0xcbf29ce484222325ULL

CORDON_INLINE __u64 cordon_hash_step(__u64 hash, unsigned char byte)
{
	return (hash ^ byte) * 0x100000001b3ULL;
}

#include "judge_net.h"

/* Whether the operation changes something. A link reads its source; its new name is a CREATE of its own. */
CORDON_INLINE int cordon_is_write(const struct cordon_op *op)
{
	if (op->kind == CORDON_OP_OPEN)
		return (op->access & CORDON_ACCESS_WRITE) != 0;
	return op->kind != CORDON_OP_LINK;
}

CORDON_INLINE int cordon_is_confined(__u32 role)
{
	return role == CORDON_ROLE_PACKAGE || role == CORDON_ROLE_PROJECT;
}

/* Takes: role and package of a label, of a confined task. Gives: the number by which `packages` knows it. */
CORDON_INLINE __u32 cordon_package_number(__u32 role, __u32 package)
{
	if (package)
		return package;
	return role == CORDON_ROLE_PROJECT ? CORDON_PACKAGE_PROJECT : CORDON_PACKAGE_UNKNOWN;
}

/* Start-up files have a name of their own for what is a write in a foreign place all the same. */
CORDON_INLINE __u32 cordon_rule_outside(const struct cordon_op *op)
{
	return op->traits & CORDON_TRAIT_STARTUP ? CORDON_RULE_FILE_STARTUP : CORDON_RULE_FILE_OUTSIDE;
}

/* A change in a place that is no protected one. Package code writes what its own package made, the project in its tree
 * too; installers and helpers everywhere but where nothing says that it is theirs. Global: it halves what the verifier walks
 * through for cordon_rule_of() in each program. */
CORDON_GLOBAL __u32 cordon_rule_of_write(const struct cordon_op *op)
{
	int confined;

	if (!op)
		return CORDON_RULE_FILE_OUTSIDE;
	confined = cordon_is_confined(op->role);
	/* Installing a wheel is the installer's business; what starts with python is judged by its content. */
	if (!confined && (op->traits & CORDON_TRAIT_STARTUP) && (op->kind == CORDON_OP_OPEN || op->kind == CORDON_OP_CREATE ||
								  op->kind == CORDON_OP_RENAME))
		return CORDON_RULE_FILE_STARTUP;
	switch (op->zone) {
	case CORDON_ZONE_PSEUDO:
		return CORDON_RULE_NONE;
	case CORDON_ZONE_OWN:
		/* Removing a name or moving it leaves the other names as they are. */
		if (confined && (op->traits & CORDON_TRAIT_LINKED) && (op->kind == CORDON_OP_OPEN || op->kind == CORDON_OP_ATTR))
			return CORDON_RULE_FILE_OUTSIDE;
		return CORDON_RULE_NONE;
	case CORDON_ZONE_TEMP:
	case CORDON_ZONE_CACHE:
		/* A package that installs itself into an environment (setup.py install) may not start there. */
		if (op->zone == CORDON_ZONE_CACHE && confined && (op->traits & CORDON_TRAIT_STARTUP))
			return CORDON_RULE_FILE_STARTUP;
		if (op->kind == CORDON_OP_CREATE && op->depth == 1)
			return CORDON_RULE_NONE;
		/* The cache itself, where there was none so far; or a file, which is a lock. */
		if (op->zone == CORDON_ZONE_CACHE && !op->depth &&
		    (op->kind == CORDON_OP_CREATE || op->kind == CORDON_OP_OPEN))
			return CORDON_RULE_NONE;
		return confined ? cordon_rule_outside(op) : CORDON_RULE_NONE;
	case CORDON_ZONE_PROJECT:
		return op->role == CORDON_ROLE_PACKAGE ? cordon_rule_outside(op) : CORDON_RULE_NONE;
	case CORDON_ZONE_TOOL:
	case CORDON_ZONE_PRIVATE:
	case CORDON_ZONE_OTHER:
		return confined ? cordon_rule_outside(op) : CORDON_RULE_NONE;
	default:
		return confined ? cordon_rule_outside(op) : CORDON_RULE_FILE_OUTSIDE;
	}
}

CORDON_INLINE __u32 cordon_rule_of_file(const struct cordon_op *op)
{
	/* Opening, linking and moving away are ways to what is inside. */
	int reaches = op->kind == CORDON_OP_OPEN || op->kind == CORDON_OP_LINK || op->kind == CORDON_OP_RENAME;
	int write = cordon_is_write(op);

	/* What an installer takes into use; package code is judged by its own package. */
	if ((op->traits & CORDON_TRAIT_CONDEMNED) && reaches && !cordon_is_confined(op->role) && op->role != CORDON_ROLE_ROOT)
		return CORDON_RULE_FILE_CONDEMNED;
	switch (op->zone) {
	case CORDON_ZONE_SECRET:
		if (!reaches)
			return CORDON_RULE_FILE_OUTSIDE;
		if (op->classes && (op->classes & ~op->reads) == 0)
			return CORDON_RULE_NONE;
		return CORDON_RULE_FILE_SECRET;
	case CORDON_ZONE_HIDDEN:
		return reaches ? CORDON_RULE_FILE_HIDDEN : CORDON_RULE_FILE_OUTSIDE;
	case CORDON_ZONE_DEEP:
		/* The walk did not reach the root, so the place may be a secret one. */
		return reaches ? CORDON_RULE_FILE_SECRET : CORDON_RULE_FILE_OUTSIDE;
	case CORDON_ZONE_GUARD:
		return write || op->kind != CORDON_OP_OPEN ? CORDON_RULE_GUARD_TAMPER : CORDON_RULE_NONE;
	case CORDON_ZONE_PERSIST:
		/* ~/.local/bin: a program for later runs is what `pip install --user` is asked for. */
		if (op->role == CORDON_ROLE_INSTALLER && (op->classes & CORDON_CLASS_INSTALLER))
			return CORDON_RULE_NONE;
		return write ? CORDON_RULE_FILE_PERSIST : CORDON_RULE_NONE;
	case CORDON_ZONE_PRIVATE:
		if (!write)
			return op->kind == CORDON_OP_OPEN && !(op->traits & CORDON_TRAIT_FOLDER) ? CORDON_RULE_FILE_PRIVATE :
												   CORDON_RULE_NONE;
		return cordon_rule_of_write(op);
	default:
		return write ? cordon_rule_of_write(op) : CORDON_RULE_NONE;
	}
}

CORDON_INLINE __u32 cordon_rule_of_program(const struct cordon_op *op)
{
	if (op->kind == CORDON_OP_EXEC && (op->traits & CORDON_TRAIT_SETID))
		return CORDON_RULE_EXEC_SETUID;
	switch (op->origin) {
	case CORDON_ORIGIN_SYSTEM:
	case CORDON_ORIGIN_UNPACKED:
	case CORDON_ORIGIN_BUILT:
		return CORDON_RULE_NONE;
	case CORDON_ORIGIN_MEMORY:
		return CORDON_RULE_EXEC_MEMORY;
	default:
		return CORDON_RULE_EXEC_DROPPED;
	}
}

/* Unix sockets: package code may talk to its own, installers and helpers to all but those who act for others. */
CORDON_INLINE __u32 cordon_rule_of_broker(const struct cordon_op *op)
{
	__u32 reads = op->reads | CORDON_CLASS_NAMES;

	if (op->kin)
		return CORDON_RULE_NONE;
	if (cordon_is_confined(op->role))
		return CORDON_RULE_NET_BROKER;
	if (op->role == CORDON_ROLE_INSTALLER)
		reads |= CORDON_CLASS_KEYRING;
	if (op->zone != CORDON_ZONE_BROKER || (op->classes && (op->classes & ~reads) == 0))
		return CORDON_RULE_NONE;
	return CORDON_RULE_NET_BROKER;
}

CORDON_INLINE __u32 cordon_rule_of_kernel(__u32 what)
{
	switch (what) {
	case CORDON_WHAT_BPF:
		return CORDON_RULE_KERNEL_BPF;
	case CORDON_WHAT_MODULE:
		return CORDON_RULE_KERNEL_MODULE;
	case CORDON_WHAT_MOUNT:
		return CORDON_RULE_KERNEL_MOUNT;
	case CORDON_WHAT_NAMESPACE:
		return CORDON_RULE_KERNEL_NAMESPACE;
	case CORDON_WHAT_IO_URING:
		return CORDON_RULE_KERNEL_IO_URING;
	case CORDON_WHAT_TTY:
		return CORDON_RULE_TTY_INJECT;
	case CORDON_WHAT_TASKS:
		return CORDON_RULE_FLOOD_TASKS;
	case CORDON_WHAT_FILES:
		return CORDON_RULE_FLOOD_FILES;
	default:
		return CORDON_RULE_KERNEL_CAPABILITY;
	}
}

CORDON_INLINE __u32 cordon_rule_of_artifact(__u32 what)
{
	switch (what) {
	case CORDON_ARTIFACT_CHANGED:
		return CORDON_RULE_IDENTITY_HASH;
	case CORDON_ARTIFACT_DENIED:
		return CORDON_RULE_IDENTITY_KNOWN_BAD;
	case CORDON_ARTIFACT_CONDEMNED:
		return CORDON_RULE_FILE_CONDEMNED;
	case CORDON_ARTIFACT_STARTUP:
		return CORDON_RULE_IDENTITY_STARTUP;
	default:
		return CORDON_RULE_IDENTITY_MALFORMED;
	}
}

/* Whose row of the policy speaks of the operation: of an artifact it is the package's, whoever opens it. */
CORDON_INLINE __u32 cordon_row_of(const struct cordon_op *op)
{
	return op->kind == CORDON_OP_ARTIFACT ? CORDON_ROLE_PACKAGE : op->role;
}

/* Takes: a filled operation. Gives: the rule that speaks about it, CORDON_RULE_NONE where none does. */
CORDON_GLOBAL __u32 cordon_rule_of(const struct cordon_op *op)
{
	if (!op || op->role <= CORDON_ROLE_NONE || op->role >= CORDON_ROLE_COUNT)
		return CORDON_RULE_NONE;
	switch (op->kind) {
	case CORDON_OP_SOCKET:
	case CORDON_OP_CONNECT:
	case CORDON_OP_SEND:
	case CORDON_OP_BIND:
	case CORDON_OP_LISTEN:
		return cordon_rule_of_net(op);
	case CORDON_OP_OPEN:
	case CORDON_OP_LINK:
	case CORDON_OP_RENAME:
	case CORDON_OP_REMOVE:
	case CORDON_OP_CREATE:
	case CORDON_OP_ATTR:
		return cordon_rule_of_file(op);
	case CORDON_OP_SETID:
		return op->zone == CORDON_ZONE_GUARD ? CORDON_RULE_GUARD_TAMPER : CORDON_RULE_FILE_SETUID;
	case CORDON_OP_EXEC:
	case CORDON_OP_MAP:
		return cordon_rule_of_program(op);
	case CORDON_OP_SIGNAL:
	case CORDON_OP_LIMIT:
		if (op->kind == CORDON_OP_SIGNAL && !op->signal)
			return CORDON_RULE_NONE;
		return op->guard ? CORDON_RULE_GUARD_TAMPER : op->kin ? CORDON_RULE_NONE : CORDON_RULE_PROC_SIGNAL;
	case CORDON_OP_TRACE:
		return op->guard ? CORDON_RULE_GUARD_TAMPER : op->kin ? CORDON_RULE_NONE : CORDON_RULE_PROC_MEMORY;
	case CORDON_OP_BROKER:
		return cordon_rule_of_broker(op);
	case CORDON_OP_KERNEL:
		return cordon_rule_of_kernel(op->what);
	case CORDON_OP_LEFTOVER:
		return CORDON_RULE_PROC_LEFTOVER;
	case CORDON_OP_ARTIFACT:
		return cordon_rule_of_artifact(op->what);
	case CORDON_OP_UMOUNT:
	case CORDON_OP_BPF:
		return op->guard ? CORDON_RULE_GUARD_TAMPER : CORDON_RULE_NONE;
	case CORDON_OP_ABI:
		return CORDON_RULE_GUARD_TAMPER;
	default:
		return CORDON_RULE_NONE;
	}
}

/*
 * Takes: the operation, its rule, `action`: the policy's for this role and rule, `granted`: a grant covers it.
 * Gives: enum cordon_action. A value from a map that is none of the enum is a refusal, never an allow.
 */
CORDON_GLOBAL __u32 cordon_action_of(const struct cordon_op *op, __u32 rule, __u32 action, int granted)
{
	if (!op)
		return CORDON_ACTION_DENY;
	if (rule == CORDON_RULE_NONE)
		return CORDON_ACTION_ALLOW;
	if (granted && rule != CORDON_RULE_GUARD_TAMPER)
		return CORDON_ACTION_ALLOW;
	/* The guard is nobody's to take down, the user's own shell in the session included. */
	if (rule == CORDON_RULE_GUARD_TAMPER && action < CORDON_ACTION_DENY)
		return CORDON_ACTION_DENY;
	if (action >= CORDON_ACTION_COUNT)
		return CORDON_ACTION_DENY;
	/* The project may write in its own tree, hooks and settings included, but not without a word. */
	if (rule == CORDON_RULE_FILE_PERSIST && op->role == CORDON_ROLE_PROJECT && (op->met & 1u << CORDON_ZONE_PROJECT) &&
	    action > CORDON_ACTION_LOG)
		return CORDON_ACTION_LOG;
	/* `setup.py develop`, which is asked for just that. */
	if ((rule == CORDON_RULE_FILE_OUTSIDE || rule == CORDON_RULE_FILE_STARTUP) && op->role == CORDON_ROLE_PROJECT &&
	    (op->traits & CORDON_TRAIT_EDITABLE) && action > CORDON_ACTION_LOG)
		return CORDON_ACTION_LOG;
	/* The kernel does not read it: the controller does, when it is written, and takes away what has no known form. */
	if (rule == CORDON_RULE_FILE_STARTUP && op->role == CORDON_ROLE_INSTALLER && action > CORDON_ACTION_LOG)
		return CORDON_ACTION_LOG;
	/* A project's own .env is for it to read; a dependency has no business there. */
	if (rule == CORDON_RULE_FILE_SECRET && op->role == CORDON_ROLE_PROJECT && (op->traits & CORDON_TRAIT_NAMED) &&
	    (op->met & 1u << CORDON_ZONE_PROJECT) && action > CORDON_ACTION_LOG)
		return CORDON_ACTION_LOG;
	/* Python tries to keep the bytecode of each module that it imports, and goes on where it cannot. */
	if (rule == CORDON_RULE_FILE_OUTSIDE && (op->traits & CORDON_TRAIT_BYTECODE) && cordon_is_confined(op->role) &&
	    action > CORDON_ACTION_LOG)
		return CORDON_ACTION_HIDE;
	/* A script runs by a program that is judged for itself. */
	if (rule == CORDON_RULE_EXEC_DROPPED && (op->traits & CORDON_TRAIT_SCRIPT) && action > CORDON_ACTION_LOG)
		return CORDON_ACTION_LOG;
	/* glibc asks the name service cache first, and goes on where there is none. */
	if (rule == CORDON_RULE_NET_BROKER && (op->classes & CORDON_CLASS_NAMES) && action > CORDON_ACTION_LOG)
		return CORDON_ACTION_HIDE;
	/* Only an open can be answered with "no such file": a link or rename of a hidden file is refused. */
	if (action == CORDON_ACTION_HIDE && op->kind != CORDON_OP_OPEN)
		return CORDON_ACTION_DENY;
	return action;
}

/* Takes: the true action, the session's mode. Gives: enum cordon_answer for a backend that can refuse a call. */
CORDON_INLINE __u32 cordon_answer_of(__u32 action, __u32 mode)
{
	if (mode == CORDON_MODE_AUDIT)
		return CORDON_ANSWER_PASS;
	switch (action) {
	case CORDON_ACTION_ALLOW:
	case CORDON_ACTION_LOG:
		return CORDON_ANSWER_PASS;
	case CORDON_ACTION_HIDE:
		return CORDON_ANSWER_ENOENT;
	default:
		return CORDON_ANSWER_EPERM;
	}
}

/* Takes: the true action, the session's mode, the task's role. Gives 1 where the package whose code that is is done for: its
 * tasks end, and nothing that it made is taken into use. Installers and helpers are nobody's package: their call fails. */
CORDON_INLINE int cordon_condemns(__u32 action, __u32 mode, __u32 role)
{
	return action == CORDON_ACTION_CONDEMN && mode != CORDON_MODE_AUDIT && cordon_is_confined(role);
}

/* Takes: the four bytes of an IPv4 address, network order. Gives: its mapped form, the only one that is ever compared. */
CORDON_INLINE void cordon_addr_from_v4(__u8 addr[16], const __u8 v4[4])
{
	int i;

	for (i = 0; i < 10; i++)
		addr[i] = 0;
	addr[10] = addr[11] = 0xff;
	for (i = 0; i < 4; i++)
		addr[12 + i] = v4[i];
}

#include "strength.h"

#endif
