/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * wire.h - the data that the kernel side and the user side share.
 *
 * Owns: enums, limits, map keys and values, ring records. Refuses to own: functions (judge.h), maps (maps.bpf.h).
 * Only fixed-width integers, explicit padding, no pointers: both compilers must see the same bytes, which the assertions
 * at the end check. Change anything here and CORDON_ABI must change too: the pin directory carries it.
 */
#ifndef CORDON_WIRE_H
#define CORDON_WIRE_H

#include <linux/types.h>

#define CORDON_ABI 5

/* Who a task is, in a session. Order matters to nobody; values are stored in the journal by name only. */
enum cordon_role {
	CORDON_ROLE_NONE,      /* in no session */
	CORDON_ROLE_ROOT,      /* in a session, but nothing of an install */
	CORDON_ROLE_INSTALLER, /* pip, uv, npm... */
	CORDON_ROLE_HELPER,    /* on that installer's short list: git, ssh, keyring */
	CORDON_ROLE_PROJECT,   /* code of the tree that the session started in */
	CORDON_ROLE_PACKAGE,   /* everything else that an installer starts */
	CORDON_ROLE_COUNT,
};

enum cordon_mode {
	CORDON_MODE_AUDIT,   /* nothing is refused, everything that would be is recorded as such */
	CORDON_MODE_ENFORCE, /* what a rule refuses is refused */
	CORDON_MODE_COUNT,
};

enum cordon_backend {
	CORDON_BACKEND_LSM,
	CORDON_BACKEND_FMOD_RET,
	CORDON_BACKEND_TRACE,
	CORDON_BACKEND_COUNT,
};

/* What a rule says of an operation, before the mode is applied. */
enum cordon_action {
	CORDON_ACTION_ALLOW,
	CORDON_ACTION_LOG,
	CORDON_ACTION_DENY,    /* the call fails with EPERM */
	CORDON_ACTION_HIDE,    /* the open answers ENOENT */
	CORDON_ACTION_CONDEMN, /* the call fails, and the package is done for */
	CORDON_ACTION_COUNT,
};

/* What was done in the end: the action after mode and backend. */
enum cordon_answer {
	CORDON_ANSWER_PASS,  /* the call went through (allowed, logged, or audit) */
	CORDON_ANSWER_EPERM, /* refused */
	CORDON_ANSWER_ENOENT,
	CORDON_ANSWER_KILL, /* the task was ended (trace, twin.bpf.c) */
	CORDON_ANSWER_COUNT,
};

/* Inside the kernel side only: the task stops, and the call is made again when it is woken. */
#define CORDON_ANSWER_AGAIN 100
/* The same: io_uring's way cannot be waited on, a system call could. */
#define CORDON_ANSWER_NOT_SO 101

/* How strongly a backend can answer for a rule: the table is cordon_strength() in judge.h. */
enum cordon_strength {
	CORDON_STRENGTH_NOT_YET,      /* no code enforces it so far */
	CORDON_STRENGTH_LOGGED,       /* seen and recorded, not prevented */
	CORDON_STRENGTH_ENDED_AFTER,  /* the task is ended; another thread of it may have used the effect */
	CORDON_STRENGTH_ENDED_BEFORE, /* the task is ended before the call has any effect */
	CORDON_STRENGTH_REFUSED,      /* the call fails with an errno */
	CORDON_STRENGTH_COUNT,
};

/*
 * Rules: X(enumerator, stable id). The ids are in policies, journals and documentation; never rename or reuse one.
 * New ones go to the end of their group; values are not stored outside one running session.
 */
#define CORDON_RULES(X)                               \
	X(NONE, "none")                               \
	X(NET_CONNECT, "net.connect")                 \
	X(NET_SEND, "net.send")                       \
	X(NET_LISTEN, "net.listen")                   \
	X(NET_FAMILY, "net.family")                   \
	X(NET_BROKER, "net.broker")                   \
	X(EXEC_DROPPED, "exec.dropped")               \
	X(EXEC_MEMORY, "exec.memory")                 \
	X(EXEC_SETUID, "exec.setuid")                 \
	X(FILE_SECRET, "file.secret")                 \
	X(FILE_HIDDEN, "file.hidden")                 \
	X(FILE_PRIVATE, "file.private")               \
	X(FILE_PERSIST, "file.persist")               \
	X(FILE_OUTSIDE, "file.outside")               \
	X(FILE_STARTUP, "file.startup")               \
	X(FILE_SETUID, "file.setuid")                 \
	X(FILE_CONDEMNED, "file.condemned")           \
	X(ENV_SECRET, "env.secret")                   \
	X(PROC_MEMORY, "proc.memory")                 \
	X(PROC_SIGNAL, "proc.signal")                 \
	X(PROC_LEFTOVER, "proc.leftover")             \
	X(TTY_INJECT, "tty.inject")                   \
	X(KERNEL_BPF, "kernel.bpf")                   \
	X(KERNEL_MODULE, "kernel.module")             \
	X(KERNEL_MOUNT, "kernel.mount")               \
	X(KERNEL_NAMESPACE, "kernel.namespace")       \
	X(KERNEL_IO_URING, "kernel.io_uring")         \
	X(KERNEL_CAPABILITY, "kernel.capability")     \
	X(GUARD_TAMPER, "guard.tamper")               \
	X(FLOOD_FILES, "flood.files")                 \
	X(FLOOD_TASKS, "flood.tasks")                 \
	X(IDENTITY_HASH, "identity.hash")             \
	X(IDENTITY_LOOKALIKE, "identity.lookalike")   \
	X(IDENTITY_INTERNAL, "identity.internal")     \
	X(IDENTITY_KNOWN_BAD, "identity.known-bad")   \
	X(IDENTITY_MALFORMED, "identity.malformed")   \
	X(IDENTITY_STARTUP, "identity.startup")       \
	X(IDENTITY_UNLISTED, "identity.unlisted")

