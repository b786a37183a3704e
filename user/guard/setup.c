/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setup.c - everything that must stand before the command may start. Nothing is half done: what fails here is taken
 * back, and the command is not run.
 */
#include "base/cleanup.h"
#include "base/log.h"
#include "base/rule.h"
#include "base/text.h"
#include "guard/controller.h"
#include "guard/gate.h"
#include "kernel/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdarg.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

static int setup_fail(char **ret_why, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));

static int setup_fail(char **ret_why, int error, const char *format, ...)
{
	_cleanup_free_ char *what = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&what, format, args) < 0)
		what = NULL;
	va_end(args);
	free(*ret_why);
	*ret_why = what ? text_format("%s: %s", what, strerror(-error)) : NULL;
	return error;
}

/* A mistake in a file has its place with it. */
static int setup_fail_diag(char **ret_why, int error, struct diag *diag)
{
	free(*ret_why);
	*ret_why = diag_format(diag);
	diag_release(diag);
	return error;
}

static const char *setup_env(const void *arg, const char *name)
{
	return facts_env(arg, name);
}

static int setup_policy(struct controller *c, char **ret_why)
{
	const struct zones_scene scene = { c->home, c->start, c->uid, setup_env, &c->command };
	struct policy_paths paths = { .override = c->options->policy };
	_cleanup_free_ char *vendor = policy_vendor_dir();
	struct diag diag = { 0 };
	int r = policy_load(&paths, &c->policy, &diag);

	if (!r && !vendor)
		return setup_fail(ret_why, -ENOENT, "no policy folder");
	if (!r)
		r = policy_data_load(vendor, &scene, &c->data, &diag);
	return r ? setup_fail_diag(ret_why, r, &diag) : 0;
}

/* Those that are there. */
static void setup_temps(struct controller *c)
{
	const char *temp = facts_env(&c->command, "TMPDIR");
	_cleanup_free_ char *runtime = text_format("/run/user/%u", (unsigned int)c->uid);
	const char *folders[CONTROLLER_TEMPS_MAX] = { "/tmp", "/var/tmp", "/dev/shm", runtime,
						      temp && *temp == '/' ? temp : NULL };
	size_t count = 0;

	for (size_t i = 0; i < CONTROLLER_TEMPS_MAX; i++) {
		c->temps[count] = folders[i] ? realpath(folders[i], NULL) : NULL;
		count += c->temps[count] != NULL;
	}
}

/* The command as it waits: whose it is, where it starts, where its home and temporary folders are. */
static int setup_command(struct controller *c, char **ret_why)
{
	const char *sudo_uid = getenv("SUDO_UID"), *home;
	struct facts *facts = &c->command;
	struct passwd *user;
	int r;

	c->pidfd = (int)syscall(SYS_pidfd_open, c->options->pid, 0);
	if (c->pidfd < 0)
		return setup_fail(ret_why, -errno, "process %d", (int)c->options->pid);
	r = facts_read(c->proc, c->options->pid, 0, facts);
	if (r)
		return setup_fail(ret_why, r, "process %d", (int)c->options->pid);
	/* sudo lets a user have his own process guarded, not somebody else's. */
	if (sudo_uid && strtoul(sudo_uid, NULL, 10) != facts->uid && facts->uid != 0)
		return setup_fail(ret_why, -EPERM, "process %d is not yours", (int)c->options->pid);
	c->uid = facts->uid;
	home = facts_env(facts, "HOME");
	user = getpwuid(facts->uid);
	c->home = realpath(home && *home == '/' ? home : user ? user->pw_dir : "/", NULL);
	if (!c->home)
		c->home = strdup(home && *home == '/' ? home : "/nonexistent");
	c->start = facts->cwd ? strdup(facts->cwd) : NULL;
	if (facts_env(facts, "VIRTUAL_ENV"))
		c->virtual_env = strdup(facts_env(facts, "VIRTUAL_ENV"));
	setup_temps(c);
	return c->home && c->start ? 0 : setup_fail(ret_why, -ENOENT, "the folder that it starts in");
}

static size_t setup_temp_count(const struct controller *c)
{
	size_t count = 0;

	while (count < CONTROLLER_TEMPS_MAX && c->temps[count])
		count++;
	return count;
}

