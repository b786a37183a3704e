/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rule.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const rules[] = {
#define RULE_NAME(name, id) [CORDON_RULE_##name] = id,
	CORDON_RULES(RULE_NAME)
#undef RULE_NAME
};
_Static_assert(COUNT(rules) == CORDON_RULE_COUNT, "a rule has no name");

static const char *const summaries[CORDON_RULE_COUNT] = {
	[CORDON_RULE_NET_CONNECT] = "connects to the network",
	[CORDON_RULE_NET_SEND] = "sends to the network",
	[CORDON_RULE_NET_LISTEN] = "opens a port for others to connect to",
	[CORDON_RULE_NET_FAMILY] = "opens a socket of a kind that no build needs",
	[CORDON_RULE_NET_BROKER] = "asks a service outside the install to act for it",
	[CORDON_RULE_EXEC_DROPPED] = "runs a program that it brought along",
	[CORDON_RULE_EXEC_MEMORY] = "runs a program from memory",
	[CORDON_RULE_EXEC_SETUID] = "runs a program that changes privileges",
	[CORDON_RULE_FILE_SECRET] = "opens a file that holds credentials",
	[CORDON_RULE_FILE_HIDDEN] = "opens settings that may hold credentials",
	[CORDON_RULE_FILE_PRIVATE] = "opens a private file",
	[CORDON_RULE_FILE_PERSIST] = "plants something that starts later",
	[CORDON_RULE_FILE_OUTSIDE] = "writes outside its own files",
	[CORDON_RULE_FILE_STARTUP] = "plants code that starts with Python",
	[CORDON_RULE_FILE_SETUID] = "makes a file privileged",
	[CORDON_RULE_FILE_CONDEMNED] = "what a condemned package made was to be used",
	[CORDON_RULE_ENV_SECRET] = "has secrets in its environment",
	[CORDON_RULE_PROC_MEMORY] = "reaches into another process",
	[CORDON_RULE_PROC_SIGNAL] = "signals another process",
	[CORDON_RULE_PROC_LEFTOVER] = "outlives its install",
	[CORDON_RULE_TTY_INJECT] = "types into the terminal",
	[CORDON_RULE_KERNEL_BPF] = "loads a BPF program",
	[CORDON_RULE_KERNEL_MODULE] = "loads a kernel module",
	[CORDON_RULE_KERNEL_MOUNT] = "mounts a file system",
	[CORDON_RULE_KERNEL_NAMESPACE] = "makes a namespace",
	[CORDON_RULE_KERNEL_IO_URING] = "uses io_uring",
	[CORDON_RULE_KERNEL_CAPABILITY] = "uses a privilege of root",
	[CORDON_RULE_GUARD_TAMPER] = "tampers with cordon",
	[CORDON_RULE_FLOOD_FILES] = "deletes files in bulk",
	[CORDON_RULE_FLOOD_TASKS] = "starts processes in bulk",
	[CORDON_RULE_IDENTITY_HASH] = "is not what the lock file says",
	[CORDON_RULE_IDENTITY_LOOKALIKE] = "has a name that looks like another's",
	[CORDON_RULE_IDENTITY_INTERNAL] = "has a name that only the internal index may serve",
	[CORDON_RULE_IDENTITY_KNOWN_BAD] = "is known to be malicious",
	[CORDON_RULE_IDENTITY_MALFORMED] = "is a malformed archive",
	[CORDON_RULE_IDENTITY_STARTUP] = "brings code that starts with Python",
	[CORDON_RULE_IDENTITY_UNLISTED] = "is not listed",
};

static const char *const roles[] = {
	[CORDON_ROLE_NONE] = "none",	 [CORDON_ROLE_ROOT] = "root",	    [CORDON_ROLE_INSTALLER] = "installer",
	[CORDON_ROLE_HELPER] = "helper", [CORDON_ROLE_PROJECT] = "project", [CORDON_ROLE_PACKAGE] = "package",
};
_Static_assert(COUNT(roles) == CORDON_ROLE_COUNT, "a role has no name");

static const char *const actions[] = {
	[CORDON_ACTION_ALLOW] = "allow", [CORDON_ACTION_LOG] = "log",	      [CORDON_ACTION_DENY] = "deny",
	[CORDON_ACTION_HIDE] = "hide",	 [CORDON_ACTION_CONDEMN] = "condemn",
};
_Static_assert(COUNT(actions) == CORDON_ACTION_COUNT, "an action has no name");

static const char *const modes[] = { [CORDON_MODE_AUDIT] = "audit", [CORDON_MODE_ENFORCE] = "enforce" };
_Static_assert(COUNT(modes) == CORDON_MODE_COUNT, "a mode has no name");

static const char *const backends[] = {
	[CORDON_BACKEND_LSM] = "lsm",
	[CORDON_BACKEND_FMOD_RET] = "fmod_ret",
	[CORDON_BACKEND_TRACE] = "trace",
};
_Static_assert(COUNT(backends) == CORDON_BACKEND_COUNT, "a backend has no name");

