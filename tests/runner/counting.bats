#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Proves that tests/run can fail: it is given suites that go wrong in every way that a test can.

setup() {
	export TESTS_DIR=$BATS_TEST_TMPDIR/tests O=$BATS_TEST_TMPDIR/out VM=0 MATRIX=0 TEST_TIMEOUT=60
	mkdir -p "$TESTS_DIR/vm" "$O"
	runner=$BATS_TEST_DIRNAME/../run
}

# program FILE: an executable shell script from standard input.
program() {
	mkdir -p "$(dirname "$1")"
	{ echo '#!/bin/sh' && cat; } > "$1"
	chmod +x "$1"
}

# closing LINE: the last line of what the runner printed.
closing() {
	[ "${lines[-1]}" = "$1" ] || {
		echo "$output"
		return 1
	}
}

@test "assertions that hold are counted, not tests" {
	program "$TESTS_DIR/demo/good" <<< "printf 'ok 1 - a\nok 2 - b\n1..2\n'"
	program "$O/demo/test_built" <<< "printf '1..1\nok 1 - c\n'"
	run "$runner" demo
	[ "$status" -eq 0 ]
	closing "3 passed, 0 failed, 0 skipped"
	[[ $output = *demo/built* ]]
}

@test "a failed assertion fails, and what the test said is shown" {
	program "$TESTS_DIR/demo/bad" <<< "printf '1..2\nok 1 - a\nnot ok 2 - b\n'; echo because >&2; exit 1"
	run "$runner" demo
	[ "$status" -eq 1 ]
	[[ $output = *because* && $output = *"failed: demo/bad: b"* ]]
	closing "1 passed, 1 failed, 0 skipped"
}

@test "a failed assertion fails although the status is 0" {
	program "$TESTS_DIR/demo/bad" <<< "printf '1..1\nnot ok 1 - b\n'"
	run "$runner" demo
	[ "$status" -eq 1 ]
	closing "0 passed, 1 failed, 0 skipped"
}

@test "a crash fails, by signal or by status, after assertions that held" {
	program "$TESTS_DIR/demo/signal" <<< "printf '1..1\nok 1 - a\n'; kill -SEGV \$\$"
	program "$TESTS_DIR/demo/status" <<< "printf '1..1\nok 1 - a\n'; exit 3"
	run "$runner" demo
	[ "$status" -eq 1 ]
	closing "2 passed, 2 failed, 0 skipped"
}

@test "a missing plan and a plan that is not kept fail" {
	program "$TESTS_DIR/demo/none" <<< "echo 'ok 1 - a'"
	program "$TESTS_DIR/demo/short" <<< "printf '1..3\nok 1 - a\n'"
	program "$TESTS_DIR/demo/silent" <<< ":"
	program "$TESTS_DIR/demo/empty" <<< "echo 1..0"
	run "$runner" demo
	[ "$status" -eq 1 ]
	closing "2 passed, 4 failed, 0 skipped"
}

@test "a test that does not end fails" {
	program "$TESTS_DIR/demo/slow" <<< "printf '1..1\nok 1 - a\n'; exec sleep 50"
	TEST_TIMEOUT=5 run "$runner" demo
	[ "$status" -eq 1 ]
	[[ $output = *"in time"* ]]
	closing "1 passed, 1 failed, 0 skipped"
}

@test "what a test leaves running does not hold the runner" {
	program "$TESTS_DIR/demo/daemon" <<< "sleep 100 & printf '1..1\nok 1 - a\n'"
	SECONDS=0
	run "$runner" demo 3>&-
	[ "$status" -eq 0 ]
	[ "$SECONDS" -lt 90 ]
	closing "1 passed, 0 failed, 0 skipped"
}

@test "skips are counted, with their reason: status 77, a directive, a plan of nothing" {
	program "$TESTS_DIR/demo/whole" <<< "echo 'no such kernel'; exit 77"
	program "$TESTS_DIR/demo/plan" <<< "echo '1..0 # SKIP needs root'; exit 77"
	program "$TESTS_DIR/demo/one" <<< "printf '1..2\nok 1 - a # SKIP not here\nok 2 - b\n'"
	program "$TESTS_DIR/demo/cmocka" <<< "printf '1..1\nnot ok 1 # SKIP t\n'"
	run "$runner" demo
	[ "$status" -eq 0 ]
	[[ $output = *"no such kernel"* && $output = *"needs root"* && $output = *"not here"* ]]
	closing "1 passed, 0 failed, 4 skipped"
}

@test "status 77 does not hide a failed assertion" {
	program "$TESTS_DIR/demo/liar" <<< "printf '1..1\nnot ok 1 - a\n'; exit 77"
	run "$runner" demo
	[ "$status" -eq 1 ]
	closing "0 passed, 1 failed, 0 skipped"
}

