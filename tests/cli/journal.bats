#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# From a refusal to its grant: log, show, allow, and the next run.
# shellcheck disable=SC2030,SC2031,SC2154 # each test is a subshell; `run` sets stderr

load helper.sh

setup_file() {
	start_guard
	keep_guard
}
teardown_file() { stop_guard; }
setup() { fresh; }

# fields EXPRESSION: of each line of JSON in $output, as `d`.
fields() { "$PYTHON" -c "import json, sys
for line in sys.stdin: d = json.loads(line); print($1)" <<< "$output"; }

READ_KEY='
import os
try:
    print(open(os.path.expanduser("~/.ssh/id_ed25519")).read())
except PermissionError:
    print("the key is refused")
'

@test "no journal yet: nothing happened" {
	run -0 --separate-stderr "$GUARD" log
	is "$output" ''
	run -2 "$GUARD" show 1
	run -2 "$GUARD" allow --last --yes
}

@test "a refused connect: in the log, shown, granted, and let through" {
	run -120 install --package hello "$CONNECT"
	run -1 --separate-stderr "$GUARD" log
	is "${#lines[@]}" 1
	says "$output" "refused       net.connect       pypi:hello  127.0.0.1:9"
	run -1 --separate-stderr "$GUARD" show 1
	for text in 'connects to the network (net.connect)' 'pypi:hello' 'installer  pip' 'mode enforce' "backend $TAKEN" \
		'started by'; do
		says "$output" "$text"
	done
	run -1 --separate-stderr "$GUARD" show --json 1
	is "$(fields 'd["package"]["name"], d["rule"], d["object"]["address"], d["object"]["port"], d["process"]["role"]')" \
		"hello net.connect 127.0.0.1 9 package"

	# Without --yes and a terminal nothing is written.
	run -1 "$GUARD" allow --last < /dev/null
	[ ! -e "$CORDON_ETC/conf.d/90-reviewed.toml" ]
	run -0 --separate-stderr "$GUARD" allow --last --yes --reason 'asks its server'
	says "$output" 'package = "pypi:hello"'
	says "$output" 'host = "127.0.0.1:9"'
	says "$output" 'go on with: cordon run '
	grep -q 'reason = "asks its server"' "$CORDON_ETC/conf.d/90-reviewed.toml"
	run -0 "$GUARD" allow --last --yes
	says "$output" "already"

	run -0 install --package hello "$CONNECT"
	is "$output" "the connect went through"
	# The grant is that package's alone, and that port's.
	run -120 install --package other "$CONNECT"
	says "$output" "the connect was refused"
	run -120 install --package hello "${CONNECT/9/10}"
	says "$output" "the connect was refused"
}

@test "what nobody's package did cannot be granted, and the message says why" {
	run -120 install "$CONNECT"
	run -2 --separate-stderr "$GUARD" allow --last --yes
	says "$stderr" "it is not known which package did it, and a grant names one"
	[ ! -e "$CORDON_ETC/conf.d/90-reviewed.toml" ]
}

@test "a secret: refused or its reader ended, in the log with its path" {
	run install --package hello "$READ_KEY"
	[ "$status" = 120 ] || [ "$status" = 1 ]
	says_not "$output" decoy
	run -1 --separate-stderr "$GUARD" log --json
	is "$(fields 'd["rule"], d["package"]["name"], d["object"]["path"], d["answer"]')" \
		"file.secret hello $HOME/.ssh/id_ed25519 $([ "$TAKEN" = trace ] && echo ended || echo refused)"
}

@test "a grant for a path opens that path" {
	run install --package hello "$READ_KEY"
	run -0 "$GUARD" allow --last --yes
	says "$output" "rule = \"file.secret\""
	run -0 install --package hello "$READ_KEY"
	says "$output" "decoy, no key"
}

@test "a grant for a program lets the package run that one, whatever it holds" {
	program=$(mark program) other=$(mark other)
	# What it wrote: exec.dropped. Through sh, which survives on trace.
	for path in "$program" "$other"; do
		code+="import os, shutil, subprocess; shutil.copy('/bin/true', '$path')
print('$path', 'ran' if subprocess.call(['/bin/sh', '-c', '$path; exit \$?']) == 0 else 'did not run', flush=True)
os.unlink('$path')
"
	done
	run -120 --separate-stderr install --package hello "$code"
	is "$output" "$program did not run"$'\n'"$other did not run"
	printf '%s\n' '[[grant]]' 'package = "pypi:hello"' 'rule = "exec.dropped"' "program = \"$program\"" \
		'reason = "a test"' > "$CORDON_ETC/cordon.toml"
	run -120 --separate-stderr install --package hello "$code"
	is "$output" "$program ran"$'\n'"$other did not run"
	run -120 --separate-stderr install --package other "$code"
	is "$output" "$program did not run"$'\n'"$other did not run"
}

# bats test_tags=any-kernel
@test "terminal escapes in names and arguments are shown, never sent" {
	escape=$'\033]0;owned\007\033[31m'
	mkdir "$HOME/.ssh/$escape"
	echo decoy > "$HOME/.ssh/$escape/key"
	cp "$(realpath "$(command -v cat)")" "$BATS_TEST_TMPDIR/work/cat$escape"
	run install --package hello --shell "'$PWD/cat$escape' \"\$HOME/.ssh/$escape/key\" '$escape'"
	says_not "$stderr" $'\033'
	for command in 'log' 'show 1' 'log --json' 'show --json 1' 'show session:1'; do
		# shellcheck disable=SC2086 # one word an argument
		run -1 "$GUARD" $command
		says_not "$output" $'\033'
		says_not "$output" $'\007'
	done
	run -1 "$GUARD" show 1
	says "$output" 'owned'
	# JSON has it whole, for programs.
	run -1 "$GUARD" show --json 1
	is "$(fields 'chr(27) in d["object"]["path"]')" True
}

@test "log filters, and its status says whether anything was found" {
	run -120 install --package hello "$CONNECT"
	run -120 install --package other "$CONNECT"
	run -1 "$GUARD" log
	is "${#lines[@]}" 2
	run -1 "$GUARD" log --package other
	is "${#lines[@]}" 1
	run -0 "$GUARD" log --package nobody
	run -0 "$GUARD" log --rule file.secret
	run -2 "$GUARD" log --rule no.such.rule
	run -1 "$GUARD" show session:2
	says "$output" "pypi:other"
	run -2 "$GUARD" show 99
	run -2 "$GUARD" show nonsense
}

# bats test_tags=any-kernel
@test "passwords in arguments are masked before they are stored" {
	run install --package hello "open('$HOME/.ssh/id_ed25519')  # https://u:hunter2@index.example/"
	run -1 "$GUARD" show 1
	says "$output" "index.example"
	says_not "$output" hunter2
	run -1 grep -r hunter2 "$CORDON_STATE"
}
