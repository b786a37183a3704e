/* SPDX-License-Identifier: Apache-2.0 */
/* installers.c - recognition files: one installer each. Their keys are described in policy/README.md. */
#include "policy/installers.h"

#include "base/text.h"
#include "policy/diag.h"
#include "policy/name.h"
#include "policy/read.h"
#include "policy/zone_expand.h"
#include "policy/zones.h"

#include <errno.h>
#include <string.h>

/* The kernel looks for a pattern of -c by the hash of a window of so many bytes. */
#define CODE_LEN_MAX 16
/* struct cordon_label keeps the index + 1 in 16 bits; a folder with more than this is a mistake anyway. */
#define INSTALLERS_MAX 256

DEFINE_CLEANUP(struct installers *, installers_free)

/* The index + 1 is the CORDON_INTERPRETER_*. */
static const char *const interpreter_names[] = {
	[CORDON_INTERPRETER_PYTHON - 1] = "python",
	[CORDON_INTERPRETER_NODE - 1] = "node",
	[CORDON_INTERPRETER_RUBY - 1] = "ruby",
	[CORDON_INTERPRETER_SHELL - 1] = "shell",
	NULL,
};

static void helper_release(struct helper_entry *helper)
{
	free(helper->exe.text);
	strings_free(helper->args, helper->arg_count);
	strings_free(helper->children, helper->child_count);
}

void installer_release(struct installer *installer)
{
	free(installer->id);
	free(installer->ecosystem);
	token_list_release(&installer->exe);
	token_list_release(&installer->script);
	token_list_release(&installer->module);
	strings_free(installer->code, installer->code_count);
	strings_free(installer->nested, installer->nested_count);
	for (size_t i = 0; i < installer->helper_count; i++)
		helper_release(&installer->helpers[i]);
	free(installer->helpers);
	strings_free(installer->passthrough, installer->passthrough_count);
	strings_free(installer->attribute_env, installer->attribute_env_count);
	strings_free(installer->attribute_cwd, installer->attribute_cwd_count);
	strings_free(installer->attribute_exe, installer->attribute_exe_count);
	gate_patterns_release(installer->gate.open, installer->gate.open_count);
	gate_patterns_release(installer->gate.rename, installer->gate.rename_count);
	gate_patterns_release(installer->gate.create, installer->gate.create_count);
	strings_free(installer->own, installer->own_count);
	strings_free(installer->shared, installer->shared_count);
	strings_free(installer->caches, installer->cache_count);
	strings_free(installer->built, installer->built_count);
	free(installer->file);
	memset(installer, 0, sizeof(*installer));
}

void installers_free(struct installers *installers)
{
	if (!installers)
		return;
	for (size_t i = 0; i < installers->count; i++)
		installer_release(&installers->items[i]);
	free(installers->items);
	free(installers);
}

/* --- one file --- */