enum cordon_rule {
#define CORDON_RULE_ENUM(name, id) CORDON_RULE_##name,
	CORDON_RULES(CORDON_RULE_ENUM)
#undef CORDON_RULE_ENUM
	CORDON_RULE_COUNT,
};

/* What kind of place a file lies in: the nearest entry on the way up from it says. */
enum cordon_zone {
	CORDON_ZONE_NONE,
	CORDON_ZONE_SECRET,  /* policy/zones/secret.list */
	CORDON_ZONE_HIDDEN,  /* policy/zones/hidden.list */
	CORDON_ZONE_GUARD,   /* our pins, state and policy */
	CORDON_ZONE_DEEP,    /* the walk hit its bound before the root: nobody knows, so refuse */
	CORDON_ZONE_PERSIST, /* policy/zones/persist.list: what is run later, or by others */
	CORDON_ZONE_PRIVATE, /* the user's home, where nothing nearer says otherwise */
	CORDON_ZONE_TOOL,    /* policy/zones/tool.list, and environments: nothing private; an installer's to write */
	CORDON_ZONE_PROJECT, /* the tree that the session started in */
	CORDON_ZONE_TEMP,    /* a folder for temporary files: everybody makes entries of their own */
	CORDON_ZONE_CACHE,   /* a cache that the installer's recognition file lists: the same */
	CORDON_ZONE_OWN,     /* made by or for the task's own package */
	CORDON_ZONE_OTHER,   /* made in this session by the installer or for another package */
	CORDON_ZONE_PSEUDO,  /* no file of anybody's: pipes, /dev/null, the task's own /proc */
	CORDON_ZONE_BROKER,  /* policy/zones/broker.list: sockets of those who act for others */
	CORDON_ZONE_PLAIN,   /* no place of any kind, but one that a grant names: it needs an object */
	CORDON_ZONE_COUNT,
};

/* Classes of secrets, so that ssh may read ~/.ssh and git its credentials: the tag in policy/zones/, `reads` in a
 * recognition file. */
#define CORDON_CLASS_SSH (1u << 0)
#define CORDON_CLASS_GIT (1u << 1)
#define CORDON_CLASS_KEYRING (1u << 2)
#define CORDON_CLASS_GPG (1u << 3)
/* Sockets that answer for names of users and hosts: getpwuid() and getaddrinfo() ask them, so installers and helpers may. */
#define CORDON_CLASS_NAMES (1u << 4)
/* `by=installer` in persist.list: installers put programs there, as `pip install --user` does in ~/.local/bin. */
#define CORDON_CLASS_INSTALLER (1u << 31)
/* No class, and never in a map: in `reads` of the copy of a label with which twin.bpf.c judges. */
#define CORDON_READS_TWIN (1u << 30)
/* The same: a program is being started, and sched_process_exec has not looked at it yet. */
#define CORDON_READS_EXEC (1u << 29)
/* The same: an installer that took an artifact into use which may be. */
#define CORDON_READS_PASSED (1u << 28)
#define CORDON_READS_MARKS (CORDON_READS_TWIN | CORDON_READS_EXEC | CORDON_READS_PASSED)

