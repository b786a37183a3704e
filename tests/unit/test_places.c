/* SPDX-License-Identifier: Apache-2.0 */
#include "policy_scratch.h"

#include "guard/places.h"
#include "policy/zones.h"

#include <errno.h>

/* A machine below the test's folder: home, project and temporary folder in there. */
struct scene {
	char *home, *start, *temp;
	const char *temps[2];
	struct zones *zones;
	struct policy policy;
	struct facts command;
	struct places *places;
};

static char *below(const struct scratch *scratch, const char *name)
{
	scratch_mkdir(scratch, name);
	return scratch_path(scratch, name);
}

static void begin(struct scene *scene, const struct scratch *scratch)
{
	memset(scene, 0, sizeof(*scene));
	scene->temp = below(scratch, "tmp");
	scene->home = below(scratch, "tmp/home");
	scene->start = below(scratch, "tmp/home/project");
	scene->temps[0] = scene->temp;
	scene->zones = calloc(1, sizeof(*scene->zones));
}

static void list(struct scene *scene, unsigned int zone, const char *text)
{
	const struct zones_scene who = { .home = scene->home, .project = scene->start };
	const struct zone_list one = { text, "x.list", zone, &who };
	struct diag diag = { 0 };

	assert_accepted(zones_parse(scene->zones, &one, &diag), &diag);
}

static void collect(struct scene *scene)
{
	static const char *const guard[] = { "/var/lib/cordon" };
	struct places_input input = {
		.zones = scene->zones,
		.policy = &scene->policy,
		.home = scene->home,
		.start = scene->start,
		.temps = scene->temps,
		.temp_count = scene->temps[0] ? 1 : 0,
		.command = &scene->command,
		.guard = guard,
		.guard_count = 1,
	};

	places_free(scene->places);
	scene->places = NULL;
	assert_int_equal(places_collect(&input, &scene->places), 0);
}

static void end(struct scene *scene)
{
	places_free(scene->places);
	zones_free(scene->zones);
	free(scene->home);
	free(scene->start);
	free(scene->temp);
}

/* `path` below the home, or absolute. zone NONE: there is no such place. */
static void is(const struct scene *scene, const char *path, unsigned int zone, unsigned int write_zone)
{
	char *full = path[0] == '/' ? strdup(path) : text_format("%s%s%s", scene->home, *path ? "/" : "", path);
	uint32_t object = places_object(scene->places, full);
	struct cordon_zone_val val = { 0 };

	if (object)
		val = places_val(scene->places, object, false);
	if (val.zone != zone || val.write_zone != write_zone)
		fail_msg("%s is %u, to write %u", full, val.zone, val.write_zone);
	if (object)
		assert_int_equal(val.object, object);
	free(full);
}

static void test_places_in_each_other(void **state)
{
	struct scene scene;

	begin(&scene, *state);
	list(&scene, CORDON_ZONE_SECRET, "~/.ssh/ class=ssh\n~/.cargo/credentials\n");
	list(&scene, CORDON_ZONE_HIDDEN, "~/.npmrc\n");
	list(&scene, CORDON_ZONE_TOOL, "~/.cargo/\n~/.local/bin/\n");
	list(&scene, CORDON_ZONE_PERSIST,
	     "~/.bashrc\n~/.npmrc\n~/.ssh/authorized_keys\n~/.cargo/config\n~/.local/bin/ by=installer\n"
	     "./.git/hooks/\n/etc/profile\n~/.local/bin/x/y\n");
	collect(&scene);
	is(&scene, scene.temp, CORDON_ZONE_TEMP, 0);
	is(&scene, "", CORDON_ZONE_PRIVATE, 0);
	is(&scene, "project", CORDON_ZONE_PROJECT, 0);
	is(&scene, ".ssh", CORDON_ZONE_SECRET, 0);
	is(&scene, ".cargo", CORDON_ZONE_TOOL, 0);
	is(&scene, ".cargo/credentials", CORDON_ZONE_SECRET, 0);
	is(&scene, "/var/lib/cordon", CORDON_ZONE_GUARD, 0);
	/* To read it is what the place around it is. */
	is(&scene, ".bashrc", CORDON_ZONE_PRIVATE, CORDON_ZONE_PERSIST);
	is(&scene, ".npmrc", CORDON_ZONE_HIDDEN, CORDON_ZONE_PERSIST);
	is(&scene, ".ssh/authorized_keys", CORDON_ZONE_SECRET, CORDON_ZONE_PERSIST);
	is(&scene, ".cargo/config", CORDON_ZONE_TOOL, CORDON_ZONE_PERSIST);
	is(&scene, ".local/bin", CORDON_ZONE_TOOL, CORDON_ZONE_PERSIST);
	is(&scene, "project/.git/hooks", CORDON_ZONE_PROJECT, CORDON_ZONE_PERSIST);
	is(&scene, "/etc/profile", CORDON_ZONE_PERSIST, 0);
	is(&scene, "other", CORDON_ZONE_NONE, 0);
	end(&scene);
}

