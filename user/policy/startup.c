/* SPDX-License-Identifier: Apache-2.0 */
/* startup.c - reads the forms of start-up files, and holds a file against them. */
#include "policy/startup.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "policy/diag.h"
#include "policy/read.h"
#include "policy/schema.h"

#include <errno.h>
#include <fnmatch.h>
#include <string.h>

DEFINE_CLEANUP(struct startup_forms *, startup_free)

static void form_release(struct startup_form *form)
{
	free(form->id);
	free(form->file);
	free(form->line);
	strings_free(form->owners, form->owner_count);
	memset(form, 0, sizeof(*form));
}

void startup_free(struct startup_forms *forms)
{
	if (!forms)
		return;
	for (size_t i = 0; i < forms->count; i++)
		form_release(&forms->items[i]);
	free(forms->items);
	free(forms);
}

static int parse_line(struct startup_form *form, const struct schema *s, const struct toml_node *node)
{
	const char *why;
	int r = schema_string(s, node, &form->line);

	if (r || !form->line)
		return r;
	why = startup_line_mistake(form->line);
	return why ? schema_error(s, node, "the line %s", why) : 0;
}

static int parse_form(struct startup_forms *forms, const struct schema *s, const struct toml_node *table)
{
	static const char *const keys[] = { "id", "file", "line", "owner", "editable", NULL };
	CLEANUP(form_release) struct startup_form form = { 0 };
	const struct toml_node *editable = toml_get(table, "editable");
	struct startup_form *grown;
	int r = schema_keys(s, table, "a form", keys);

	if (!r)
		r = schema_string(s, toml_get(table, "id"), &form.id);
	if (!r)
		r = schema_string(s, toml_get(table, "file"), &form.file);
	if (!r)
		r = parse_line(&form, s, toml_get(table, "line"));
	if (!r)
		r = schema_strings(s, toml_get(table, "owner"), &form.owners, &form.owner_count);
	if (!r && editable)
		r = schema_kind(s, editable, TOML_BOOLEAN);
	if (r)
		return r;
	form.editable = editable && editable->integer;
	if (!form.id || !form.file || !form.owner_count)
		return schema_error(s, table, "a form needs 'id', 'file' and 'owner'");
	/* A file that may hold anything is known by its place, and by nobody having brought it. */
	if (!form.line && (form.file[0] != '/' || form.owner_count != 1 || strcmp(form.owners[0], "-") != 0))
		return schema_error(s, table, "a form without 'line' needs a 'file' with a slash at its start and the owner \"-\"");
	grown = reallocarray(forms->items, forms->count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	forms->items = grown;
	grown[forms->count++] = form;
	memset(&form, 0, sizeof(form));
	return 0;
}

int startup_parse(struct startup_forms *forms, const char *text, size_t len, const char *file, struct diag *ret_diag)
{
	static const char *const keys[] = { "form", NULL };
	const struct schema s = { .file = file, .diag = ret_diag };
	CLEANUP(toml_free_cleanup) struct toml_node *root = NULL;
	const struct toml_node *list;
	int r = toml_parse(text, len, file, &root, ret_diag);

	if (!r)
		r = schema_keys(&s, root, "a file of start-up forms", keys);
	list = r ? NULL : toml_get(root, "form");
	if (list)
		r = schema_kind(&s, list, TOML_ARRAY);
	for (size_t i = 0; !r && list && i < list->count; i++)
		r = parse_form(forms, &s, &list->items[i]);
	return r;
}

static int startup_parse_file(void *arg, const char *text, size_t len, const char *file, struct diag *ret_diag)
{
	return startup_parse(arg, text, len, file, ret_diag);
}

int startup_load(const char *dir, struct startup_forms **ret, struct diag *ret_diag)
{
	CLEANUP(startup_free_cleanup) struct startup_forms *forms = calloc(1, sizeof(*forms));
	int r = forms ? policy_parse_folder(dir, startup_parse_file, forms, ret_diag) : -ENOMEM;

	if (!r)
		*ret = TAKE_PTR(forms);
	return r;
}

static bool form_is_for(const struct startup_form *form, const struct startup_file *file)
{
	const char *name = text_basename(file->path);
	size_t len = strlen(file->path);

	if (form->editable && !file->editable)
		return false;
	if (form->file[0] != '/') {
		if (fnmatch(form->file, name, FNM_PATHNAME) != 0)
			return false;
	} else {
		const char *at = file->path + len;
		bool found = false;

		/* From each slash on, as the pattern may begin at any folder. */
		while (!found && at > file->path)
			if (*--at == '/')
				found = !fnmatch(form->file, at, FNM_PATHNAME);
		if (!found)
			return false;
	}
	for (size_t i = 0; i < form->owner_count; i++) {
		const char *owner = form->owners[i];

		if (file->owner ? !strcmp(owner, "*") || !strcmp(owner, file->owner) : !strcmp(owner, "-"))
			return true;
	}
	return false;
}

static bool line_is_known(const struct startup_forms *forms, const struct startup_file *file, const char *line, size_t len)
{
	while (len && (line[len - 1] == ' ' || line[len - 1] == '\t'))
		len--;
	for (size_t i = 0; i < forms->count; i++)
		if (forms->items[i].line && form_is_for(&forms->items[i], file) &&
		    startup_line_matches(forms->items[i].line, line, len))
			return true;
	return false;
}

/* Pythons differ in what ends a line, and in how bytes become letters: every byte that may end one does here. */
static bool ends_line(unsigned char c)
{
	return (c < 0x20 && c != '\t') || c >= 0x7f;
}

bool startup_is_known(const struct startup_forms *forms, const struct startup_file *file)
{
	const char *end = file->text ? file->text + file->len : NULL;

	for (size_t i = 0; i < forms->count; i++)
		if (!forms->items[i].line && form_is_for(&forms->items[i], file))
			return true;
	/* Of modules every line is code, and .start holds nothing else. */
	if (!file->text || !text_ends_with(file->path, ".pth"))
		return false;
	for (const char *line = file->text; line < end;) {
		const char *stop = line;

		while (stop < end && !ends_line((unsigned char)*stop))
			stop++;
		/* site.py: a line that begins so is run, any other is a folder or a comment. */
		if (stop - line >= 7 && (!memcmp(line, "import ", 7) || !memcmp(line, "import\t", 7)) &&
		    !line_is_known(forms, file, line, (size_t)(stop - line)))
			return false;
		line = stop + 1;
	}
	return true;
}