/* What a task asks for. */
enum cordon_op_kind {
	CORDON_OP_NONE,
	CORDON_OP_SOCKET,  /* family, type, protocol */
	CORDON_OP_CONNECT, /* family, type, addr, port */
	CORDON_OP_SEND,    /* the same; addr is the message's or the connected peer's */
	CORDON_OP_BIND,    /* family, type, addr, port */
	CORDON_OP_LISTEN,  /* family, type, port as bound */
	CORDON_OP_OPEN,    /* zone, classes, access, traits */
	CORDON_OP_LINK,    /* zone of the source */
	CORDON_OP_RENAME,  /* zone of the source or of the place it replaces */
	CORDON_OP_REMOVE,  /* unlink, rmdir: zone */
	CORDON_OP_CREATE,  /* a new name: zone, depth */
	CORDON_OP_UMOUNT,  /* guard: the file system of our pins */
	CORDON_OP_SIGNAL,  /* guard, kin, signal */
	CORDON_OP_TRACE,   /* guard, kin: ptrace, /proc/PID/mem, process_vm_*, pidfd_getfd on it */
	CORDON_OP_BPF,     /* guard: a descriptor of one of our maps, programs or links */
	CORDON_OP_ABI,     /* trace: a system call by a number that backend does not follow, or a task sharing its files */
	CORDON_OP_ATTR,    /* chmod, chown, utimes, xattr: zone, traits */
	CORDON_OP_SETID,   /* chmod +s, security.capability, a device node: zone */
	CORDON_OP_EXEC,    /* origin, traits: a program starts */
	CORDON_OP_MAP,     /* origin: executable mapping of a file */
	CORDON_OP_LIMIT,   /* guard, kin: priorities, limits, affinity of another process */
	CORDON_OP_BROKER,  /* kin, zone, classes: a unix socket that somebody else listens on */
	CORDON_OP_KERNEL,  /* what */
	CORDON_OP_LEFTOVER, /* the task is there although the session's command has ended */
	CORDON_OP_ARTIFACT, /* what: an installer takes an archive, or what it has unpacked, into use */
	CORDON_OP_COUNT,
};

/* What CORDON_OP_KERNEL asks for. */
enum cordon_what {
	CORDON_WHAT_NONE,
	CORDON_WHAT_BPF,        /* kernel.bpf: bpf(2), perf_event_open of others */
	CORDON_WHAT_MODULE,     /* kernel.module */
	CORDON_WHAT_MOUNT,      /* kernel.mount: mount, umount, move, pivot_root, chroot */
	CORDON_WHAT_NAMESPACE,  /* kernel.namespace: unshare, setns, clone */
	CORDON_WHAT_IO_URING,   /* kernel.io_uring */
	CORDON_WHAT_CAPABILITY, /* kernel.capability: a use of a capability that changes the machine */
	CORDON_WHAT_TTY,        /* tty.inject: TIOCSTI, TIOCLINUX */
	CORDON_WHAT_TASKS,      /* flood.tasks */
	CORDON_WHAT_FILES,      /* flood.files */
	CORDON_WHAT_COUNT,
};

/* What CORDON_OP_ARTIFACT has found. */
enum cordon_artifact_what {
	CORDON_ARTIFACT_NONE,
	CORDON_ARTIFACT_UNSEEN,  /* identity.malformed: the controller could not look at it */
	CORDON_ARTIFACT_CHANGED, /* identity.hash: it is not what the controller has looked at */
	CORDON_ARTIFACT_DENIED,  /* identity.known-bad: the policy's `deny` names it */
	CORDON_ARTIFACT_STARTUP, /* identity.startup: it brings a start-up file of no known form */
	CORDON_ARTIFACT_MISSING, /* identity.malformed: a file comes into an environment, and no artifact was looked at */
	CORDON_ARTIFACT_CONDEMNED, /* file.condemned: its package is, in this session */
	CORDON_ARTIFACT_COUNT,
};

/* Where the bytes of a program come from. Only favourable evidence is kept: what nothing is known of is DROPPED. */
enum cordon_origin {
	CORDON_ORIGIN_DROPPED,
	CORDON_ORIGIN_SYSTEM,   /* there before the session, where its packages may not write */
	CORDON_ORIGIN_UNPACKED, /* written by the installer, and unchanged */
	CORDON_ORIGIN_BUILT,    /* written by a linker alone */
	CORDON_ORIGIN_MEMORY,   /* no name in any folder: memfd, unlinked, O_TMPFILE */
	CORDON_ORIGIN_COUNT,
};

/* What else is said of the object. */
#define CORDON_TRAIT_LINKED (1u << 0)  /* a file with other names: a change would show there too */
#define CORDON_TRAIT_STARTUP (1u << 1) /* .pth, sitecustomize.py, usercustomize.py */
#define CORDON_TRAIT_SCRIPT (1u << 2)  /* no ELF: an interpreter reads it */
#define CORDON_TRAIT_SETID (1u << 3)   /* a setuid or setgid program, or one with capabilities */
#define CORDON_TRAIT_FOLDER (1u << 4)
#define CORDON_TRAIT_EDITABLE (1u << 6) /* what an editable install of the project leaves in an environment */
#define CORDON_TRAIT_NAMED (1u << 5) /* protected by its name alone, wherever it stands */
#define CORDON_TRAIT_CONDEMNED (1u << 8) /* a condemned package made it, or could write it */
#define CORDON_TRAIT_BYTECODE (1u << 7) /* __pycache__ or in one: what python writes beside the modules that it imports */

#define CORDON_ACCESS_READ (1u << 0)
#define CORDON_ACCESS_WRITE (1u << 1)

/* One operation, as the judge sees it. Zero in what does not apply. Addresses are always 16 bytes: IPv4 as
 * ::ffff:a.b.c.d, so that a mapped address and its plain form are one. */
