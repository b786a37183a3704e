/* SPDX-License-Identifier: Apache-2.0 */
/* installers_check.c - what recognition files say of each other, and the look-up by id. */
#include "base/text.h"
#include "policy/diag.h"
#include "policy/installers.h"
#include "policy/read.h"
#include "policy/zone_expand.h"
#include "policy/zones.h"

#include <errno.h>
#include <string.h>

static int by_id(const void *a, const void *b)
{
	return strcmp(((const struct installer *)a)->id, ((const struct installer *)b)->id);
}

const struct installer *installer_at(const struct installers *installers, unsigned int number)
{
	return number && number <= installers->count ? &installers->items[number - 1] : NULL;
}

int installers_find(const struct installers *installers, const char *id)
{
	size_t low = 0, high = installers->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(installers->items[middle].id, id);

		if (!order)
			return (int)middle;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return -ENOENT;
}

static int conflict(const struct installer *a, const struct installer *b, const char *what, struct diag *ret_diag)
{
	return diag_set(ret_diag, -EINVAL, (struct diag_place){ b->file, b->line, 1 },
			"'%s' is claimed by %s, line %u, too", what, a->file, a->line);
}

static const char *common_token(const struct token_list *a, const struct token_list *b)
{
	for (size_t i = 0; i < a->count; i++)
		for (size_t j = 0; j < b->count; j++)
			if (a->items[i].match == b->items[j].match && !strcmp(a->items[i].text, b->items[j].text))
				return a->items[i].text;
	return NULL;
}

static const char *common_code(const struct installer *a, const struct installer *b)
{
	for (size_t i = 0; i < a->code_count; i++)
		for (size_t j = 0; j < b->code_count; j++)
			if (!strcmp(a->code[i], b->code[j]))
				return a->code[i];
	return NULL;
}

/* A name in two files: one of them would win, by chance, and with it its helpers and passthrough. */
static int check_pair(const struct installer *a, const struct installer *b, struct diag *ret_diag)
{
	const char *common = strcmp(a->id, b->id) ? common_token(&a->exe, &b->exe) : a->id;

	if (!common && a->interpreter == b->interpreter) {
		common = common_token(&a->script, &b->script);
		if (!common)
			common = common_token(&a->module, &b->module);
		if (!common)
			common = common_code(a, b);
	}
	return common ? conflict(a, b, common, ret_diag) : 0;
}

static int check_nested(const struct installers *installers, const struct installer *installer, struct diag *ret_diag)
{
	const struct diag_place place = { installer->file, installer->nested_line, installer->nested_column };

	for (size_t i = 0; i < installer->nested_count; i++) {
		int index = installers_find(installers, installer->nested[i]);

		if (index < 0)
			return diag_set(ret_diag, -EINVAL, place,
					"'nested' names '%s', which no recognition file describes",
					installer->nested[i]);
		/* setup.py below pip is package code; nested would make it what its user started. */
		if (installers->items[index].role != CORDON_ROLE_INSTALLER)
			return diag_set(ret_diag, -EINVAL, place,
					"'nested' names '%s', which is no installer but project code",
					installer->nested[i]);
	}
	return 0;
}

int installers_finish(struct installers *installers, struct diag *ret_diag)
{
	int r = 0;

	if (installers->count)
		qsort(installers->items, installers->count, sizeof(*installers->items), by_id);
	for (size_t i = 0; !r && i < installers->count; i++)
		for (size_t j = i + 1; !r && j < installers->count; j++)
			r = check_pair(&installers->items[i], &installers->items[j], ret_diag);
	for (size_t i = 0; !r && i < installers->count; i++)
		r = check_nested(installers, &installers->items[i], ret_diag);
	return r;
}

int installers_add_caches(const struct installers *installers, const struct zones_scene *scene, struct zones *zones,
			  struct diag *ret_diag)
{
	for (size_t i = 0; i < installers->count; i++) {
		const struct installer *installer = &installers->items[i];

		for (size_t j = 0; j < installer->cache_count; j++) {
			int r = zones_add(zones, installer->caches[j], CORDON_ZONE_CACHE, scene, installer->file);

			if (r < 0)
				return diag_set(ret_diag, r, (struct diag_place){ installer->file, installer->line, 0 },
						"'%s' cannot be looked up: %s", installer->caches[j], strerror(-r));
		}
	}
	return 0;
}

int installers_expand_built(const struct installers *installers, const struct zones_scene *scene, char ***ret, size_t *ret_count)
{
	int r = 0;

	for (size_t i = 0; !r && i < installers->count; i++) {
		const struct installer *installer = &installers->items[i];

		for (size_t j = 0; !r && j < installer->built_count; j++) {
			char **paths = NULL;
			size_t count = 0;

			r = zone_path_expand(installer->built[j], scene, &paths, &count);
			for (size_t k = 0; !r && k < count; k++)
				r = strings_append(ret, ret_count, paths[k]);
			strings_free(paths, count);
		}
	}
	return r;
}
