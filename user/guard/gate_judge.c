/* SPDX-License-Identifier: Apache-2.0 */
/* gate_judge.c - what stands against an artifact: the policy's list of denied ones, start-up files that it would bring. */
#include "base/cleanup.h"
#include "base/text.h"
#include "guard/gate.h"
#include "guard/startup.h"
#include "judge.h"

#include <openssl/evp.h>
#include <string.h>

static void verdict_set(const struct controller *c, struct gate_verdict *verdict, unsigned int what, char *reason)
{
	struct cordon_op op = { .kind = CORDON_OP_ARTIFACT, .role = CORDON_ROLE_INSTALLER, .what = what };

	verdict->what = what;
	verdict->rule = cordon_rule_of(&op);
	verdict->action = cordon_action_of(&op, verdict->rule,
					   c->kernel_session.actions[cordon_row_of(&op)][verdict->rule], 0);
	verdict->answer = cordon_answer_of(verdict->action, c->kernel_session.mode);
	verdict->reason = reason;
}

void gate_judge_unseen(const struct controller *c, const char *why, struct gate_verdict *ret)
{
	*ret = (struct gate_verdict){ 0 };
	verdict_set(c, ret, CORDON_ARTIFACT_UNSEEN, text_format("it could not be looked at: %s", why));
}

static int startup_digest(const struct artifact_startup *entry, char ret[65])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	if (EVP_Digest(entry->text, entry->len, digest, &len, EVP_sha256(), NULL) != 1 || len != 32)
		return -1;
	text_hex(ret, digest, len);
	return 0;
}

/* As it will be judged once more when it is written: by its name, content and owner. */
static bool startup_entry_is_fine(const struct controller *c, const struct gate_object *object,
				  const struct artifact_startup *entry, char sha256[65])
{
	_cleanup_free_ char *path = text_format("/site-packages/%s", text_basename(entry->path));
	/* What `pip install -e` has had built. Whether it is really that is seen when it is written (startup.c). */
	bool editable = object->leaf && strstr(object->leaf, "-0.editable-");
	const struct startup_file file = {
		.path = path, .text = entry->text, .len = entry->len, .owner = object->identity.name, .editable = editable,
	};

	sha256[0] = '\0';
	if (!path || (entry->text && startup_digest(entry, sha256)))
		return false;
	return startup_is_known(c->data.startup, &file) || startup_is_granted(c, &object->identity, sha256);
}

static void judge_startup(const struct controller *c, const struct gate_object *object, struct gate_verdict *ret)
{
	const struct artifact *artifact = object->artifact;

	for (size_t i = 0; artifact && !ret->what && i < artifact->startup_count; i++)
		if (!startup_entry_is_fine(c, object, &artifact->startup[i], ret->sha256))
			verdict_set(c, ret, CORDON_ARTIFACT_STARTUP,
				    text_format("brings %s, which python would run at its start, and whose content has no known form",
						artifact->startup[i].path));
}

static void judge_denied(const struct controller *c, const struct gate_object *object, const struct identity *identity,
			 struct gate_verdict *ret)
{
	const struct policy_artifact asked = {
		.ecosystem = identity->ecosystem[0] ? identity->ecosystem : object->ecosystem ? object->ecosystem : "",
		.name = identity->name,
		.version = identity->version,
		.sha256 = object->sha256,
		.sha512 = object->sha512,
	};
	const struct policy_deny *deny = ret->what ? NULL : policy_denies(c->policy, &asked);

	if (deny)
		verdict_set(c, ret, CORDON_ARTIFACT_DENIED,
			    text_format("%s, line %u, denies %s%s%s", deny->file, deny->line, deny->digest ? deny->digest : deny->package,
					deny->version ? "==" : "", deny->version ? deny->version : ""));
}

bool gate_denies(const struct controller *c, const struct gate_source *source, struct gate_verdict *ret)
{
	struct gate_object object = { .ecosystem = source->claim.ecosystem, .identity = source->identity };

	*ret = (struct gate_verdict){ 0 };
	memcpy(object.sha256, source->sha256, sizeof(object.sha256));
	memcpy(object.sha512, source->sha512, sizeof(object.sha512));
	judge_denied(c, &object, &source->identity, ret);
	judge_denied(c, &object, &source->claim, ret);
	return ret->what != CORDON_ARTIFACT_NONE;
}

/* What it built is somewhere, an installer's cache say, and would be used again. */
static void judge_condemned(const struct controller *c, const struct gate_object *object, struct gate_verdict *ret)
{
	const struct identity *identity = object->identity.name[0] ? &object->identity : &object->named;

	for (uint32_t number = 1; !ret->what && identity->name[0] && number <= c->package_count; number++) {
		const struct identity *other = package_identity(c, number);

		if (c->packages[number - 1].condemned && !strcmp(other->ecosystem, identity->ecosystem) &&
		    !strcmp(other->name, identity->name) &&
		    (!other->version[0] || !strcmp(other->version, identity->version)))
			verdict_set(c, ret, CORDON_ARTIFACT_CONDEMNED, strdup("it was condemned in this session"));
	}
}

void gate_judge(const struct controller *c, const struct gate_object *object, struct gate_verdict *ret)
{
	const struct artifact *artifact = object->artifact;

	*ret = (struct gate_verdict){ 0 };
	judge_denied(c, object, &object->identity, ret);
	judge_denied(c, object, &object->named, ret);
	judge_condemned(c, object, ret);
	if (!ret->what && artifact && artifact->kind == ARTIFACT_MALFORMED)
		verdict_set(c, ret, CORDON_ARTIFACT_UNSEEN,
			    text_format("it %s%s%s", artifact_fault_name(artifact->fault), artifact->detail ? ": " : "",
					artifact->detail ? artifact->detail : ""));
	if (!ret->what)
		judge_startup(c, object, ret);
}