struct cordon_op {
	__u32 kind;     /* enum cordon_op_kind */
	__u32 role;     /* enum cordon_role of the task */
	__u32 family;   /* AF_* of the socket; for CONNECT, SEND and BIND that of the address */
	__u32 type;     /* SOCK_* without flags */
	__u32 protocol; /* IPPROTO_*, for AF_NETLINK NETLINK_* */
	__u32 port;     /* host order */
	__u8 addr[16];
	__u32 zone;    /* enum cordon_zone */
	__u32 access;  /* CORDON_ACCESS_* */
	__u32 classes; /* CORDON_CLASS_* of the object */
	__u32 reads;   /* CORDON_CLASS_* that the task's recognition entry lets it read */
	__u32 guard;   /* 1: the object is a part of the guard */
	__u32 signal;  /* the signal sent, 0: only a probe */
	__u32 depth;   /* how far below the zone's entry, 0: the entry itself */
	__u32 met;     /* 1 << zone for each entry on the way up */
	__u32 traits;  /* CORDON_TRAIT_* */
	__u32 origin;  /* enum cordon_origin */
	__u32 what;    /* enum cordon_what; ARTIFACT: enum cordon_artifact_what */
	__u32 kin;     /* 1: the target is the task's own: its package's; for installers its session's */
};

#define CORDON_LABEL_HELD (1u << 0)   /* stopped at its exec, not bound yet */
#define CORDON_LABEL_BOUND (1u << 1)  /* `package` says which package; 0 there is `unknown` */
#define CORDON_LABEL_DOOMED (1u << 2) /* ends at its next hook */
#define CORDON_LABEL_NESTED (1u << 3) /* an installer that an installer started */
#define CORDON_LABEL_SHARED (1u << 5) /* trace: has its parent's descriptors or memory, and has not exec'ed yet */
#define CORDON_LABEL_CONFINED (1u << 4) /* --confine: a `root` that is `project`, and may still become `installer` */

#define CORDON_LABEL_LINKER (1u << 6)   /* a linker of the system, with nothing else in it: what it writes is `built` */
#define CORDON_LABEL_KEEPER (1u << 7)   /* strip and the like: keeps what was built so; with LINKER: and has read some */

/* The label of a process. Map `labels`; key __u64: its tgid, or the address of its task before it has one. */
struct cordon_label {
	__u32 session;
	__u8 role;
	__u8 flags;      /* CORDON_LABEL_* */
	__u16 installer; /* index in the session's recognition table + 1, 0: none */
	__u32 package;   /* the session's number of the package, 0: unknown */
	__u32 reads;     /* CORDON_CLASS_* */
};

/*
 * A piece of the value of -c that tells an installer: ensurepip's `run_module("pip"`. It lies anywhere in there, so no
 * hash finds it: it is compared with a window of 16 bytes that slides over the code. Bytes before `high`'s first are
 * older ones; masks leave out what a shorter pattern does not have.
 */
struct cordon_code {
	__u64 high, low;           /* the pattern, its last byte in the lowest bits of `low` */
	__u64 high_mask, low_mask;
	__u16 interpreter; /* CORDON_INTERPRETER_* */
	__u16 installer;   /* index + 1, 0: an unused entry */
	__u8 role;         /* as in cordon_recognition */
	__u8 pad[3];
};

#define CORDON_CODE_LEN 16
#define CORDON_CODES_MAX 4 /* one is in use; each costs a compare for every byte of a -c */

#define CORDON_SESSION_DEAD (1u << 0)    /* the controller is gone: refuse, stop nobody */

/*
 * A session. Map `sessions`; key __u32: its id, from 1. Id 0 is the canary's: no ring, always enforcing.
 * User space writes it before the session's command starts, and never again: an update replaces the entry, and programs
 * that look at the old one would see the next session's; and what they set meanwhile would be lost.
 */
struct cordon_session {
	__u32 mode;       /* enum cordon_mode */
	__u32 flags;      /* CORDON_SESSION_*, set by the kernel */
	__u32 controller; /* its process, as the kernel numbers it */
	__u32 level;      /* pid namespace level of the controller: pids in records are seen from there */
	__u32 blind;      /* trace, set by the kernel: evidence of what package code wrote is lost: it runs nothing new */
	__u32 condemned; /* set by the kernel: `packages` was full: every package of the session counts as condemned */
	__u64 cgroup;     /* id of its cgroup2, 0: none */
	__u64 began;      /* CLOCK_REALTIME ns: files changed before were there before */
	__u8 actions[CORDON_ROLE_COUNT][CORDON_RULE_COUNT]; /* enum cordon_action */
	__u8 pad[4];
	struct cordon_code codes[CORDON_CODES_MAX];
};

/* Map `beats`; key __u32: session; value __u64: CLOCK_MONOTONIC ns, when its controller was alive. */

/* A controller that has not moved its heartbeat for so long counts as dead. Software-emulated guests stall for
 * seconds, so not less; a user waits so long at the most. */
