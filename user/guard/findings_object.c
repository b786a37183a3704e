/* SPDX-License-Identifier: Apache-2.0 */
/* findings_object.c - what a record of the kernel was about: an address, a file by its names, a process. */
#include "guard/findings_internal.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <string.h>

static const char *finding_protocol(const struct cordon_op *op)
{
	static const char *const types[] = { [SOCK_STREAM] = "tcp", [SOCK_DGRAM] = "udp", [SOCK_RAW] = "raw" };

	if ((op->family == AF_INET || op->family == AF_INET6) && op->type < ARRAY_SIZE(types) && types[op->type])
		return types[op->type];
	return NULL;
}

static void finding_fill_net(struct finding *finding, const struct cordon_op *op)
{
	const char *protocol = finding_protocol(op);
	struct in6_addr addr;
	char text[INET6_ADDRSTRLEN];

	if (op->kind == CORDON_OP_SOCKET) {
		finding->object_protocol = text_format("family %u type %u protocol %u", op->family, op->type, op->protocol);
		return;
	}
	memcpy(&addr, op->addr, sizeof(addr));
	if (IN6_IS_ADDR_V4MAPPED(&addr))
		inet_ntop(AF_INET, op->addr + 12, text, sizeof(text));
	else
		inet_ntop(AF_INET6, &addr, text, sizeof(text));
	/* listen(2) says no address: all of them. */
	if (op->kind != CORDON_OP_LISTEN)
		finding->object_address = strdup(text);
	finding->object_port = op->port;
	finding->object_protocol = protocol ? strdup(protocol) : NULL;
}

/* How many of the file's names lie below the protected path `base`. A file with a key of its own lies below its folder's
 * path, but has walked no way to it; 0 where it was reached by another name, a hard link. */
static uint32_t finding_depth(const struct cordon_record_finding *record, const char *base)
{
	const char *last = text_basename(base);

	if (record->op.depth)
		return record->op.depth;
	for (uint32_t i = 0; i < record->names; i++)
		if (!strcmp(record->name[i], last))
			return i;
	return 0;
}

/* The path of the list's entry, with what lies below it where it is a folder. By another name it is still that path
 * which matters, and which a grant would name. */
char *finding_path(const struct controller *c, const struct cordon_record_finding *record)
{
	const char *base = places_path(c->places, record->object);
	uint32_t below = base ? finding_depth(record, base) : record->names;
	char *path;

	/* No entry of the lists: the kernel names as many folders as fit; more is marked by the dots. */
	path = strdup(base ? base : record->names < CORDON_FINDING_NAMES ? "" : "...");
	if (below > record->names) {
		char *longer = path ? text_format("%s/...", path) : NULL;

		free(path);
		path = longer;
		below = record->names;
	}
	while (path && below-- > 0) {
		char *longer = text_format("%s/%.*s", path, CORDON_NAME_LEN, record->name[below]);

		free(path);
		path = longer;
	}
	return path;
}

/* A socket by its file, an abstract one by who listens on it. */
static void finding_fill_broker(const struct controller *c, struct finding *finding, const struct cordon_record_finding *record)
{
	if (record->names)
		finding->object_path = finding_path(c, record);
	else if (record->target)
		finding->object_pid = (int)record->target;
	else
		finding->object_protocol = strdup("abstract socket");
}

/* Those that cordon asks about: SYSTEM_CAPS in bpf/system.bpf.h. */
static char *finding_capability(unsigned int number)
{
	static const char *const names[] = {
		[9] = "CAP_LINUX_IMMUTABLE", [12] = "CAP_NET_ADMIN",	 [13] = "CAP_NET_RAW",	  [16] = "CAP_SYS_MODULE",
		[17] = "CAP_SYS_RAWIO",	     [18] = "CAP_SYS_CHROOT",	 [20] = "CAP_SYS_PACCT",  [21] = "CAP_SYS_ADMIN",
		[22] = "CAP_SYS_BOOT",	     [25] = "CAP_SYS_TIME",	 [26] = "CAP_SYS_TTY_CONFIG",
		[30] = "CAP_AUDIT_CONTROL",  [32] = "CAP_MAC_OVERRIDE",	 [33] = "CAP_MAC_ADMIN",  [35] = "CAP_WAKE_ALARM",
		[37] = "CAP_AUDIT_READ",     [38] = "CAP_PERFMON",	 [39] = "CAP_BPF",
		[40] = "CAP_CHECKPOINT_RESTORE",
	};

	if (number < ARRAY_SIZE(names) && names[number])
		return strdup(names[number]);
	return text_format("capability %u", number);
}

void finding_fill_object(struct controller *c, struct finding *finding, const struct cordon_record_finding *record)
{
	switch (record->op.kind) {
	case CORDON_OP_SOCKET:
	case CORDON_OP_CONNECT:
	case CORDON_OP_SEND:
	case CORDON_OP_BIND:
	case CORDON_OP_LISTEN:
		finding_fill_net(finding, &record->op);
		break;
	case CORDON_OP_OPEN:
	case CORDON_OP_LINK:
	case CORDON_OP_RENAME:
	case CORDON_OP_REMOVE:
	case CORDON_OP_CREATE:
	case CORDON_OP_ATTR:
	case CORDON_OP_SETID:
	case CORDON_OP_EXEC:
	case CORDON_OP_MAP:
	case CORDON_OP_ARTIFACT:
		finding->object_path = finding_path(c, record);
		break;
	case CORDON_OP_SIGNAL:
	case CORDON_OP_TRACE:
	case CORDON_OP_LIMIT:
		finding->object_pid = (int)record->target;
		break;
	case CORDON_OP_BROKER:
		finding_fill_broker(c, finding, record);
		break;
	case CORDON_OP_KERNEL:
		if (record->op.what == CORDON_WHAT_CAPABILITY && record->target)
			finding->object_protocol = finding_capability(record->target - 1);
		break;
	default:
		break;
	}
}
