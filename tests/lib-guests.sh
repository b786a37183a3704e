# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154 # tests/run sets what is not set here
# The guests of tests/run: which there are, starting them two at a time, and counting what they report. Each runs
# tests/run --in-guest, which prints one TAP stream; it arrives whole, so a guest counts like any other test.

# Lines of: label, backend, kernel, more words for the kernel, suites or single tests.
guest_plan() {
	if [ "$MATRIX" = 1 ]; then
		for kernel in 6.1 6.12 newest; do
			echo "lsm/$kernel|lsm|$kernel||attacks condemned builds cli load filesystems limits"
			echo "fmod_ret/$kernel|fmod_ret|$kernel||attacks condemned builds load filesystems limits"
		done
		for kernel in 6.1 6.12 newest; do
			echo "lsm/$kernel-preempt|lsm|$kernel|preempt=full|attacks builds preempt load"
			echo "fmod_ret/$kernel-preempt|fmod_ret|$kernel|preempt=full|attacks builds preempt load"
		done
	else
		# The longest first. Two of the same kernel, since guests run two at a time. That audit lets everything pass is
		# shown by one of them.
		echo "lsm/newest|lsm|newest||attacks startup/gate startup/nested environ/hold load filesystems"
		echo "fmod_ret/6.1|fmod_ret|6.1||attacks/no-audit builds/c-ext startup/nested environ/hold gate/swap gate/threads condemned/tasks load limits/map-tainted limits/walk-deep"
		echo "lsm/newest-cli|lsm|newest||cli builds gate condemned lives"
		# Debian 12's own kernel: what differs there is how files and programs are seen.
		echo "lsm/6.1|lsm|6.1||attacks/file-secret attacks/exec-dropped builds/c-ext gate/swap gate/stores load/lsm limits/map-labels limits/map-made"
		# Three minutes at the most: refusals that tasks could lose to each other.
		echo "fmod_ret/6.1-preempt|fmod_ret|6.1|preempt=full|preempt load/fmod_ret"
		echo "lsm/6.1-preempt|lsm|6.1|preempt=full|preempt"
		# Under a minute: every backend's programs, with the twins of fmod_ret.
		echo "lsm/6.12-preempt|lsm|6.12|preempt=full|load"
	fi
}

# pick_tests PLANNED...: those of a guest's tests that were asked for (`wanted`; empty: all) and exist.
pick_tests() {
	local planned want picked=()
	for planned; do
		[ -n "$(tests_of "${planned%%/*}")" ] || continue
		[ ${#wanted[@]} -gt 0 ] || picked+=("$planned")
		for want in "${wanted[@]}"; do
			case $want in
			"$planned") picked+=("$planned") ;;
			"${planned%%/*}"/*) picked+=("$want") ;; # one named test runs in every guest that has its suite
			"${planned%%/*}") picked+=("$planned") ;;
			esac
		done
	done
	[ ${#picked[@]} -eq 0 ] || printf '%s\n' "${picked[@]}" | sort -u | paste -sd' '
}

# why_no_guest KERNEL: prints why it cannot be started here, after trying to fetch it.
why_no_guest() {
	if [ "$(uname -m)" != x86_64 ]; then
		echo "guests run on x86_64 only"
	elif ! command -v qemu-system-x86_64 > /dev/null; then
		echo "no qemu-system-x86_64: make deps"
	elif ! "$tests/vm/fetch" "$1" > "$results/fetch.log" 2>&1; then
		echo "no kernel $1: $(tail -n 1 "$results/fetch.log")"
	fi
}

# start_guest LABEL BACKEND KERNEL CMDLINE TESTS: in the background; leaves LABEL.tap, .err and .status.
start_guest() {
	local base=$results/guest/${1//\//-} options=(--kernel "$3" --timeout "$GUEST_TIMEOUT")
	[ "$2" = lsm ] || options+=(--no-bpf-lsm)
	[ -z "$4" ] || options+=(--cmdline "$4")
	(
		begin=$SECONDS status=0
		# shellcheck disable=SC2086 # one word a test
		"$tests/vm/guest" "${options[@]}" --keep "$base.live" -- env BACKEND="$2" FULL="$FULL" VM=0 \
			TESTS_DIR="$tests" "$here/run" --in-guest $5 > "$base.tap" 2> "$base.err" || status=$?
		echo $((SECONDS - begin)) > "$base.time"
		echo "$status" > "$base.status"
	) &
}

# count_guest LABEL: tells and counts a guest that has ended.
count_guest() {
	local base=$results/guest/${1//\//-}
	# shellcheck disable=SC2016 # for that shell to expand
	run_test "$1" sh -c 'cat "$1.tap"; cat "$1.err" >&2; exit "$(cat "$1.status")"' sh "$base"
	sed -n 's/^# \(suite .*\)/         \1/p' "$base.tap" | while IFS= read -r line; do say "$line"; done
	say "         guest $1: $(cat "$base.time") s"
}

guest_progress() {
	local label base text=''
	for label; do
		base=$results/guest/${label//\//-}
		[ ! -e "$base.live/out" ] || text+="$label $(grep -cE '^(not )?ok' "$base.live/out" || true)  "
	done
	echo "$text"
}

# run_guests: all of the plan, as many side by side as there are processors, two at most: each wants a whole one.
run_guests() {
	local line label backend kernel cmdline tests_there why slots running=() waiting=() rest=() told=$SECONDS
	slots=$(nproc)
	[ "$slots" -lt 2 ] || slots=2
	mkdir -p "$results/guest"
	while IFS='|' read -r label backend kernel cmdline tests_there; do
		# shellcheck disable=SC2086 # one word a test
		tests_there=$(pick_tests $tests_there)
		[ -n "$tests_there" ] || continue
		show_status "kernel $kernel"
		why=$(why_no_guest "$kernel")
		if [ -n "$why" ]; then
			say "  skip $label: $why"
			count skip "$label: $why"
			continue
		fi
		waiting+=("$label|$backend|$kernel|$cmdline|$tests_there")
	done < <(guest_plan)

	while [ $((${#waiting[@]} + ${#running[@]})) -gt 0 ]; do
		while [ ${#waiting[@]} -gt 0 ] && [ ${#running[@]} -lt "$slots" ]; do
			IFS='|' read -r label backend kernel cmdline tests_there <<< "${waiting[0]}"
			waiting=("${waiting[@]:1}")
			running+=("$label")
			start_guest "$label" "$backend" "$kernel" "$cmdline" "$tests_there"
		done
		sleep 1
		rest=()
		for label in "${running[@]}"; do
			if [ -s "$results/guest/${label//\//-}.status" ]; then
				count_guest "$label"
			else
				rest+=("$label")
			fi
		done
		running=("${rest[@]}")
		if [ "$status_line" = 1 ]; then
			show_status "guests: $(guest_progress "${running[@]}")"
		elif [ $((SECONDS - told)) -ge 60 ]; then
			told=$SECONDS
			say "  ...  $(guest_progress "${running[@]}")"
		fi
	done
}
