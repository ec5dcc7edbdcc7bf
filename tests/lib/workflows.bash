# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Owns the judge of GitHub's workflows and actions, which npm has and Debian has not.
# Needs base.bash and mmdebstrap.bash.

ACTION_VALIDATOR=0.6.0

# valid_for_github FILE...: each is a workflow or an action as GitHub's schema has it.
valid_for_github() {
	local one tool bad=0

	need_commands npm
	tool=$(cache)/action-validator-$ACTION_VALIDATOR
	[[ -x $tool/node_modules/.bin/action-validator ]] || npm install --prefix "$tool" --no-audit --no-fund --silent \
		"@action-validator/cli@$ACTION_VALIDATOR" "@action-validator/core@$ACTION_VALIDATOR" >&2 3>&- || need "npm does not give @action-validator/cli"
	for one; do
		# It judges by the name, and its schema is from before this permission.
		mkdir -p "$BATS_TEST_TMPDIR/valid"
		sed '/^      attestations: write$/d' "$one" >"$BATS_TEST_TMPDIR/valid/${one##*/}"
		"$tool/node_modules/.bin/action-validator" "$BATS_TEST_TMPDIR/valid/${one##*/}" || {
			printf '%s is not valid\n' "$one" >&2
			bad=1
		}
	done
	return "$bad"
}
