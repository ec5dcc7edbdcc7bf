#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Turns a file of tools/ci into the shell scripts that its system would run, with the system's own shell.

usage: pipelines.py FILE DIR [PARAMETER=VALUE...]

Writes DIR/NN-NAME, one for each step, to be run in that order. Parameters and inputs that are not given have the defaults of
the file. What this does not know is an error, so that nothing of a file goes untested unnoticed.
"""
import os
import pathlib
import re
import shlex
import sys

import yaml

BASH = "/bin/bash -e"
# As the documentation of each system has it.
AZURE_BASH = "/usr/bin/env -S bash --noprofile --norc"
GITHUB_BASH = "/usr/bin/env -S bash --noprofile --norc -eo pipefail"
CIRCLE_BASH = "/usr/bin/env -S bash -eo pipefail"
SH = "/bin/sh -e"


class Unknown(Exception):
    pass


def only(where, mapping, *known):
    """Every key must be known."""
    rest = set(mapping) - set(known)
    if rest:
        raise Unknown(f"{where}: {', '.join(sorted(map(str, rest)))}")
    return mapping


def fill(text, opening, closing, values):
    """Replaces OPENING name CLOSING; a name without a value is an error."""
    def value(match):
        if match[1] not in values:
            raise Unknown(match[0])
        return values[match[1]]
    return re.sub(re.escape(opening) + r"\s*(.*?)\s*" + re.escape(closing), value, text)


def choose(defaults, given):
    for name in given:
        if name not in defaults:
            raise Unknown(f"parameter {name}")
    return {**defaults, **given}


def script(shell, lines, env=None):
    exports = [f"export {name}={shlex.quote(str(value))}" for name, value in (env or {}).items()]
    return "\n".join([f"#!{shell}", *exports, lines.rstrip("\n"), ""])


def travis(doc, given):
    only("travis", doc, "language", "services", "env", "before_install", "script")
    env = choose(dict(one.split("=", 1) for one in doc["env"]["global"]), given)
    for phase in ("before_install", "script"):
        yield phase, script(BASH, "\n".join(doc[phase]), env)


def azure_steps(steps, values):
    for step in steps:
        condition = [key for key in step if key.startswith("${{ if ")]
        if not condition:
            yield step
            continue
        wanted = re.fullmatch(r"\$\{\{ if eq\(parameters\.(\w+), (\w+)\) \}\}", condition[0])
        if not wanted or len(step) != 1:
            raise Unknown(condition[0])
        if values[wanted[1]] == wanted[2]:
            yield from azure_steps(step[condition[0]], values)


def azure(doc, given):
    only("azure", doc, "parameters", "steps")
    values = choose({p["name"]: {False: "false", True: "true"}.get(p["default"], p["default"])
                     for p in doc["parameters"]}, given)
    names = {f"parameters.{name}": value for name, value in values.items()}
    for parameter in doc["parameters"]:
        if parameter["type"] == "boolean" and values[parameter["name"]] not in ("true", "false"):
            raise Unknown(f"{parameter['name']} is a boolean")
    for step in azure_steps(doc["steps"], values):
        only("step", step, "bash", "name", "displayName", "env")
        env = {name: fill(value, "${{", "}}", names) for name, value in step.get("env", {}).items()}
        yield step.get("name", step["displayName"]), script(AZURE_BASH, fill(step["bash"], "${{", "}}", names), env)


def github(doc, given):
    """github.action_repository: where the action was taken from; empty for a copy in the repository of the workflow."""
    only("action", doc, "name", "description", "branding", "inputs", "outputs", "runs")
    repository = given.pop("github.action_repository", "")
    inputs = choose({name: one["default"] for name, one in doc["inputs"].items()}, given)
    names = {"github.action_repository": repository, **{f"inputs.{name}": value for name, value in inputs.items()}}
    assert doc["runs"]["using"] == "composite"
    outputs = {f"steps.{step['id']}.outputs.{name}": name
               for step in doc["runs"]["steps"] for name in re.findall(r'echo "(\w+)=.*GITHUB_OUTPUT', step["run"])}
    for name, one in doc["outputs"].items():
        assert fill(one["value"], "${{", "}}", outputs) == name
    for step in doc["runs"]["steps"]:
        only("step", step, "id", "shell", "env", "run")
        assert step["shell"] == "bash"
        env = {name: fill(value, "${{", "}}", names) for name, value in step["env"].items()}
        yield step["id"], script(GITHUB_BASH, fill(step["run"], "${{", "}}", names), env)


def workflow(doc, given):
    """The parameters are contexts, such as github.token."""
    only("workflow", doc, "name", True, "permissions", "jobs")  # YAML reads "on" so
    for name, job in doc["jobs"].items():
        only(name, job, "needs", "runs-on", "timeout-minutes", "permissions", "container", "steps")
        for number, step in enumerate(job["steps"]):
            only("step", step, "id", "name", "uses", "with", "env", "run")
            assert ("run" in step) != ("uses" in step)
            if "run" in step:
                env = {key: fill(value, "${{", "}}", given) for key, value in step.get("env", {}).items()}
                yield f"{name}-{number}", script(GITHUB_BASH, fill(step["run"], "${{", "}}", given), env)


def gitlab(doc, given):
    base = only("base", doc[".anyarch"], "image", "services", "variables", "before_script")
    job = only("job", doc["build"], "extends", "script")
    assert set(doc) == {".anyarch", "build"} and job["extends"] == ".anyarch"
    env = choose({name: value for name, value in base["variables"].items() if not name.startswith("DOCKER_")}, given)
    yield "before_script", script(SH, "\n".join(base["before_script"]), env)
    yield "script", script(SH, "\n".join(job["script"]), env)


def circleci(doc, given):
    only("circleci", doc, "version", "commands", "jobs", "workflows")
    assert doc["workflows"]["build"]["jobs"] == ["build"] and "machine" in doc["jobs"]["build"]
    for step in doc["jobs"]["build"]["steps"]:
        if step == "checkout":
            continue
        if isinstance(step, dict):
            yield "run", script(CIRCLE_BASH, step["run"])
            continue
        command = only(step, doc["commands"][step], "parameters", "steps")
        values = choose({name: one["default"] for name, one in command["parameters"].items()}, given)
        names = {f"parameters.{name}": value for name, value in values.items()}
        for inner in command["steps"]:
            run = only("run", inner["run"], "name", "environment", "command")
            env = {name: fill(value, "<<", ">>", names) for name, value in run["environment"].items()}
            yield step, script(CIRCLE_BASH, fill(run["command"], "<<", ">>", names), env)


def docker_run(pod, container):
    """What a kubelet asks its runtime for, in docker's words."""
    only("container", container, "name", "image", "imagePullPolicy", "command", "args", "securityContext", "resources",
         "volumeMounts", "env", "readinessProbe", "livenessProbe")
    rights = only("securityContext", container.get("securityContext", {}), "runAsUser", "privileged", "capabilities",
                  "readOnlyRootFilesystem", "allowPrivilegeEscalation", "seccompProfile", "appArmorProfile")
    words = ["--network", "none"]
    for key, option in (("hostPID", "pid"), ("hostIPC", "ipc"), ("hostNetwork", "network")):
        words += [f"--{option}", "host"] if pod.get(key) else []
    words += ["--user", str(rights["runAsUser"])] if "runAsUser" in rights else []
    words += ["--privileged"] if rights.get("privileged") else []
    words += ["--read-only"] if rights.get("readOnlyRootFilesystem") else []
    words += ["--security-opt", "no-new-privileges"] if rights.get("allowPrivilegeEscalation") is False else []
    for which, name in (("drop", "--cap-drop"), ("add", "--cap-add")):
        for one in rights.get("capabilities", {}).get(which, []):
            words += [name, one]
    for key, name in (("seccompProfile", "seccomp"), ("appArmorProfile", "apparmor")):
        profile = rights.get(key, {}).get("type", "RuntimeDefault")
        if profile not in ("RuntimeDefault", "Unconfined"):
            raise Unknown(f"{key}: {profile}")
        words += ["--security-opt", f"{name}=unconfined"] if profile == "Unconfined" else []
    limit = container.get("resources", {}).get("limits", {}).get("memory")
    words += ["--memory", re.sub("i$", "", limit).lower()] if limit else []
    for one in container.get("env", []):
        words += ["--env", f"{one['name']}={one['value']}"]
    volumes = {one["name"]: one["hostPath"]["path"] for one in pod.get("volumes", [])}
    for one in container.get("volumeMounts", []):
        words += ["--volume", f"{volumes[one['name']]}:{one['mountPath']}" + (":ro" if one.get("readOnly") else "")]
    command = container.get("command", [])
    words += ["--entrypoint", command[0]] if command else []
    return words, [container["image"], *command[1:], *container.get("args", [])]


