#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# `cordon run` as its user sees it: exit statuses, and that nothing of the command's surroundings changes.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # for shells inside; `run` sets stderr

load helper.sh

setup_file() {
	start_guard
	keep_guard
}
teardown_file() { stop_guard; }
setup() { fresh; }
teardown() { rm -rf "$(mark ready)" ${PLAIN:+"$PLAIN"}; }

@test "the status is the command's own" {
	run -0 "$GUARD" run -q -- true
	run -7 guarded -q -- sh -c 'exit 7'
}

@test "a command that a signal ended: 128+N" {
	run -143 guarded -q -- sh -c 'kill -TERM $$'
	run -137 guarded -q -- sh -c 'kill -KILL $$'
}

# bats test_tags=any-kernel
@test "127: no such command" {
	run -127 --separate-stderr "$GUARD" run -- no-such-command
	says "$stderr" "cannot run 'no-such-command'"
	run -127 "$GUARD" run -- ./no/such/file
}

# bats test_tags=any-kernel
@test "126: a command that cannot be started" {
	: > file
	run -126 "$GUARD" run -- ./file
	run -126 "$GUARD" run -- "$PWD"
	printf '#!/no/such/interpreter\n' > script
	chmod +x script
	# As env(1): the script is there, its interpreter is not.
	run -127 guarded -q -- ./script
}

# bats test_tags=any-kernel
@test "125: wrong usage runs nothing" {
	for args in '' '--backend nonsense -- touch ran' '--fail-on nonsense -- touch ran' '--no-such-option -- touch ran' \
		'--policy no/such/file -- touch ran'; do
		# shellcheck disable=SC2086 # one word an argument
		run -125 --separate-stderr "$GUARD" run $args
		[ -n "$stderr" ]
		is "$output" ''
	done
	[ ! -e ran ]
}

# bats test_tags=any-kernel
@test "125: a mistake in the policy, with its place; nothing is run" {
	printf '%s\n' 'mode = "enforce"' '[rules.package]' '"net.conect" = "deny"' > "$CORDON_ETC/cordon.toml"
	run -125 --separate-stderr guarded -- touch ran
	says "$stderr" "$CORDON_ETC/cordon.toml:3:1: "
	says "$stderr" "net.conect"
	says "$stderr" "nothing was run"
	[ ! -e ran ]
}

@test "125: the policy requires a backend that does not work here" {
	[ "$TAKEN" != lsm ] || skip "lsm works here"
	echo 'backend = "lsm"' > "$CORDON_ETC/cordon.toml"
	run -125 --separate-stderr "$GUARD" run -- touch ran
	says "$stderr" "lsm: "
	[ ! -e ran ]
}

@test "--strict refuses a weak backend" {
	if weak; then
		run -125 --separate-stderr guarded --strict -- touch ran
		says "$stderr" "--strict, and backend $TAKEN is weak"
		[ ! -e ran ]
	else
		run -0 guarded --strict -- touch ran
		[ -e ran ]
	fi
}

@test "--audit says so in one line, -q says nothing" {
	run -0 --separate-stderr guarded --audit -- "$PYTHON" "$BATS_TEST_TMPDIR/pip" pass
	says "$stderr" "audit: nothing is refused, everything is recorded"
	is "${#stderr_lines[@]}" 1
	RUN_OPTIONS='--audit -q' run -0 --separate-stderr install pass
	is "$stderr" ''
}

@test "an install in which nothing was refused is silent" {
	run -0 --separate-stderr install 'print("built")'
	is "$stderr" ''
	is "$output" built
}

@test "a refused call: 120 where the command succeeded, or as --fail-on says" {
	run -120 --separate-stderr install --package hello "$CONNECT"
	is "$output" "the connect was refused"
	says "$stderr" "pypi:hello, which was not stopped: connects to the network (net.connect) 127.0.0.1:9"
	says "$stderr" "Allow: cordon allow --last"
	[ "${#stderr_lines[@]}" -le 4 ]

	RUN_OPTIONS='-q --fail-on never' run -0 install "$CONNECT"
	# The command's own failure is told as it is.
	run -1 install "$CONNECT; raise SystemExit(3)"
}

@test "audit refuses nothing and records it" {
	RUN_OPTIONS='-q --audit' run -0 --separate-stderr install --package hello "$CONNECT"
	is "$output" "the connect went through"
	run -1 "$GUARD" log
	says "$output" "would refuse"
	says "$output" "net.connect"
}

@test "environment, folder, umask, descriptors and streams are the caller's" {
	mkdir -p shims venv/bin
	export VIRTUAL_ENV=$PWD/venv PIP_INDEX_URL=https://user:pass@index.example/simple PATH=$PWD/shims:$PATH
	printf '#!/bin/sh\necho "shim $*"\n' > shims/tool
	chmod +x shims/tool
	umask 027
	cat > look <<-'SCRIPT'
		env | grep -v -e '^_=' -e '^CORDON_SESSION=' | sort
		pwd
		umask
		ls /proc/self/fd | wc -l
		tool "$PIP_INDEX_URL" "$VIRTUAL_ENV"
		cat
		echo to stderr >&2
	SCRIPT
	sh look < <(echo stdin) > plain 2> plain.err
	guarded -q -- sh look < <(echo stdin) > seen 2> seen.err
	diff plain seen
	is "$(sed -n '/no installer/!p' seen.err)" "$(cat plain.err)"
	grep -q "^shim https://user:pass@index.example/simple $PWD/venv$" seen
}

@test "signals to cordon reach the command" {
	for signal in TERM INT USR1; do
		rm -f ready
		# Without job control a shell lets its background jobs ignore SIGINT.
		env --default-signal=INT "$GUARD" run -q --backend "$TAKEN" -- \
			bash -c "trap 'exit 42' $signal; touch ready; while :; do sleep 0.1; done" 3>&- &
		wait_for test -e ready
		kill -"$signal" $!
		status=0
		wait $! || status=$?
		is "$signal $status" "$signal 42"
	done
}

