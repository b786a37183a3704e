#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# `cordon doctor`: what it finds on this machine is what `run` then does, and it leaves no trace. What it makes of other
# machines is tests/unit/test_doctor.c's.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # for shells inside; `run` sets stderr

load helper.sh

setup_file() { start_guard; }
teardown_file() { stop_guard; }
setup() { fresh; }
teardown() { rm -rf ${PLAIN:+"$PLAIN"}; }

# field EXPRESSION: of the JSON in $output, as `d`.
field() { "$PYTHON" -c "import json, sys; d = json.load(sys.stdin); print($1)" <<< "$output"; }

@test "tells the kernel, each backend and each rule, and ends with 0 or 1 where it can guard" {
	run "$GUARD" doctor
	[ "$status" -le 1 ]
	says "$output" "kernel       $(uname -r)"
	for backend in lsm fmod_ret trace; do
		grep -q "^\(backends\)\? *$backend  *[a-z]" <<< "$output"
	done
	grep -q "not enforced yet: .*identity.internal" <<< "$output"
	says_not "$(grep "not enforced yet: " <<< "$output")" env.secret
	# Every installer that comes with cordon has a place where its artifacts wait.
	[[ $output != *"not looked at before use"* ]]
	grep -q "^verdict      can \(enforce\|guard weakly\), with backend $TAKEN" <<< "$output"
}

# bats test_tags=any-kernel
@test "--json has the same, and names the backend that run takes" {
	run -0 --separate-stderr "$GUARD" run -q -- true
	run --separate-stderr "$GUARD" doctor --json
	is "$stderr" ''
	is "$(field 'd["status"]')" "$status"
	is "$(field 'd["backend"]')" "$TAKEN"
	is "$(field '[b["name"] for b in d["backends"] if b["taken"]]')" "['$TAKEN']"
	is "$(field 'all(b["tried"] and (b["works"] or b["reason"]) for b in d["backends"])')" True
	is "$(field 'd["rules"]["net.connect"]')" refused
	is "$(field 'd["rules"]["env.secret"]')" refused
	is "$(field 'd["rules"]["identity.internal"]')" "not enforced yet"
	is "$(field 'd["journal"]["writable"]')" True
	is "$(field 'd["installers_without_gate"]')" '[]'
	# Every weakness comes with what to change, every strength without.
	is "$(field '(d["status"] == 1) == bool([b["weakness"] for b in d["backends"] if b["taken"]][0])')" True
}

@test "each backend that it says works does, and each other is refused" {
	run "$GUARD" doctor --json
	works=$(field '" ".join(b["name"] for b in d["backends"] if b["works"])')
	for backend in lsm fmod_ret trace; do
		if [[ " $works " = *" $backend "* ]]; then
			run -120 "$GUARD" run -q --backend "$backend" -- "$PYTHON" "$BATS_TEST_TMPDIR/pip" "$CONNECT"
			says "$output" "the connect was refused"
		else
			run -125 "$GUARD" run -q --backend "$backend" -- touch ran
			says "$output" "no backend works here ($backend: "
			[ ! -e ran ]
		fi
	done
}

# bats test_tags=any-kernel
@test "leaves nothing behind: no pins, so no programs, and no journal" {
	run "$GUARD" doctor
	[ "$status" -le 1 ]
	no_pins
	[ ! -e "$CORDON_STATE" ]
	# A journal that is there is not written to either.
	run -120 install "$CONNECT"
	is "$("$GUARD" log --json | wc -l)" 1
	run "$GUARD" doctor
	is "$("$GUARD" log --json | wc -l)" 1
}

@test "a live session is not disturbed" {
	"$GUARD" run -q --backend "$TAKEN" -- "$PYTHON" "$BATS_TEST_TMPDIR/pip" "open('$(mark ready)', 'w'); import time, os
while not os.path.exists('$PWD/go'): time.sleep(0.05)
$CONNECT" > out 2>&1 3>&- &
	session=$!
	wait_for test -e "$(mark ready)"
	before=$(pins)
	run "$GUARD" doctor
	[ "$status" -le 1 ]
	is "$(pins)" "$before"
	kill -0 "$session"
	touch go
	status=0
	wait "$session" || status=$?
	is "$status" 120
	grep -q "the connect was refused" out
	says_not "$(cat out)" "controller is gone"
	wait_for no_pins
}