static void setup_decide(struct controller *c)
{
	struct timespec wall, mono;

	clock_gettime(CLOCK_REALTIME, &wall);
	clock_gettime(CLOCK_MONOTONIC, &mono);
	c->decide = (struct decide_session){
		.installers = c->data.installers,
		.table = c->table,
		.start = c->start,
		.home = c->home,
		.temps = (const char *const *)c->temps,
		.temp_count = setup_temp_count(c),
		.uid = c->uid,
		.confine = c->options->confine,
		.wall_offset = (wall.tv_sec - mono.tv_sec) * 1000000000LL + wall.tv_nsec - mono.tv_nsec,
		.root = c->root,
	};
}

static int setup_kernel(struct controller *c, char **ret_why)
{
	int backend = c->options->backend >= 0 ? c->options->backend : c->policy->backend;
	struct kernel_attempts attempts;
	struct machine machine;
	const char *weak;
	int r;

	machine_read(&machine);
	if (!machine.btf) {
		*ret_why = strdup("this kernel has no BTF (/sys/kernel/btf/vmlinux), so nothing can be loaded; `cordon doctor` tells more");
		return -EOPNOTSUPP;
	}
	r = kernel_open(backend, &c->kernel, &attempts);
	if (r == -EBUSY)
		return setup_fail(ret_why, r, "another version or backend of cordon is guarding an install; wait for its end");
	if (r) {
		_cleanup_free_ char *all = strdup("");

		for (unsigned int i = 0; all && i < CORDON_BACKEND_COUNT; i++) {
			char *more;

			if (!attempts.of[i].tried)
				continue;
			more = text_format("%s%s%s: %s", all, *all ? "; " : "", backend_name(i), attempts.of[i].reason);
			free(all);
			all = more;
		}
		return setup_fail(ret_why, r, "no backend works here (%s); `cordon doctor` tells more",
				  all && *all ? all : "no privileges, or no bpf file system");
	}
	weak = kernel_weakness(kernel_backend(c->kernel), kernel_twins(c->kernel));
	if (c->options->strict && weak)
		return setup_fail(ret_why, -EPERM, "--strict, and backend %s is weak: %s", backend_name(kernel_backend(c->kernel)), weak);
	if (c->policy->backend >= 0 && (unsigned int)c->policy->backend != kernel_backend(c->kernel))
		return setup_fail(ret_why, -EPERM, "the policy requires backend %s", backend_name((unsigned int)c->policy->backend));
	return 0;
}

/* The supervisor is the command's parent, and looked up as such: the socket's other end could be anybody's. */
static int setup_supervisor(struct controller *c)
{
	struct facts facts;
	int pidfd, r = facts_read(c->proc, c->options->pid, 0, &facts);
	pid_t parent = r ? 0 : facts.ppid;

	if (r)
		return r;
	facts_release(&facts);
	pidfd = (int)syscall(SYS_pidfd_open, parent, 0);
	if (pidfd < 0)
		return -errno;
	r = facts_read(c->proc, c->options->pid, 0, &facts);
	if (!r && facts.ppid != parent)
		r = -ESRCH;
	if (!r)
		facts_release(&facts);
	if (r) {
		close(pidfd);
		return r;
	}
	return pidfd;
}

static int setup_session(struct controller *c, char **ret_why)
{
	_cleanup_close_ int supervisor = setup_supervisor(c);
	struct timespec began;
	int r;

	if (supervisor < 0)
		return setup_fail(ret_why, supervisor, "the supervisor");
	clock_gettime(CLOCK_REALTIME_COARSE, &began);
	c->kernel_session.began = (uint64_t)began.tv_sec * 1000000000ULL + (uint64_t)began.tv_nsec;
	c->kernel_session.mode = c->options->mode >= 0 ? (unsigned int)c->options->mode : c->policy->mode;
	memcpy(c->kernel_session.actions, c->policy->actions, sizeof(c->kernel_session.actions));
	r = kernel_session_begin(c->kernel, &c->kernel_session, supervisor, &c->session);
	return r ? setup_fail(ret_why, r, "cannot begin a session") : 0;
}

static int setup_recognition(struct controller *c, char **ret_why)
{
	int r = recognise_compile(c->data.installers, c->session, &c->table);

	if (r)
		return setup_fail(ret_why, r, "policy/installers");
	for (size_t i = 0; !r && i < c->table->count; i++)
		r = kernel_recognition_add(c->kernel, &c->table->entries[i].key, &c->table->entries[i].value);
	if (!r) {
		memcpy(c->kernel_session.codes, c->table->codes, sizeof(c->kernel_session.codes));
		r = kernel_session_update(c->kernel, c->session, &c->kernel_session);
	}
	if (!r)
		r = gate_register(c);
	return r ? setup_fail(ret_why, r, "cannot write the recognition table") : 0;
}

