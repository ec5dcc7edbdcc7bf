# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Owns the judges of GitHub's workflows and actions and of Kubernetes' objects, which npm has and Debian has not.
# Needs base.bash and mmdebstrap.bash.

ACTION_VALIDATOR=0.6.0
KUBERNETES_MODELS=5.1.0

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

# valid_for_kubernetes FILE: each of its objects is one as the schemas that Kubernetes publishes have it. Keys that are unknown are not found.
valid_for_kubernetes() {
	local tool

	need_commands npm node
	tool=$(cache)/kubernetes-models-$KUBERNETES_MODELS
	[[ -d $tool/node_modules/kubernetes-models ]] || npm install --prefix "$tool" --no-audit --no-fund --silent --ignore-scripts \
		"kubernetes-models@$KUBERNETES_MODELS" >&2 3>&- || need "npm does not give kubernetes-models"
	cat >"$tool/judge.mjs" <<-'JS'
		import { readFileSync } from "fs";
		for (const object of JSON.parse(readFileSync(0))) {
		  const models = await import(`kubernetes-models/${object.apiVersion}/${object.kind}`);
		  new models[object.kind](object).validate();
		}
	JS
	python3 -c 'import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(open(sys.argv[1])))))' "$1" | node "$tool/judge.mjs"
}
