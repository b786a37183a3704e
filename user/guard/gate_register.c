/* SPDX-License-Identifier: Apache-2.0 */
/* gate_register.c - [gate] of the recognition files, as the kernel compares it. */
#include "base/text.h"
#include "guard/gate.h"

#include <string.h>

static int register_names(struct controller *c, struct cordon_gate_key key, const struct gate_pattern *patterns, size_t count,
			  uint64_t bits)
{
	int r = 0;

	for (size_t i = 0; !r && i < count; i++) {
		const char *leaf = patterns[i].leaf;
		const struct cordon_gate gate = { .leaf = leaf ? text_hash(leaf, strlen(leaf)) :
							  patterns[i].folder ? CORDON_GATE_FOLDER : 0 };

		key.level = (uint8_t)patterns[i].level;
		key.name = text_hash(patterns[i].top, strlen(patterns[i].top));
		bits |= 1ULL << key.level;
		r = kernel_gate_add(c->kernel, &key, &gate);
	}
	key.level = 0;
	key.name = 0;
	return r || !bits ? r : kernel_gate_add(c->kernel, &key, &(struct cordon_gate){ .leaf = bits });
}

int gate_register(struct controller *c)
{
	int r = 0;

	for (size_t i = 0; !r && i < c->data.installers->count; i++) {
		const struct installer_gate *gate = &c->data.installers->items[i].gate;
		struct cordon_gate_key key = { .session = c->session, .installer = (uint16_t)(i + 1), .verb = CORDON_GATE_OPEN };

		r = register_names(c, key, gate->open, gate->open_count, gate->archives ? CORDON_GATE_ARCHIVES : 0);
		key.verb = CORDON_GATE_RENAME;
		if (!r)
			r = register_names(c, key, gate->rename, gate->rename_count, 0);
		key.verb = CORDON_GATE_CREATE;
		if (!r)
			r = register_names(c, key, gate->create, gate->create_count, 0);
	}
	return r;
}
