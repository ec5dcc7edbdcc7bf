#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns the proof that what people paste from tools/ci works: the shell of each file, as its system would run it, against a
# real engine with the project's own image and an empty table; and that it fails the job where the set-up fails.
#
# Registers in the machine's own table, as docker.bats does, and empties it after each test. The systems themselves are
# not here: no agent of Azure, no cluster. tests/lib/pipelines.py stands for them and knows their rules.
# shellcheck disable=SC2154,SC2030,SC2031

bats_require_minimum_version 1.5.0

# shellcheck source-path=SCRIPTDIR source=suite.sh
source "$BATS_TEST_DIRNAME/suite.sh"

CI=$BATS_TEST_DIRNAME/../../tools/ci
BUSYBOX=anyarch-test/busybox:arm64
NONE=anyarch-test/none

setup_file() {
	suite_open qemu-aarch64-static yamllint shellcheck docker-compose python3 setpriv systemd-analyze || return 0
	load_image_busybox "$BUSYBOX" arm64
	build_image_tool "$NONE" "$ANYARCH_STATIC"
	docker load --quiet --input "$ANYARCH_IMAGE"
}

teardown_file() {
	suite_close
}

setup() {
	[[ -z $OBSTACLES ]] || need "$OBSTACLES"
	clear_table
	export GITHUB_OUTPUT=$BATS_TEST_TMPDIR/github-output
	: >"$GITHUB_OUTPUT"
	mkdir "$BATS_TEST_TMPDIR/checkout"
	cd "$BATS_TEST_TMPDIR/checkout" || return
	printf 'FROM %s\nRUN uname -m\n' "$BUSYBOX" >Dockerfile
}

teardown() {
	local id

	[[ -z $OBSTACLES ]] || return 0
	for id in $(docker ps --all --quiet); do
		docker rm --force "$id" >/dev/null
	done
	clear_table
}

# extract FILE [PARAMETER=VALUE...]: its scripts, into STEPS.
extract() {
	local dir
	dir=$(mktemp -d "$BATS_TEST_TMPDIR/steps.XXXXXX")

	python3 "$BATS_TEST_DIRNAME/../lib/pipelines.py" "$CI/$1" "$dir" "${@:2}"
	STEPS=("$dir"/*)
	[[ -e ${STEPS[0]} ]]
}

# play SCRIPT...: one after the other, as long as they succeed. Leaves the status, stdout and stderr of the last one.
play() {
	local step

	for step; do
		run --separate-stderr timeout --kill-after=10 100 "$step"
		printf '%s: status %s\n%s\n%s\n' "${step##*/}" "$status" "$output" "$stderr"
		[[ $status == 0 ]] || return 0
	done
}

arm64_runs() {
	[[ $(docker run --rm --network=none "$BUSYBOX" uname -m) == aarch64 ]]
}

builds() {
	[[ $status == 0 && $output == *aarch64* ]]
}

# The engine's client, but it asks for no privilege.
unprivileged() {
	mkdir -p "$BATS_TEST_TMPDIR/bin"
	cat >"$BATS_TEST_TMPDIR/bin/docker" <<-'SHIM'
		#!/bin/bash
		words=() previous=
		for one; do
			case $previous,$one in
			*,--privileged | *,--cap-add | *,--cap-add=* | --cap-add,*) ;;
			*) words+=("$one") ;;
			esac
			previous=$one
		done
		exec /usr/bin/docker "${words[@]}"
	SHIM
	chmod +x "$BATS_TEST_TMPDIR/bin/docker"
}

# fails FILE [PARAMETER=VALUE...]: without privileges, and with an image that has no emulator, the job fails at its first
# step, with anyarch's exit status, and nothing is registered.
fails() {
	local file=$1
	shift

	extract "$file" "$@"
	sed -i 's|/usr/bin/docker |docker |' "${STEPS[@]}"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH play "${STEPS[0]}"
	[[ $status == 4 ]] || return 1
	docker tag "$NONE" anyarch
	play "${STEPS[0]}"
	docker tag "$FULL" anyarch
	[[ $status == 3 && -z $(table_names) ]]
}

