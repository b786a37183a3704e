/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * argv.h - what a program and its arguments say about which installer it is; compiled for the kernel and for user
 * space.
 *
 * A state machine takes the arguments byte by byte, as they lie in memory: NUL between them. Kernel and user space run
 * the same step, the kernel from bpf_loop(). It gives hashes, no names; the caller looks them up, in this order:
 *
 *	cordon_argv_exe(&f, path, path_len);             EXE, EXE_VERSION: the installer itself
 *	INTERPRETER -> interpreter                       none: it is no installer
 *	cordon_argv_scan(&f, interpreter, codes, &args); SCRIPT_PAIR, SCRIPT, SCRIPT_VERSION, SCRIPT_PREFIX, MODULE
 *	f.code                                           `codes` of the session
 *
 * with cordon_recognition_key() for the keys, and treats CORDON_FEATURE_UNDECIDABLE as a reason to hold the task.
 * `path` is the file that the kernel loaded: for a script with a #! line the interpreter's, since argv was rewritten.
 *
 * Refuses to own: what a name means (policy/installers/), maps, roles.
 */
#ifndef CORDON_ARGV_H
#define CORDON_ARGV_H

#include "judge.h"

#define CORDON_FEATURE_UNDECIDABLE (1u << 0) /* what would decide did not fit into the buffer */
#define CORDON_FEATURE_SCRIPT (1u << 1)	     /* `value` is a script's path, */
#define CORDON_FEATURE_MODULE (1u << 2)	     /* the name behind -m, */
#define CORDON_FEATURE_CODE (1u << 3)	     /* the text behind -c */

struct cordon_features {
	__u64 token[CORDON_TOKEN_COUNT]; /* by enum cordon_token, 0: there is none */
	__u32 interpreter;
	__u32 code;  /* number of the piece of code that was found + 1, 0: none */
	__u32 value; /* where in the arguments the script, module or code begins */
	__u32 flags; /* CORDON_FEATURE_* */
};

/* Arguments: the first `len` bytes of `bytes`, which in the kernel is a buffer of CORDON_ARGS_LEN. */
struct cordon_args {
	const char *bytes;
	__u32 len;
	__u32 truncated; /* 1: there was more */
};

enum cordon_argv_mode {
	CORDON_ARGV_ZEROTH, /* in argv[0] */
	CORDON_ARGV_START,  /* at the first byte of an argument */
	CORDON_ARGV_DASH,   /* behind its leading '-' */
	CORDON_ARGV_SHORT,  /* among short options */
	CORDON_ARGV_LONG,   /* in a long option */
	CORDON_ARGV_VALUE,  /* at what may be the rest of this argument, or the next one: an option's value */
	CORDON_ARGV_SKIP,   /* in an argument, or the rest of one, that says nothing */
	CORDON_ARGV_FORCED, /* behind "--": the next argument is the script, whatever it looks like */
	CORDON_ARGV_SCRIPT,
	CORDON_ARGV_MODULE_VALUE, /* as VALUE, for -m */
	CORDON_ARGV_MODULE,
	CORDON_ARGV_CODE_VALUE, /* as VALUE, for -c */
	CORDON_ARGV_CODE,
	CORDON_ARGV_DONE,
};

struct cordon_argv {
	__u64 base;	 /* hash of the component, option or module so far */
	__u64 stem;	 /* the same up to the last byte that is none of [0-9.] */
	__u64 pair;	 /* hash of the last two components, 0: there is but one */
	__u64 prefix;	 /* hash up to the first '-' of the component, 0: there is none yet */
	__u64 high, low; /* the last 16 bytes of the code */
	__u32 mode;	 /* enum cordon_argv_mode */
	__u32 slash;	 /* the last byte was '/' */
	__u32 interpreter;
	__u32 code;
	__u32 value;
	__u32 flags;
};

