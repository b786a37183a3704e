/* SPDX-License-Identifier: Apache-2.0 */
/* test_zones_shipped.c - what the lists of policy/zones/ say, all together. */
#include "policy_scratch.h"

#include "policy/zones.h"

#define HOME "/home/ann"
#define PROJECT "/srv/project"

static const struct zone_entry *find(const struct zones *zones, const char *path)
{
	for (size_t i = 0; i < zones->count; i++)
		if (!strcmp(zones->entries[i].path, path))
			return &zones->entries[i];
	return NULL;
}

static struct zones *shipped(const char *home, const char *project)
{
	char *vendor = policy_vendor_dir(), *dir = text_format("%s/zones", vendor);
	const struct zones_scene scene = { .home = home, .project = project, .uid = 1000 };
	struct zones *zones = NULL;
	struct diag diag = { 0 };

	assert_accepted(zones_load(dir, &scene, &zones, &diag), &diag);
	free(dir);
	free(vendor);
	return zones;
}

/* What one of these attacks was seen to read, and what builds are known to read. */
static void test_shipped(void **state)
{
	static const struct {
		const char *path;
		unsigned int zone, classes, write_zone;
	} wanted[] = {
		{ "/.ssh", CORDON_ZONE_SECRET, CORDON_CLASS_SSH },
		{ "/.aws", CORDON_ZONE_SECRET, 0 },
		{ "/.gnupg", CORDON_ZONE_SECRET, CORDON_CLASS_GPG },
		{ "/.git-credentials", CORDON_ZONE_SECRET, CORDON_CLASS_GIT },
		{ "/.local/share/keyrings", CORDON_ZONE_SECRET, CORDON_CLASS_KEYRING },
		{ "/.pypirc", CORDON_ZONE_SECRET, 0, CORDON_ZONE_PERSIST },
		{ "/.kube", CORDON_ZONE_SECRET, 0 },
		{ "/.docker/config.json", CORDON_ZONE_SECRET, 0, CORDON_ZONE_PERSIST },
		{ "/.node_repl_history", CORDON_ZONE_SECRET, 0 },
		{ "/.config/google-chrome", CORDON_ZONE_SECRET, 0 },
		{ "/.mozilla", CORDON_ZONE_SECRET, 0 },
		{ "/.claude.json", CORDON_ZONE_SECRET, 0, CORDON_ZONE_PERSIST },
		{ "/.netrc", CORDON_ZONE_HIDDEN, 0, CORDON_ZONE_PERSIST },
		{ "/.npmrc", CORDON_ZONE_HIDDEN, 0, CORDON_ZONE_PERSIST },
		{ "/.yarnrc.yml", CORDON_ZONE_HIDDEN, 0, CORDON_ZONE_PERSIST },
		{ "/.bashrc", CORDON_ZONE_NONE, 0, CORDON_ZONE_PERSIST },
		{ "/.config/systemd", CORDON_ZONE_NONE, 0, CORDON_ZONE_PERSIST },
		{ "/.config/autostart", CORDON_ZONE_NONE, 0, CORDON_ZONE_PERSIST },
		{ "/.ssh/authorized_keys", CORDON_ZONE_NONE, 0, CORDON_ZONE_PERSIST },
		{ "/.claude/settings.json", CORDON_ZONE_NONE, 0, CORDON_ZONE_PERSIST },
		{ "/.cargo/config.toml", CORDON_ZONE_NONE, 0, CORDON_ZONE_PERSIST },
		{ "/.gitconfig", CORDON_ZONE_TOOL, 0, CORDON_ZONE_PERSIST },
		{ "/.config/git", CORDON_ZONE_TOOL, 0, CORDON_ZONE_PERSIST },
		{ "/.local/bin", CORDON_ZONE_TOOL, CORDON_CLASS_INSTALLER, CORDON_ZONE_PERSIST },
		{ "/.cache", CORDON_ZONE_TOOL, 0 },
		{ "/.cargo", CORDON_ZONE_TOOL, 0 },
		{ "/.rustup", CORDON_ZONE_TOOL, 0 },
		{ "/.local/lib", CORDON_ZONE_TOOL, 0 },
		{ "/.local/share/uv", CORDON_ZONE_TOOL, 0 },
		{ "/.config/pip/pip.conf", CORDON_ZONE_HIDDEN, 0 },
	};
	static const char *const honest[] = { "/.gitconfig", "/.config/git",	  "/.config/git/config",
					      "/.config",    "/.cargo",		  "/.cache",
					      "/.local",     "/.pydistutils.cfg", "/.rustup",
					      "/.local/share", "/.puppeteerrc.json" };
	struct zones *zones = shipped(HOME, PROJECT);
	const struct zone_entry *entry;

	(void)state;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		char *path = text_format(HOME "%s", wanted[i].path);

		entry = find(zones, path);
		if (!entry || entry->zone != wanted[i].zone || entry->write_zone != wanted[i].write_zone ||
		    entry->classes != wanted[i].classes)
			fail_msg("%s is not protected as it should be", path);
		free(path);
	}
	for (size_t i = 0; i < sizeof(honest) / sizeof(honest[0]); i++) {
		char *path = text_format(HOME "%s", honest[i]);

		entry = find(zones, path);
		if (entry && (entry->zone == CORDON_ZONE_SECRET || entry->zone == CORDON_ZONE_HIDDEN))
			fail_msg("%s is kept from honest builds", path);
		free(path);
	}
	entry = find(zones, "environ");
	assert_true(entry && entry->procfs && entry->zone == CORDON_ZONE_SECRET);
	entry = find(zones, "cmdline");
	assert_true(entry && entry->procfs && entry->zone == CORDON_ZONE_HIDDEN);
	assert_non_null(find(zones, "/etc/shadow"));
	assert_int_equal(find(zones, PROJECT "/.git/hooks")->write_zone, CORDON_ZONE_PERSIST);
	assert_int_equal(find(zones, PROJECT "/.github/workflows")->write_zone, CORDON_ZONE_PERSIST);
	assert_int_equal(find(zones, "/run/user/1000/bus")->zone, CORDON_ZONE_BROKER);
	assert_int_equal(find(zones, "/run/docker.sock")->zone, CORDON_ZONE_BROKER);
	assert_int_equal(find(zones, "/run/nscd")->classes, CORDON_CLASS_NAMES);
	entry = find(zones, ".env");
	assert_true(entry && entry->anywhere && !entry->suffix && entry->zone == CORDON_ZONE_SECRET);
	entry = find(zones, ".env.production.local");
	assert_true(entry && entry->anywhere && entry->zone == CORDON_ZONE_SECRET);
	entry = find(zones, ".pem");
	assert_true(entry && entry->anywhere && entry->suffix && entry->zone == CORDON_ZONE_SECRET);
	/* The kernel compares names of less than 64 bytes, and follows no more than four that are missing. */
	for (size_t i = 0; i < zones->count; i++) {
		size_t parts = 0;

		if (!text_starts_with(zones->entries[i].path, HOME "/"))
			continue;
		for (const char *c = zones->entries[i].path + strlen(HOME); *c; c++)
			parts += *c == '/';
		if (parts > CORDON_CHAIN_MAX)
			fail_msg("%s lies too deep", zones->entries[i].path);
	}
	zones_free(zones);
	/* Each list for itself and both together, also where ~ and . are one. */
	zones_free(shipped(HOME, HOME));
	zones_free(shipped("/", "/"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shipped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
