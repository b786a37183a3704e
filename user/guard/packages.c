/* SPDX-License-Identifier: Apache-2.0 */
/*
 * packages.c - packages of a session by number, and their grants in the kernel.
 *
 * The kernel compares numbers and addresses, no names: which grant speaks of which package and version, until when, is
 * decided here, once, when the package is bound.
 */
#include "base/cleanup.h"
#include "base/log.h"
#include "guard/controller.h"
#include "judge.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <time.h>

#define RESOLV_CONF "/etc/resolv.conf"
#define DNS_PORT 53

const struct identity *package_identity(const struct controller *c, uint32_t number)
{
	return number && number <= c->package_count ? &c->packages[number - 1].identity : NULL;
}

static int addresses_add(struct controller *c, size_t grant, const struct sockaddr *addr, unsigned int port)
{
	struct grant_address *address;

	if (c->address_count == c->address_room) {
		size_t room = c->address_room * 2 + 16;
		struct grant_address *more = realloc(c->addresses, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		c->addresses = more;
		c->address_room = room;
	}
	address = &c->addresses[c->address_count];
	*address = (struct grant_address){ .grant = grant, .port = port };
	if (addr->sa_family == AF_INET6)
		memcpy(address->addr, &((const struct sockaddr_in6 *)addr)->sin6_addr, 16);
	else if (addr->sa_family == AF_INET)
		cordon_addr_from_v4(address->addr, (const __u8 *)&((const struct sockaddr_in *)addr)->sin_addr);
	else
		return 0;
	c->address_count++;
	return 0;
}

static int addresses_resolve(struct controller *c, size_t grant, const char *host, unsigned int port)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found = NULL;
	int r = getaddrinfo(host, NULL, &hints, &found);

	if (r) {
		/* The grant then opens nothing: what it speaks of stays refused. */
		log_debug("cannot resolve '%s': %s", host, gai_strerror(r));
		return 0;
	}
	r = 0;
	for (struct addrinfo *a = found; !r && a; a = a->ai_next)
		r = addresses_add(c, grant, a->ai_addr, port);
	freeaddrinfo(found);
	return r;
}

/* A granted host is no use without its address: the configured resolvers' port 53 comes with it. */
static int addresses_add_resolvers(struct controller *c, size_t grant)
{
	_cleanup_fclose_ FILE *file = fopen(RESOLV_CONF, "re");
	char line[512], server[INET6_ADDRSTRLEN + 1];
	int r = 0;

	while (!r && file && fgets(line, sizeof(line), file))
		if (sscanf(line, " nameserver %46s", server) == 1)
			r = addresses_resolve(c, grant, server, DNS_PORT);
	return r;
}