@test "every file is linted, and so is the shell in it" {
	local file parameters

	run yamllint --strict --config-file "$CI/.yamllint" "$CI"
	echo "$output"
	[[ $status == 0 ]]
	for file in "$CI"/*.y*ml "$CI"/github/action.yml "$CI"/anyarch.service; do
		echo "$file"
		grep -q -F "(${file#"$CI/"})" "$CI/README.md"
		[[ $file != */compose.yml ]] || continue
		parameters=()
		[[ $file != */cloud-init.yaml ]] || parameters=("ROOT=$BATS_TEST_TMPDIR")
		extract "${file#"$CI/"}" "${parameters[@]}"
		shellcheck --norc "${STEPS[@]}"
	done
}

@test "a file with what the test does not know is an error, not passed over" {
	cp "$CI/travis.yml" .
	echo 'after_script: [rm -rf /]' >>travis.yml
	run python3 "$BATS_TEST_DIRNAME/../lib/pipelines.py" travis.yml out
	[[ $status != 0 && $output == *after_script* ]]
}

@test "control: without set-up the example's build fails" {
	extract travis.yml
	play "${STEPS[1]}"
	[[ $status != 0 && $stderr$output == *'exec format error'* ]]
}

@test "Travis, GitLab, CircleCI: the build that follows runs ARM programs" {
	local file

	for file in travis.yml gitlab-ci.yml circleci.yml; do
		extract "$file"
		play "${STEPS[@]}"
		builds
		docker rmi --force app >/dev/null
		clear_table
	done
}

@test "the place to change the image is the only one" {
	local file

	docker tag anyarch anyarch-test/mine
	for file in travis.yml:ANYARCH_IMAGE gitlab-ci.yml:ANYARCH_IMAGE circleci.yml:image azure-template.yml:image \
		github/action.yml:image; do
		extract "${file%:*}" "${file#*:}=anyarch-test/mine"
		run ! grep -E '(^|[ "=])anyarch([ "]|$)' "${STEPS[@]}"
		play "${STEPS[0]}"
		[[ $status == 0 ]]
	done
	for file in kubernetes.yml cloud-init.yaml; do
		[[ $(grep -c -E '^[^#]*(image: &image|apparmor=unconfined) anyarch\b' "$CI/$file") == 1 ]]
	done
}

# supported: what the engine's machine runs now, as setup-qemu-action has it.
supported() {
	docker run --rm --privileged --network=none anyarch | jq -r '.supported | join(",")'
}