@test "running nothing fails" {
	run "$runner"
	[ "$status" -eq 1 ]
	closing "0 passed, 0 failed, 0 skipped"
	run "$runner" nothing
	[ "$status" -eq 1 ]
	closing "0 passed, 1 failed, 0 skipped"
	run "$runner" demo/nothing
	[ "$status" -eq 1 ]
	closing "0 passed, 1 failed, 0 skipped"
}

@test "one test of a suite, and a case of a suite that is one program" {
	program "$TESTS_DIR/demo/a" <<< "printf '1..1\nok 1 - a\n'"
	program "$TESTS_DIR/demo/b" <<< "printf '1..1\nnot ok 1 - b\n'"
	program "$TESTS_DIR/attacks/run" <<< "echo 1..1; echo \"ok 1 - case \$1\""
	run "$runner" demo/a attacks/net-connect
	[ "$status" -eq 0 ]
	[[ $output = *attacks/net-connect* ]]
	closing "2 passed, 0 failed, 0 skipped"
}

@test "bats files are tests" {
	mkdir -p "$TESTS_DIR/cli"
	printf '@test "%s" { %s; }\n' holds true breaks false left 'skip "not now"' > "$TESTS_DIR/cli/some.bats"
	# bats tells its children about itself, and another bats among them would believe it.
	mapfile -t own < <(compgen -e BATS_ | sed 's/^/--unset=/')
	run env "${own[@]}" PATH="${PATH#"$BATS_LIBEXEC":}" "$runner" cli/some
	[ "$status" -eq 1 ]
	closing "1 passed, 1 failed, 1 skipped"
}

# A guest that is this machine: runs the command with what the real one sets.
fake_guest() {
	program "$TESTS_DIR/vm/fetch" <<< "exit 0"
	program "$TESTS_DIR/vm/guest" <<- 'EOF'
		while [ "$1" != -- ]; do
			case $1 in --kernel) kernel=$2 ;; esac
			shift
		done
		shift
		[ "$kernel" != "$BROKEN" ] || { echo "the guest broke twice" >&2; exit 90; }
		exec "$@"
	EOF
	# The runner asks for it before it starts a guest.
	program "$TESTS_DIR/bin/qemu-system-x86_64" <<< ":"
	PATH=$TESTS_DIR/bin:$PATH
	[ "$(uname -m)" = x86_64 ] || skip "guests run on x86_64 only"
}

@test "what guests counted is added, under their names" {
	fake_guest
	program "$TESTS_DIR/attacks/run" <<- 'EOF'
		echo 1..3
		echo "ok 1 - backend $BACKEND"
		echo "ok 2 - b # SKIP not here"
		[ "$BACKEND" = fmod_ret ] && echo "not ok 3 - c" && exit 1
		echo "ok 3 - c"
	EOF
	VM=1 run "$runner"
	[ "$status" -eq 1 ]
	[[ $output = *"failed: fmod_ret/6.1: attacks/no-audit: c"* ]]
	closing "9 passed, 1 failed, 5 skipped"
}

@test "a guest that breaks fails; one without a kernel is skipped" {
	fake_guest
	program "$TESTS_DIR/attacks/run" <<< "printf '1..1\nok 1 - a\n'"
	BROKEN=6.1 VM=1 run "$runner" attacks
	[ "$status" -eq 1 ]
	[[ $output = *"the guest broke twice"* ]]
	closing "2 passed, 2 failed, 0 skipped"
	program "$TESTS_DIR/vm/fetch" <<< "echo 'no network'; exit 1"
	VM=1 run "$runner" attacks
	[ "$status" -eq 0 ]
	[[ $output = *"lsm/newest: no kernel newest: no network"* ]]
	closing "1 passed, 0 failed, 3 skipped"
}

@test "guests run only what was asked for" {
	fake_guest
	program "$TESTS_DIR/demo/a" <<< "printf '1..1\nok 1 - a\n'"
	program "$TESTS_DIR/attacks/run" <<< "echo 1..1; echo \"ok 1 - case \$1\""
	VM=1 run "$runner" demo
	closing "1 passed, 0 failed, 0 skipped"
	VM=1 run "$runner" attacks/net-connect
	closing "4 passed, 0 failed, 0 skipped"
}

@test "rows of results are collected, and a table that cannot be made fails" {
	program "$TESTS_DIR/attacks/run" <<< "printf 'ok 1 - a\n# row one\n# row two\n1..1\n'"
	program "$TESTS_DIR/attacks/results" <<< "sed 's/# row/table:/'"
	RESULTS=1 run "$runner" attacks
	[ "$status" -eq 0 ]
	closing "1 passed, 0 failed, 0 skipped"
	[ "$(cat "$TESTS_DIR/attacks/RESULTS.md")" = $'table: one\ntable: two' ]
	program "$TESTS_DIR/attacks/results" <<< "echo no rows of lsm >&2; exit 1"
	RESULTS=1 run "$runner" attacks
	[ "$status" -eq 1 ]
	[[ $output = *"no rows of lsm"* ]]
	[ "$(cat "$TESTS_DIR/attacks/RESULTS.md")" = $'table: one\ntable: two' ]
}
