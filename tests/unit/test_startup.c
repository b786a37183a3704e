/* SPDX-License-Identifier: Apache-2.0 */
/* test_startup.c - which start-up files have a known form, by the forms that are shipped; and mistakes in such a file. */
#include "policy_scratch.h"

#include "base/cleanup.h"
#include "policy/startup.h"

#include <errno.h>

#define SITE "/v/lib/python3.11/site-packages/"
#define NAMESPACE_HEAD                                                                                                     \
	"import sys, types, os;has_mfs = sys.version_info > (3, 5);p = os.path.join(sys._getframe(1).f_locals['sitedir'], *"
#define NAMESPACE_TAIL(module)                                                                                             \
	");importlib = has_mfs and __import__('importlib.util');has_mfs and __import__('importlib.machinery');m = has_mfs and " \
	"sys.modules.setdefault('" module "', importlib.util.module_from_spec(importlib.machinery.PathFinder.find_spec('"      \
	module "', [os.path.dirname(p)])));m = m or sys.modules.setdefault('" module "', types.ModuleType('" module            \
	"'));mp = (m or []) and m.__dict__.setdefault('__path__',[]);(p not in mp) and mp.append(p)"
#define DISTUTILS                                                                                                          \
	"import os; var = 'SETUPTOOLS_USE_DISTUTILS'; enabled = os.environ.get(var, 'local') == 'local'; enabled and "     \
	"__import__('_distutils_hack').add_shim();"

static struct startup_forms *shipped(void)
{
	char *vendor = policy_vendor_dir(), *dir = text_format("%s/startup", vendor);
	struct startup_forms *forms = NULL;
	struct diag diag = { 0 };

	assert_accepted(startup_load(dir, &forms, &diag), &diag);
	free(dir);
	free(vendor);
	return forms;
}

static void test_files(void **state)
{
	static const struct {
		const char *path, *text, *owner;
		bool editable, known;
	} files[] = {
		/* No code. */
		{ SITE "a.pth", "", "a", false, true },
		{ SITE "a.pth", "/srv/src\n# import os\n\n imports\nimporting\n", "a", false, true },
		{ SITE "a.pth", "import", "a", false, true },
		/* Code that nobody knows, wherever a python may see a line. */
		{ SITE "a.pth", "import os\n", "a", false, false },
		{ SITE "a.pth", "import\tos", "a", false, false },
		{ SITE "a.pth", "/srv\rimport os", "a", false, false },
		{ SITE "a.pth", "/srv\fimport os", "a", false, false },
		{ SITE "a.pth", "/srv\x1cimport os", "a", false, false },
		{ SITE "a.pth", "/srv\xe2\x80\xa8import os", "a", false, false },
		{ SITE "a.pth", "\xef\xbb\xbfimport os", "a", false, false },
		/* Namespace packages. */
		{ SITE "a-nspkg.pth", NAMESPACE_HEAD "('a',)" NAMESPACE_TAIL("a") "\n", "a", false, true },
		{ SITE "a-nspkg.pth", NAMESPACE_HEAD "('a', 'b')" NAMESPACE_TAIL("a.b") ";m and setattr(sys.modules['a'], 'b', m)\n",
		  "a-b", false, true },
		{ SITE "a.pth", NAMESPACE_HEAD "('a',)" NAMESPACE_TAIL("a"), "a", false, false },
		{ SITE "a-nspkg.pth", NAMESPACE_HEAD "('a',)" NAMESPACE_TAIL("a") ";import b", "a", false, false },
		{ SITE "a-nspkg.pth", NAMESPACE_HEAD "('a', b())" NAMESPACE_TAIL("a"), "a", false, false },
		{ SITE "a-nspkg.pth", NAMESPACE_HEAD "('a',)" NAMESPACE_TAIL("a") "\nimport os\n", "a", false, false },
		{ SITE "a-nspkg.pth", NAMESPACE_HEAD "('a',)" NAMESPACE_TAIL("a'+b()+'"), "a", false, false },
		/* Somebody's own. */
		{ SITE "distutils-precedence.pth", DISTUTILS " \n", "setuptools", false, true },
		{ SITE "distutils-precedence.pth", DISTUTILS, "a", false, false },
		{ SITE "distutils-precedence.pth", DISTUTILS, NULL, false, false },
		{ SITE "other.pth", DISTUTILS, "setuptools", false, false },
		/* What an environment begins with. */
		{ SITE "_virtualenv.pth", "import _virtualenv", NULL, false, true },
		{ SITE "_virtualenv.pth", "import _virtualenv", "a", false, false },
		/* Installed with -e. */
		{ SITE "__editable__.a-1.0.pth", "import __editable___a_1_0_finder; __editable___a_1_0_finder.install()", "a", true, true },
		{ SITE "__editable__.a-1.0.pth", "import __editable___a_1_0_finder; __editable___a_1_0_finder.install()", "a", false,
		  false },
		{ SITE "__editable__.a-1.0.pth", "import __editable___a_finder; __editable___b_finder.install()", "a", true, false },
		{ SITE "a.pth", "import _editable_impl_a", "a", true, true },
		{ SITE "a.pth", "import os", "a", true, false },
		/* Modules: all of it is code. */
		{ SITE "sitecustomize.py", "", "a", false, false },
		{ SITE "sitecustomize.py", "x = 1\n", NULL, false, false },
		{ "/tmp/pip-build-env-k3/site/sitecustomize.py", "x = 1\n", NULL, false, true },
		{ "/tmp/pip-build-env-k3/site/sitecustomize.py", "x = 1\n", "a", false, false },
		{ "/tmp/pip-build-env-k3/overlay/lib/sitecustomize.py", "x = 1\n", NULL, false, false },
		{ SITE "a.start", "a:main\n", "a", false, false },
		/* Not to be read. */
		{ SITE "a.pth", NULL, "a", false, false },
	};
	struct startup_forms *forms = shipped();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct startup_file file = {
			.path = files[i].path, .text = files[i].text, .len = files[i].text ? strlen(files[i].text) : 0,
			.owner = files[i].owner, .editable = files[i].editable,
		};

		if (startup_is_known(forms, &file) != files[i].known)
			fail_msg("%zu: %s: '%s' is %sknown", i, files[i].path, files[i].text, files[i].known ? "not " : "");
	}
	startup_free(forms);
}