static bool is_address(const char *host)
{
	unsigned char bytes[16];

	return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

int package_resolve_hosts(struct controller *c)
{
	int r = 0;

	for (size_t i = 0; !r && i < c->policy->grant_count; i++) {
		const struct policy_grant *grant = &c->policy->grants[i];

		if (!grant->host)
			continue;
		r = addresses_resolve(c, i, grant->host, grant->port);
		if (!r && !is_address(grant->host))
			r = addresses_add_resolvers(c, i);
	}
	return r;
}

static int grant_net(struct controller *c, uint32_t package, unsigned int rule, const struct grant_address *address)
{
	struct cordon_grant_net key = { .session = c->session, .package = package, .rule = rule, .port = address->port };

	memcpy(key.addr, address->addr, sizeof(key.addr));
	return kernel_grant_net(c->kernel, &key);
}

/* A connection is made to be sent on: net.connect brings net.send to the same place, and the reverse. */
static int grant_host(struct controller *c, uint32_t package, size_t index)
{
	unsigned int rule = c->policy->grants[index].rule;
	int r = 0;

	for (size_t i = 0; !r && i < c->address_count; i++) {
		if (c->addresses[i].grant != index)
			continue;
		if (rule == CORDON_RULE_NET_CONNECT || rule == CORDON_RULE_NET_SEND) {
			r = grant_net(c, package, CORDON_RULE_NET_CONNECT, &c->addresses[i]);
			if (!r)
				r = grant_net(c, package, CORDON_RULE_NET_SEND, &c->addresses[i]);
		} else {
			r = grant_net(c, package, rule, &c->addresses[i]);
		}
	}
	return r;
}

static int grant_path(struct controller *c, uint32_t package, const struct policy_grant *grant)
{
	_cleanup_free_ char *path = places_expand(grant->path, c->home);
	struct cordon_grant_file key = { .session = c->session, .package = package, .rule = grant->rule };

	if (!path)
		return -ENOMEM;
	key.object = places_object(c->places, path);
	return key.object ? kernel_grant_file(c->kernel, &key) : 0;
}

/* proc.signal, kernel.mount...: a grant that names no object is for the rule as a whole. */
static int grant_rule(struct controller *c, uint32_t package, unsigned int rule)
{
	struct cordon_grant_file key = { .session = c->session, .package = package, .rule = rule };

	return kernel_grant_file(c->kernel, &key);
}

static bool grant_speaks_of(const struct policy_grant *grant, const struct identity *identity, time_t now)
{
	return policy_grant_matches(grant, identity->ecosystem, identity->name,
				    identity->version[0] ? identity->version : NULL, now);
}

bool package_is_granted(const struct controller *c, uint32_t package, unsigned int rule)
{
	const struct identity *identity = package_identity(c, package);

	for (size_t i = 0; identity && i < c->policy->grant_count; i++)
		if (c->policy->grants[i].rule == rule && grant_speaks_of(&c->policy->grants[i], identity, time(NULL)))
			return true;
	return false;
}

bool package_may_run(const struct controller *c, uint32_t package, const char *path)
{
	const struct identity *identity = package_identity(c, package);

	for (size_t i = 0; identity && i < c->policy->grant_count; i++) {
		const struct policy_grant *grant = &c->policy->grants[i];

		if (grant->rule == CORDON_RULE_EXEC_DROPPED && grant->program && !strcmp(grant->program, path) &&
		    grant_speaks_of(grant, identity, time(NULL)))
			return true;
	}
	return false;
}

bool package_keeps(const struct controller *c, uint32_t package, const char *name, size_t len)
{
	const struct identity *identity = package_identity(c, package);

	for (size_t i = 0; identity && i < c->policy->grant_count; i++) {
		const struct policy_grant *grant = &c->policy->grants[i];

		if (grant->rule == CORDON_RULE_ENV_SECRET && grant->variable && strlen(grant->variable) == len &&
		    !memcmp(grant->variable, name, len) && grant_speaks_of(grant, identity, time(NULL)))
			return true;
	}
	return false;
}

static int grant_all(struct controller *c, uint32_t package, const struct identity *identity)
{
	time_t now = time(NULL);
	int r = 0;

	for (size_t i = 0; !r && i < c->policy->grant_count; i++) {
		const struct policy_grant *grant = &c->policy->grants[i];

		if (!grant_speaks_of(grant, identity, now))
			continue;
		if (grant->host)
			r = grant_host(c, package, i);
		else if (grant->path)
			r = grant_path(c, package, grant);
		else if (grant->program || grant->sha256 || grant->variable) /* compare.c, startup.c, environ.c look at these */
			continue;
		else
			r = grant_rule(c, package, grant->rule);
	}
	return r;
}

static bool package_is(const struct package *package, const struct identity *identity, const char *folder)
{
	if (!identity->name[0])
		return !package->identity.name[0] && !strcmp(package->folder ? package->folder : "", folder);
	return !strcmp(package->identity.ecosystem, identity->ecosystem) && !strcmp(package->identity.name, identity->name) &&
	       !strcmp(package->identity.version, identity->version);
}

int package_bind(struct controller *c, const struct identity *identity, const char *folder, uint32_t *ret)
{
	char *copy = NULL;

	for (size_t i = 0; i < c->package_count; i++) {
		if (package_is(&c->packages[i], identity, folder)) {
			*ret = (uint32_t)i + 1;
			return 0;
		}
	}
	if (c->package_count == c->package_room) {
		size_t room = c->package_room * 2 + 16;
		struct package *more = realloc(c->packages, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		c->packages = more;
		c->package_room = room;
	}
	if (!identity->name[0] && !(copy = strdup(folder)))
		return -ENOMEM;
	c->packages[c->package_count++] = (struct package){ .identity = *identity, .folder = copy };
	*ret = (uint32_t)c->package_count;
	if (copy)
		return 0;
	/* A map that is full leaves a grant out: its operation is refused, and says so. */
	return grant_all(c, *ret, identity);
}
