# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154 # tests/run sets what is not set here
# What tests/run does with one test: start it, count every assertion of its TAP, tell. Sourced by tests/run, which sets
# `results` (a scratch folder), `in_guest` (1: speak TAP ourselves, for the host to count) and TEST_TIMEOUT.

passed=0 failed=0 skipped=0 # of the whole run; a suite's share is the difference
failures=() skips=()        # one line each, told before the closing line
tap_number=0
status_line=0
[ "$in_guest" = 1 ] || [ ! -t 1 ] || status_line=1

# show_status TEXT: what goes on, where somebody watches.
show_status() {
	[ "$status_line" = 0 ] || printf '\r\033[K  ...  %s' "${1:0:100}"
}

say() {
	if [ "$in_guest" = 1 ]; then
		printf '# %s\n' "$1"
	elif [ "$status_line" = 1 ]; then
		printf '\r\033[K%s\n' "$1"
	else
		printf '%s\n' "$1"
	fi
}

# count pass|fail|skip WHAT
count() {
	local prefix='' suffix=''
	case $1 in
	pass) passed=$((passed + 1)) ;;
	fail) failed=$((failed + 1)) prefix='not ' failures+=("$2") ;;
	skip) skipped=$((skipped + 1)) suffix=' # SKIP' skips+=("$2") ;;
	esac
	if [ "$in_guest" = 1 ]; then
		tap_number=$((tap_number + 1))
		# A mark within the text would be read as a directive of this line.
		printf '%sok %s - %s%s\n' "$prefix" "$tap_number" "${2//#/}" "$suffix"
	fi
}

