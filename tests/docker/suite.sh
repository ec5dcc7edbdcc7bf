# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Owns what all tests with a real engine share: what hinders them, one engine for a file of tests, an empty table.

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "${BASH_SOURCE[0]%/*}/../lib/base.bash"
# shellcheck source-path=SCRIPTDIR source=table.sh
source "${BASH_SOURCE[0]%/*}/table.sh"
# shellcheck source-path=SCRIPTDIR source=engine.sh
source "${BASH_SOURCE[0]%/*}/engine.sh"
# shellcheck source-path=SCRIPTDIR source=images.sh
source "${BASH_SOURCE[0]%/*}/images.sh"

# obstacles COMMAND…: what hinders all of these tests, on stdout; silent if nothing does.
obstacles() {
	local one handlers

	engine_missing
	for one in "$@" jq flock unshare; do
		[[ -n $(type -P "$one") ]] || echo "no $one"
	done
	[[ -x ${ANYARCH_STATIC:-} ]] || echo "ANYARCH_STATIC does not name a program"
	[[ -f ${ANYARCH_IMAGE:-} ]] || echo "ANYARCH_IMAGE does not name a file"
	if ! handlers=$(table_names 2>/dev/null); then
		echo "binfmt_misc cannot be mounted"
	elif [[ ${ANYARCH_TEST_CLEAR_TABLE:-0} != 1 && $'\n'$handlers == *$'\n'qemu-* ]]; then
		echo "this machine has handlers of its own, which these tests would remove" \
			"(ANYARCH_TEST_CLEAR_TABLE=1 allows it)"
	fi
}

# suite_open COMMAND…: sets OBSTACLES; when there is none the engine runs afterwards, in $ENGINE. False otherwise.
suite_open() {
	local lock

	# One machine has one table, and handlers in it may be those of tests that run now. What is locked is a file that
	# is there anyway.
	if [[ -r /usr/bin/docker && -n $(type -P flock) ]]; then
		exec {lock}</usr/bin/docker
		flock --wait 900 "$lock"
	fi
	OBSTACLES=$(obstacles "$@" | paste -sd ';')
	export OBSTACLES
	[[ -z $OBSTACLES ]] || return
	ENGINE=$(mktemp -d "${TMPDIR:-/tmp}/anyarch-engine.XXXXXX")
	export ENGINE
	engine_start "$ENGINE"
}

suite_close() {
	local failed=0

	[[ -z $OBSTACLES ]] || return 0
	clear_table || failed=1
	if [[ -n ${ENGINE:-} ]]; then
		engine_stop "$ENGINE" || failed=1
		rm -rf "$ENGINE"
	fi
	return "$failed"
}
