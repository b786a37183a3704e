#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# `cordon scan`: what it prints, and its status. What archives it can tell, and which are malformed, is tests/unit/'s.
# shellcheck disable=SC2030,SC2031,SC2154 # each test is a subshell; `run` sets stderr
# bats file_tags=any-kernel

load helper.sh

setup_file() {
	CORDON=$(realpath "${CORDON:-$BATS_TEST_DIRNAME/../../.output/cordon}")
	export CORDON
}
setup() { fresh; }

# wheel FILE [NAME TEXT]...: with these files.
wheel() {
	python3 - "$@" <<- 'E'
		import sys, zipfile
		with zipfile.ZipFile(sys.argv[1], "w") as z:
		    for name, text in zip(sys.argv[2::2], sys.argv[3::2]):
		        z.writestr(name, text)
		    z.writestr("demo_pkg-1.0.dist-info/METADATA", "Name: Demo.Pkg\nVersion: 1.0\n")
		    z.writestr("demo_pkg-1.0.dist-info/WHEEL", "")
	E
}

@test "0: a wheel, by its content and not by its name" {
	wheel demo.tar.gz demo_pkg.py ''
	run -0 --separate-stderr "$CORDON" scan demo.tar.gz
	is "$stderr" ''
	is "${lines[0]}" 'demo.tar.gz: wheel, pypi:demo-pkg 1.0'
	is "${lines[1]}" "  sha256 $(sha256sum < demo.tar.gz | cut -d' ' -f1)"
	is "${lines[2]}" "  sha512 $(sha512sum < demo.tar.gz | cut -d' ' -f1)"
	is "${#lines[@]}" 3
}

@test "0: start-up files of a form that installers write, and without code" {
	wheel demo.whl _demo.pth 'import _editable_impl_demo' demo.pth '/srv/demo'
	run -1 "$CORDON" scan demo.whl
	says "$output" 'start-up _demo.pth: code of no known form'
	wheel demo.whl demo.pth '/srv/demo'
	run -0 "$CORDON" scan demo.whl
	says "$output" 'start-up demo.pth: known'
}

@test "1: start-up code of its own; one that is malformed" {
	wheel bad.whl demo_pkg-1.0.data/purelib/sitecustomize.py 'import os'
	run -1 "$CORDON" scan bad.whl
	says "$output" 'start-up demo_pkg-1.0.data/purelib/sitecustomize.py: code of no known form'
	wheel cut.whl x y
	truncate -s -1 cut.whl
	run -1 "$CORDON" scan cut.whl
	says "$output" 'cut.whl: malformed: is truncated or against its format: begins as a zip and does not end as one'
}

@test "2: no artifact, no file, a folder, a pipe; the others are looked at all the same" {
	wheel good.whl
	echo text > text
	mkfifo pipe
	run -2 --separate-stderr "$CORDON" scan text missing . pipe good.whl
	says "$output" 'text: none'
	says "$output" 'good.whl: wheel'
	says "$stderr" "cannot read 'missing': No such file or directory"
	says "$stderr" "'.' is no regular file"
	says "$stderr" "'pipe' is no regular file"
	run -2 "$CORDON" scan
}

@test "what strangers named is escaped, also in JSON" {
	wheel bad.whl "$(printf 'a\n\033[2J.pth')" 'import os'
	run -1 "$CORDON" scan bad.whl
	says "$output" '  start-up a\x0a\x1b[2J.pth: code of no known form'
	run -1 "$CORDON" scan --json bad.whl
	is "${#lines[@]}" 1
	is "$(jq -r '.kind, .ecosystem, .name, .version, .startup[0].known, .fault' <<< "$output" | paste -sd' ')" \
		'wheel pypi demo-pkg 1.0 false null'
	is "$(jq -r .sha256 <<< "$output")" "$(sha256sum < bad.whl | cut -d' ' -f1)"
	is "$(jq -r '.startup[0].path' <<< "$output")" "$(printf 'a\n\033[2J.pth')"
}

@test "the reader itself is not for people" {
	run -2 "$CORDON" artifact-reader < /dev/null 3>&-
	says "$output" 'artifact-reader is started by cordon itself'
}