@test "terminal: ^C ends the command, once" {
	run -130 --separate-stderr "$PYTHON" "$FIXTURES/terminal.py" "$GUARD" run -q --backend "$TAKEN" -- \
		sh -c 'echo ready; exec sleep 60' <<-'STEPS'
		expect ready
		send \x03
	STEPS
	# A command that handles it goes on.
	run -5 "$PYTHON" "$FIXTURES/terminal.py" "$GUARD" run -q --backend "$TAKEN" -- \
		bash -c 'trap "echo caught; exit 5" INT; echo ready; while :; do sleep 0.1; done' <<-'STEPS'
		expect ready
		send \x03
		expect caught
	STEPS
	is "$(grep -c caught <<< "$output")" 1
}

@test "terminal: ^Z stops the job, fg goes on with it" {
	run -9 "$PYTHON" "$FIXTURES/terminal.py" bash --norc -i <<-STEPS
		send PS1=; $GUARD run -q --backend $TAKEN -- sh -c 'echo rea""dy; read x; echo got-\$x; exit 9'\n
		expect ready
		send \x1a
		expect Stopped
		send jobs -l\n
		expect Stopped
		send fg\n
		expect guard
		send word\n
		expect got-word
		send exit\n
	STEPS
}

# bats test_tags=any-kernel
@test "terminal: the command sees its size, and changes of it" {
	run -0 "$PYTHON" "$FIXTURES/terminal.py" "$GUARD" run -q --backend "$TAKEN" -- \
		bash -c 'trap "stty size; exit 0" WINCH; stty size; while :; do sleep 0.1; done' <<-'STEPS'
		expect 24 80
		resize 33 101
		expect 33 101
	STEPS
}

# bats test_tags=any-kernel
@test "125: a plain user without sudo" {
	install_for_nobody
	mkdir "$PLAIN/without-sudo"
	cp "$(command -v touch)" "$PLAIN/without-sudo/"
	run -125 --separate-stderr env PATH="$PLAIN/without-sudo" "$(command -v setpriv)" --reuid nobody --regid nogroup \
		--clear-groups "$PLAIN/bin/cordon" run -- touch "$PLAIN/his/ran"
	says "$stderr" "that takes root, and there is no sudo"
	says "$stderr" "nothing was run"
	[ ! -e "$PLAIN/his/ran" ]
}

@test "a plain user through sudo: his environment, his command" {
	[ -n "${CORDON_GUEST:-}" ] || [ "${CI:-}" = true ] || skip "changes /etc/sudoers.d: only in a guest or in CI"
	command -v sudo > /dev/null || skip "no sudo"
	install_for_nobody
	echo "nobody ALL=(root) NOPASSWD: $PLAIN/bin/cordon" > /etc/sudoers.d/cordon-test
	chmod 0440 /etc/sudoers.d/cordon-test
	cd "$PLAIN/his" || return
	HOME=$PWD VIRTUAL_ENV=$PWD/venv run --separate-stderr within setpriv --reuid nobody --regid nogroup --clear-groups \
		"$PLAIN/bin/cordon" run -q --backend "$TAKEN" -- sh -c 'id -un; pwd; echo "$VIRTUAL_ENV"; touch made; exit 3'
	rm /etc/sudoers.d/cordon-test
	echo "$stderr"
	is "$status" 3
	is "${lines[0]}" nobody
	is "${lines[1]}" "$PWD"
	is "${lines[2]}" "$PWD/venv"
	is "$(stat -c %U made)" nobody
}

@test "sudo cordon run is refused, but for --as-root" {
	SUDO_UID=1000 run -125 --separate-stderr "$GUARD" run -- touch ran
	says "$stderr" "--as-root"
	[ ! -e ran ]
	SUDO_UID=0 run -0 guarded -q --as-root -- touch ran
	[ -e ran ]
}

@test "two runs at once, with different policies, do not disturb each other" {
	audit=$BATS_TEST_TMPDIR/audit.toml
	echo 'mode = "audit"' > "$audit"
	RUN_OPTIONS="-q --policy $audit" install "open('$(mark ready)', 'w'); import time, os
while not os.path.exists('$PWD/go'): time.sleep(0.05)
$CONNECT" > audited 2>&1 3>&- &
	first=$!
	wait_for test -e "$(mark ready)"
	run -120 --separate-stderr install "$CONNECT"
	is "$output" "the connect was refused"
	touch go
	status=0
	wait "$first" || status=$?
	is "$status" 0
	grep -q "the connect went through" audited
	run "$GUARD" log --json
	is "$(grep -c '"mode": *"audit"' <<< "$output")" 1
	is "$(grep -c '"mode": *"enforce"' <<< "$output")" 1
}

@test "a session starts without a descriptor for every file below the home, the project and /tmp" {
	mkdir -p "$HOME/.cache/many" node_modules
	(cd "$HOME/.cache/many" && seq 4000 | xargs touch)
	(cd node_modules && seq 2000 | xargs touch)
	(cd "$HOME/.ssh" && seq -f known%g 100 | xargs touch)
	"$GUARD" run -q --backend "$TAKEN" -- sh -c 'echo "$PPID $$" > started; exec sleep 60' 3>&- &
	wait_for test -s started
	read -r supervisor command < started
	controller=$(pgrep -P "$supervisor" | grep -vx "$command")
	held=$(find "/proc/$controller/fd" -mindepth 1 | wc -l)
	kill "$command"
	wait
	echo "$held descriptors"
	# Each of the secrets has one, the caches have none.
	((held > 150 && held < 3000))
}