#define CORDON_HEARTBEAT_STALE_NS 10000000000ULL

/* Who is part of the guard. Map `guards`; key __u32: tgid as the kernel numbers it. */
struct cordon_guard {
	__u32 session;
	__u32 pid;   /* as seen from the controller's pid namespace */
	__u32 level; /* of that namespace */
	__u32 pad;
};

/* Map `guard_ids`: the value of an object that goes; else 1. */
#define CORDON_ID_GONE 2

/* Map `guard_objects`; key __u64: kernel address of one of our maps, programs or super blocks; value __u32 1. */

/* One per machine. Map `state`; key __u32 0. */
struct cordon_state {
	__u64 overflow; /* at least as many labels lie under a task's address, or in `strays`: look-ups try those too */
	__u64 cgroups;  /* not 0: sessions may have a cgroup, a task without label may still belong to one */
	__u32 backend;  /* enum cordon_backend */
	__u32 twins;    /* 1: twin.bpf.c looks again at what fmod_ret let pass */
	__u32 tasks;    /* CORDON_TASKS_MAX, or less for a test */
	__u32 condemned; /* 1: some session has `condemned` set */
};

/* How many processes may be labelled at once, all sessions together. Beyond it forks are denied. 64 KiB entries of 40
 * bytes are 2.5 MiB; a desktop's pid_max is 4 Mi, a build uses some hundreds. */
#define CORDON_LABELS_MAX 65536

/* How many processes of one session may live at once, and how many threads in one of them: then package code's forks are
 * refused (flood.tasks). `make -j64` has some 300, `make -j` without a number in a big tree less than 2,000. */
#define CORDON_TASKS_MAX 4096

/* Map `tasks`; key __u32: session. */
struct cordon_tasks {
	__u64 live;   /* labelled processes */
	__u64 told;   /* CLOCK_MONOTONIC ns of the last record on a flood: one a second, the rest is refused without one */
	__u64 counted; /* the same, of the last time that those were counted out who went unseen */
	__u32 answer; /* of that record */
	__u32 pad;
};

/* What became of a package. Map `packages`: no entry: nothing. */
enum cordon_package_state {
	CORDON_PACKAGE_NONE,
	CORDON_PACKAGE_CONDEMNED, /* its tasks end, and nothing that it made is taken into use */
	CORDON_PACKAGE_STATE_COUNT,
};

struct cordon_package_key {
	__u32 session;
	__u32 package; /* cordon_package_number() */
};

/* Numbers of those that have none in a label: code that nobody could bind, and the command of --confine. */
#define CORDON_PACKAGE_UNKNOWN 0xfffffffeU
#define CORDON_PACKAGE_PROJECT 0xfffffffdU

/* Sessions at once: each has a ring of 1 MiB and a controller. */
#define CORDON_SESSIONS_MAX 1024

/* How many files that were there before the session, outside of what is its own, a role may remove until flood.files
 * speaks. Package code is refused each one anyway; a project's script clears old outputs by the thousand, and pip what it
 * replaces. */
#define CORDON_FLOOD_PACKAGE 256
#define CORDON_FLOOD_PROJECT 10000
#define CORDON_FLOOD_OTHERS 100000

/* A protected object. Map `zones`: by inode. Map `zone_names`: by parent and name. */
struct cordon_zone_key {
	__u64 inode; /* kernel address, kept valid by an O_PATH descriptor of the controller */
	__u32 session;
	__u32 pad;
};

struct cordon_name_key {
	__u64 parent; /* kernel address of the parent, or CORDON_NAME_PSEUDO | n for a folder that does not exist yet */
	__u64 name;   /* cordon_hash() of the name */
	__u32 session;
	__u32 pad;
};

/* Pseudo parents stand for folders that do not exist yet. User-space addresses, so never those of an inode. */
#define CORDON_NAME_PSEUDO 0x0000700000000000ULL

/*
 * One place may be of one kind for reaching it and of another for changing it: ~/.npmrc is hidden and, to write, a way to
 * persist. In `zone_names` a value may be both an entry and a step to entries below it; the deepest one counts.
 */
struct cordon_zone_val {
	__u32 zone;       /* enum cordon_zone; NONE in `zone_names`: only a step to `next` */
	__u32 classes;    /* CORDON_CLASS_* */
	__u32 object;     /* the session's number of this entry of the lists, for grants and for the finding's path */
	__u32 write_zone; /* what it is to those who change it; NONE: `zone` too */
	__u32 package;    /* OWN, CACHE: the session's number of the package that it is for; CACHE: 0, for all */
	__u32 pad;
	__u64 next;  /* in `zone_names`: pseudo parent to go on with downward, 0: none */
	__u64 since; /* OWN: when it was handed over, CLOCK_REALTIME ns: what was changed before is the installer's */
};

/* OWN, and every package's: cargo's target folder. */
#define CORDON_PACKAGE_ANY 0xffffffffU

