/* SPDX-License-Identifier: Apache-2.0 */
/* scan.c - `cordon scan`: what artifacts are, without installing them. */
#include "cmd/cmd.h"

#include "artifact/artifact.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "policy/policy.h"
#include "policy/startup.h"
#include "report/report.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <string.h>

static const char help[] =
    "usage: cordon scan [--json] ARTIFACT...\n\n"
    "Looks into wheels, sdists, npm tarballs, crates and gems: what each is by its content, its hashes, what it says "
    "it\n"
    "is, and the start-up files that it would bring. Each is read by a process without privileges.\n\n"
    "  --json   one line a file\n\n"
    "Exit status: 0 nothing found, 1 one is malformed or brings start-up code of no known form, 2 one is no artifact,\n"
    "or could not be read.\n";

struct scan {
	struct artifact_reader *reader;
	struct startup_forms *forms;
	bool json;
	int status; /* the worst so far */
};

static void scan_release(struct scan *scan)
{
	artifact_reader_stop(scan->reader);
	startup_free(scan->forms);
}

static void scan_found(struct scan *scan, int status)
{
	if (status > scan->status)
		scan->status = status;
}

static void hex(const uint8_t *bytes, size_t len, char *ret)
{
	for (size_t i = 0; i < len; i++)
		snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
}

/* As the file will be asked about once it is installed. */
static bool is_known(const struct scan *scan, const struct artifact *artifact, const struct artifact_startup *startup)
{
	_cleanup_free_ char *path = text_format("/%s", startup->path);
	const struct startup_file file = { .path = path, .text = startup->text, .len = startup->len,
					   .owner = artifact->identity.name };

	return path && startup_is_known(scan->forms, &file);
}

static int put(json_t *object, const char *key, json_t *value)
{
	return json_object_set_new(object, key, value);
}

static json_t *json_text(const char *text)
{
	return text && *text ? report_json_string(text) : json_null();
}

static json_t *json_hash(const uint8_t *bytes, size_t len, bool there)
{
	char text[129];

	if (!there)
		return json_null();
	hex(bytes, len, text);
	return json_string(text);
}

static json_t *json_startup(const struct scan *scan, const struct artifact *artifact)
{
	json_t *list = json_array();

	for (size_t i = 0; i < artifact->startup_count; i++) {
		const struct artifact_startup *startup = &artifact->startup[i];
		json_t *one = json_object();

		if (put(one, "path", report_json_string(startup->path)) ||
		    put(one, "size", json_integer((json_int_t)startup->size)) ||
		    put(one, "known", json_boolean(is_known(scan, artifact, startup))) ||
		    json_array_append_new(list, one)) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static int print_json(const struct scan *scan, const char *path, const struct artifact *a)
{
	bool malformed = a->kind == ARTIFACT_MALFORMED;
	json_t *out = json_object();

	if (put(out, "file", report_json_string(path)) || put(out, "kind", json_string(artifact_kind_name(a->kind))) ||
	    put(out, "ecosystem", json_text(a->identity.ecosystem)) || put(out, "name", json_text(a->identity.name)) ||
	    put(out, "version", json_text(a->identity.version)) ||
	    put(out, "size", json_integer((json_int_t)a->size)) ||
	    put(out, "entries", json_integer((json_int_t)a->entries)) ||
	    put(out, "sha256", json_hash(a->sha256, sizeof(a->sha256), a->hashed)) ||
	    put(out, "sha512", json_hash(a->sha512, sizeof(a->sha512), a->hashed && a->hashed_sha512)) ||
	    put(out, "fault", malformed ? json_string(artifact_fault_name(a->fault)) : json_null()) ||
	    put(out, "detail", json_text(a->detail)) || put(out, "startup", json_startup(scan, a))) {
		json_decref(out);
		return -ENOMEM;
	}
	return report_json_write(stdout, out);
}

static void print_line(const char *format, const char *text)
{
	_cleanup_free_ char *safe = text_escape_terminal(text);

	printf(format, safe ? safe : "?");
}

static int print_text(const struct scan *scan, const char *path, const struct artifact *a)
{
	char hash[129];

	print_line("%s: ", path);
	fputs(artifact_kind_name(a->kind), stdout);
	if (a->identity.name[0])
		printf(", %s:%s %s", a->identity.ecosystem, a->identity.name, a->identity.version);
	if (a->kind == ARTIFACT_MALFORMED)
		printf(": %s", artifact_fault_name(a->fault));
	if (a->detail)
		print_line(": %s", a->detail);
	putchar('\n');
	if (a->hashed) {
		hex(a->sha256, sizeof(a->sha256), hash);
		printf("  sha256 %s\n", hash);
	}
	if (a->hashed && a->hashed_sha512) {
		hex(a->sha512, sizeof(a->sha512), hash);
		printf("  sha512 %s\n", hash);
	}
	for (size_t i = 0; i < a->startup_count; i++) {
		print_line("  start-up %s: ", a->startup[i].path);
		puts(is_known(scan, a, &a->startup[i]) ? "known" : "code of no known form");
	}
	return ferror(stdout) ? -EIO : 0;
}

static int scan_file(struct scan *scan, const char *path)
{
	CLEANUP(artifact_release) struct artifact artifact = { 0 };
	_cleanup_close_ int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	int r = fd < 0 ? -errno : artifact_read(scan->reader, fd, NULL, &artifact);

	if (r) {
		if (r == -EINVAL)
			log_error("'%s' is no regular file", path);
		else
			log_err(r, "cannot read '%s'", path);
		scan_found(scan, EXIT_ERROR);
		return 0;
	}
	if (artifact.kind == ARTIFACT_NONE)
		scan_found(scan, EXIT_ERROR);
	if (artifact.kind == ARTIFACT_MALFORMED)
		scan_found(scan, EXIT_FOUND);
	for (size_t i = 0; i < artifact.startup_count; i++)
		if (!is_known(scan, &artifact, &artifact.startup[i]))
			scan_found(scan, EXIT_FOUND);
	return scan->json ? print_json(scan, path, &artifact) : print_text(scan, path, &artifact);
}

static int scan_prepare(struct scan *scan)
{
	_cleanup_free_ char *vendor = policy_vendor_dir(), *dir = vendor ? text_format("%s/startup", vendor) : NULL;
	CLEANUP(diag_release) struct diag diag = { 0 };
	int r = dir ? startup_load(dir, &scan->forms, &diag) : -ENOMEM;

	if (r) {
		log_error("%s", diag.text ? diag.text : strerror(-r));
		return r;
	}
	r = artifact_reader_start(&scan->reader);
	return r ? log_err(r, "cannot start a reader") : 0;
}

int cmd_scan(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	CLEANUP(scan_release) struct scan scan = { 0 };
	int option, r = 0;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (option) {
		case 'j':
			scan.json = true;
			break;
		case 'h':
			fputs(help, stdout);
			return EXIT_CLEAN;
		default:
			return EXIT_ERROR;
		}
	}
	if (optind == argc) {
		log_error("scan needs an artifact; `cordon scan --help` tells more");
		return EXIT_ERROR;
	}
	if (scan_prepare(&scan))
		return EXIT_ERROR;
	while (!r && optind < argc)
		r = scan_file(&scan, argv[optind++]);
	if (r) {
		log_err(r, "cannot write the answer");
		return EXIT_ERROR;
	}
	return scan.status;
}
