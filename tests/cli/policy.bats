#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# `cordon policy check`: what `run` would read, and where it is wrong. What mistakes there are is tests/unit/'s.
# shellcheck disable=SC2030,SC2031,SC2154 # each test is a subshell; `run` sets stderr

load helper.sh

setup_file() {
	CORDON=$(realpath "${CORDON:-$BATS_TEST_DIRNAME/../../.output/cordon}")
	export CORDON
}
setup() { fresh; }

# check WANTED TEXT...: writes the lines to a policy, which must be refused at FILE:WANTED.
check() {
	local place=$1
	shift
	printf '%s\n' "$@" > bad.toml
	run -2 --separate-stderr "$CORDON" policy check --policy bad.toml
	says "$stderr" "bad.toml:$place: "
	is "${#stderr_lines[@]}" 1
	is "$output" ''
}

@test "0: the policy as it comes" {
	run -0 --separate-stderr "$CORDON" policy check
	is "$stderr" ''
	says "$output" "mode enforce, 0 grants"
}

@test "2: an unknown key, a duplicate, a wrong type, a rule that is none, no TOML at all" {
	check 1:1 'mood = "enforce"'
	check 2:8 'mode = "enforce"' 'mode = "audit"'
	check 1:8 'mode = 1'
	check 2:1 '[rules.package]' '"net.conect" = "deny"'
	check 2:17 '[rules.package]' '"net.connect" = "maybe"'
	check 1:8 '[rules.stranger]' '"net.connect" = "deny"'
	printf 'mode = \n' > bad.toml
	run -2 "$CORDON" policy check --policy bad.toml
	says "$output" "bad.toml:1:"
}

@test "2: no such file" {
	run -2 "$CORDON" policy check --policy no/such/file
	says "$output" "no/such/file"
}

@test "the files of /etc/cordon are read in order, and all of them" {
	mkdir "$CORDON_ETC/conf.d"
	echo 'mode = "audit"' > "$CORDON_ETC/cordon.toml"
	echo 'mode = "enforce"' > "$CORDON_ETC/conf.d/10-site.toml"
	run -0 "$CORDON" policy check
	says "$output" "mode enforce"
	echo 'mode = ' > "$CORDON_ETC/conf.d/20-broken.toml"
	run -2 "$CORDON" policy check
	says "$output" "$CORDON_ETC/conf.d/20-broken.toml:1:"
}

@test "1: what has no effect yet, and a grant that is over, are named" {
	printf '%s\n' '[identity]' 'require = "hash"' > some.toml
	run -1 "$CORDON" policy check --policy some.toml
	says "$output" "not enforced yet"
	printf '%s\n' '[[grant]]' 'package = "pypi:hello"' 'rule = "net.connect"' 'host = "127.0.0.1:9"' \
		'reason = "a test"' 'expires = 2001-01-01' > some.toml
	run -1 "$CORDON" policy check --policy some.toml
	says "$output" "expired on 2001-01-01"
}

@test "a mistake in a recognition file, a list of paths or a start-up form, with its place" {
	cp -r "$BATS_TEST_DIRNAME/../../policy" data
	export CORDON_DATA=$PWD/data
	run -0 "$CORDON" policy check
	echo 'nonsense = 1' | cat - data/installers/pip.toml > with && mv with data/installers/pip.toml
	run -2 "$CORDON" policy check
	says "$output" "installers/pip.toml:1:1: "
	cp "$BATS_TEST_DIRNAME/../../policy/installers/pip.toml" data/installers/
	echo 'not/absolute' > data/zones/secret.list
	run -2 "$CORDON" policy check
	says "$output" "zones/secret.list:1:1: "
	cp "$BATS_TEST_DIRNAME/../../policy/zones/secret.list" data/zones/
	printf '[[form]]\nid = "a"\nfile = "a.pth"\nowner = ["*"]\nline = "no code"\n' > data/startup/own.toml
	run -2 "$CORDON" policy check
	says "$output" "startup/own.toml:5:8: "
}

@test "a tree of a plain user's own, whose group may write it, is one that sudo works with" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	cp -r "$BATS_TEST_DIRNAME/../../policy" data
	chown -R nobody data
	chmod -R g+w data
	CORDON_DATA=$PWD/data run -0 "$CORDON" policy check
}

@test "--json is one object; a policy's text cannot reach the terminal raw" {
	run -0 --separate-stderr "$CORDON" policy check --json
	is "$(python3 -c 'import json, sys; print(json.load(sys.stdin)["mode"])' <<< "$output")" enforce
	printf '%s\n' '[[grant]]' 'package = "pypi:x"' 'rule = "net.connect"' 'host = "a.example"' \
		'reason = "\u001b[31mred"' '"\u001b]0;title" = 1' > some.toml
	run -2 "$CORDON" policy check --policy some.toml
	says "$output" "some.toml:6:1: "
	says_not "$output" $'\033'
}

@test "2: wrong usage" {
	run -2 "$CORDON" policy
	run -2 "$CORDON" policy nonsense
	run -2 "$CORDON" policy check --no-such-option
	run -0 "$CORDON" policy --help
}
