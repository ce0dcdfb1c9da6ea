"""Writes preflight/facts/daemon/conf_keys.json: the keys that libvirt's configuration files may have, by release.

`python -m tools.libvirt_keys 9.0.0=DIR 9.0.0=DIR2 11.3.0=DIR...`: each directory is libvirt's source, or the root of a
host on which this release is installed. The keys are those that the C code reads, that libvirt's augeas lenses take,
and that the files which libvirt ships show, in remarks too. What is in the file already stays, since a key that a
release dropped is known all the same.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from preflight.facts.version import Version

WRITTEN = Path(__file__).parents[1] / "preflight/facts/daemon/conf_keys.json"
#: Files of the source, and of an installed libvirt, in which the keys of a configuration file are found.
_SOURCES: Mapping[str, tuple[str, ...]] = {
    "libvirtd": ("src/remote/remote_daemon_config.c", "src/remote/libvirtd.aug*", "src/remote/libvirtd.conf*"),
    "virtlogd": ("src/logging/log_daemon_config.c", "src/logging/virtlogd.aug", "src/logging/virtlogd.conf*"),
    "virtlockd": ("src/locking/lock_daemon_config.c", "src/locking/virtlockd.aug", "src/locking/virtlockd.conf*"),
    "qemu": ("src/qemu/qemu_conf.c", "src/qemu/libvirtd_qemu.aug", "src/qemu/qemu.conf*"),
    "network": ("src/network/bridge_driver_conf.c", "src/network/libvirtd_network.aug", "src/network/network.conf*"),
    "qemu-lockd": ("src/locking/lock_driver_lockd.c", "src/locking/libvirt_lockd.aug", "src/locking/lockd.conf"),
    "qemu-sanlock": (
        "src/locking/lock_driver_sanlock.c",
        "src/locking/libvirt_sanlock.aug",
        "src/locking/sanlock.conf",
    ),
    "libvirt": ("src/libvirt.c", "src/remote/remote_driver.c", "src/util/viruri.c", "src/libvirt.conf"),
}
#: Names of lenses that are not those of their file.
_LENSES = {
    "qemu": "libvirtd_qemu",
    "network": "libvirtd_network",
    "qemu-lockd": "libvirt_lockd",
    "qemu-sanlock": "libvirt_sanlock",
}
#: A key in C (virConfGetValueBool(conf, "key", ...), remoteConfigGetAuth(filename, conf, "key", ...)), in a lens
#: (str_entry "key"), and in a file, set or shown.
_KEY = {
    ".c": re.compile(r'(?:virConfGet|Auth)\w*\((?:filename, )?conf,\s*"([a-z][a-z0-9_]*)"'),
    ".aug": re.compile(r'_entry\s*"([a-z][a-z0-9_]*)"'),
    ".conf": re.compile(r"^#?([a-z][a-z0-9_]*)[ \t]*=", re.MULTILINE),
}


def keys_in(root: Path) -> Iterator[tuple[str, str]]:
    """Yield each configuration file's name and a key of it."""
    for name, patterns in _SOURCES.items():
        installed = (f"usr/share/augeas/lenses/{_LENSES.get(name, name)}.aug", f"etc/libvirt/{name}.conf")
        for pattern in (*patterns, *installed):
            for path in root.glob(pattern):
                text = path.read_text(encoding="utf-8")
                for suffix in _KEY.keys() & {*path.suffixes}:
                    yield from ((name, key) for key in _KEY[suffix].findall(text))


def merged(before: Mapping[str, Mapping[str, str]], found: Mapping[str, Path]) -> dict[str, dict[str, str]]:
    """Return the keys of each file with the first release that has each."""
    every = {name: dict(keys) for name, keys in before.items()}
    for release, root in found.items():
        for name, key in keys_in(root):
            first = every.setdefault(name, {}).setdefault(key, release)
            every[name][key] = min(first, release, key=Version.parse)
    return {name: dict(sorted(keys.items())) for name, keys in sorted(every.items())}


def known(path: Path) -> dict[str, Any]:
    """Return the releases and the keys that are written down."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return {"releases": [], "keys": {}} | found


def main(words: list[str]) -> None:
    """Add the keys of the releases, given as RELEASE=DIR, to the file."""
    before = known(WRITTEN)
    keys, releases = before["keys"], set(before["releases"])
    for word in words:
        release, _, directory = word.partition("=")
        keys = merged(keys, {release: Path(directory)})
        releases.add(release)
    said = {"releases": sorted(releases, key=Version.parse), "keys": keys}
    WRITTEN.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