/* Bytes of the name of an entry of a temporary folder, with NUL; what is longer belongs to nobody. */
#define CORDON_MADE_NAME_LEN 96

/*
 * Who made an entry of a folder for temporary files, or of a cache, in this session. Map `made_entries`. The whole name,
 * no hash: this grants something. The parent is a zone, so its address is held.
 */
struct cordon_made_key {
	__u64 parent;
	__u32 session;
	__u32 pad;
	char name[CORDON_MADE_NAME_LEN];
};

struct cordon_made {
	__u32 package;
	__u32 role;
	__u64 ino; /* 0: not seen yet. Another file of that name is nobody's */
	__u32 generation; /* ext4 and xfs give numbers out again at once */
	__u32 pad;
};

/* What is known of a file's content. Maps `origins` (favourable) and `tainted`; address and numbers: two subvolumes of
 * btrfs have equal numbers, an address can be another file's later. */
struct cordon_origin_key {
	__u64 inode; /* kernel address; in `tainted` that of the super block */
	__u64 ino;
	__u64 volume; /* of btrfs its subvolume, of others 0, CORDON_VOLUME_UNKNOWN: nothing good is known of what lies there */
	__u32 generation;
	__u32 session;
};
#define CORDON_VOLUME_UNKNOWN (~0ULL)

struct cordon_origin_val {
	__u32 origin; /* enum cordon_origin */
	__u32 tgid;   /* who writes it; another one's opening for writing ends it */
};

/* How many dentries a walk goes up. node_modules nests 10 to 20 deep; what is deeper is refused, not allowed. */
#define CORDON_WALK_MAX 64
/* How many missing folders above a protected name are followed: ~/.config/sops/age/keys.txt has three. */
#define CORDON_CHAIN_MAX 4
/* Bytes of one path component; NAME_MAX is 255, protected names are shorter than 64. */
#define CORDON_NAME_LEN 64

/* Grants. The value is __u32 1. */
struct cordon_grant_net {
	__u8 addr[16];
	__u32 session;
	__u32 package;
	__u32 rule;
	__u32 port; /* host order, 0: any */
};

struct cordon_grant_file {
	__u32 session;
	__u32 package;
	__u32 rule;
	__u32 object; /* 0: the rule as a whole, where its grants name no object */
};

/*
 * Recognition, for `root` -> `installer` at exec. Map `recognition`; all other transitions are the controller's, at the
 * hold. `hash` is cordon_hash() of the token that `kind` names. The order is the order of look-ups, first hit wins: a
 * program that is the installer by itself, then what an interpreter runs, the more specific name first. Behind them all
 * come the session's `codes`. argv.h extracts the tokens.
 */
enum cordon_token {
	CORDON_TOKEN_EXE,            /* basename of the program */
	CORDON_TOKEN_EXE_VERSION,    /* the same without a trailing [0-9.]* */
	CORDON_TOKEN_INTERPRETER,    /* equal to EXE_VERSION: its script, module or code is looked at */
	CORDON_TOKEN_SCRIPT_PAIR,    /* last two components of the first argument that is no option */
	CORDON_TOKEN_SCRIPT,         /* its basename */
	CORDON_TOKEN_SCRIPT_VERSION, /* the same without a trailing [0-9.]* */
	CORDON_TOKEN_SCRIPT_PREFIX,  /* its basename up to and with the first '-': yarn-*.cjs */
	CORDON_TOKEN_MODULE,         /* the value of -m */
	CORDON_TOKEN_COUNT,
};

struct cordon_recognition_key {
	__u64 hash;
	__u32 session;
	__u16 token;       /* enum cordon_token */
	__u16 interpreter; /* CORDON_INTERPRETER_* that it belongs to; 0 for EXE and INTERPRETER */
};

/*
 * Names by which an installer takes an artifact into use, beside archives that it opens: `rename` of uv's unpacked wheels
 * into archive-v*, `open` of what npm has in content-v2. Map `gates`. A name of a folder some levels above the file, without
 * digits at its end: stores carry a version there. Level 0 holds no name: its value is the bits of the levels in use.
 */
struct cordon_gate_key {
	__u64 name; /* cordon_hash() */
	__u32 session;
	__u16 installer; /* index + 1 */
	__u8 verb;       /* enum cordon_gate_verb */
	__u8 level;      /* 1: the folder that the file lies in */
};

enum cordon_gate_verb {
	CORDON_GATE_OPEN,
	CORDON_GATE_RENAME,
	CORDON_GATE_CREATE, /* site-packages: where it makes files only of an artifact that passed */
	CORDON_GATE_COUNT,
};

struct cordon_gate {
	__u64 leaf; /* cordon_hash() of the file's own name, 0: any, FOLDER; of level 0: 1 << level for each that is in use, and */
};
#define CORDON_GATE_FOLDER 1ULL	  /* any name, but no file's */
#define CORDON_GATE_ARCHIVES 1ULL /* OPEN: whatever is named as an archive, or new in a folder for temporary files */

