/* SPDX-License-Identifier: Apache-2.0 */
/*
 * artifact.h - what a file is that an installer is about to read: its hashes, what it claims to be, what it would bring
 * for python to run at its start. It is read by a process of its own without privileges, which dies alone: a crash, a
 * bomb, a hang is an answer.
 *
 *   artifact.c  kinds, faults, what is released           look.c    hashes, then what the content is
 *   reader.c    the fork server, as its starter sees it   zip.c     the central directory, content of entries
 *   job.c       one file's reading: wait, take, end       zip_check.c  what zip readers read differently
 *   answer.c    the answer's bytes, both directions       tar.c     tar, compressed or not (libarchive)
 *   server.c    the fork server and its children          claims.c  which files of an archive say what it is
 *   sandbox.c   what they may do                          headers.c, manifest.c  METADATA, PKG-INFO, package.json...
 *
 * Trust: hashes and size are computed and sent before the first byte is parsed, so no content can change them. All else
 * is a claim of the artifact: of its author, or of a reader that its content took over.
 *
 * The caller sees to it that nobody writes to the file meanwhile: it is read more than once.
 */
#ifndef CORDON_ARTIFACT_ARTIFACT_H
#define CORDON_ARTIFACT_ARTIFACT_H

#include "session/identity.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the content is, whatever the file is called. */
enum artifact_kind {
	ARTIFACT_NONE, /* no archive that an installer reads */
	ARTIFACT_WHEEL,
	ARTIFACT_SDIST,
	ARTIFACT_NPM,
	ARTIFACT_CRATE,
	ARTIFACT_GEM,
	ARTIFACT_ZIP, /* any other */
	ARTIFACT_TAR, /* any other */
	ARTIFACT_MALFORMED,
	ARTIFACT_KIND_COUNT,
};

/* What is wrong with a malformed one. */
enum artifact_fault {
	ARTIFACT_FAULT_NONE,
	ARTIFACT_FAULT_BROKEN,	/* truncated, or against its format */
	ARTIFACT_FAULT_DIFFERS, /* not every reader reads the same: prepended data, local headers, two formats in one */
	ARTIFACT_FAULT_DUPLICATE, /* two entries of one name */
	ARTIFACT_FAULT_ESCAPES,	  /* an entry or a link leads outside */
	ARTIFACT_FAULT_ENTRY,	  /* a kind of entry that no package has: device, encrypted, unreadable name */
	ARTIFACT_FAULT_BOMB,	  /* more entries or bytes, or a better ratio, than the limits say */
	ARTIFACT_FAULT_IDENTITY,  /* says not what it is, or says it twice */
	ARTIFACT_FAULT_SLOW,	  /* not read within the deadline */
	ARTIFACT_FAULT_DIED,	  /* the reader ended on it, or answered what makes no sense */
	ARTIFACT_FAULT_COUNT,
};

/* "wheel", "malformed"...; a clause for people: "differs between readers". "?" for a value outside. */
const char *artifact_kind_name(unsigned int kind);
const char *artifact_fault_name(unsigned int fault);

/* The largest start-up file whose content is given; what generators write has some hundred bytes. */
#define ARTIFACT_TEXT_MAX (256u << 10)
/* Of all start-up files of one artifact together; and how many there may be. */
#define ARTIFACT_TEXTS_MAX (1u << 20)
#define ARTIFACT_STARTUP_MAX 64
#define ARTIFACT_PATH_MAX 4096
#define ARTIFACT_DETAIL_MAX 512
#define ARTIFACT_ECOSYSTEM_MAX (sizeof(((struct identity *)0)->ecosystem) - 1)

struct artifact_startup {
	char *path; /* in the archive, without "." and "//"; any bytes but NUL */
	char *text; /* `len` bytes and a NUL; NULL: larger, or not readable as pip would read it */
	size_t len;
	uint64_t size; /* as the archive says, bytes */
};

struct artifact {
	enum artifact_kind kind;
	enum artifact_fault fault; /* of MALFORMED, else NONE */
	char *detail; /* of MALFORMED: which entry, what of it; any bytes of its author's; NULL: nothing to say */
	uint64_t size;		   /* of the file, bytes */
	bool hashed;		   /* false: it ended before that, and the hashes are nothing */
	bool hashed_sha512;
	uint8_t sha256[32], sha512[64];
	uint64_t entries;
	struct identity identity; /* ecosystem "": none; name "", version "": it does not say */
	/* What python would read at its start once this wheel is installed, in the order of the archive. Whose it is,
	 * is identity.name. More than ARTIFACT_STARTUP_MAX, or two of a name, make it malformed. */
	struct artifact_startup *startup;
	size_t startup_count;
};

void artifact_release(struct artifact *artifact);

struct artifact_limits {
	unsigned int deadline_ms; /* from artifact_start() to the answer */
	unsigned int cpu_s;	  /* of the reader; at least 1 */
	uint64_t memory;	  /* address space of the reader beside its own program, bytes */
	uint64_t entries;
	uint64_t unpacked;   /* bytes, all entries together */
	unsigned int ratio;  /* unpacked by packed, looked at from ARTIFACT_RATIO_FROM unpacked bytes on */
	bool sha256_only;    /* SHA-512 costs three times as much */
	char
	    ecosystem[sizeof(((struct identity *)0)->ecosystem)]; /* the installer's: counts where more than one fits */
};

#define ARTIFACT_RATIO_FROM (256u << 20)

extern const struct artifact_limits artifact_limits_default;

/*
 * A reader is a fork server: started once (some ms, not waited for), it then forks one for every file (0.3 ms). One for
 * each session; where it was lost, artifact_start() starts another.
 * -errno: it cannot be started. The process is a child of the caller, who waits for no other pid than its own.
 */
struct artifact_reader;
int artifact_reader_start(struct artifact_reader **ret);
void artifact_reader_stop(struct artifact_reader *reader);

/*
 * Takes: a regular file, open for reading, which stays the caller's and whose offset is not used; limits, NULL: the
 * default. Gives: 0 and a job that reads it, at once; -EINVAL: no regular file; -EAGAIN: 64 readings are on;
 * -errno: no reader can be had. The reader outlives its jobs.
 */
struct artifact_job;
int artifact_start(struct artifact_reader *reader, int fd, const struct artifact_limits *limits,
		   struct artifact_job **ret);

/* Readable when there is something to take; also poll it with a timeout of artifact_job_left(). */
int artifact_job_fd(const struct artifact_job *job);
/* Until the deadline, ms; 0: over, artifact_job_read() has the answer. */
int artifact_job_left(const struct artifact_job *job);
/*
 * Never waits. Gives: -EAGAIN; 0 and *ret, also for what is malformed or took too long; -errno: nothing was read, since
 * the reader could not lay down its privileges, or memory is short.
 */
int artifact_job_read(struct artifact_job *job, struct artifact *ret);
/* Ends the reading where it is still on. NULL is fine. */
void artifact_job_free(struct artifact_job *job);

/* All of it at once, waiting, with a reader of its own where `reader` is NULL. */
int artifact_read(struct artifact_reader *reader, int fd, const struct artifact_limits *limits, struct artifact *ret);

/* The hidden command that the fork server is: `cordon artifact-reader`. Gives its exit status. */
#define ARTIFACT_READER_COMMAND "artifact-reader"
int artifact_server_main(int argc, char **argv);

#endif