static int setup_places(struct controller *c, char **ret_why)
{
	const char *guard[] = { kernel_pin_dir(c->kernel), c->state_dir, c->etc_dir, "/run/cordon" };
	_cleanup_free_ char *mounts = text_format("/proc/%d/mountinfo", (int)c->options->pid);
	struct places_input input = {
		.kernel = c->kernel,
		.session = c->session,
		.zones = c->data.zones,
		.policy = c->policy,
		.home = c->home,
		.start = c->start,
		.temps = (const char *const *)c->temps,
		.temp_count = setup_temp_count(c),
		.command = &c->command,
		.mounts = mounts,
		.guard = guard,
		.guard_count = ARRAY_SIZE(guard),
	};
	const char *example = NULL;
	int r = places_learn(&input, &c->places);
	size_t unlearnable;

	if (r)
		return setup_fail(ret_why, r, "cannot learn the protected places");
	unlearnable = places_unlearnable(c->places, &example);
	if (c->options->strict && unlearnable)
		return setup_fail(ret_why, -EPERM, "--strict, and %zu protected places cannot be held: %s", unlearnable,
				  example ? example : "");
	return 0;
}

static int setup_handover(struct controller *c, char **ret_why)
{
	struct handover_input input = {
		.kernel = c->kernel,
		.places = c->places,
		.session = c->session,
		.temps = c->decide.temps,
		.temp_count = c->decide.temp_count,
		.start = c->start,
		.home = c->home,
	};
	int r = handover_new(&input, &c->handover);

	return r ? setup_fail(ret_why, r, "cannot learn the temporary folders") : 0;
}

static int setup_label(struct controller *c, char **ret_why)
{
	struct cordon_label label = {
		.session = c->session,
		.role = c->options->confine ? CORDON_ROLE_PROJECT : CORDON_ROLE_ROOT,
		.flags = c->options->confine ? CORDON_LABEL_CONFINED | CORDON_LABEL_BOUND : 0,
	};
	int r = 0;

	if (kernel_backend(c->kernel) == CORDON_BACKEND_TRACE) {
		r = kernel_session_cgroup(c->kernel, c->session, c->options->pid);
		if (r)
			log_debug("no cgroup of its own: %s; the network is contained by ending", strerror(-r));
	}
	r = kernel_label(c->kernel, c->pidfd, &label, NULL);
	return r ? setup_fail(ret_why, r, "cannot label the command") : 0;
}

static int setup_journal(struct controller *c, char **ret_why)
{
	int r = journal_open(c->state_dir, JOURNAL_WRITE, &c->journal);

	if (r)
		return setup_fail(ret_why, r, "the journal in '%s' cannot be written", c->state_dir);
	c->record.mode = c->kernel_session.mode;
	c->record.backend = kernel_backend(c->kernel);
	c->record.uid = (int)c->uid;
	c->record.cwd = strdup(c->start);
	c->record.status = -1;
	r = journal_session_begin(c->journal, &c->record);
	return r ? setup_fail(ret_why, r, "the journal in '%s' cannot be written", c->state_dir) : 0;
}

/* Every protected file is one descriptor. */
static void setup_limits(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max < 1048576 ? limit.rlim_max : 1048576;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int controller_setup(struct controller *c, char **ret_why)
{
	int r;

	setup_limits();
	c->proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	c->root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	c->state_dir = strdup(journal_dir());
	c->etc_dir = strdup(policy_etc_dir());
	c->tree = tree_new();
	if (c->proc < 0 || c->root < 0 || !c->state_dir || !c->etc_dir || !c->tree)
		return setup_fail(ret_why, -ENOMEM, "cannot start");
	r = setup_command(c, ret_why);
	if (!r)
		r = setup_policy(c, ret_why);
	if (!r)
		r = setup_kernel(c, ret_why);
	if (!r)
		r = setup_session(c, ret_why);
	if (!r)
		r = setup_recognition(c, ret_why);
	if (!r)
		r = setup_journal(c, ret_why);
	if (!r)
		r = setup_places(c, ret_why);
	if (!r)
		r = package_resolve_hosts(c);
	facts_release(&c->command);
	if (r)
		return r;
	setup_decide(c);
	r = setup_handover(c, ret_why);
	if (!r)
		r = setup_label(c, ret_why);
	kernel_unlock(c->kernel);
	return r;
}
