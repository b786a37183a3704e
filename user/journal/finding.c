/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/finding.h"

#include "journal/journal.h"

#include <stdlib.h>
#include <string.h>

static void process_release(struct finding_process *process)
{
	free(process->exe);
	free(process->argv);
	free(process->cwd);
}

void finding_release(struct finding *finding)
{
	free(finding->ecosystem);
	free(finding->package);
	free(finding->version);
	free(finding->sha256);
	free(finding->installer);
	process_release(&finding->process);
	for (size_t i = 0; i < finding->ancestry_count; i++)
		process_release(&finding->ancestry[i]);
	free(finding->ancestry);
	free(finding->object_path);
	free(finding->object_address);
	free(finding->object_protocol);
	free(finding->origin);
	free(finding->reason);
	free(finding->hint);
	memset(finding, 0, sizeof(*finding));
}

void journal_session_release(struct journal_session *session)
{
	free(session->command);
	free(session->cwd);
	free(session->policy_digest);
	memset(session, 0, sizeof(*session));
}
