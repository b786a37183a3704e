/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/machine.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <linux/magic.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

static bool machine_line(const char *path, char *ret, size_t size)
{
	_cleanup_fclose_ FILE *file = fopen(path, "re");

	ret[0] = '\0';
	if (!file || !fgets(ret, (int)size, file))
		return false;
	ret[strcspn(ret, "\n")] = '\0';
	return true;
}

/* The chosen word of a line such as "none voluntary (full) lazy" or "none [integrity] confidentiality". */
static bool machine_choice(const char *line, char open, char close, char *ret, size_t size)
{
	const char *from = strchr(line, open), *to = from ? strchr(from, close) : NULL;

	if (!to || (size_t)(to - from) > size)
		return false;
	snprintf(ret, size, "%.*s", (int)(to - from - 1), from + 1);
	return true;
}

/*
 * PREEMPT_DYNAMIC kernels say the model in debugfs only; uname's version string has the model that was built in, and the
 * boot parameter overrides it. Where nothing says so, a kernel that may preempt counts as one that does.
 */
static void machine_read_preempt(struct machine *m, const struct utsname *name)
{
	static const char *const models[] = { "none", "voluntary", "lazy", "full" };
	char line[4096], value[32];

	if (machine_line("/sys/kernel/debug/sched/preempt", line, sizeof(line)) &&
	    machine_choice(line, '(', ')', m->preempt, sizeof(m->preempt))) {
		m->preempts = !strcmp(m->preempt, "full") || !strcmp(m->preempt, "lazy");
		return;
	}
	if (strstr(name->version, "PREEMPT_RT")) {
		snprintf(m->preempt, sizeof(m->preempt), "rt");
		m->preempts = true;
		return;
	}
	if (machine_line("/proc/cmdline", line, sizeof(line))) {
		const char *at = strstr(line, "preempt=");

		for (size_t i = 0; at && i < ARRAY_SIZE(models); i++) {
			snprintf(value, sizeof(value), "preempt=%s", models[i]);
			if (!text_starts_with(at, value))
				continue;
			snprintf(m->preempt, sizeof(m->preempt), "%s", models[i]);
			m->preempts = i >= 2;
			return;
		}
	}
	if (!strstr(name->version, "PREEMPT")) {
		snprintf(m->preempt, sizeof(m->preempt), "voluntary");
		return;
	}
	/* Debian's 6.1 is built so that it can, and boots voluntary; from 6.12 on it is lazy. debugfs tells where mounted. */
	snprintf(m->preempt, sizeof(m->preempt), "unknown");
	m->preempts = true;
}

void machine_read(struct machine *ret)
{
	unsigned int major = 0, minor = 0, patch = 0;
	struct utsname name;
	struct statfs fs;
	char line[256];
	const char *real;

	memset(ret, 0, sizeof(*ret));
	uname(&name);
	snprintf(ret->release, sizeof(ret->release), "%s", name.release);
	sscanf(name.release, "%u.%u.%u", &major, &minor, &patch);
	/* Debian's 6.1.0-56 says its real version behind "Debian": "#1 SMP PREEMPT_DYNAMIC Debian 6.1.192-1 (...)". */
	real = strstr(name.version, "Debian ");
	if (real)
		sscanf(real, "Debian %u.%u.%u", &major, &minor, &patch);
	ret->version = MACHINE_VERSION(major, minor, patch);
	machine_read_preempt(ret, &name);
	if (!machine_line("/sys/kernel/security/lockdown", line, sizeof(line)) ||
	    !machine_choice(line, '[', ']', ret->lockdown, sizeof(ret->lockdown)))
		snprintf(ret->lockdown, sizeof(ret->lockdown), "unavailable");
	machine_line("/sys/kernel/security/lsm", ret->lsms, sizeof(ret->lsms));
	snprintf(line, sizeof(line), ",%.250s,", ret->lsms);
	ret->lsm_bpf = strstr(line, ",bpf,") != NULL;
	ret->btf = access("/sys/kernel/btf/vmlinux", R_OK) == 0;
	ret->bpffs = !statfs("/sys/fs/bpf", &fs) && (unsigned long)fs.f_type == BPF_FS_MAGIC;
	ret->cgroup2 = (!statfs("/sys/fs/cgroup", &fs) && (unsigned long)fs.f_type == CGROUP2_SUPER_MAGIC) ||
		       (!statfs("/sys/fs/cgroup/unified", &fs) && (unsigned long)fs.f_type == CGROUP2_SUPER_MAGIC);
}