/* cordon_hash() of long options, checked by tests/unit/test_argv.c. */
#define CORDON_OPTION_END 0x07d01707b497e58fULL			  /* -- */
#define CORDON_OPTION_CHECK_HASH_BASED_PYCS 0x9b1e1312b50fecacULL /* --check-hash-based-pycs, of CPython */
#define CORDON_OPTION_REQUIRE 0xd090265335618c1aULL		  /* --require, of node, to --title */
#define CORDON_OPTION_IMPORT 0x4eb632a2a69b711eULL		  /* --import */
#define CORDON_OPTION_LOADER 0xff02b070092d863cULL		  /* --loader */
#define CORDON_OPTION_EXPERIMENTAL_LOADER 0xfe1c4aa4152b74efULL	  /* --experimental-loader */
#define CORDON_OPTION_CONDITIONS 0x966a816189c17d31ULL		  /* --conditions */
#define CORDON_OPTION_ENV_FILE 0x79a973b15a09d46bULL		  /* --env-file */
#define CORDON_OPTION_INPUT_TYPE 0x7d0783b1f35a4558ULL		  /* --input-type */
#define CORDON_OPTION_TITLE 0x7f975b76559365a7ULL		  /* --title */
#define CORDON_OPTION_EVAL 0xaa3455fd77c226d5ULL		  /* --eval: no script follows */
#define CORDON_OPTION_PRINT 0xd73aac522b5f2616ULL		  /* --print: no script follows */
#define CORDON_OPTION_ENCODING 0x8d6dfb8fc75242feULL		  /* --encoding, of ruby, to --disable */
#define CORDON_OPTION_EXTERNAL_ENCODING 0xfef14cee42effb0aULL	  /* --external-encoding */
#define CORDON_OPTION_INTERNAL_ENCODING 0x8396e9a6660873acULL	  /* --internal-encoding */
#define CORDON_OPTION_ENABLE 0x75c3848ad2452ef8ULL		  /* --enable */
#define CORDON_OPTION_DISABLE 0xf64c60db8b7435c1ULL		  /* --disable */
#define CORDON_OPTION_RCFILE 0xcf5f042ec4a5a6faULL		  /* --rcfile, of bash */
#define CORDON_OPTION_INIT_FILE 0xcb6c18effc1d17faULL		  /* --init-file */

/* Where to go on behind a long option. One that is not known here takes no value: a value taken for the script matches
 * nothing, and the process stays what an unlabelled one is. */
CORDON_GLOBAL __u32 cordon_argv_after_long(__u32 interpreter, __u64 hash)
{
	if (hash == CORDON_OPTION_END)
		return CORDON_ARGV_FORCED;
	switch (interpreter) {
	case CORDON_INTERPRETER_PYTHON:
		return hash == CORDON_OPTION_CHECK_HASH_BASED_PYCS ? CORDON_ARGV_SKIP : CORDON_ARGV_START;
	case CORDON_INTERPRETER_NODE:
		if (hash == CORDON_OPTION_EVAL || hash == CORDON_OPTION_PRINT)
			return CORDON_ARGV_DONE;
		if (hash == CORDON_OPTION_REQUIRE || hash == CORDON_OPTION_IMPORT || hash == CORDON_OPTION_LOADER ||
		    hash == CORDON_OPTION_EXPERIMENTAL_LOADER || hash == CORDON_OPTION_CONDITIONS ||
		    hash == CORDON_OPTION_ENV_FILE || hash == CORDON_OPTION_INPUT_TYPE || hash == CORDON_OPTION_TITLE)
			return CORDON_ARGV_SKIP;
		return CORDON_ARGV_START;
	case CORDON_INTERPRETER_RUBY:
		if (hash == CORDON_OPTION_ENCODING || hash == CORDON_OPTION_EXTERNAL_ENCODING ||
		    hash == CORDON_OPTION_INTERNAL_ENCODING || hash == CORDON_OPTION_ENABLE ||
		    hash == CORDON_OPTION_DISABLE)
			return CORDON_ARGV_SKIP;
		return CORDON_ARGV_START;
	default:
		return hash == CORDON_OPTION_RCFILE || hash == CORDON_OPTION_INIT_FILE ? CORDON_ARGV_SKIP
										       : CORDON_ARGV_START;
	}
}

