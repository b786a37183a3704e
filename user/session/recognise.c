/* SPDX-License-Identifier: Apache-2.0 */
#include "session/recognise.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"

#include <errno.h>
#include <string.h>

/* Programs that run a script; without their version. The free-threaded Pythons are called by their full name. */
static const struct {
	const char *name;
	unsigned int interpreter;
} interpreters[] = {
	{ "python", CORDON_INTERPRETER_PYTHON },      { "python3.13t", CORDON_INTERPRETER_PYTHON },
	{ "python3.14t", CORDON_INTERPRETER_PYTHON }, { "pypy", CORDON_INTERPRETER_PYTHON },
	{ "node", CORDON_INTERPRETER_NODE },	      { "nodejs", CORDON_INTERPRETER_NODE },
	{ "ruby", CORDON_INTERPRETER_RUBY },	      { "sh", CORDON_INTERPRETER_SHELL },
	{ "dash", CORDON_INTERPRETER_SHELL },	      { "bash", CORDON_INTERPRETER_SHELL },
	{ "zsh", CORDON_INTERPRETER_SHELL },	      { "ksh", CORDON_INTERPRETER_SHELL },
};

DEFINE_CLEANUP(struct recognise_table *, recognise_free)

static int entry_compare(const void *a, const void *b)
{
	/* Keys have no padding: wire.h asserts it. */
	return memcmp(&((const struct recognise_entry *)a)->key, &((const struct recognise_entry *)b)->key,
		      sizeof(struct cordon_recognition_key));
}

static int table_add(struct recognise_table *table, unsigned int token, unsigned int interpreter, const char *name,
		     struct cordon_recognition value)
{
	struct recognise_entry *grown = reallocarray(table->entries, table->count + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	table->entries = grown;
	grown[table->count++] = (struct recognise_entry){
		.key = { .hash = text_hash(name, strlen(name)),
			 .session = table->session,
			 .token = (uint16_t)token,
			 .interpreter = (uint16_t)interpreter },
		.value = value,
	};
	return 0;
}

/* The kind of key for a pattern over a script's path, or -ENOTSUP. */
static int script_token(const struct token_pattern *pattern)
{
	const char *slash = strchr(pattern->text, '/');
	const char *dash = strchr(pattern->text, '-');

	if (slash)
		return pattern->match == TOKEN_EXACT && !strchr(slash + 1, '/') ? CORDON_TOKEN_SCRIPT_PAIR : -ENOTSUP;
	switch (pattern->match) {
	case TOKEN_EXACT:
		return CORDON_TOKEN_SCRIPT;
	case TOKEN_VERSION:
		return CORDON_TOKEN_SCRIPT_VERSION;
	case TOKEN_PREFIX:
		return dash && !dash[1] ? CORDON_TOKEN_SCRIPT_PREFIX : -ENOTSUP;
	}
	return -ENOTSUP;
}

static int exe_token(const struct token_pattern *pattern)
{
	switch (pattern->match) {
	case TOKEN_EXACT:
		return CORDON_TOKEN_EXE;
	case TOKEN_VERSION:
		return CORDON_TOKEN_EXE_VERSION;
	case TOKEN_PREFIX:
		break;
	}
	return -ENOTSUP;
}

static int module_token(const struct token_pattern *pattern)
{
	return pattern->match == TOKEN_EXACT ? CORDON_TOKEN_MODULE : -ENOTSUP;
}

static int add_list(struct recognise_table *table, const struct token_list *list, unsigned int interpreter,
		    struct cordon_recognition value, int (*token_of)(const struct token_pattern *pattern))
{
	for (size_t i = 0; i < list->count; i++) {
		int r = token_of(&list->items[i]);

		if (r >= 0)
			r = table_add(table, (unsigned int)r, interpreter, list->items[i].text, value);
		if (r < 0) {
			log_debug("recognition: '%s': %s", list->items[i].text, strerror(-r));
			return r;
		}
	}
	return 0;
}

static int add_code(struct recognise_table *table, const char *text, unsigned int interpreter,
		    struct cordon_recognition value)
{
	struct cordon_code code = { .interpreter = (uint16_t)interpreter,
				    .installer = value.installer,
				    .role = value.role };
	size_t len = strlen(text);

