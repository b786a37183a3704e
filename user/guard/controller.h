/* SPDX-License-Identifier: Apache-2.0 */
/*
 * controller.h - one session's controller: one thread, epoll, no shared state. What its files share.
 */
#ifndef CORDON_GUARD_CONTROLLER_H
#define CORDON_GUARD_CONTROLLER_H

#include "guard/handover.h"
#include "guard/places.h"
#include "guard/proto.h"
#include "journal/journal.h"
#include "kernel/kernel.h"
#include "policy/data.h"
#include "session/decide.h"
#include "session/recognise.h"
#include "session/tree.h"

#include <netinet/in.h>
#include <stdbool.h>

struct attach_options {
	int mode;           /* -1: the policy's */
	int backend;        /* -1: any */
	int fail_on;        /* -1: the policy's */
	const char *policy; /* NULL */
	bool confine, strict;
	pid_t pid; /* the command, waiting */
};

/* A package of this session. Its number is the index + 1; 0: not bound. */
struct package {
	struct identity identity;
	char *folder; /* where it has no name: what tells it from another one without */
	bool condemned;
	char *environment; /* of its build, NULL: none that is known */
};

/* A host of a grant, resolved when the session began. */
struct grant_address {
	size_t grant; /* index in policy->grants */
	uint8_t addr[16];
	unsigned int port;
};

#define CONTROLLER_TEMPS_MAX 5

/* The parent of a task that was stopped: wake.c. */
struct watched {
	pid_t pid; /* 0: none */
	int64_t until; /* ms */
};

#define CONTROLLER_WATCHED_MAX 16

struct controller {
	const struct attach_options *options;
	struct kernel *kernel;
	uint32_t session; /* id in the kernel, 0: not begun */
	struct cordon_session kernel_session;
	struct policy *policy;
	struct policy_data data;
	struct recognise_table *table;
	struct watched watched[CONTROLLER_WATCHED_MAX];
	struct gate *gate; /* artifacts that installers wait for; NULL: none so far */
	struct startup_note *startup_notes; /* start-up files that are to be looked at: startup.c */
	size_t startup_note_count;
	struct places *places;
	struct handover *handover;
	struct tree *tree;
	struct journal *journal;
	struct journal_session record;
	struct decide_session decide;
	struct facts command; /* as it waits; only during the setup */
	char *start; /* folder that the command starts in */
	char *home;
	char *temps[CONTROLLER_TEMPS_MAX];
	char *state_dir, *etc_dir;
	int proc;  /* of /proc */
	int pidfd; /* of the command */
	int supervisor; /* the socket, -1: gone */
	int root;
	uid_t uid;
	struct package *packages;
	size_t package_count, package_room;
	struct grant_address *addresses;
	size_t address_count, address_room;
	struct finding *findings; /* distinct ones, for the summary */
	size_t finding_count, finding_room;
	int64_t unwritten; /* findings that the journal did not take */
	bool journal_failed;
	bool refused, condemned; /* some finding, the journal's or not */
	int64_t condemning; /* ms, until when tasks of condemned packages are being ended, 0: none are */
	struct remains_place *remains; /* where installers put things: remains_places.c */
	size_t place_count;
	bool places_lost; /* some of them */
	char *virtual_env; /* of the command, NULL: none */
	bool seen_role; /* a process of the session was more than `root` */
	bool running;  /* the command may have been started */
	bool reported; /* PROTO_DONE is out */
	bool over;
	int64_t beat; /* ms, when the last heartbeat was */
	int64_t counted; /* ms, when it was last looked for tasks */
	int error; /* of the loop */
};

/* setup.c: everything up to the label on the command. On failure *ret_why is a new string for the user. */
int controller_setup(struct controller *c, char **ret_why);

/* packages.c: the number of a package, with its grants in the kernel. One without a name is known by its folder: it has
 * no grants, but what it makes is its own. */
int package_bind(struct controller *c, const struct identity *identity, const char *folder, uint32_t *ret);
/* Whether a grant opens the rule as a whole for the package. */
bool package_is_granted(const struct controller *c, uint32_t package, unsigned int rule);
/* Whether a grant opens exec.dropped for the program of that path. */
bool package_may_run(const struct controller *c, uint32_t package, const char *path);
/* Resolves the hosts of all grants. */
int package_resolve_hosts(struct controller *c);
const struct identity *package_identity(const struct controller *c, uint32_t number);

/* Whether a grant leaves the package that variable of its environment. */
bool package_keeps(const struct controller *c, uint32_t package, const char *name, size_t len);

/* hold.c: decides on a task that the kernel stopped, and lets it go on. */
void hold_decide(struct controller *c, struct process *process);
/* Fills exe and cwd of the program, where /proc still knows. */
void hold_note_program(struct controller *c, struct process *process);

/* wake.c: continues the parents of tasks that were stopped, which have stopped themselves for that. Gives whether some are to
 * be looked at again soon. */
