#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the config.json with which containerd has runc start a container of a pod, as the kubelet asks for it.

usage: kubelet.py FILE CONTAINER ROOT >config.json

Left out is what only a node has: cgroups, the network of the pod, and the seccomp profile of the runtime.
"""
import json
import sys

import yaml

# What containerd mounts for every container of Linux, and what the kubelet adds to it.
MOUNTS = [
    ("/proc", "proc", "proc", ["nosuid", "noexec", "nodev"]),
    ("/dev", "tmpfs", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]),
    ("/dev/pts", "devpts", "devpts", ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]),
    ("/dev/mqueue", "mqueue", "mqueue", ["nosuid", "noexec", "nodev"]),
    ("/sys", "sysfs", "sysfs", ["nosuid", "noexec", "nodev", "ro"]),
    ("/dev/shm", "tmpfs", "shm", ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]),
    ("/etc/hosts", "bind", "/etc/hosts", ["rbind", "rprivate", "ro"]),
    ("/etc/hostname", "bind", "/etc/hostname", ["rbind", "rprivate", "ro"]),
    ("/etc/resolv.conf", "bind", "/etc/resolv.conf", ["rbind", "rprivate", "ro"]),
    ("/dev/termination-log", "bind", "/dev/null", ["rbind", "rprivate", "rw"]),
]
MASKED = ["/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
          "/proc/scsi", "/sys/firmware"]
READ_ONLY = ["/proc/asound", "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]


def config(pod, container, root):
    rights = container["securityContext"]
    known = {"runAsUser", "readOnlyRootFilesystem", "capabilities", "seccompProfile", "appArmorProfile"}
    assert not set(rights) - known and rights["capabilities"]["drop"] == ["ALL"] and "securityContext" not in pod
    capabilities = [f"CAP_{name}" for name in rights["capabilities"]["add"]]
    return {
        "ociVersion": "1.0.2",
        "process": {
            "user": {"uid": rights["runAsUser"], "gid": 0}, "cwd": "/", "env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOSTNAME=pod"],
            # The entry point of the image, then the arguments of the pod.
            "args": ["/usr/bin/anyarch", "oneshot", *container["args"]],
            "capabilities": {kind: capabilities for kind in ("bounding", "effective", "permitted")},
            "noNewPrivileges": not rights.get("allowPrivilegeEscalation", True), "oomScoreAdj": 1000,
        },
        "root": {"path": root, "readonly": rights["readOnlyRootFilesystem"]},
        "hostname": "pod",
        "mounts": [{"destination": to, "type": kind, "source": source, "options": options} for to, kind, source, options in MOUNTS],
        "linux": {"namespaces": [{"type": kind} for kind in ("pid", "ipc", "uts", "mount", "network")],
                  "maskedPaths": MASKED, "readonlyPaths": READ_ONLY},
    }


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        pod = next(one for one in yaml.safe_load_all(file) if one["kind"] == "DaemonSet")["spec"]["template"]["spec"]
    container = next(one for one in pod["initContainers"] + pod["containers"] if one["name"] == sys.argv[2])
    json.dump(config(pod, container, sys.argv[3]), sys.stdout)


main()