#define CORDON_GATE_LEVELS 6
#define CORDON_GATE_ANY 63 /* instead of a level: at any above the file */

/* The controller's word on an artifact as it was looked at. Map `verdicts`; key struct cordon_origin_key. */
struct cordon_verdict {
	__u64 changed; /* ctime of that content, ns; CORDON_VERDICT_ALWAYS: of any */
	__u32 answer;  /* enum cordon_answer: PASS or EPERM; AGAIN: the kernel's own note that a job waits for it (job.bpf.h), */
	__u32 asked;   /* and when it last said so, ms; wraps */
};
#define CORDON_VERDICT_ALWAYS (~0ULL)

#define CORDON_INTERPRETER_PYTHON 1
#define CORDON_INTERPRETER_NODE 2
#define CORDON_INTERPRETER_RUBY 3
#define CORDON_INTERPRETER_SHELL 4

struct cordon_recognition {
	__u16 installer; /* index + 1; for INTERPRETER: CORDON_INTERPRETER_* */
	__u8 role;       /* the role it gets: INSTALLER, or PROJECT for setup.py */
	__u8 pad;
};

/* Ring records. */
enum cordon_record_type {
	CORDON_RECORD_EXEC = 1,
	CORDON_RECORD_FORK,
	CORDON_RECORD_EXIT,
	CORDON_RECORD_FINDING,
	CORDON_RECORD_ARCHIVE,
	CORDON_RECORD_PROGRAM,
	CORDON_RECORD_GATE,
};

struct cordon_record {
	__u16 abi; /* CORDON_ABI */
	__u16 type;
	__u32 size; /* of the whole record */
	__u64 time; /* CLOCK_MONOTONIC ns */
	__u32 session;
	__u32 pid;  /* process, as seen from the controller's pid namespace */
	__u32 tgid; /* the same as the kernel numbers it: key of `labels` */
	__u32 ppid; /* its parent, as seen from the controller's */
	__u32 uid;
	struct cordon_label label; /* after the event */
	char comm[16];
	__u32 pad;
};

#define CORDON_ARGS_LEN 1024 /* pip's longest recognisable argv prefix is some 300 bytes; the rest is for the journal */
#define CORDON_PATH_LEN 256

struct cordon_record_exec {
	struct cordon_record head;
	__u8 role_before;
	__u8 held;      /* stopped: the controller has to answer */
	__u8 truncated; /* argv did not fit */
	__u8 pad[5];
	__u32 path_len; /* with NUL */
	__u32 args_len; /* bytes of args that were read */
	char path[CORDON_PATH_LEN]; /* as given to execve */
	char args[CORDON_ARGS_LEN]; /* NUL between arguments */
};

#define CORDON_FINDING_NAMES 8

struct cordon_record_finding {
	struct cordon_record head;
	struct cordon_op op;
	__u32 rule;
	__u32 action;
	__u32 answer;
	__u32 target; /* SIGNAL, TRACE, LIMIT, BROKER: kernel tgid of the target; KERNEL: the capability + 1, 0: none */
	__u32 object; /* zone entry that was hit, see cordon_zone_val */
	__u32 names;  /* how many components are in `name` */
	char name[CORDON_FINDING_NAMES][CORDON_NAME_LEN]; /* the file's name first, then upward */
};

/* An installer opened an archive for reading (.whl, .zip, .tgz, .tar.*, .gem, .crate): what it installs next comes from
 * it. Only names the package; a verdict on the archive is the gate's. */
struct cordon_record_archive {
	struct cordon_record head;
	char parent[CORDON_NAME_LEN]; /* name of its folder: pip-unpack-x */
	char name[CORDON_PATH_LEN];   /* file name, NUL-terminated */
};

#define CORDON_PROGRAM_NAMES 24
#define CORDON_PROGRAM_NAME_LEN 128

/* A task was stopped since it would run, or map executable, a file whose origin is not good: is it a copy of one that is?
 * The controller answers in `origins` (equal) or `compares` (not), and wakes the task. Or it would read a start-up file of
 * this session: the answer is in `compares` (it may stay), or the file is not there any more. */
struct cordon_record_program {
	struct cordon_record head;
	struct cordon_origin_key key; /* of the file */
	__u64 changed;                /* its ctime, ns: what is compared is that content */
	__u32 object, depth;          /* the entry of the lists that it lies below, and how far */
	__u32 names;
	__u32 kind;  /* CORDON_OP_EXEC, CORDON_OP_MAP; CORDON_OP_OPEN: a start-up file is read */
	__u16 final; /* trace: there is no call to make again; the controller ends the task itself */
	__u16 polls; /* 1: it was not stopped, but makes the call until it is answered (job.bpf.h) */
	__u32 device; /* s_dev of its super block, as the kernel writes it: what is mounted where tells the rest of its path */
	char name[CORDON_PROGRAM_NAMES][CORDON_PROGRAM_NAME_LEN]; /* the file's name first, then upward */
};