bool wake_turn(struct controller *c);
/* In audit nobody waits longer for his answer, ms. */
#define AUDIT_WAIT_MS 500
/* How long the task of that record has been waiting, ms. */
int64_t task_has_waited(const struct cordon_record *head);
/* SIGCONT or SIGKILL to the stopped process of that record, where it is still there and of this session. */
void task_answer(struct controller *c, const struct cordon_record *head, int signal);
/* SIGCONT, and an installer may put what it has been given leave for into an environment. */
void task_pass(struct controller *c, const struct cordon_record *head);

/* look.c: opens the file that a task was stopped for, for reading; `leaf`: its own name, where the record's may be cut. Gives a
 * descriptor, or -errno: -ENAMETOOLONG: not all of its path is known; -ESTALE: another one has that name by now. `ret_path`:
 * its path, a new string, also where it could not be opened; NULL: not known. `ret`: what the kernel says of it now. */
int look_open(struct controller *c, const struct cordon_record_program *record, const char *leaf, char **ret_path,
	      struct kernel_origin *ret);
bool look_same_file(const struct cordon_origin_key *a, const struct cordon_origin_key *b);

/* compare.c: looks whether the file that a stopped task would run is a copy of a good one, and lets the task go on. */
void compare_take(struct controller *c, const struct cordon_record_program *record);

/* findings.c */
void finding_take(struct controller *c, const struct cordon_record_finding *record);
/* A finding of the controller's own on a process that is there when it must not be. */
void finding_take_leftover(struct controller *c, const struct cordon_task_entry *task, unsigned int action,
			   unsigned int answer);

/* What stands against an artifact. */
struct artifact_finding {
	const char *path;		 /* NULL: not known */
	const struct identity *identity; /* name "": not known */
	const char *sha256;		 /* "": not known */
	unsigned int rule, action, answer;
	const char *reason;
};
void finding_take_artifact(struct controller *c, const struct cordon_record *head, const struct artifact_finding *what);

/* What environ.c found. */
struct variable_finding {
	const char *name; /* NULL: the environment could not be looked at, or not be changed, */
	bool emptied;	  /* the rules have it so; without a name: its program is ended */
	bool part;	  /* of the value something is left */
	int error;	  /* for this reason */
};
void finding_take_variable(struct controller *c, const struct process *process, const struct cordon_label *label,
			   const struct variable_finding *what);

/* What startup.c found. */
struct startup_finding {
	const char *path;
	const struct identity *owner; /* name "": not known */
	const char *sha256;	      /* "": it is no file that can be read */
	unsigned int action;
	const char *aside; /* the name that it has now, NULL: it is where it was, */
	bool failed;	   /* and should not be */
};
void finding_take_startup(struct controller *c, const struct cordon_record *head, const struct startup_finding *what);

/* tasks.c: the processes of the session with their labels, a new array. */
int tasks_list(struct controller *c, struct cordon_task_entry **ret, size_t *ret_count);
/* Dooms and kills one. It may be there still for a moment. */
void task_end(struct controller *c, const struct cordon_task_entry *task);
/* Calls `round` until it gives 0, or for `ms`; gives what it gave last. Records are handled meanwhile. */
typedef size_t (*tasks_round_fn)(struct controller *c, void *arg);
size_t tasks_wait(struct controller *c, int64_t ms, tasks_round_fn round, void *arg);

/* condemn.c: a package was condemned by what a task with this label did: it is marked, and its tasks are to be ended. */
void condemn_take(struct controller *c, const struct cordon_label *label);
/* Whether the package of that label is condemned. */
bool condemn_is(const struct controller *c, const struct cordon_label *label);
/* One look at what is to be ended, where something is (c->condemning). For the loop. */
void condemn_look(struct controller *c);
/* The command has ended: waits until all of it has. */
void condemn_finish(struct controller *c);

/* requirements.c: the build requirements that run as the package, as far as they are known, for the process with that pid:
 * "wheel 0.38.4, plugin 1.0". A new string; NULL: none is known. */
char *requirements_of(const struct controller *c, pid_t pid, uint32_t package);
/* Of a process of the package, as it was started by its installer. */
void requirements_note(struct controller *c, uint32_t package, const struct facts *facts);

/* What remains.c found of a condemned package. */
struct remains_finding {
	const char *path;
	const char *reason;
	const char *hint; /* NULL */
	bool gone;	  /* it was taken away */
};
void finding_take_remains(struct controller *c, uint32_t package, const struct remains_finding *what);

/* leftover.c: the command has ended. Waits a moment for what ends by itself; what is left is ended where the rules say
 * so, and recorded. */
void leftover_end(struct controller *c);
/* What `fail_on` counts. */
enum proto_verdict finding_verdict(const struct controller *c);

/* controller.c: tells kernel and supervisor that the controller lives. */
void controller_heartbeat(struct controller *c);
/* Runs until no task of the session is left. Gives an exit status. */
int controller_run(struct controller *c);
/* One line on a weak backend or on audit; "" where there is nothing to say. A new string. */
char *controller_notice(const struct controller *c);
void controller_release(struct controller *c);

#endif
