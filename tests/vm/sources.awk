# SPDX-License-Identifier: Apache-2.0
# Prints the URIs from which this machine gets suite `codename`, component main: reads both of apt's formats, one-line
# (sources.list, *.list) and deb822 (*.sources). A repository signed by somebody else's key is not Debian's, whatever
# its suite is called; one that names no key is a candidate, and the private configuration then demands Debian's.

function reset() { types = uris = suites = components = signed = ""; enabled = "yes"; field = "" }

function has(list, word) { return (" " list " ") ~ (" " word " ") }

function emit(    i, n, part) {
	if (has(types, "deb") && enabled != "no" && (has(suites, codename) || has(suites, "stable")) &&
	    has(components, "main") && (signed == "" || signed ~ /debian-archive|BEGIN PGP/)) {
		n = split(uris, part, " ")
		for (i = 1; i <= n; i++)
			if (part[i] !~ /^cdrom:/ && !seen[part[i]]++)
				print part[i]
	}
	reset()
}

function one_line(    i, options) {
	i = 2
	if ($2 ~ /^\[/) {
		for (; i <= NF; i++) {
			options = options " " $i
			if ($i ~ /\]$/)
				break
		}
		i++
		if (match(options, /signed-by=[^] ]*/))
			signed = substr(options, RSTART + 10, RLENGTH - 10)
	}
	types = $1
	uris = $i
	suites = $(i + 1)
	for (i += 2; i <= NF && $i !~ /^#/; i++)
		components = components " " $i
	emit()
}

function add(text) {
	gsub(/[ \t]+/, " ", text)
	sub(/^ /, "", text)
	if (field == "types") types = types " " text
	else if (field == "uris") uris = uris " " text
	else if (field == "suites") suites = suites " " text
	else if (field == "components") components = components " " text
	else if (field == "signed-by") signed = signed " " text
	else if (field == "enabled") enabled = tolower(text)
}

BEGIN { reset() }
FNR == 1 { emit(); deb822 = FILENAME ~ /\.sources$/ }
/^[ \t]*#/ { next }
!deb822 { if ($1 == "deb") one_line(); next }
/^[ \t]*$/ { emit(); next }
/^[ \t]/ { add($0); next }
{
	field = tolower(substr($0, 1, index($0, ":") - 1))
	add(substr($0, index($0, ":") + 1))
}
END { emit() }