/* Where to go on behind the letter of a short option. */
CORDON_GLOBAL __u32 cordon_argv_after_letter(__u32 interpreter, __u32 letter)
{
	switch (interpreter) {
	case CORDON_INTERPRETER_PYTHON:
		if (letter == 'm')
			return CORDON_ARGV_MODULE_VALUE;
		if (letter == 'c')
			return CORDON_ARGV_CODE_VALUE;
		return letter == 'W' || letter == 'X' ? CORDON_ARGV_VALUE : CORDON_ARGV_SHORT;
	case CORDON_INTERPRETER_NODE:
		if (letter == 'e' || letter == 'p')
			return CORDON_ARGV_DONE;
		return letter == 'r' || letter == 'C' ? CORDON_ARGV_VALUE : CORDON_ARGV_SHORT;
	case CORDON_INTERPRETER_RUBY:
		if (letter == 'e')
			return CORDON_ARGV_DONE;
		if (letter == 'r' || letter == 'I' || letter == 'C' || letter == 'X' || letter == 'E')
			return CORDON_ARGV_VALUE;
		/* Their values, if any, stand in the same argument. */
		if (letter == 'F' || letter == 'K' || letter == 'T' || letter == 'W' || letter == 'i' || letter == 'x')
			return CORDON_ARGV_SKIP;
		return CORDON_ARGV_SHORT;
	default:
		if (letter == 'c' || letter == 's')
			return CORDON_ARGV_DONE;
		return letter == 'o' || letter == 'O' ? CORDON_ARGV_VALUE : CORDON_ARGV_SHORT;
	}
}

CORDON_INLINE void cordon_argv_begin(struct cordon_argv *s, __u32 mode, __u32 at)
{
	s->mode = mode;
	s->value = at;
	s->base = s->stem = CORDON_HASH_START;
	s->pair = s->prefix = 0;
	s->slash = 0;
}

/* One byte of a path. A slash counts when the next component begins, so that "x/pip/" and "x//pip" are "x/pip". */
CORDON_GLOBAL int cordon_argv_path_byte(struct cordon_argv *s, __u32 value)
{
	unsigned char byte = (unsigned char)value;

	if (!s)
		return 0;
	if (byte == '/') {
		s->slash = 1;
		return 0;
	}
	if (s->slash) {
		s->slash = 0;
		s->pair = cordon_hash_step(s->base, '/');
		s->base = s->stem = CORDON_HASH_START;
		s->prefix = 0;
	}
	s->base = cordon_hash_step(s->base, byte);
	if (s->pair)
		s->pair = cordon_hash_step(s->pair, byte);
	if ((byte < '0' || byte > '9') && byte != '.')
		s->stem = s->base;
	if (byte == '-' && !s->prefix)
		s->prefix = s->base;
	return 0;
}

/* Whether the bytes in the window are those of `code`. */
CORDON_GLOBAL int cordon_argv_code_matches(struct cordon_argv *s, const struct cordon_code *code)
{
	if (!s || !code || !code->installer || code->interpreter != s->interpreter)
		return 0;
	return ((s->low ^ code->low) & code->low_mask) == 0 && ((s->high ^ code->high) & code->high_mask) == 0;
}

CORDON_INLINE void cordon_argv_code_byte(struct cordon_argv *s, const struct cordon_code *codes, unsigned char byte)
{
	int i;

	s->high = s->high << 8 | s->low >> 56;
	s->low = s->low << 8 | byte;
#pragma GCC unroll 4
	for (i = 0; i < CORDON_CODES_MAX; i++)
		if (cordon_argv_code_matches(s, &codes[i]))
			s->code = i + 1;
}