/* A NUL ends no text: python goes on behind it. */
static void test_nul(void **state)
{
	static const char text[] = "/srv\0import os\n";
	struct startup_file file = { .path = SITE "a.pth", .text = text, .len = sizeof(text) - 1, .owner = "a" };
	struct startup_forms *forms = shipped();

	(void)state;
	assert_false(startup_is_known(forms, &file));
	startup_free(forms);
}

static void test_lines(void **state)
{
	static const struct {
		const char *pattern, *line;
		bool matches;
	} lines[] = {
		{ "import x", "import x", true },
		{ "import x", "import xy", false },
		{ "import x", "import ", false },
		{ "import {name}", "import a_1", true },
		{ "import {name}", "import a.b", false },
		{ "import {module}", "import a.b", true },
		{ "import {name}", "import ", false },
		{ "import {name}_end; {name}_end()", "import a_end_end; a_end_end()", true },
		{ "import {name}_end; {name}_end()", "import a_end; b_end()", false },
		{ "import {parent}.{child}", "import a.b.c", true },
		{ "import f{tuple}", "import f('a',)", true },
		{ "import f{tuple}", "import f('a', 'b')", true },
		{ "import f{tuple}", "import f('a')", true },
		{ "import f{tuple}", "import f('a'", false },
		{ "import f{tuple}", "import f('')", false },
		{ "import f{tuple}", "import f(a,)", false },
		{ "import f({path})", "import f('/a b/c')", true },
		{ "import f({path})", "import f('/a')')", false },
		{ "import f({path})", "import f('/a\\')", false },
		{ "import {unknown}", "import {unknown}", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		if (startup_line_matches(lines[i].pattern, lines[i].line, strlen(lines[i].line)) != lines[i].matches)
			fail_msg("'%s' and '%s'", lines[i].pattern, lines[i].line);
}

static void test_mistakes(void **state)
{
	static const struct {
		const char *text, *says;
		unsigned int line;
	} files[] = {
		{ "nonsense = 1\n", "nonsense", 1 },
		{ "[[form]]\nid = 'a'\nfile = 'a.pth'\n", "needs 'id', 'file' and 'owner'", 1 },
		{ "[[form]]\nid = 'a'\nfile = 'a.pth'\nowner = ['*']\n", "without 'line'", 1 },
		{ "[[form]]\nid = 'a'\nfile = '/site/a.py'\nowner = ['*']\n", "without 'line'", 1 },
		{ "[[form]]\nid = 'a'\nfile = 'a.pth'\nowner = ['*']\nline = 'x'\n", "no code", 5 },
		{ "[[form]]\nid = 'a'\nfile = 'a.pth'\nowner = ['*']\nline = \"import a\\nb\"\n", "ends a line", 5 },
		{ "[[form]]\nid = 'a'\nfile = 'a.pth'\nowner = '*'\nline = 'import a'\n", "list", 4 },
		{ "[[form]]\nid = 'a'\nfile = 'a.pth'\nowner = ['*']\neditable = 1\nline = 'import a'\n", "true or false", 5 },
		{ "form = 1\n", "list", 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct startup_forms forms = { 0 };
		struct diag diag = { 0 };

		assert_int_equal(startup_parse(&forms, files[i].text, strlen(files[i].text), "x.toml", &diag), -EINVAL);
		if (!strstr(diag.text, files[i].says) || diag.line != files[i].line)
			fail_msg("%zu: line %u: %s", i, diag.line, diag.text);
		diag_release(&diag);
		free(forms.items);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_mistakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
