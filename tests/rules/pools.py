"""Storage pools and guests on volumes, for tests of the rules about storage."""

import json
from typing import Any

from tests.case import Case

#: The pool's directory and the volume's path, as `vms` has them.
DIRECTORY, PATH = "/srv/vms", "/srv/vms/web.img"
VOLUME = (
    "<disk type='volume' device='disk'><driver name='qemu' type='raw'/><source pool='vms' volume='web.img'/>"
    "<target dev='vdb'/></disk>"
)


def on_volume(disk: str = VOLUME, case: Case | None = None) -> Case:
    """Return the sound pair, whose guest has this second disk."""
    return (case or Case()).xml("<controller type='usb'", f"{disk}<controller type='usb'")


def pools(*found: dict[str, Any], error: str | None = None) -> str:
    """Return the answers of a libvirt that has these pools."""
    return json.dumps({"pools": found, "error": error})


def vms(
    *volumes: str, active: bool = True, kind: str = "dir", target: str | None = DIRECTORY, error: str | None = None
) -> dict[str, Any]:
    """Return the pool "vms" with these volumes."""
    path = f"<target><path>{target}</path></target>" if target else ""
    xml = f"<pool type='{kind}'><name>vms</name>{path}</pool>"
    return {"name": "vms", "active": active, "xml": xml, "volumes": volumes, "error": error}


def there(*paths: str, magic: str = "ef53", mode: str = "81a4", size: int = 1048576) -> str:
    """Return the answers of a host that has these paths, as files unless the mode says otherwise."""
    return "".join(f"path {path}\nstat {mode} {size} 2049 12 0:0\nfs {magic} 4096 100\n" for path in paths)


def gone(*paths: str) -> str:
    """Return the answers of a host that has none of these paths."""
    return "".join(
        f"path {path}\nstat: cannot statx '{path}': No such file or directory\nfs ef53 4096 100\n" for path in paths
    )
