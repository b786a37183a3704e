/* SPDX-License-Identifier: Apache-2.0 */
#include "session/decide.h"

#include "session/attribute.h"
#include "session/context.h"
#include "session/helper.h"
#include "session/nested.h"
#include "session/passthrough.h"
#include "session/project.h"

#include <errno.h>

static void become(struct decision *d, unsigned int role, const char *why)
{
	d->role = role;
	d->why = why;
}

static void become_installer(struct decision *d, const struct context *c, unsigned int flags, const char *why)
{
	become(d, CORDON_ROLE_INSTALLER, why);
	d->installer = (unsigned int)c->recognised.installer + 1;
	d->flags = flags;
}

/* What the kernel stopped below `root`: setup.py, or arguments that did not fit into its buffer. */
static void decide_root(const struct context *c, struct decision *d)
{
	if (c->recognised_as == -EOVERFLOW) {
		d->why = "its arguments cannot be read whole";
		return;
	}
	if (c->recognised_as < 0) {
		d->installer = 0;
		become(d, c->session->confine ? CORDON_ROLE_PROJECT : CORDON_ROLE_ROOT, "no installer");
		return;
	}
	if (c->recognised.role == CORDON_ROLE_INSTALLER) {
		become_installer(d, c, 0, "an installer");
		return;
	}
	d->installer = (unsigned int)c->recognised.installer + 1;
	if (project_script(c))
		become(d, CORDON_ROLE_PROJECT, "a script of the project");
	else
		d->why = "a script that is not the project's";
}

static void decide_installer_child(const struct context *c, struct decision *d)
{
	struct attribute_input input = { c->installer, c->input.path, c->facts, c->starter };
	unsigned int reads;

	if (helper_of_installer(c, &reads)) {
		become(d, CORDON_ROLE_HELPER, "on the installer's list of helpers");
		d->reads = reads;
	} else if (nested_installer(c)) {
		become_installer(d, c, CORDON_LABEL_NESTED, "an installer that this one may start");
	} else if (passthrough_program(c)) {
		become(d, c->session->confine ? CORDON_ROLE_PROJECT : CORDON_ROLE_ROOT, "what the user asked to run");
		d->installer = 0;
	} else if (project_hook(c)) {
		become(d, CORDON_ROLE_PROJECT, "code of the project");
	} else if (attribute(&input, &d->identity) < 0) {
		d->why = "an installer's child that cannot be bound to a package";
	} else {
		d->why = "code of a package";
	}
}

void decide(const struct decide_session *session, const struct decide_input *input, struct decision *ret)
{
	struct decision d = {
		.role = CORDON_ROLE_PACKAGE,
		.installer = input->process->installer,
		.why = "started by package code",
	};
	unsigned int reads;
	struct context c;

	context_init(&c, session, input);
	switch (input->process->role_before) {
	case CORDON_ROLE_ROOT:
		decide_root(&c, &d);
		break;
	case CORDON_ROLE_INSTALLER:
		if (c.installer)
			decide_installer_child(&c, &d);
		else
			d.why = "started by an installer that nobody knows";
		break;
	case CORDON_ROLE_HELPER:
		if (c.installer && helper_of_helper(&c, &reads)) {
			become(&d, CORDON_ROLE_HELPER, "a program that its helper needs");
			d.reads = reads;
		} else {
			d.why = "started by a helper that does not need it";
		}
		break;
	case CORDON_ROLE_PROJECT:
		become(&d, CORDON_ROLE_PROJECT, "started by code of the project");
		break;
	default: /* a task of the session that has no label is package code too */
		break;
	}
	*ret = d;
}