static int check_each(const struct schema *s, const struct toml_node *list,
		      int (*check)(const struct schema *s, const struct toml_node *node))
{
	for (size_t i = 0; list && i < list->count; i++) {
		int r = check(s, &list->items[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

static int check_id(const struct schema *s, const struct toml_node *node)
{
	if (node->string[strspn(node->string, "abcdefghijklmnopqrstuvwxyz0123456789_")])
		return schema_error(s, node, "'%s' is no id; ids are lower-case letters, digits and '_'", node->string);
	return 0;
}

static int check_code(const struct schema *s, const struct toml_node *node)
{
	if (strlen(node->string) > CODE_LEN_MAX)
		return schema_error(s, node, "'%s' is longer than the %d bytes that the kernel compares", node->string,
				    CODE_LEN_MAX);
	return 0;
}

/* As the zone lists write it; not in the project, which is no cache. */
static int check_cache(const struct schema *s, const struct toml_node *node)
{
	const char *why = node->string[0] == '.' ? "lies in the project" : zone_path_mistake(node->string);

	return why ? schema_error(s, node, "'%s' %s", node->string, why) : 0;
}

/* VARIABLE=name or VARIABLE=version. */
static int check_env(const struct schema *s, const struct toml_node *node)
{
	const char *equal = strchr(node->string, '=');

	if (!equal || equal == node->string || (strcmp(equal + 1, "name") != 0 && strcmp(equal + 1, "version") != 0))
		return schema_error(s, node, "'%s' must be VARIABLE=name or VARIABLE=version", node->string);
	return 0;
}

static int parse_reads(const struct schema *s, const struct toml_node *reads, unsigned int *ret)
{
	int r = reads ? schema_kind(s, reads, TOML_ARRAY) : 0;

	for (size_t i = 0; !r && reads && i < reads->count; i++) {
		unsigned int bit;

		r = schema_choice(s, &reads->items[i], zone_class_names, &bit);
		if (!r)
			*ret |= 1u << bit;
	}
	return r;
}

static int parse_helper(struct helper_entry *helper, const struct schema *s, const struct toml_node *table)
{
	static const char *const keys[] = { "exe", "args", "children", "reads", NULL };
	const struct toml_node *children;
	int r = schema_keys(s, table, "a helper", keys);

	if (r < 0)
		return r;
	if (!toml_get(table, "exe"))
		return schema_error(s, table, "a helper needs 'exe'");
	children = toml_get(table, "children");
	r = token_parse(s, toml_get(table, "exe"), TOKEN_KIND_HELPER, &helper->exe);
	if (!r)
		r = schema_strings(s, toml_get(table, "args"), &helper->args, &helper->arg_count);
	if (!r)
		r = schema_strings(s, children, &helper->children, &helper->child_count);
	if (!r)
		r = check_each(s, children, child_check);
	return r < 0 ? r : parse_reads(s, toml_get(table, "reads"), &helper->reads);
}

static int parse_helpers(struct installer *installer, const struct schema *s, const struct toml_node *list)
{
	int r;

	if (!list)
		return 0;
	if (list->kind != TOML_ARRAY)
		return schema_error_key(s, list, "helpers are written [[helper]], with two brackets");
	if (!list->count)
		return 0;
	installer->helpers = calloc(list->count, sizeof(*installer->helpers));
	if (!installer->helpers)
		return -ENOMEM;
	for (size_t i = 0; i < list->count; i++) {
		/* Counted first: what is half filled must be released too. */
		r = parse_helper(&installer->helpers[installer->helper_count++], s, &list->items[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

static int parse_attribution(struct installer *installer, const struct schema *s, const struct toml_node *table)
{
	static const char *const keys[] = { "env", "cwd", "exe", NULL };
	const struct toml_node *env, *cwd, *exe;
	int r;

	if (!table)
		return 0;
	r = schema_keys(s, table, "[attribution]", keys);
	if (r < 0)
		return r;
	env = toml_get(table, "env");
	cwd = toml_get(table, "cwd");
	exe = toml_get(table, "exe");
	r = schema_strings(s, env, &installer->attribute_env, &installer->attribute_env_count);
	if (!r)
		r = check_each(s, env, check_env);
	if (!r)
		r = schema_strings(s, cwd, &installer->attribute_cwd, &installer->attribute_cwd_count);
	if (!r)
		r = check_each(s, cwd, attribution_check);
	if (!r)
		r = schema_strings(s, exe, &installer->attribute_exe, &installer->attribute_exe_count);
	return r < 0 ? r : check_each(s, exe, attribution_check);
}

static int parse_handover(struct installer *installer, const struct schema *s, const struct toml_node *table)
{
	static const char *const keys[] = { "own", "shared", NULL };
	const struct toml_node *own, *shared;
	int r;

	if (!table)
		return 0;
	r = schema_keys(s, table, "[handover]", keys);
	if (r < 0)
		return r;
	own = toml_get(table, "own");
	shared = toml_get(table, "shared");
	r = schema_strings(s, own, &installer->own, &installer->own_count);
	if (!r)
		r = check_each(s, own, attribution_check);
	if (!r)
		r = schema_strings(s, shared, &installer->shared, &installer->shared_count);
	return r < 0 ? r : check_each(s, shared, attribution_check);
}

static int parse_who(struct installer *installer, const struct schema *s, const struct toml_node *root)
{
	static const char *const roles[] = { "installer", "project", NULL };
	const struct toml_node *id = toml_get(root, "id"), *ecosystem = toml_get(root, "ecosystem");
	const struct toml_node *interpreter = toml_get(root, "interpreter");
	unsigned int choice = 0;
	int r;

	if (!id || !ecosystem)
		return diag_set(s->diag, -EINVAL, (struct diag_place){ s->file, 0, 0 }, "needs '%s'",
				id ? "ecosystem" : "id");
	r = schema_string(s, id, &installer->id);
	if (!r)
		r = check_id(s, id);
	if (!r)
		r = schema_choice(s, ecosystem, ecosystem_names, &choice);
	if (r < 0)
		return r;
	installer->ecosystem = strdup(ecosystem_names[choice]);
	installer->line = id->line;
	choice = 0;
	r = schema_choice(s, toml_get(root, "role"), roles, &choice);
	installer->role = choice ? CORDON_ROLE_PROJECT : CORDON_ROLE_INSTALLER;
	if (!r && interpreter)
		r = schema_choice(s, interpreter, interpreter_names, &choice);
	installer->interpreter = interpreter ? choice + 1 : 0;
	return r < 0 ? r : installer->ecosystem ? 0 : -ENOMEM;
}

static int parse_tokens(struct installer *installer, const struct schema *s, const struct toml_node *root)
{
	const struct toml_node *script = toml_get(root, "script"), *module = toml_get(root, "module");
	const struct toml_node *code = toml_get(root, "code");
	const struct toml_node *inner = script ? script : module ? module : code;
	int r = token_list_parse(s, toml_get(root, "exe"), TOKEN_KIND_EXE, &installer->exe);

	if (!r)
		r = token_list_parse(s, script, TOKEN_KIND_SCRIPT, &installer->script);
	if (!r)
		r = token_list_parse(s, module, TOKEN_KIND_MODULE, &installer->module);
	if (!r)
		r = schema_strings(s, code, &installer->code, &installer->code_count);
	if (!r)
		r = check_each(s, code, check_code);
	if (r < 0)
		return r;
	if (inner && !installer->interpreter)
		return schema_error_key(s, inner, "'%s' needs 'interpreter': whose it is", inner->key);
	if (!installer->exe.count && !installer->script.count && !installer->module.count && !installer->code_count)
		return diag_set(s->diag, -EINVAL, (struct diag_place){ s->file, 0, 0 },
				"matches nothing; needs one of 'exe', 'script', 'module', 'code'");
	return 0;
}

static int parse_installer(struct installer *installer, const struct schema *s, const struct toml_node *root)
{
	static const char *const keys[] = { "id",     "ecosystem",   "role", "interpreter", "exe",
					    "script", "module",	     "code", "nested",	    "passthrough",
					    "helper", "attribution", "caches", "handover",    "built", "gate", NULL };
	const struct toml_node *nested = toml_get(root, "nested"), *caches = toml_get(root, "caches");
	const struct toml_node *built = toml_get(root, "built");
	int r = schema_keys(s, root, "a recognition file", keys);

	if (!r)
		r = parse_who(installer, s, root);
	if (!r)
		r = parse_tokens(installer, s, root);
	if (!r)
		r = schema_strings(s, nested, &installer->nested, &installer->nested_count);
	if (nested) {
		installer->nested_line = nested->line;
		installer->nested_column = nested->column;
	}
	if (!r)
		r = schema_strings(s, toml_get(root, "passthrough"), &installer->passthrough,
				   &installer->passthrough_count);
	if (!r)
		r = schema_strings(s, caches, &installer->caches, &installer->cache_count);
	if (!r)
		r = check_each(s, caches, check_cache);
	if (!r)
		r = schema_strings(s, built, &installer->built, &installer->built_count);
	if (!r)
		r = check_each(s, built, check_cache);
	if (!r)
		r = parse_helpers(installer, s, toml_get(root, "helper"));
	if (!r)
		r = parse_handover(installer, s, toml_get(root, "handover"));
	if (!r)
		r = installer_gate_parse(installer, s, toml_get(root, "gate"));
	return r < 0 ? r : parse_attribution(installer, s, toml_get(root, "attribution"));
}

int installer_parse(struct installers *installers, const char *text, size_t len, const char *file,
		    struct diag *ret_diag)
{
	CLEANUP(toml_free_cleanup) struct toml_node *root = NULL;
	CLEANUP(installer_release) struct installer installer = { 0 };
	const struct schema s = { file, ret_diag };
	struct installer *grown;
	int r = toml_parse(text, len, file, &root, ret_diag);

	if (!r)
		r = parse_installer(&installer, &s, root);
	if (r < 0)
		return r;
	if (installers->count >= INSTALLERS_MAX)
		return diag_set(ret_diag, -E2BIG, (struct diag_place){ file, 0, 0 }, "one more than %d installers",
				INSTALLERS_MAX);
	installer.file = strdup(file);
	grown = reallocarray(installers->items, installers->count + 1, sizeof(*grown));
	if (grown)
		installers->items = grown;
	if (!grown || !installer.file)
		return -ENOMEM;
	grown[installers->count++] = installer;
	memset(&installer, 0, sizeof(installer));
	return 0;
}

static int installers_parse_file(void *arg, const char *text, size_t len, const char *file, struct diag *ret_diag)
{
	return installer_parse(arg, text, len, file, ret_diag);
}

int installers_load(const char *dir, struct installers **ret, struct diag *ret_diag)
{
	CLEANUP(installers_free_cleanup) struct installers *installers = calloc(1, sizeof(*installers));
	int r;

	memset(ret_diag, 0, sizeof(*ret_diag));
	if (!installers)
		return -ENOMEM;
	r = policy_parse_folder(dir, installers_parse_file, installers, ret_diag);
	if (!r && !installers->count)
		r = diag_set(ret_diag, -ENOENT, (struct diag_place){ dir, 0, 0 }, "holds no recognition file");
	if (!r)
		r = installers_finish(installers, ret_diag);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(installers);
	return 0;
}