def kubernetes(docs, given):
    """NAME: of the container that stays."""
    given = choose({"name": "pod"}, given)
    sets = [one for one in docs if one["kind"] == "DaemonSet"]
    assert len(sets) == 1 and {one["kind"] for one in docs} <= {"DaemonSet", "Namespace"}
    labels = sets[0]["spec"]["template"]["metadata"]["labels"]
    assert sets[0]["spec"]["selector"]["matchLabels"].items() <= labels.items()
    pod = only("pod", sets[0]["spec"]["template"]["spec"], "automountServiceAccountToken", "enableServiceLinks", "nodeSelector",
               "tolerations", "terminationGracePeriodSeconds", "initContainers", "containers", "volumes", "hostPID")
    for one in pod["initContainers"]:
        options, rest = docker_run(pod, one)
        yield one["name"], script(SH, shlex.join(["docker", "run", "--rm", *options, *rest]))
    for one in pod["containers"]:
        options, rest = docker_run(pod, one)
        yield one["name"], script(SH, shlex.join(["docker", "run", "--detach", "--name", given["name"], *options, *rest]))
        for probe in ("readinessProbe", "livenessProbe"):
            if probe in one:
                limit = str(one[probe].get("timeoutSeconds", 1))
                yield probe, script(SH, shlex.join(["timeout", limit, "docker", "exec", given["name"],
                                                    *one[probe]["exec"]["command"]]))


