/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy.h - what a policy says, parsed and validated; nothing here knows the kernel.
 *
 * Read order: the vendor's cordon.toml, then /etc/cordon/cordon.toml, then /etc/cordon/conf.d/x.toml by name; a later
 * file's value replaces an earlier one's, grants add up. --policy FILE replaces the /etc files by FILE, and the grants
 * that `cordon allow` wrote still count (conf.d/90-reviewed.toml). A file is parsed whole and validated; one mistake
 * refuses the whole policy.
 */
#ifndef CORDON_POLICY_POLICY_H
#define CORDON_POLICY_POLICY_H

#include "wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

/* Where a mistake is, and what. `text` is one line, lower case, without the position. */
struct diag {
	char *file;
	unsigned int line;   /* from 1, 0: the whole file */
	unsigned int column; /* from 1 */
	char *text;
};

void diag_release(struct diag *diag);
/* "FILE:LINE:COLUMN: TEXT", a new string. */
char *diag_format(const struct diag *diag);

enum policy_fail_on { POLICY_FAIL_ON_NEVER, POLICY_FAIL_ON_CONDEMN, POLICY_FAIL_ON_DENY };

struct policy_grant {
	char *ecosystem; /* "pypi", "npm", ...; "" : any */
	char *package;   /* normalised name, "*": any known package; "unknown" is never granted by "*" */
	char *version;   /* NULL: any */
	unsigned int rule;
	char *host;      /* name or address, NULL */
	unsigned int port; /* 0: any */
	char *path;      /* absolute or ~/..., NULL */
	char *program;   /* absolute, NULL */
	char *variable;  /* of the environment, NULL */
	char *sha256;    /* of the start-up file, NULL */
	char *reason;
	char *author;
	char *expires;   /* YYYY-MM-DD, NULL: never */
	char *file;      /* where it stands */
	unsigned int line;
};

/* One entry of identity.deny: a package, one version of it, or an archive by its digest. */
struct policy_deny {
	char *ecosystem; /* "": any */
	char *package;	 /* normalised name; NULL: by digest */
	char *version;	 /* NULL: every one */
	char *digest;	 /* "sha256:HEX", "sha512:HEX"; NULL: by name */
	char *file;	 /* where it stands */
	unsigned int line;
};

/* What is known of an artifact. Strings may be NULL or empty: not known. */
struct policy_artifact {
	const char *ecosystem; /* never NULL */
	const char *name, *version;
	const char *sha256, *sha512; /* hexadecimal, lower case */
};

struct policy {
	unsigned int mode; /* enum cordon_mode */
	enum policy_fail_on fail_on;
	int backend; /* -1: any, else the one that is required */
	uint8_t actions[CORDON_ROLE_COUNT][CORDON_RULE_COUNT];
	struct policy_grant *grants;
	size_t grant_count;
	struct policy_deny *denies;
	size_t deny_count;
	/* Keys that are understood but have no effect yet, "file:line: key", for `policy check` and `run`. A grant
	 * with such a key that limits it (sha256) is not among `grants`: without the limit it would grant more. */
	char **inert;
	size_t inert_count;
	char **files; /* that were read, in order */
	size_t file_count;
};

struct policy_paths {
	const char *vendor;   /* folder with cordon.toml, installers/, zones/ */
	const char *etc;      /* /etc/cordon */
	const char *override; /* --policy FILE, or NULL */
};

/* Takes: where to look; NULL fields mean the defaults below. Gives: 0 and *ret, or -errno and *ret_diag. */
int policy_load(const struct policy_paths *paths, struct policy **ret, struct diag *ret_diag);
void policy_free(struct policy *policy);

/* The vendor folder: $CORDON_DATA, else `policy/` of the tree that the program lies in (../policy from .output/), else
 * the installed PREFIX/share/cordon. A new string; NULL: none of them is there. */
char *policy_vendor_dir(void);
/* $CORDON_ETC where set, else /etc/cordon. Never NULL. */
const char *policy_etc_dir(void);

/* The entry of identity.deny that speaks of the artifact; NULL: none. */
const struct policy_deny *policy_denies(const struct policy *policy, const struct policy_artifact *artifact);

/* Whether a grant can name that variable. */
bool grant_is_variable(const char *text);

/* Frees what the grant holds and empties it. */
void grant_release(struct policy_grant *grant);
/* Whether a grant speaks of this package at this time (normalised name; version may be NULL: unknown). */
bool policy_grant_matches(const struct policy_grant *grant, const char *ecosystem, const char *package,
			  const char *version, time_t now);

/* --- zones: policy/zones/x.list ------------------------------------------------------------------------------- */

struct zone_entry {
	char *path;    /* absolute after expansion of ~, $VARIABLE, {a,b} and *; `anywhere`: ".env", ".pem" */
	bool subtree;  /* a folder with all below it: written with a trailing slash */
	bool procfs;   /* /proc/PID/NAME of other processes: `path` is NAME */
	bool anywhere; /* protected by its name: `path` is a whole name, or for `suffix` what begins with its last dot */
	bool suffix;
	/* How its path was written, '/' or '~'; 0 where it may be in a list a second time by chance: . $VARIABLE and *, and a
	 * home that lies where another line says. */
	char from;
	unsigned int zone;       /* enum cordon_zone; NONE: what the place around it is */
	unsigned int write_zone; /* enum cordon_zone for those who change it; NONE: `zone` too */
	unsigned int classes;    /* CORDON_CLASS_* */
	char *file;
	unsigned int line;
};

struct zones {
	struct zone_entry *entries;
	size_t count;
};

