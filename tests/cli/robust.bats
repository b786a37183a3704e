#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What must not happen when something breaks: nothing is let through, nobody hangs, the next install works. What is full,
# killed or stopped is in tests/limits.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # for shells inside; `run` sets stderr

load helper.sh

setup_file() { start_guard; }
teardown_file() { stop_guard; }
setup() { fresh; }

next_install_works() {
	run -120 install "$CONNECT"
	says "$output" "the connect was refused"
	wait_for no_pins
}

@test "10,000 forks: all of them counted, or told" {
	run -120 --separate-stderr install --package hello "
import os
for i in range(10000):
    pid = os.fork()
    if not pid:
        os._exit(0)
    os.waitpid(pid, 0)
$CONNECT"
	is "$output" "the connect was refused"
	says "$stderr" "net.connect"
	run -1 "$GUARD" log --sessions --json
	lost=$("$PYTHON" -c 'import json, sys; print(json.loads(sys.stdin.readline())["lost"])' <<< "$output")
	[ "$lost" = 0 ] || says "$stderr" "lost"
}

# bats test_tags=any-kernel
@test "a journal that is read-only: 125, nothing is run" {
	mkdir "$CORDON_STATE"
	run -125 --separate-stderr within unshare --mount sh -c \
		'mount -t tmpfs -o ro tmpfs "$CORDON_STATE" && exec "$0" run -q -- touch ran' "$CORDON"
	says "$stderr" "the journal in '$CORDON_STATE' cannot be written: Read-only file system"
	says "$stderr" "nothing was run"
	[ ! -e ran ]
	wait_for no_pins
}

# bats test_tags=any-kernel
@test "a full disk: 125, nothing is run" {
	mkdir "$CORDON_STATE"
	run -125 --separate-stderr within unshare --mount sh -c 'mount -t tmpfs -o size=64k tmpfs "$CORDON_STATE" &&
		head -c 64k /dev/zero > "$CORDON_STATE/full"; exec "$0" run -q -- touch ran' "$CORDON"
	says "$stderr" "the journal in '$CORDON_STATE' cannot be written: No space left on device"
	[ ! -e ran ]
}

# bats test_tags=any-kernel
@test "a journal that is none: 125, and it is not touched" {
	mkdir -m 700 "$CORDON_STATE"
	echo "not a database, but somebody's file" > "$CORDON_STATE/journal.db"
	run -125 --separate-stderr guarded -q -- touch ran
	says "$stderr" "the journal in '$CORDON_STATE' cannot be written"
	grep -q somebody "$CORDON_STATE/journal.db"
	[ ! -e ran ]
}

@test "a protected place that cannot be held: run --strict refuses to start" {
	mount_fuse "$HOME/.ssh"
	run --separate-stderr guarded --strict -- touch ran
	strict=$status
	said=$stderr
	run -0 guarded -q -- touch ran-plain
	within umount --lazy "$HOME/.ssh"
	[ -e ran-plain ]
	# A weak backend is refused before that.
	weak && skip "--strict needs a backend that is not weak"
	is "$strict" 125
	says "$said" "protected places cannot be held: $HOME/.ssh"
	[ ! -e ran ]
}

# bats test_tags=any-kernel
@test "cordon run inside of a session works, or fails clearly and runs nothing" {
	run --separate-stderr guarded -q -- "$GUARD" run -q --backend "$TAKEN" -- touch ran
	if [ "$status" = 0 ]; then
		[ -e ran ]
	else
		is "$status" 125
		says "$stderr" "nothing was run"
		[ ! -e ran ]
	fi
	next_install_works
}

# bats test_tags=any-kernel
@test "the command's folder is removed under it" {
	mkdir gone
	run -0 --separate-stderr guarded -q -- sh -c 'cd gone && rmdir "$PWD" && true'
}