/* An installer was stopped since it would take an artifact into use. The controller answers in `verdicts` and wakes it. */
struct cordon_record_gate {
	struct cordon_record_program look; /* kind: CORDON_OP_OPEN, CORDON_OP_RENAME */
	char leaf[CORDON_PATH_LEN];	   /* OPEN: the file's own name, whole; RENAME: the name that it gets */
};

/* Map `lost`: per CPU, key: the record's rule (0 for records that are no findings), value __u64 count. */

/* Map `request`: what the iter programs are to do with the task they are pointed at; key __u32 0. */
enum cordon_request_verb {
	CORDON_REQUEST_NONE,
	CORDON_REQUEST_LABEL, /* put `label` on the process */
	CORDON_REQUEST_GUARD, /* it is part of the guard of session `label.session` */
	CORDON_REQUEST_WHO,   /* which one it is, and its label */
};

struct cordon_request {
	__u32 verb;
	struct cordon_label label; /* WHO: out, zero: it has none */
	__u32 done;  /* out: how many tasks were met */
	__u32 tgid;  /* out: as the kernel numbers it */
	__u32 level; /* out: pid namespace level */
	__s32 error; /* out: 0 or -errno of the map update; also of those that learn addresses */
};

/* Map `questions`; key __u32: session. Its controller asks what a task of this label would be told of the origin of the
 * file behind its own descriptor `fd`. */
struct cordon_question {
	struct cordon_label label;
	__u32 fd;
	__u32 done;    /* out: not 0: answered */
	__u32 origin;  /* out: enum cordon_origin */
	__u32 written; /* out: somebody has it open for writing, or mapped so */
	struct cordon_origin_key key; /* out: the file's */
	__u64 changed; /* out: its ctime, ns */
};

/* What iter/task writes for each process of session `label.session` of the request. */
struct cordon_task_entry {
	__u32 tgid; /* as the kernel numbers it */
	__u32 pid;  /* as seen `level` deep, 0: it is not */
	struct cordon_label label;
};

/* What iter/task_file writes for each descriptor of the process. */
struct cordon_inode_entry {
	__u32 fd;
	__u32 magic; /* of its file system */
	__u64 inode;
	__u64 super;
};

/* procfs files are protected by their name, whatever process they are of. Parent in `zone_names`. */
#define CORDON_NAME_PROCFS 1ULL
/* Names that are protected wherever they stand: `.env` by its whole name, `*.pem` by what begins with its last dot. */
#define CORDON_NAME_ANYWHERE 2ULL

#ifdef __cplusplus
#define CORDON_ASSERT(e, m) static_assert(e, m)
#else
#define CORDON_ASSERT(e, m) _Static_assert(e, m)
#endif
CORDON_ASSERT(sizeof(struct cordon_op) == 88, "op");
CORDON_ASSERT(sizeof(struct cordon_label) == 16, "label");
CORDON_ASSERT(sizeof(struct cordon_code) == 40, "code");
CORDON_ASSERT(sizeof(struct cordon_session) == 40 + CORDON_ROLE_COUNT * CORDON_RULE_COUNT + 4 + CORDON_CODES_MAX * 40,
	      "session");
CORDON_ASSERT(sizeof(struct cordon_record) == 72, "record");
CORDON_ASSERT(sizeof(struct cordon_record_exec) == 72 + 16 + CORDON_PATH_LEN + CORDON_ARGS_LEN, "exec");
CORDON_ASSERT(sizeof(struct cordon_record_finding) == 72 + 88 + 24 + CORDON_FINDING_NAMES * CORDON_NAME_LEN, "finding");
CORDON_ASSERT(sizeof(struct cordon_record_archive) == 72 + CORDON_NAME_LEN + CORDON_PATH_LEN, "archive");
CORDON_ASSERT(sizeof(struct cordon_record_program) == 72 + 64 + CORDON_PROGRAM_NAMES * CORDON_PROGRAM_NAME_LEN, "program");
CORDON_ASSERT(sizeof(struct cordon_record_gate) == sizeof(struct cordon_record_program) + CORDON_PATH_LEN, "gate record");
CORDON_ASSERT(sizeof(struct cordon_recognition_key) == 16, "recognition");
CORDON_ASSERT(sizeof(struct cordon_gate_key) == 16, "gate");
CORDON_ASSERT(sizeof(struct cordon_verdict) == 16, "verdict");
CORDON_ASSERT(sizeof(struct cordon_zone_val) == 40, "zone");
CORDON_ASSERT(sizeof(struct cordon_made_key) == 16 + CORDON_MADE_NAME_LEN, "made");
CORDON_ASSERT(sizeof(struct cordon_origin_key) == 32, "origin");
CORDON_ASSERT(sizeof(struct cordon_tasks) == 32, "tasks");
CORDON_ASSERT(sizeof(struct cordon_package_key) == 8, "package");
CORDON_ASSERT(sizeof(struct cordon_task_entry) == 24, "task");

#endif