# bats test_tags=any-kernel
@test "tells what the kernel skipped of the live programs, and nothing where no session is on" {
	run "$GUARD" doctor --json
	is "$(field 'd["misses"]["programs"]')" 0
	"$GUARD" run -q --backend "$TAKEN" -- sh -c "touch '$PWD/ready'; while [ ! -e '$PWD/go' ]; do sleep 0.1; done" 3>&- &
	session=$!
	wait_for test -e ready
	run "$GUARD" doctor --json
	[ "$(field 'd["misses"]["programs"]')" -ge 3 ]
	is "$(field 'all(count > 0 for count in d["misses"]["skipped"].values())')" True
	run "$GUARD" doctor
	says "$output" "skipped      "
	touch go
	wait "$session"
}

# bats test_tags=any-kernel
@test "two doctors at once agree" {
	"$GUARD" doctor > first 2>&1 3>&- &
	"$GUARD" doctor > second 2>&1 || [ $? = 1 ]
	wait $! || [ $? = 1 ]
	diff first second
	no_pins
}

# bats test_tags=any-kernel
@test "what a killed doctor left is cleared by the next start" {
	within mkdir /sys/fs/bpf/cordon_try
	run -0 guarded -q -- true
	wait_for no_pins
}

# bats test_tags=any-kernel
@test "2: a kernel without BTF, for doctor and for run" {
	run -2 unshare --mount sh -c 'mount -t tmpfs tmpfs /sys/kernel/btf && exec "$0" doctor' "$CORDON"
	grep -q '^BTF          no$' <<< "$output"
	says "$output" "cannot guard: this kernel has no BTF, so no program can be loaded"
	says "$output" "CONFIG_DEBUG_INFO_BTF=y"
	run -125 within unshare --mount sh -c 'mount -t tmpfs tmpfs /sys/kernel/btf && exec "$0" run -- touch ran' "$CORDON"
	says "$output" "BTF"
	says "$output" "nothing was run"
	[ ! -e ran ]
}

# bats test_tags=any-kernel
@test "2: a plain user is told to use sudo" {
	install_for_nobody
	run -2 setpriv --reuid nobody --regid nogroup --clear-groups env HOME="$PLAIN/his" "$PLAIN/bin/cordon" doctor
	says "$output" "to do        Run \`sudo cordon doctor\`"
	says "$output" "not tried: that takes root"
}

# bats test_tags=any-kernel
@test "2: a mistake in the policy, with its place" {
	printf 'mode = "enforce"\nmode = "audit"\n' > "$CORDON_ETC/cordon.toml"
	run -2 "$GUARD" doctor
	says "$output" "$CORDON_ETC/cordon.toml:2:8: "
	says "$output" "cannot guard: the policy has a mistake"
	run -2 "$GUARD" doctor --json
	says "$(field 'd["policy"]["mistake"]')" "$CORDON_ETC/cordon.toml:2:8: "
}

# bats test_tags=any-kernel
@test "2: a journal that cannot be written" {
	mkdir "$CORDON_STATE"
	run -2 within unshare --mount sh -c 'mount -t tmpfs -o ro tmpfs "$CORDON_STATE" && exec "$0" doctor' "$CORDON"
	says "$output" "$CORDON_STATE: cannot be written: Read-only file system"
	says "$output" "cannot guard: the journal cannot be written"
}

# bats test_tags=any-kernel
@test "protected places on a file system that cannot be held are named" {
	mount_fuse "$HOME/.ssh"
	run "$GUARD" doctor
	within umount --lazy "$HOME/.ssh"
	[ "$status" -le 1 ]
	says "$output" "of them cannot be held: $HOME/.ssh (on a file system whose inodes cannot be held)"
}

# bats test_tags=any-kernel
@test "a terminal sees what is being tried, a pipe does not" {
	TERM=xterm run "$PYTHON" "$FIXTURES/terminal.py" "$GUARD" doctor < /dev/null
	says "$output" "... trying backend lsm"
	run --separate-stderr "$GUARD" doctor
	is "$stderr" ''
}

# bats test_tags=any-kernel
@test "2: wrong usage; --help: 0" {
	run -2 "$GUARD" doctor --no-such-option
	run -2 "$GUARD" doctor argument
	run -0 "$GUARD" doctor --help
	says "$output" "usage: cordon doctor"
}
