# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Owns a registry of Debian's on the loopback address, for one file of tests.

# registry_start: $PORT is where it listens. Where it is not installed nothing happens: each test asks for it.
registry_start() {
	local i

	[[ -n $(type -P docker-registry) ]] || return 0
	PORT=$((20000 + RANDOM % 20000))
	printf 'version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: %s}}\nhttp: {addr: "127.0.0.1:%d"}\n' \
		"$BATS_FILE_TMPDIR/registry" "$PORT" >"$BATS_FILE_TMPDIR/registry.yml"
	docker-registry serve "$BATS_FILE_TMPDIR/registry.yml" >"$BATS_FILE_TMPDIR/registry.log" 2>&1 3>&- &
	REGISTRY=$!
	export PORT REGISTRY
	for ((i = 0; i < 100; i++)); do
		! (: >"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null || break
		sleep 0.1
	done
}

# registry_stop: for teardown_file.
registry_stop() {
	[[ -z ${REGISTRY-} ]] || kill "$REGISTRY"
}