/* Takes: the state, the byte at offset `at`. Gives: 1 when nothing behind it matters. */
CORDON_INLINE int cordon_argv_step(struct cordon_argv *s, const struct cordon_code *codes, unsigned char byte, __u32 at)
{
	switch (s->mode) {
	case CORDON_ARGV_ZEROTH:
	case CORDON_ARGV_SKIP:
		if (!byte)
			s->mode = CORDON_ARGV_START;
		break;
	case CORDON_ARGV_START:
		if (byte == '-') {
			s->mode = CORDON_ARGV_DASH;
			s->base = cordon_hash_step(CORDON_HASH_START, byte);
			break;
		}
		if (byte == '+' && s->interpreter == CORDON_INTERPRETER_SHELL) {
			s->mode = CORDON_ARGV_SHORT;
			break;
		}
		/* fall through */
	case CORDON_ARGV_FORCED:
		if (!byte) {
			s->mode = CORDON_ARGV_DONE; /* an empty name is no script that can be run */
			break;
		}
		cordon_argv_begin(s, CORDON_ARGV_SCRIPT, at);
		cordon_argv_path_byte(s, byte);
		break;
	case CORDON_ARGV_DASH:
		if (!byte) {
			s->mode = CORDON_ARGV_DONE; /* "-": the program comes from standard input */
			break;
		}
		if (byte == '-') {
			s->mode = CORDON_ARGV_LONG;
			s->base = cordon_hash_step(s->base, byte);
			break;
		}
		/* fall through */
	case CORDON_ARGV_SHORT:
		s->mode = byte ? cordon_argv_after_letter(s->interpreter, byte) : CORDON_ARGV_START;
		break;
	case CORDON_ARGV_LONG:
		if (byte)
			s->base = cordon_hash_step(s->base, byte);
		else
			s->mode = cordon_argv_after_long(s->interpreter, s->base);
		break;
	case CORDON_ARGV_VALUE:
		s->mode = CORDON_ARGV_SKIP;
		break;
	case CORDON_ARGV_MODULE_VALUE:
		cordon_argv_begin(s, CORDON_ARGV_MODULE, byte ? at : at + 1);
		if (byte)
			s->base = cordon_hash_step(s->base, byte);
		break;
	case CORDON_ARGV_MODULE:
		if (byte) {
			s->base = cordon_hash_step(s->base, byte);
			break;
		}
		s->flags |= CORDON_FEATURE_MODULE;
		s->mode = CORDON_ARGV_DONE;
		break;
	case CORDON_ARGV_CODE_VALUE:
		cordon_argv_begin(s, CORDON_ARGV_CODE, byte ? at : at + 1);
		if (byte)
			cordon_argv_code_byte(s, codes, byte);
		break;
	case CORDON_ARGV_CODE:
		if (byte)
			cordon_argv_code_byte(s, codes, byte);
		if (byte && !s->code)
			break;
		s->flags |= CORDON_FEATURE_CODE;
		s->mode = CORDON_ARGV_DONE;
		break;
	case CORDON_ARGV_SCRIPT:
		if (byte) {
			cordon_argv_path_byte(s, byte);
			break;
		}
		s->flags |= CORDON_FEATURE_SCRIPT;
		s->mode = CORDON_ARGV_DONE;
		break;
	default:
		return 1;
	}
	return s->mode == CORDON_ARGV_DONE;
}

/*
 * `zero` is 0 and the verifier does not know it. Verifiers before 6.7 follow the callback of bpf_loop() once only, with
 * the state that the caller left: were that made of constants, they would take every branch but the first byte's for
 * dead code and remove it.
 */
CORDON_INLINE void cordon_argv_init(struct cordon_argv *s, __u32 interpreter, __u32 mode, __u64 zero)
{
	s->base = s->stem = CORDON_HASH_START + zero;
	s->pair = s->prefix = s->high = s->low = zero;
	s->mode = mode + (__u32)zero;
	s->slash = s->code = s->value = s->flags = (__u32)zero;
	s->interpreter = interpreter + (__u32)zero;
}

/* What the end of the arguments says: the last one may lack its NUL, or may have been cut. */
CORDON_INLINE void cordon_argv_finish(struct cordon_argv *s, const struct cordon_code *codes,
				      const struct cordon_args *args, struct cordon_features *f)
{
	__u32 flags = 0;

	if (s->mode != CORDON_ARGV_DONE) {
		if (args->truncated)
			flags = CORDON_FEATURE_UNDECIDABLE;
		else
			cordon_argv_step(s, codes, 0, args->len);
	}
	flags |= s->flags;
	f->flags |= flags;
	f->interpreter = s->interpreter;
	f->value = s->value;
	f->code = s->code;
	if (flags & CORDON_FEATURE_SCRIPT) {
		f->token[CORDON_TOKEN_SCRIPT_PAIR] = s->pair;
		f->token[CORDON_TOKEN_SCRIPT] = s->base;
		f->token[CORDON_TOKEN_SCRIPT_VERSION] = s->stem;
		f->token[CORDON_TOKEN_SCRIPT_PREFIX] = s->prefix;
	} else if (flags & CORDON_FEATURE_MODULE) {
		f->token[CORDON_TOKEN_MODULE] = s->base;
	}
}

#ifdef __bpf__
#include <bpf/bpf_helpers.h>