# count_line LABEL LINE: counts a line of TAP. Adds up `planned` and `seen`; cmocka prints one plan for each group, and
# says "not ok N # SKIP" for a skipped test.
count_line() {
	local line=$2 verdict text
	if [[ $line =~ ^1\.\.([0-9]+)(.*)$ ]]; then
		planned=$((planned + BASH_REMATCH[1])) plans=$((plans + 1)) text=${BASH_REMATCH[2]}
		if [[ ${BASH_REMATCH[1]} -eq 0 && $text =~ \#\ *[Ss][Kk][Ii][Pp] ]]; then
			count skip "$1:${text#*[Ss][Kk][Ii][Pp]}"
			all_skipped=1
		fi
	elif [[ $line =~ ^(ok|not\ ok)([[:space:]]|$)[[:space:]]*[0-9]*[[:space:]]*-?[[:space:]]*(.*)$ ]]; then
		verdict=${BASH_REMATCH[1]} text=${BASH_REMATCH[3]} seen=$((seen + 1))
		if [[ $text =~ ^(.*)\#\ *([Ss][Kk][Ii][Pp]|[Tt][Oo][Dd][Oo])[[:space:]]*(.*)$ ]]; then
			text=${BASH_REMATCH[1]}${BASH_REMATCH[3]:+(${BASH_REMATCH[3]})}
			count skip "$1: ${text% }"
		elif [ "$verdict" = ok ]; then
			count pass "$1: $text"
		else
			count fail "$1: $text"
		fi
	elif [[ $line =~ ^Bail\ out! ]]; then
		count fail "$1: $line"
	fi
}

# judge_end LABEL STATUS: what no single line can tell: a crash, a missing end, a test that tested nothing.
judge_end() {
	local before=$1 label=$2 status=$3
	if [ "$status" = 77 ] && [ "$failed" = "$before" ]; then
		[ "$all_skipped" = 1 ] || count skip "$label: $(sed '/^$/d' "$log.out" "$log.err" | tail -n 1)"
		return
	fi
	if [ "$status" = 124 ] || [ "$status" = 137 ]; then
		count fail "$label: did not end in time, or was killed (status $status)"
	elif [ "$status" != 0 ] && [ "$failed" = "$before" ]; then
		count fail "$label: ended with status $status and no failed assertion"
	elif [ "$plans" = 0 ]; then
		count fail "$label: printed no plan"
	elif [ "$planned" != "$seen" ]; then
		count fail "$label: planned $planned assertions, made $seen"
	elif [ "$seen" = 0 ] && [ "$all_skipped" = 0 ]; then
		count fail "$label: asserted nothing"
	fi
}

# keep_row LINE: for a suite's table of results; from a guest it travels within its TAP.
keep_row() {
	if [ "$in_guest" = 1 ]; then
		printf '%s\n' "$1"
	else
		printf '%s\n' "$1" >> "$results/rows"
	fi
}

# write_results: the tables, where they were asked for. Not of a part of the runs: the program says which are missing.
write_results() {
	local table=$tests/attacks/RESULTS.md
	if [ -s "$results/rows" ] && "$tests/attacks/results" < "$results/rows" > "$results/table" 2> "$results/table.err"; then
		cp "$results/table" "$table"
		say "results: $table"
	else
		count fail "RESULTS=1: no table: $(cat "$results/table.err" 2> /dev/null || echo 'no test has printed a row')"
	fi
}

# run_test LABEL COMMAND...: runs one test, which speaks TAP, and counts it.
run_test() {
	local label=$1 log line status=1 token planned=0 plans=0 seen=0 all_skipped=0
	local before=("$passed" "$failed" "$skipped") begin=${EPOCHREALTIME/./} time
	shift
	log=$results/log/${label//[\/ :]/-}
	token="end-$RANDOM$RANDOM$RANDOM"
	mkdir -p "$results/log"
	: > "$log.out"
	show_status "$label"
	# The status travels behind the output, and its line ends the loop: a process that the test left behind may keep
	# the pipe open. Killing by timeout reaches the test's whole process group.
	while IFS= read -r line; do
		if [[ $line = "$token "* ]]; then
			status=${line#* }
			break
		fi
		if [[ $line = '# row '* ]]; then
			keep_row "$line"
			continue
		fi
		printf '%s\n' "$line" >> "$log.out"
		count_line "$label" "$line"
		show_status "$label $((passed + failed + skipped - before[0] - before[1] - before[2]))"
	done < <(
		# shellcheck disable=SC2016 # for that shell to expand
		sh -c 'echo $$ > "$0"; exec "$@"' "$results/running" \
			timeout --kill-after=10 "$TEST_TIMEOUT" "$@" < /dev/null 2> "$log.err" && status=0 || status=$?
		printf '\n%s %s\n' "$token" "$status"
	)
	rm -f "$results/running"
	judge_end "${before[1]}" "$label" "$status"

	time=$((${EPOCHREALTIME/./} - begin))
	time=$(printf '%d.%d s' $((time / 1000000)) $((time / 100000 % 10)))
	line=$(printf '%-28s %s passed' "$label" $((passed - before[0])))
	[ "$skipped" = "${before[2]}" ] || line+=", $((skipped - before[2])) skipped"
	if [ "$failed" = "${before[1]}" ]; then
		say "  ok   $line ($time)"
	else
		say "  FAIL $line, $((failed - before[1])) failed ($time)"
		tail -n 60 "$log.out" "$log.err" | sed '/^==> .* <==$/d; /^$/d; s/^/       | /' |
			while IFS= read -r line; do say "$line"; done
	fi
}

# stop_test: ends a running test when the runner is told to end.
stop_test() {
	[ ! -s "$results/running" ] || kill "$(cat "$results/running")" 2> /dev/null || true
}

# end_run: tells the failures once more and prints the closing line; false where anything failed or nothing ran.
end_run() {
	local line
	if [ "$in_guest" = 1 ]; then
		printf '1..%s\n' "$tap_number"
		[ "$failed" = 0 ]
		return
	fi
	show_status ''
	[ "$status_line" = 0 ] || printf '\r\033[K'
	for line in "${skips[@]}"; do
		printf 'skipped: %s\n' "$line"
	done
	for line in "${failures[@]}"; do
		printf 'failed: %s\n' "$line"
	done
	printf '%s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"
	[ "$failed" = 0 ] && [ $((passed + skipped)) -gt 0 ]
}