static unsigned int classes(const struct scene *scene, const char *name)
{
	char *path = text_format("%s/%s", scene->home, name);
	uint32_t object = places_object(scene->places, path);

	assert_int_not_equal(object, 0);
	free(path);
	return places_val(scene->places, object, false).classes;
}

static void test_classes_of_what_takes_after_its_folder(void **state)
{
	struct scene scene;

	begin(&scene, *state);
	list(&scene, CORDON_ZONE_SECRET, "~/.ssh/ class=ssh\n");
	list(&scene, CORDON_ZONE_PERSIST, "~/.ssh/config\n~/bin/ by=installer\n~/bin/x\n");
	collect(&scene);
	assert_int_equal(classes(&scene, ".ssh/config"), CORDON_CLASS_SSH);
	assert_int_equal(classes(&scene, "bin"), CORDON_CLASS_INSTALLER);
	/* A line of its own does not say by=installer. */
	assert_int_equal(classes(&scene, "bin/x"), 0);
	end(&scene);
}

static void test_no_project(void **state)
{
	struct scene scene;

	begin(&scene, *state);
	free(scene.start);
	scene.start = strdup(scene.home);
	collect(&scene);
	is(&scene, "", CORDON_ZONE_PRIVATE, 0);
	free(scene.start);
	scene.start = strdup(scene.temp);
	collect(&scene);
	is(&scene, scene.temp, CORDON_ZONE_TEMP, 0);
	free(scene.start);
	scene.start = strdup("/");
	collect(&scene);
	is(&scene, "/", CORDON_ZONE_NONE, 0);
	end(&scene);
}

static void test_homes_that_are_no_homes(void **state)
{
	struct scene scene;

	begin(&scene, *state);
	/* As a container's user without an entry has it. */
	free(scene.home);
	scene.home = strdup(scene.temp);
	collect(&scene);
	is(&scene, "", CORDON_ZONE_TEMP, 0);
	free(scene.home);
	scene.home = strdup("/");
	collect(&scene);
	is(&scene, "/", CORDON_ZONE_NONE, 0);
	is(&scene, scene.start, CORDON_ZONE_PROJECT, 0);
	end(&scene);
}

/* Where somebody works among his keys they stay keys. */
static void test_a_project_among_secrets(void **state)
{
	struct scene scene;

	begin(&scene, *state);
	list(&scene, CORDON_ZONE_SECRET, "~/project/\n");
	collect(&scene);
	is(&scene, "project", CORDON_ZONE_SECRET, 0);
	free(scene.start);
	scene.start = text_format("%s/project/deeper", scene.home);
	collect(&scene);
	is(&scene, "project/deeper", CORDON_ZONE_NONE, 0);
	end(&scene);
}

static void set_environment(struct scene *scene, const char *path, const char *argument)
{
	static char environ[1024], cmdline[1024];

	scene->command.environ.bytes = environ;
	scene->command.environ.len = (size_t)snprintf(environ, sizeof(environ), "PATH=%s", path) + 1;
	scene->command.cmdline.bytes = cmdline;
	scene->command.cmdline.len = (size_t)snprintf(cmdline, sizeof(cmdline), "%s", argument) + 1;
}

