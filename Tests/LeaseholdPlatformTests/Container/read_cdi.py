#!/usr/bin/env python3
"""Reads a directory of CDI specifications as a container runtime does, and says what a container would get.

Written from the specification of the Container Device Interface 1.1.0, its JSON schema and the checks of its reference
library alone; shares no code with Leasehold. Needs Python 3.8 or later and nothing else. Files of older versions, which
runtimes read too, do not load here, and those in YAML are not looked at.

usage: read_cdi.py DIRECTORY

Prints one line of JSON for each device: its qualified name, its file, and what it adds to a container. Exit status: 0
all files load, 1 one does not (the reason is on standard error), 2 usage.
"""
import json
import os
import re
import sys

VERSION = "1.1.0"
VENDOR_OR_CLASS = re.compile(r"[A-Za-z](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?")
DEVICE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.:-]*[A-Za-z0-9])?")
DNS_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
EDITS = ["env", "deviceNodes", "mounts", "hooks"]
HOOKS = ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"]


class Refused(Exception):
    """The file does not load, because of this."""


def require(holds, reason):
    if not holds:
        raise Refused(reason)


def unique(pairs):
    """An object of JSON; a key that comes twice means nothing."""
    keys = [key for key, _ in pairs]
    require(len(set(keys)) == len(keys), "a key twice: " + str(keys))
    return dict(pairs)


def text(value, what):
    require(isinstance(value, str), what + " is no string")
    return value


def integer(value, what, least, most):
    require(isinstance(value, int) and not isinstance(value, bool), what + " is no integer")
    require(least <= value <= most, "%s is %d" % (what, value))
    return value


def uint32(value, what):
    return integer(value, what, 0, 2**32 - 1)


def int64(value, what):
    # Negative numbers would be wildcards of the device cgroup.
    return integer(value, what, 0, 2**63 - 1)


def boolean(value, what):
    require(isinstance(value, bool), what + " is no boolean")
    return value


def listed(item):
    def read(value, what):
        require(isinstance(value, list), what + " is no array")
        return [item(one, what) for one in value]

    return read


def record(fields, required):
    """A reader of objects with these fields; any other makes the file fail to load."""

    def read(value, what):
        require(isinstance(value, dict), what + " is no object")
        for key in value:
            require(key in fields, "%s has an unknown field %s" % (what, key))
        for key in required:
            require(key in value, "%s has no %s" % (what, key))
        return {key: fields[key](value[key], what + "." + key) for key in value}

    return read


def path(value, what):
    require(text(value, what) != "", what + " is empty")
    return value


def absolute(value, what):
    require(path(value, what).startswith("/"), what + " is not absolute")
    return value


def variable(value, what):
    require(text(value, what).find("=") > 0, what + " is no variable: " + value)
    return value


def one_of(choices):
    def read(value, what):
        require(text(value, what) in choices, "%s is %s" % (what, value))
        return value

    return read


def permissions(value, what):
    require(text(value, what) == "none" or value.strip("rwm") == "", "%s is %s" % (what, value))
    return value


def annotations(value, what):
    require(isinstance(value, dict), what + " is no object")
    return {key: text(one, what) for key, one in value.items()}


device_node = record(
    {
        "path": path, "hostPath": path, "type": one_of(["", "b", "c", "u", "p"]), "major": int64, "minor": int64,
        "fileMode": uint32, "permissions": permissions, "uid": uint32, "gid": uint32,
    },
    ["path"],
)
mount = record(
    {"hostPath": path, "containerPath": path, "type": text, "options": listed(text)}, ["hostPath", "containerPath"])
hook = record(
    {
        "hookName": one_of(HOOKS), "path": absolute, "args": listed(text), "env": listed(variable), "timeout": uint32,
    },
    ["hookName", "path"],
)
# As of 1.1.0, which took two fields away and gave two.
intel_rdt = record(
    {
        "closID": text, "l3CacheSchema": text, "memBwSchema": text, "schemata": listed(text),
        "enableMonitoring": boolean,
    },
    [],
)
net_device = record({"hostInterfaceName": path, "name": path}, ["hostInterfaceName", "name"])
container_edits = record(
    {
        "env": listed(variable), "deviceNodes": listed(device_node), "mounts": listed(mount), "hooks": listed(hook),
        "intelRdt": intel_rdt, "additionalGids": listed(uint32), "netDevices": listed(net_device),
    },
    [],
)


def device_name(value, what):
    require(DEVICE.fullmatch(text(value, what)) is not None, what + " is no name: " + value)
    return value


def kind(value, what):
    vendor, slash, name = text(value, what).partition("/")
    require(slash == "/", what + " has no class: " + value)
    require(VENDOR_OR_CLASS.fullmatch(vendor) is not None, what + " has no vendor: " + value)
    require(VENDOR_OR_CLASS.fullmatch(name) is not None and len(name) <= 63, what + " has no class: " + value)
    require(len(vendor) <= 253, what + " has a vendor that is too long")
    require(all(DNS_LABEL.fullmatch(label) for label in vendor.split(".")), what + " has no domain: " + value)
    return value


device = record(
    {"name": device_name, "annotations": annotations, "containerEdits": container_edits}, ["name", "containerEdits"])
specification = record(
    {
        "cdiVersion": one_of([VERSION]), "kind": kind, "annotations": annotations, "devices": listed(device),
        "containerEdits": container_edits,
    },
    ["cdiVersion", "kind", "devices"],
)


def load(name):
    with open(name, encoding="utf-8") as file:
        try:
            read = specification(json.load(file, object_pairs_hook=unique), "the file")
        except ValueError as error:
            raise Refused("not JSON: %s" % error)
    require(len(read["devices"]) > 0, "no devices")
    names = [one["name"] for one in read["devices"]]
    require(len(set(names)) == len(names), "a device twice")
    for one in read["devices"]:
        require(any(one["containerEdits"].values()), "a device that changes nothing: " + one["name"])
        both = [read.get("containerEdits", {}), one["containerEdits"]]
        nodes = sum((edits.get("deviceNodes", []) for edits in both), [])
        require(len({node["path"] for node in nodes}) == len(nodes), "a device node twice: " + one["name"])
    return read


def main(arguments):
    if len(arguments) != 1 or not os.path.isdir(arguments[0]):
        print(__doc__, file=sys.stderr)
        return 2
    seen = {}
    for name in sorted(os.listdir(arguments[0])):
        # What has another ending is not read, nor is what lies deeper.
        if not name.endswith(".json") or os.path.isdir(os.path.join(arguments[0], name)):
            continue
        try:
            read = load(os.path.join(arguments[0], name))
            for one in read["devices"]:
                qualified = read["kind"] + "=" + one["name"]
                require(qualified not in seen, "%s is in %s too" % (qualified, seen.get(qualified)))
                seen[qualified] = name
                common, own = read.get("containerEdits", {}), one["containerEdits"]
                edits = {key: common.get(key, []) + own.get(key, []) for key in EDITS}
                print(json.dumps({"device": qualified, "file": name, **edits}))
        except Refused as refused:
            print("%s does not load: %s" % (name, refused), file=sys.stderr)
            return 1
    return 0


sys.exit(main(sys.argv[1:]))
