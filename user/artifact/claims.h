/* SPDX-License-Identifier: Apache-2.0 */
/*
 * claims.h - which files of an archive say what it is, taken as they pass by, and what that makes it.
 *
 *	wheel	one NAME-VERSION.dist-info/ at the top, with METADATA and WHEEL; only a zip
 *	gem	metadata.gz and data.tar.gz at the top; only a tar
 *	sdist	NAME-VERSION/PKG-INFO; without a name: setup.py or pyproject.toml there; also without that folder
 *	npm	package/package.json; of another top folder, where it is nothing else
 *	crate	NAME-VERSION/Cargo.toml, and everything in that folder
 */
#ifndef CORDON_ARTIFACT_CLAIMS_H
#define CORDON_ARTIFACT_CLAIMS_H

#include "artifact/look.h"

enum claim { CLAIM_METADATA, CLAIM_PKG_INFO, CLAIM_PACKAGE, CLAIM_GEMSPEC, CLAIM_COUNT };

/* The largest of such files. */
#define CLAIM_MAX (4u << 20)

struct claims {
	struct look *look;
	bool zip;
	/* Files whose content is wanted. */
	struct claim_file {
		char *path, *text;
		size_t len, count; /* how many there are, the first one is kept */
	} files[CLAIM_COUNT];
	char *info;	    /* the folder NAME-VERSION.dist-info */
	char *top;	    /* the one top folder; "": there are several, or none */
	bool infos, wheel, data, setup, cargo;
	size_t startups; /* also what there was no room for */
};

void claims_init(struct claims *claims, struct look *look, bool zip);
void claims_release(struct claims *claims);

/* Takes: an entry, `path` canonical. Gives: 0 and the claim whose file it is, CLAIM_COUNT: none; -EBADMSG. */
int claims_notice(struct claims *claims, const char *path, bool folder, enum claim *ret);
/* Its content, which is the callee's from here on; NULL: it cannot be read. */
void claims_take(struct claims *claims, enum claim claim, char *text, size_t len);
/* A start-up file of a wheel, as it would be; `text` is the callee's, NULL: too large, or not readable. */
int claims_startup(struct claims *claims, const char *path, uint64_t size, char *text, size_t len);

/* All entries have passed: kind and identity, 0; -EBADMSG and the fault. */
int claims_finish(struct claims *claims);

/* headers.c: Name and Version of METADATA or PKG-INFO, as email.parser reads them. 0; -EINVAL: not once each. */
int headers_identity(const char *text, size_t len, struct identity *ret);
/* manifest.c: of package.json, of a gem's specification (YAML, in the one form that its tool writes). 0; -EINVAL. */
int manifest_package(const char *text, size_t len, struct identity *ret);
int manifest_gem(const char *text, size_t len, struct identity *ret);

#endif
