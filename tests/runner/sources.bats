# SPDX-License-Identifier: Apache-2.0
# tests/vm/sources.awk: which mirror a machine's apt configuration names. The hosts are made up.

mirrors() {
	awk -v codename=bookworm -f "$BATS_TEST_DIRNAME/../vm/sources.awk" "$@"
}

@test "one-line format: options, other suites, comments" {
	cat > "$BATS_TEST_TMPDIR/sources.list" <<- 'EOF'
		# deb http://comment.test/debian bookworm main
		deb http://security.test/debian-security bookworm-security main
		deb-src http://source.test/debian bookworm main
		deb [arch=amd64 signed-by=/usr/share/keyrings/other.gpg] http://other.test/ bookworm main
		deb http://part.test/debian bookworm contrib
		deb cdrom:[Debian]/ bookworm main
		deb [ arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg ] http://one.test/debian bookworm main # yes
		deb http://two.test/debian bookworm contrib main
	EOF
	run mirrors "$BATS_TEST_TMPDIR/sources.list"
	[ "$output" = $'http://one.test/debian\nhttp://two.test/debian' ]
}

@test "deb822 format: several values, continued fields, disabled and foreign entries" {
	cat > "$BATS_TEST_TMPDIR/a.sources" <<- 'EOF'
		Types: deb deb-src
		# a comment within
		URIs: http://one.test/debian
		 http://two.test/debian
		Suites: bookworm bookworm-updates
		Components: main contrib
		Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

		Enabled: no
		Types: deb
		URIs: http://off.test/debian
		Suites: bookworm
		Components: main

		Types: deb
		URIs: http://other.test/
		Suites: bookworm
		Components: main
		Signed-By: /usr/share/keyrings/other.gpg
	EOF
	printf 'types: deb\nuris: http://three.test/debian\nsuites: stable\ncomponents: main' > "$BATS_TEST_TMPDIR/b.sources"
	run mirrors "$BATS_TEST_TMPDIR/a.sources" "$BATS_TEST_TMPDIR/b.sources"
	[ "$output" = $'http://one.test/debian\nhttp://two.test/debian\nhttp://three.test/debian' ]
}