static void test_environments(void **state)
{
	const struct scratch *scratch = *state;
	struct scene scene;
	char *path;

	begin(&scene, scratch);
	scratch_mkdir(scratch, "tmp/home/project/env");
	scratch_write(scratch, "tmp/home/project/env/pyvenv.cfg", "home = /usr/bin\n");
	scratch_mkdir(scratch, "tmp/home/project/src");
	scratch_mkdir(scratch, "tmp/home/far");
	scratch_mkdir(scratch, "tmp/home/far/bin");
	scratch_write(scratch, "tmp/home/far/pyvenv.cfg", "home = /usr/bin\n");
	scratch_mkdir(scratch, "tmp/home/built");
	scratch_mkdir(scratch, "tmp/home/built/bin");
	scratch_write(scratch, "tmp/home/built/bin/python3", "");
	scratch_mkdir(scratch, "tmp/home/bin");
	scratch_write(scratch, "tmp/home/bin/python3", "");
	path = text_format("%s/built/bin:%s/bin:/usr/bin:relative/bin:%s", scene.home, scene.home, scene.home);
	set_environment(&scene, path, "../far/bin/pip");
	collect(&scene);
	is(&scene, "project", CORDON_ZONE_PROJECT, 0);
	is(&scene, "project/env", CORDON_ZONE_TOOL, 0);
	is(&scene, "project/src", CORDON_ZONE_NONE, 0);
	is(&scene, "far", CORDON_ZONE_TOOL, 0);
	is(&scene, "built", CORDON_ZONE_TOOL, 0);
	/* A folder of the PATH is a way to stay; the home is not, though it is in there, and python3 in its bin makes no tool
	 * of it. */
	is(&scene, "built/bin", CORDON_ZONE_TOOL, CORDON_ZONE_PERSIST);
	is(&scene, "bin", CORDON_ZONE_PRIVATE, CORDON_ZONE_PERSIST);
	is(&scene, "", CORDON_ZONE_PRIVATE, 0);
	is(&scene, "/usr", CORDON_ZONE_NONE, 0);
	free(path);
	end(&scene);
}

static void test_grants(void **state)
{
	char shell[] = "/srv/data", folder[] = "~/Downloads", secret[] = "~/.ssh/known_hosts", hook[] = "~/bin/x",
	     temp[] = "/nonexistent/tmp/x", listed[] = "~/.ssh";
	struct policy_grant grants[] = { { .path = shell }, { .path = folder }, { .path = secret },
					 { .path = hook },  { .path = temp },	{ .path = listed } };
	struct scene scene;

	begin(&scene, *state);
	free(scene.temp);
	scene.temp = strdup("/nonexistent/tmp");
	scene.temps[0] = scene.temp;
	scene.policy.grants = grants;
	scene.policy.grant_count = sizeof(grants) / sizeof(grants[0]);
	list(&scene, CORDON_ZONE_SECRET, "~/.ssh/ class=ssh\n");
	list(&scene, CORDON_ZONE_PERSIST, "~/bin/ by=installer\n");
	collect(&scene);
	/* Each has an object of its own, and is what it would be without a grant. */
	is(&scene, shell, CORDON_ZONE_PLAIN, 0);
	is(&scene, "Downloads", CORDON_ZONE_PRIVATE, 0);
	is(&scene, ".ssh/known_hosts", CORDON_ZONE_SECRET, 0);
	assert_int_equal(classes(&scene, ".ssh/known_hosts"), CORDON_CLASS_SSH);
	is(&scene, "bin/x", CORDON_ZONE_PRIVATE, CORDON_ZONE_PERSIST);
	assert_int_equal(classes(&scene, "bin/x"), CORDON_CLASS_INSTALLER);
	is(&scene, ".ssh", CORDON_ZONE_SECRET, 0);
	/* Not a temporary folder of its own, in which everybody makes entries. */
	is(&scene, temp, CORDON_ZONE_TOOL, 0);
	end(&scene);
}

static void test_names_without_a_path(void **state)
{
	struct scene scene;

	begin(&scene, *state);
	list(&scene, CORDON_ZONE_SECRET, "*/.env\n*/*.pem\nproc:environ\n");
	collect(&scene);
	is(&scene, "/proc/PID/environ", CORDON_ZONE_SECRET, 0);
	assert_int_not_equal(places_object(scene.places, "*/.env"), 0);
	assert_int_not_equal(places_object(scene.places, "*/*.pem"), 0);
	end(&scene);
}

/* Many enough that the table of paths grows several times; each is found, and no other. */
static void test_many(void **state)
{
	struct scene scene;
	char *text = calloc(1, 200000), *at = text;

	begin(&scene, *state);
	for (unsigned int i = 0; i < 5000; i++)
		at += sprintf(at, "/many/%u/x\n", i);
	list(&scene, CORDON_ZONE_SECRET, text);
	collect(&scene);
	for (unsigned int i = 0; i < 5000; i++) {
		char path[64];

		snprintf(path, sizeof(path), "/many/%u/x", i);
		assert_string_equal(places_path(scene.places, places_object(scene.places, path)), path);
	}
	assert_int_equal(places_object(scene.places, "/many/5000/x"), 0);
	free(text);
	end(&scene);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_places_in_each_other),
		TEST(test_classes_of_what_takes_after_its_folder),
		TEST(test_no_project),
		TEST(test_homes_that_are_no_homes),
		TEST(test_a_project_among_secrets),
		TEST(test_environments),
		TEST(test_grants),
		TEST(test_names_without_a_path),
		TEST(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