	if (!len || len > CORDON_CODE_LEN)
		return -ENOTSUP;
	for (size_t i = 0; i < len; i++) {
		code.high = code.high << 8 | code.low >> 56;
		code.low = code.low << 8 | (unsigned char)text[i];
		code.high_mask = code.high_mask << 8 | code.low_mask >> 56;
		code.low_mask = code.low_mask << 8 | 0xff;
	}
	for (size_t i = 0; i < CORDON_CODES_MAX; i++)
		if (!table->codes[i].installer) {
			table->codes[i] = code;
			return 0;
		}
	return -E2BIG;
}

static int add_installer(struct recognise_table *table, const struct installer *installer, size_t index)
{
	struct cordon_recognition value = { .installer = (uint16_t)(index + 1), .role = (uint8_t)installer->role };
	unsigned int interpreter = installer->interpreter;
	int r = add_list(table, &installer->exe, 0, value, exe_token);

	if (r == 0)
		r = add_list(table, &installer->script, interpreter, value, script_token);
	if (r == 0)
		r = add_list(table, &installer->module, interpreter, value, module_token);
	for (size_t i = 0; i < installer->code_count && r == 0; i++)
		r = add_code(table, installer->code[i], interpreter, value);
	return r;
}

/* Sorts, and drops what one installer says twice. */
static int table_finish(struct recognise_table *table)
{
	size_t n = 0;

	qsort(table->entries, table->count, sizeof(*table->entries), entry_compare);
	for (size_t i = 0; i < table->count; i++) {
		const struct recognise_entry *e = &table->entries[i];

		if (n && !entry_compare(&table->entries[n - 1], e)) {
			if (table->entries[n - 1].value.installer != e->value.installer)
				return -EEXIST;
			continue;
		}
		table->entries[n++] = *e;
	}
	table->count = n;
	return 0;
}

int recognise_compile(const struct installers *installers, uint32_t session, struct recognise_table **ret)
{
	CLEANUP(recognise_free_cleanup) struct recognise_table *table = calloc(1, sizeof(*table));
	int r = 0;

	if (!table)
		return -ENOMEM;
	if (installers->count >= UINT16_MAX)
		return -E2BIG;
	table->session = session;
	for (size_t i = 0; i < ARRAY_SIZE(interpreters) && r == 0; i++)
		r = table_add(table, CORDON_TOKEN_INTERPRETER, 0, interpreters[i].name,
			      (struct cordon_recognition){ .installer = (uint16_t)interpreters[i].interpreter });
	for (size_t i = 0; i < installers->count && r == 0; i++)
		r = add_installer(table, &installers->items[i], i);
	if (r == 0)
		r = table_finish(table);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(table);
	return 0;
}

void recognise_free(struct recognise_table *table)
{
	if (!table)
		return;
	free(table->entries);
	free(table);
}

static const struct cordon_recognition *lookup(const struct recognise_table *table,
					       const struct cordon_features *features, unsigned int token)
{
	struct recognise_entry wanted = { 0 };
	const struct recognise_entry *found;

	if (!cordon_recognition_key(features, token, table->session, &wanted.key))
		return NULL;
	found = bsearch(&wanted, table->entries, table->count, sizeof(wanted), entry_compare);
	return found ? &found->value : NULL;
}

uint32_t recognise_interpreter(const struct recognise_table *table, const struct cordon_features *features)
{
	const struct cordon_recognition *found = lookup(table, features, CORDON_TOKEN_INTERPRETER);

	return found ? found->installer : 0;
}

int recognise_features(const struct recognise_table *table, const struct cordon_features *features,
		       struct recognised *ret)
{
	const struct cordon_recognition *found = NULL;

	*ret = (struct recognised){ .installer = -ENOENT, .role = CORDON_ROLE_NONE, .features = *features };
	for (unsigned int token = 0; token < CORDON_TOKEN_COUNT && !found; token++)
		if (token != CORDON_TOKEN_INTERPRETER)
			found = lookup(table, features, token);
	if (found) {
		ret->installer = found->installer - 1;
		ret->role = found->role;
	} else if (features->code && features->code <= CORDON_CODES_MAX) {
		ret->installer = table->codes[features->code - 1].installer - 1;
		ret->role = table->codes[features->code - 1].role;
	} else {
		return features->flags & CORDON_FEATURE_UNDECIDABLE ? -EOVERFLOW : -ENOENT;
	}
	return 0;
}

int recognise_argv(const struct recognise_table *table, const struct recognise_input *input, struct recognised *ret)
{
	struct cordon_features features;
	uint32_t interpreter;
	int r;

	/* The name that was asked for comes first: programs of many names look at theirs. */
	cordon_argv_exe(&features, input->path, (uint32_t)strlen(input->path));
	interpreter = recognise_interpreter(table, &features);
	if (!interpreter) {
		r = recognise_features(table, &features, ret);
		if (r != -ENOENT || !input->exe)
			return r;
		/* A script with a #! line, or an interpreter under another name. */
		cordon_argv_exe(&features, input->exe, (uint32_t)strlen(input->exe));
		interpreter = recognise_interpreter(table, &features);
	}
	if (interpreter)
		cordon_argv_scan(&features, interpreter, table->codes, &input->args);
	return recognise_features(table, &features, ret);
}

const char *recognised_value(const struct recognised *recognised, const struct cordon_args *args)
{
	const uint32_t any = CORDON_FEATURE_SCRIPT | CORDON_FEATURE_MODULE | CORDON_FEATURE_CODE;

	if (!(recognised->features.flags & any) || recognised->features.value >= args->len)
		return NULL;
	return args->bytes + recognised->features.value;
}