/* Whose lists they are, and what ~ . and $VARIABLE stand for. */
struct zones_scene {
	const char *home;    /* absolute */
	const char *project; /* the folder that the command starts in, absolute */
	uid_t uid;
	/* The command's environment; NULL: it has none. */
	const char *(*env)(const void *arg, const char *name);
	const void *env_arg;
};

/*
 * Takes: the folder of the lists. Gives: every entry, expanded; globs to what exists now (an entry with a glob that
 * matches nothing is left out, and one with a variable that is not set; all others stay, whether the file exists or not).
 * A path of secret.list or hidden.list that is in persist.list too is one entry.
 */
int zones_load(const char *dir, const struct zones_scene *scene, struct zones **ret, struct diag *ret_diag);
void zones_free(struct zones *zones);

/* --- recognition: policy/installers/x.toml --------------------------------------------------------------------- */

enum token_match { TOKEN_EXACT, TOKEN_VERSION /* NAME[0-9.]* */, TOKEN_PREFIX /* NAME* */ };

struct token_pattern {
	char *text; /* without the wildcard */
	enum token_match match;
};

struct token_list {
	struct token_pattern *items;
	size_t count;
};

struct helper_entry {
	struct token_pattern exe;
	char **args;       /* the arguments that must follow, in order: `rustc --version`; empty: any */
	size_t arg_count;
	char **children;   /* names its own children may have and stay helper; git: "git-*" and ssh */
	size_t child_count;
	unsigned int reads; /* CORDON_CLASS_* */
};

/* A name by which artifacts are taken into use: `leaf`, `level` folders below one that is called `top` and maybe a number. */
struct gate_pattern {
	char *top;
	unsigned int level; /* 1: in `top` itself */
	char *leaf;	    /* NULL: any */
	bool folder;	    /* no file; leaf is NULL */
};

/* [gate]: where the installer takes artifacts into use. */
struct installer_gate {
	bool archives; /* archives that it opens for reading, by their names' ends and by what is new in a temporary folder */
	bool hold;     /* there is no such point: package code is held at its exec for the verdict */
	struct gate_pattern *open, *rename;
	struct gate_pattern *create; /* folders below which it makes files only when an artifact has passed */
	size_t open_count, rename_count, create_count;
};

struct installer {
	char *id;        /* "pip" */
	char *ecosystem; /* "pypi" */
	unsigned int interpreter; /* CORDON_INTERPRETER_*, 0: only `exe` */
	struct token_list exe;    /* programs that are the installer by themselves: uv, cargo */
	struct token_list script; /* last component, or last two: "pip", "pip[0-9.]*", "pip/__main__.py" */
	struct token_list module; /* of -m */
	char **code;              /* substrings of -c, 1 to 16 bytes */
	size_t code_count;
	unsigned int role; /* INSTALLER; PROJECT for setup.py, that is package code itself */
	char **nested;     /* ids of installers that it may start and that stay installers */
	size_t nested_count;
	unsigned int nested_line; /* where they stand; the ids are checked when all files are read */
	unsigned int nested_column;
	struct helper_entry *helpers;
	size_t helper_count;
	/* Subcommands whose child is the user's own program: "run", "tool run"; or the installer's own name where it
	 * does nothing else: "npx". */
	char **passthrough;
	size_t passthrough_count;
	/* How package code's identity is found, in this order; see session/attribute.h */
	char **attribute_env;  /* "npm_package_name=name" pairs: variable, field */
	size_t attribute_env_count;
	/* Patterns over cwd, or a folder above it, with {name} {version} {hex}: "*\/pip-install-*\/{name}_{hex}". A leading
	 * "*\/" is any number of folders; every other * and field stays in one component and takes all it can. */
	char **attribute_cwd;
	size_t attribute_cwd_count;
	char **attribute_exe;
	size_t attribute_exe_count;
	/* Patterns as of attribute_cwd. What the installer names below a folder of the first kind is the package's that it is
	 * named to; a folder of the second kind is every package's of the session. */
	char **own;
	size_t own_count;
	char **shared;
	size_t shared_count;
	struct installer_gate gate;
	/* Folders in which package code makes entries of its own, and locks that it takes, as the lists write them:
	 * "~/.cache/node-gyp/". */
	char **caches;
	size_t cache_count;
	char **built; /* folders in which the installer keeps wheels that it has had built, for the next install: the same */
	size_t built_count;
	char *file;
	unsigned int line;
};

struct installers {
	struct installer *items; /* sorted by id; the index is struct cordon_label's installer - 1 */
	size_t count;
};

int installers_load(const char *dir, struct installers **ret, struct diag *ret_diag);
void installers_free(struct installers *installers);
/* Adds the caches of all of them to the zones. */
int installers_add_caches(const struct installers *installers, const struct zones_scene *scene, struct zones *zones,
			  struct diag *ret_diag);
/* The folders of `built`, of all of them. *ret is for strings_free(). */
int installers_expand_built(const struct installers *installers, const struct zones_scene *scene, char ***ret, size_t *ret_count);
/* The one that a label numbers, from 1; NULL: there is none. */
const struct installer *installer_at(const struct installers *installers, unsigned int number);
/* The index, or -ENOENT. */
int installers_find(const struct installers *installers, const char *id);

/* --- what cordon writes ---------------------------------------------------------------------------------------- */

/* The TOML text of one [[grant]], as `allow` shows it and appends it. A new string. */
char *grant_format(const struct policy_grant *grant);
/* Appends to ETC/conf.d/90-reviewed.toml, making it (root, 0644) where needed: written whole beside it, parsed,
 * fsync'ed and renamed, under a lock. -EEXIST: an equal grant is there. */
int grant_append(const char *etc, const struct policy_grant *grant, struct diag *ret_diag);

#endif