def unit_commands(text, env):
    """The commands of a unit, as a shell would type them. $NAME alone is split into words, in systemd as well."""
    text = re.sub(r"\\\n\s*", " ", text)
    for key, command in re.findall(r"^Exec(\w+)=(.*)$", text, re.M):
        yield key, script(SH, command, env)


def service(text, given):
    """ANYARCH: stands for /usr/bin/anyarch."""
    env = dict(one.split("=", 1) for one in re.findall(r'^Environment="(.*)"$', text, re.M))
    program = given.pop("ANYARCH", "/usr/bin/anyarch")
    for key, lines in unit_commands(text, choose(env, given)):
        # systemd splits it; shellcheck is right to ask.
        lines = lines.replace(" /usr/bin/anyarch ", f" {program} ").replace("\n/usr/bin/anyarch ", f"\n{program} ")
        yield key, re.sub(r"(?m)^(.*\$\w+)$", r"# shellcheck disable=SC2086\n\1", lines)


def cloud_init(doc, given):
    """ROOT: where write_files writes. systemctl enable --now starts the unit of that name."""
    only("user-data", doc, "packages", "write_files", "runcmd")
    root = pathlib.Path(given["ROOT"])
    for one in doc["write_files"]:
        only("file", one, "path", "content", "permissions")
        path = root / one["path"].lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(one["content"])
    for command in doc["runcmd"]:
        if command[:3] != ["systemctl", "enable", "--now"] or len(command) != 4:
            raise Unknown(shlex.join(command))
        unit = (root / "etc/systemd/system" / command[3]).read_text()
        for key, lines in unit_commands(unit, {}):
            yield f"{command[3]}-{key}", lines


SYSTEMS = {
    "travis.yml": travis,
    "azure-template.yml": azure,
    "action.yml": github,
    "ci.yml": workflow,
    "release.yml": workflow,
    "gitlab-ci.yml": gitlab,
    "circleci.yml": circleci,
    "kubernetes.yml": kubernetes,
    "anyarch.service": service,
    "cloud-init.yaml": cloud_init,
}


def main():
    path, out = map(pathlib.Path, sys.argv[1:3])
    given = dict(one.split("=", 1) for one in sys.argv[3:])
    text = path.read_text()
    if path.name == "kubernetes.yml":
        content = list(yaml.safe_load_all(text))
    else:
        content = text if path.suffix == ".service" else yaml.safe_load(text)
    out.mkdir(parents=True, exist_ok=True)
    for number, (name, lines) in enumerate(SYSTEMS[path.name](content, given)):
        target = out / f"{number:02}-{re.sub('[^A-Za-z0-9.]+', '-', name)}"
        target.write_text(lines)
        os.chmod(target, 0o755)


if __name__ == "__main__":
    try:
        main()
    except Unknown as e:
        sys.exit(f"pipelines.py: {sys.argv[1]}: unknown {e}")