/* "passed": the call went through; "refused" and "hidden": it failed; "ended": its process was killed. */
static const char *const answers[] = {
	[CORDON_ANSWER_PASS] = "passed",
	[CORDON_ANSWER_EPERM] = "refused",
	[CORDON_ANSWER_ENOENT] = "hidden",
	[CORDON_ANSWER_KILL] = "ended",
};
_Static_assert(COUNT(answers) == CORDON_ANSWER_COUNT, "an answer has no name");

static const char *const strengths[] = {
	[CORDON_STRENGTH_NOT_YET] = "not enforced yet",
	[CORDON_STRENGTH_LOGGED] = "logged",
	[CORDON_STRENGTH_ENDED_AFTER] = "ended after its effect",
	[CORDON_STRENGTH_ENDED_BEFORE] = "ended before its effect",
	[CORDON_STRENGTH_REFUSED] = "refused",
};
_Static_assert(COUNT(strengths) == CORDON_STRENGTH_COUNT, "a strength has no name");

static const char *const ops[] = {
	[CORDON_OP_NONE] = "none",     [CORDON_OP_SOCKET] = "socket", [CORDON_OP_CONNECT] = "connect",
	[CORDON_OP_SEND] = "send",     [CORDON_OP_BIND] = "bind",     [CORDON_OP_LISTEN] = "listen",
	[CORDON_OP_OPEN] = "open",     [CORDON_OP_LINK] = "link",     [CORDON_OP_RENAME] = "rename",
	[CORDON_OP_REMOVE] = "remove", [CORDON_OP_CREATE] = "create", [CORDON_OP_UMOUNT] = "umount",
	[CORDON_OP_SIGNAL] = "signal", [CORDON_OP_TRACE] = "trace",   [CORDON_OP_BPF] = "bpf",
	[CORDON_OP_ABI] = "foreign-abi", [CORDON_OP_ATTR] = "attr",   [CORDON_OP_SETID] = "setid",
	[CORDON_OP_EXEC] = "exec",     [CORDON_OP_MAP] = "map",       [CORDON_OP_LIMIT] = "limit",
	[CORDON_OP_BROKER] = "broker", [CORDON_OP_KERNEL] = "kernel", [CORDON_OP_LEFTOVER] = "leftover",
	[CORDON_OP_ARTIFACT] = "artifact",
};
_Static_assert(COUNT(ops) == CORDON_OP_COUNT, "an operation has no name");

static const char *const zones[] = {
	[CORDON_ZONE_NONE] = "none",   [CORDON_ZONE_SECRET] = "secret", [CORDON_ZONE_HIDDEN] = "hidden",
	[CORDON_ZONE_GUARD] = "guard", [CORDON_ZONE_DEEP] = "deep",     [CORDON_ZONE_PERSIST] = "persist",
	[CORDON_ZONE_PRIVATE] = "private", [CORDON_ZONE_TOOL] = "tool", [CORDON_ZONE_PROJECT] = "project",
	[CORDON_ZONE_TEMP] = "temp",   [CORDON_ZONE_CACHE] = "cache",   [CORDON_ZONE_OWN] = "own",
	[CORDON_ZONE_OTHER] = "other", [CORDON_ZONE_PSEUDO] = "pseudo", [CORDON_ZONE_BROKER] = "broker",
	[CORDON_ZONE_PLAIN] = "plain",
};
_Static_assert(COUNT(zones) == CORDON_ZONE_COUNT, "a zone has no name");

static const char *name_of(const char *const *names, size_t count, unsigned int value)
{
	return value < count && names[value] ? names[value] : "?";
}

static int value_of(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (names[i] && !strcmp(names[i], name))
			return (int)i;
	return -EINVAL;
}

#define NAMES(noun, table)                                       \
	const char *noun##_name(unsigned int value)              \
	{                                                        \
		return name_of(table, COUNT(table), value);      \
	}
#define VALUES(noun, table)                                      \
	int noun##_from_name(const char *name)                   \
	{                                                        \
		return value_of(table, COUNT(table), name);      \
	}

NAMES(rule, rules)
VALUES(rule, rules)
NAMES(role, roles)
VALUES(role, roles)
NAMES(action, actions)
VALUES(action, actions)
NAMES(mode, modes)
VALUES(mode, modes)
NAMES(backend, backends)
VALUES(backend, backends)
NAMES(answer, answers)
VALUES(answer, answers)
NAMES(strength, strengths)
NAMES(op, ops)
VALUES(op, ops)
NAMES(zone, zones)
VALUES(zone, zones)

const char *rule_summary(unsigned int rule)
{
	return rule < CORDON_RULE_COUNT && summaries[rule] ? summaries[rule] : "";
}