static volatile __u64 cordon_argv_zero;

/* The verifier wants to see that the kernel's buffers are not left; user space has no buffers of fixed size. */
#define CORDON_ARGV_OUTSIDE(i, size) ((i) >= (size))
#define CORDON_ARGV_ZERO cordon_argv_zero
#else
#define CORDON_ARGV_OUTSIDE(i, size) 0
#define CORDON_ARGV_ZERO 0
#endif

struct cordon_argv_loop {
	struct cordon_argv s;
	const char *bytes;
	const struct cordon_code *codes;
	__u64 len;
};

/* No inlining: bpf_loop() calls them. Give 1 to stop. */
static __attribute__((unused)) long cordon_argv_path_at(__u32 i, void *arg)
{
	struct cordon_argv_loop *loop = arg;
	unsigned char byte;

	if (i >= loop->len || CORDON_ARGV_OUTSIDE(i, CORDON_PATH_LEN))
		return 1;
	byte = loop->bytes[i];
	if (!byte)
		return 1;
	cordon_argv_path_byte(&loop->s, byte);
	return 0;
}

static __attribute__((unused)) long cordon_argv_args_at(__u32 i, void *arg)
{
	struct cordon_argv_loop *loop = arg;

	if (i >= loop->len || CORDON_ARGV_OUTSIDE(i, CORDON_ARGS_LEN))
		return 1;
	return cordon_argv_step(&loop->s, loop->codes, loop->bytes[i], i);
}

CORDON_INLINE void cordon_argv_run(struct cordon_argv_loop *loop, long (*at)(__u32 i, void *arg))
{
#ifdef __bpf__
	bpf_loop(loop->len, at, loop, 0);
#else
	__u32 i;

	for (i = 0; i < loop->len && !at(i, loop); i++)
		;
#endif
}

/*
 * Takes: the path of the program, `len` bytes up to or with a NUL, in the kernel in a buffer of CORDON_PATH_LEN.
 * Gives: *f emptied, and EXE, EXE_VERSION and INTERPRETER in it. A path that fills the kernel's buffer may have lost
 * its last component: undecidable.
 */
CORDON_INLINE void cordon_argv_exe(struct cordon_features *f, const char *path, __u32 len)
{
	struct cordon_argv_loop loop;

	__builtin_memset(f, 0, sizeof(*f));
	cordon_argv_init(&loop.s, 0, CORDON_ARGV_SCRIPT, CORDON_ARGV_ZERO);
	loop.bytes = path;
	loop.codes = 0;
	loop.len = len;
	cordon_argv_run(&loop, cordon_argv_path_at);
	f->token[CORDON_TOKEN_EXE] = loop.s.base;
	f->token[CORDON_TOKEN_EXE_VERSION] = f->token[CORDON_TOKEN_INTERPRETER] = loop.s.stem;
	if (CORDON_ARGV_OUTSIDE(len, CORDON_PATH_LEN))
		f->flags = CORDON_FEATURE_UNDECIDABLE;
}

/*
 * Takes: features with the program in them, the interpreter that it is, the session's CORDON_CODES_MAX codes,
 * arguments. Gives: the script's, module's or code's part of *f.
 */
CORDON_INLINE void cordon_argv_scan(struct cordon_features *f, __u32 interpreter, const struct cordon_code *codes,
				    const struct cordon_args *args)
{
	struct cordon_argv_loop loop;

	cordon_argv_init(&loop.s, interpreter, CORDON_ARGV_ZEROTH, CORDON_ARGV_ZERO);
	loop.bytes = args->bytes;
	loop.codes = codes;
	loop.len = args->len;
	cordon_argv_run(&loop, cordon_argv_args_at);
	cordon_argv_finish(&loop.s, codes, args, f);
}

/* Takes: features, enum cordon_token. Gives: 1 and the key to look up, 0 where the program has no such token. */
CORDON_INLINE int cordon_recognition_key(const struct cordon_features *f, __u32 token, __u32 session,
					 struct cordon_recognition_key *key)
{
	key->hash = f->token[token];
	key->session = session;
	key->token = token;
	key->interpreter = token > CORDON_TOKEN_INTERPRETER ? f->interpreter : 0;
	return key->hash != 0;
}

#endif
