# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154 # bats sets BATS_*, and `run` sets status, output and stderr
# What the tests of the command line share.
#
# Each file of tests has a mount namespace of its own, with a bpf file system and a /run/cordon that no other cordon on
# this machine sees: sessions of another build would be in the way, and ours in theirs. Each test has its own state,
# policy and home.

bats_require_minimum_version 1.5.0

FIXTURES=$BATS_TEST_DIRNAME/../fixtures

# start_guard: in setup_file. Leaves GUARD, which starts cordon in there, as the same process; and TAKEN, the backend.
start_guard() {
	[ "$(id -u)" = 0 ] || skip "needs root"
	CORDON=$(realpath "${CORDON:-$BATS_TEST_DIRNAME/../../.output/cordon}")
	PYTHON=$(python3 -c 'import os, sys; print(os.path.realpath(sys.executable))')
	mkdir -p /run/cordon
	# shellcheck disable=SC2016 # for that shell to expand
	unshare --mount bash -c 'mount -t bpf bpf /sys/fs/bpf && mount -t tmpfs tmpfs /run/cordon && echo $$ > "$0" &&
		exec sleep 3600' "$BATS_FILE_TMPDIR/namespace" 3>&- &
	wait_for test -s "$BATS_FILE_TMPDIR/namespace"
	NAMESPACE=$(cat "$BATS_FILE_TMPDIR/namespace")
	GUARD=$BATS_FILE_TMPDIR/guard
	# shellcheck disable=SC2016 # for the script that is written
	printf '#!/bin/sh\nexec nsenter --mount=/proc/%s/ns/mnt --wdns="$PWD" -- %s "$@"\n' "$NAMESPACE" "$CORDON" > "$GUARD"
	chmod +x "$GUARD"
	TAKEN=${BACKEND:-$("$GUARD" doctor --json | "$PYTHON" -c 'import json, sys; print(json.load(sys.stdin)["backend"])')}
	export CORDON PYTHON NAMESPACE GUARD TAKEN
	unset CORDON_DEBUG CORDON_DATA SUDO_UID SUDO_USER SUDO_GID NO_COLOR
}

# keep_guard: in setup_file, behind start_guard. In an emulated guest a session that is on all the time: the sessions of
# the tests then find the programs loaded, which takes seven seconds there. Not where a test wants none to be left.
keep_guard() {
	[ "${CORDON_GUEST:-}" = 1 ] || return 0
	"$GUARD" run -q --backend "$TAKEN" -- sh -c "touch '$BATS_FILE_TMPDIR/kept'; exec sleep 3600" > /dev/null 2>&1 3>&- &
	export KEEPER=$!
	wait_for test -e "$BATS_FILE_TMPDIR/kept"
}

# within COMMAND...: runs it in the namespace.
within() { nsenter --mount="/proc/$NAMESPACE/ns/mnt" --wdns="$PWD" -- "$@"; }

stop_guard() {
	if [ -n "${KEEPER:-}" ]; then
		kill "$KEEPER"
		wait_for no_pins
	fi
	[ -z "${NAMESPACE:-}" ] || kill "$NAMESPACE"
}

# mark NAME: a path that package code may make: its own entry of a temporary folder, all that it may write beside its
# own tree.
mark() { printf '/tmp/%s-%s' "$(tr / - <<< "${BATS_TEST_TMPDIR#/}" | tr -d '\n')" "$1"; }

# fresh: in setup. The test's own places; the folder that it starts in is no part of them.
fresh() {
	export CORDON_STATE=$BATS_TEST_TMPDIR/state CORDON_ETC=$BATS_TEST_TMPDIR/etc HOME=$BATS_TEST_TMPDIR/home
	mkdir -p "$CORDON_ETC" "$HOME/.ssh" "$BATS_TEST_TMPDIR/work"
	echo "decoy, no key" > "$HOME/.ssh/id_ed25519"
	cd "$BATS_TEST_TMPDIR/work" || return
	cp "$FIXTURES/installer/pip" "$BATS_TEST_TMPDIR/pip"
}

# guarded ARGUMENT...: cordon run on the backend that works here, without trying the others first.
guarded() { "$GUARD" run --backend "$TAKEN" "$@"; }

# install [OPTION...] CODE: what a package does during its install, guarded. run's options in RUN_OPTIONS.
install() {
	# shellcheck disable=SC2086 # one word an option
	guarded ${RUN_OPTIONS:--q} -- "$PYTHON" "$BATS_TEST_TMPDIR/pip" "$@"
}

# install_for_nobody: in PLAIN, as `make install` lays it out, where that user may look; the tree may lie in a home.
install_for_nobody() {
	id nobody > /dev/null || skip "no user nobody"
	PLAIN=$(mktemp -d /tmp/cordon-plain.XXXXXX)
	chmod 755 "$PLAIN"
	mkdir -p "$PLAIN/bin" "$PLAIN/share/cordon"
	mkdir -m 777 "$PLAIN/his"
	cp "$CORDON" "$PLAIN/bin/cordon"
	cp -r "$BATS_TEST_DIRNAME"/../../policy/{cordon.toml,installers,zones,startup} "$PLAIN/share/cordon/"
}

# mount_fuse DIR: a file system that answers to nobody but its own user, as a desktop's ~/.cache/doc does: root learns
# its type and nothing else, without asking a server that may hang.
mount_fuse() {
	if ! grep -qw fuse /proc/filesystems || [ ! -e /dev/fuse ]; then
		skip "this kernel has no FUSE"
	fi
	within mount -i -t fuse -o fd=9,rootmode=40000,user_id=65534,group_id=65534 cordon-test "$1" 9<> /dev/fuse
}

# Nobody listens there: an unguarded connect is refused by the kernel, a guarded one by us.
# shellcheck disable=SC2034 # the tests use it
CONNECT='
import socket
try:
    socket.create_connection(("127.0.0.1", 9))
except ConnectionRefusedError:
    print("the connect went through")
except PermissionError:
    print("the connect was refused")
'

# wait_for COMMAND...: until it succeeds, for half a minute (emulated guests are slow).
wait_for() {
	local tries
	for ((tries = 0; tries < 300; tries++)); do
		! "$@" || return 0
		sleep 0.1
	done
	echo "waited in vain for: $*"
	return 1
}

# The pins of this file's namespace: none are left when no session is on.
pins() { within find /sys/fs/bpf -mindepth 1 -maxdepth 1 -type d; }
no_pins() { [ -z "$(pins)" ]; }

# weak: whether doctor says so of the backend taken.
weak() {
	local verdict=0
	"$GUARD" doctor > /dev/null || verdict=$?
	[ "$verdict" = 1 ]
}

is() {
	[ "$1" = "$2" ] || {
		printf 'is:     %s\nwanted: %s\n' "$1" "$2"
		return 1
	}
}

says() {
	[[ "$1" == *"$2"* ]] || {
		printf 'says:   %s\nwanted: %s\n' "$1" "$2"
		return 1
	}
}

says_not() {
	[[ "$1" != *"$2"* ]] || {
		printf 'says:   %s\nunwanted: %s\n' "$1" "$2"
		return 1
	}
}