@test "Azure: the output is set, of all platforms and of a list" {
	extract azure-template.yml
	[[ ${#STEPS[@]} == 1 ]]
	play "${STEPS[@]}"
	[[ $status == 0 && ,$(supported), == *,linux/arm64,linux/arm/v7,* ]]
	grep -q -x -F "##vso[task.setvariable variable=platforms;isOutput=true]$(supported)" <<<"$output"
	arm64_runs

	clear_table
	# The machine's own platform is in many people's lists.
	extract azure-template.yml "platforms=linux/$(docker version --format '{{.Server.Arch}}'),linux/arm64"
	play "${STEPS[@]}"
	[[ $status == 0 && $(table_names) == qemu-aarch64 ]]
	arm64_runs
}

@test "Azure: reset first removes what is there" {
	table_hold "$BATS_TEST_TMPDIR"
	table_in bash -c "printf %s '$(table_rule arm /usr/bin/qemu-arm-static '')' >register"
	extract azure-template.yml platforms=arm64 reset=true
	[[ ${#STEPS[@]} == 2 ]]
	play "${STEPS[@]}"
	[[ $status == 0 && $(table_names) == qemu-aarch64 ]]
	table_release
	arm64_runs
}

@test "Azure and GitHub: a platform that does not run fails the step and says so" {
	extract azure-template.yml platforms=arm64,s390x
	play "${STEPS[@]}"
	[[ $status == 3 && $output == '##vso[task.logissue type=error]'*s390x*'(status 3)' ]]
	[[ $stderr == *'s390x: this image has no emulator for it'* ]]

	extract github/action.yml $'platforms=arm64\ns390x'
	play "${STEPS[@]}"
	[[ $status == 3 && $output == *'::error '*'does not run arm64,s390x (status 3)' && ! -s $GITHUB_OUTPUT ]]
}

@test "Azure and GitHub: an image that cannot be pulled is not the fault of the agent" {
	extract azure-template.yml platforms=arm64 image=127.0.0.1:1/none
	play "${STEPS[@]}"
	[[ $status == 125 && $output == '##vso[task.logissue type=error]anyarch: Docker cannot pull or start 127.0.0.1:1/none, '*'(status 125)' ]]

	extract github/action.yml platforms=arm64 image=127.0.0.1:1/none
	play "${STEPS[@]}"
	[[ $status == 125 && $output == *'Docker cannot pull or start 127.0.0.1:1/none, '*'(status 125)' ]]
}

@test "GitHub: inputs and output are those of setup-qemu-action" {
	# Taken from a repository, it has the image that is published there.
	docker tag anyarch ghcr.io/some/anyarch:latest
	extract github/action.yml github.action_repository=Some/Anyarch platforms=arm64
	grep -q Some/Anyarch "${STEPS[0]}"
	play "${STEPS[@]}"
	[[ $status == 0 && $(table_names) == qemu-aarch64 ]]
	docker rmi ghcr.io/some/anyarch:latest
	clear_table
	: >"$GITHUB_OUTPUT"

	extract github/action.yml
	play "${STEPS[@]}"
	[[ $status == 0 && ,$(supported), == *,linux/arm64,linux/arm/v7,* ]]
	same output "platforms=$(supported)" "$(<"$GITHUB_OUTPUT")"
	arm64_runs
	# As its callers rely on it: set-user-ID programs keep their rights.
	[[ $(table_flags qemu-aarch64) == *C* ]]
	# What a workflow leaves empty is what it leaves out.
	clear_table
	extract github/action.yml platforms=
	play "${STEPS[@]}"
	[[ $status == 0 && $(table_names | paste -sd ' ') == 'qemu-aarch64 qemu-arm' ]]

	: >"$GITHUB_OUTPUT"
	extract github/action.yml $'platforms=linux/arm64\n' reset=true
	play "${STEPS[@]}"
	same output "platforms=$(supported)" "$(<"$GITHUB_OUTPUT")"
	[[ $status == 0 && $(<"$GITHUB_OUTPUT") == *linux/arm64* && $(<"$GITHUB_OUTPUT") != *arm/v7* && $(table_names) == qemu-aarch64 ]]

	# No registry has it.
	extract github/action.yml cache-image=false image=localhost:1/anyarch
	play "${STEPS[@]}"
	[[ $status != 0 && $(table_names) == qemu-aarch64 ]]
}

@test "every system fails where the set-up fails" {
	FULL=$(docker image inspect --format '{{.Id}}' anyarch)
	unprivileged
	fails travis.yml
	fails azure-template.yml
	fails github/action.yml
	[[ ! -s $GITHUB_OUTPUT ]]
	fails gitlab-ci.yml
	fails circleci.yml
	fails kubernetes.yml
	fails cloud-init.yaml "ROOT=$BATS_TEST_TMPDIR"
}

# compose ARGUMENT...: with a service of another platform that waits for ours.
compose() {
	run --separate-stderr timeout 100 env ANYARCH_IMAGE="$WITH" docker-compose --ansi never --project-name anyarch-test --file "$CI/compose.yml" \
		--file app.yml "$@"
	printf 'status %s\n%s\n%s\n' "$status" "$output" "$stderr"
}

@test "compose: a service waits for ours, and is not started when it fails" {
	cat >app.yml <<-APP
		services:
		  app:
		    image: $BUSYBOX
		    network_mode: none
		    command: uname -m
		    depends_on:
		      anyarch: {condition: service_completed_successfully}
	APP
	WITH=$NONE
	compose up
	[[ $status != 0 && $output != *aarch64* && -z $(table_names) ]]
	compose down
	WITH= # the file's own
	compose up
	[[ $status == 0 && $output == *aarch64* ]]
	compose down
	clear_table
	compose run --rm anyarch
	[[ $status == 0 ]]
	arm64_runs
}

probe_says() { # STATUS
	play "$PROBE"
	[[ $status == "$1" ]]
}

@test "Kubernetes: the init container registers, the other one restores, the probe knows" {
	extract kubernetes.yml name=anyarch-watch
	[[ ${#STEPS[@]} == 3 ]]
	PROBE=${STEPS[2]}
	play "${STEPS[0]}"
	[[ $status == 0 && $(table_names | paste -sd ' ') == 'qemu-aarch64 qemu-arm' ]]
	arm64_runs

	# What is not asked for is not there: no privileges, nothing of the host.
	run ! grep -E -e '--privileged|--pid|--volume|network host|no-new' "${STEPS[@]}"
	sed -i 's/--watch=60 /--watch=1 /' "${STEPS[1]}"
	play "${STEPS[1]}"
	[[ $status == 0 ]]
	eventually 30 probe_says 0
	kill -STOP "$(docker inspect --format '{{.State.Pid}}' anyarch-watch)"
	clear_table
	probe_says 3
	run ! arm64_runs
	kill -CONT "$(docker inspect --format '{{.State.Pid}}' anyarch-watch)"
	eventually 30 probe_says 0
	arm64_runs
	docker logs anyarch-watch 2>&1 | grep 'a handler was lost'

	docker stop --time 5 anyarch-watch
	[[ $(docker inspect --format '{{.State.ExitCode}}' anyarch-watch) == 143 ]]
	arm64_runs
}

# as_unit SCRIPT: with the rights that the unit leaves. Its mounts are not the machine's, so handlers are pinned.
as_unit() {
	local rights

	# As in the file, but as setpriv(1) spells it.
	rights=$(sed -n 's/^CapabilityBoundingSet=//p' "$CI/anyarch.service")
	rights=${rights,,}
	[[ -n $rights ]]
	printf '#!/bin/sh\nexec unshare --mount --propagation private -- setpriv --no-new-privs --bounding-set %s "%s"\n' \
		"-all,+${rights// /,+}" "$1" | sed 's/cap_//g' >unit
	chmod +x unit
	play ./unit
}

# is_sound UNIT: systemd understands every line, and a machine that is too busy at boot has five tries.
is_sound() {
	[[ -z $(systemd-analyze verify --man=no "./$1" 2>&1) ]]
	[[ $(unit_section Unit "$1" | grep '^StartLimit') == $'StartLimitIntervalSec=300\nStartLimitBurst=5' ]]
	[[ $(unit_section Service "$1" | grep '^Restart') == $'Restart=on-failure\nRestartSec=10' ]]
}

# unit_section SECTION UNIT: its lines.
unit_section() {
	awk -v section="[$1]" '/^\[/ { is_it = $0 == section } is_it' "$2"
}

@test "systemd: the unit is sound, starts, stops, and fails where a platform does not run" {
	sed "s|/usr/bin/anyarch|$ANYARCH_STATIC|" "$CI/anyarch.service" >anyarch.service
	is_sound anyarch.service
	# Whatever gives a service mounts of its own.
	run ! grep -E '^(Protect|Private|ReadOnly|ReadWrite|Inaccessible|Temporary|Bind|Mount|Root|DynamicUser)' "$CI/anyarch.service"

	extract anyarch.service "ANYARCH=$ANYARCH_STATIC"
	as_unit "${STEPS[0]}"
	[[ $status == 0 && $(table_names | paste -sd ' ') == 'qemu-aarch64 qemu-arm' ]]
	arm64_runs
	as_unit "${STEPS[1]}"
	[[ $status == 0 && -z $(table_names) ]]

	extract anyarch.service "ANYARCH=$ANYARCH_STATIC" 'PLATFORMS=arm64 pdp11'
	as_unit "${STEPS[0]}"
	[[ $status == 2 && -z $(table_names) ]]
}

make_cloud_schema() {
	(cd "$1" && apt-get --quiet --quiet download cloud-init) || return
	dpkg-deb --fsys-tarfile "$1"/cloud-init_*.deb |
		tar -xO --wildcards '*/schema-cloud-config-v1.json' >"$2"
}

@test "cloud-init: its own schema accepts the user-data, and the unit in it starts" {
	local schema

	schema=$(cached "cloud-config-$(images_suite)-$IMAGES_RECIPE.json" make_cloud_schema)
	[[ $(head -n 1 "$CI/cloud-init.yaml") == '#cloud-config' ]]
	python3 - "$CI/cloud-init.yaml" "$schema" <<-'PYTHON'
		import json, sys, jsonschema, yaml
		jsonschema.Draft4Validator(json.load(open(sys.argv[2]))).validate(yaml.safe_load(open(sys.argv[1])))
	PYTHON
	extract cloud-init.yaml "ROOT=$PWD"
	is_sound etc/systemd/system/anyarch.service
	play "${STEPS[@]}"
	[[ $status == 0 ]]
	arm64_runs
}
