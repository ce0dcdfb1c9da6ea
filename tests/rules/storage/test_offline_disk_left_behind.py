"""Files of a guest that is moved by its definition."""

from typing import Any

import pytest

from preflight.migration import Role
from preflight.report import Outcome
from preflight.rule import Severity
from tests.case import Case
from tests.rules.storage.test_disk_not_shared import EXT4, NFS, PATH, disk

RULE = "offline-disk-left-behind"
NVRAM = "/var/lib/libvirt/qemu/nvram/web_VARS.fd"


def switched_off(guest: dict[str, Any]) -> None:
    guest.update(id=None, state=5, reason=1)


def there(path: str) -> str:
    return f"path {path}\nstat 81a4 1048576 2049 12 0:0\nfs ef53 4096 100\n"


def missing(path: str) -> str:
    return f"path {path}\nstat: cannot statx '{path}': No such file or directory\nfs ef53 4096 100\n"


def moved_offline(magic: str = NFS, *, more: str = "", at_destination: str = there(PATH)) -> Case:
    """The sound pair, whose guest is off and has an image file on a file system of that magic."""
    case = disk(f"<source file='{PATH}'/>", more=more).guest(switched_off)
    case.source("paths", f"path {PATH}\nstat 81a4 1048576 2049 12 0:0\nfs {magic} 4096 100\n")
    return case.destination("paths", at_destination).asking(offline=True, guests=("web",))


def test_catches_a_disk_that_is_not_there_but_blocks_nothing() -> None:
    result = moved_offline(at_destination=missing(PATH)).result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.WARNING, "web")
    [finding] = result.findings
    assert (finding.host, finding.message) == (
        Role.DESTINATION,
        f"{PATH}, the disk vda, is not here: the guest would not start",
    )


def test_catches_a_disk_on_storage_of_the_sources_own() -> None:
    [finding] = moved_offline(EXT4).result(RULE).findings
    assert finding.host is Role.SOURCE
    assert finding.message.endswith("which is not shared: what the destination has there is another")


def test_catches_the_firmwares_variables_that_virsh_leaves_behind() -> None:
    case = moved_offline(at_destination=there(PATH) + missing(NVRAM))
    result = case.xml("</os>", f"<nvram>{NVRAM}</nvram></os>").result(RULE)
    assert (result.severity, len(result.findings)) == (Severity.INFO, 1)


@pytest.mark.parametrize(("magic", "more"), [(NFS, ""), (EXT4, "<readonly/>")], ids=["shared", "read-only copy"])
def test_passes_a_disk_that_is_the_same_there(magic: str, more: str) -> None:
    assert moved_offline(magic, more=more).result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_to_a_guest_that_runs() -> None:
    assert Case().result(RULE).outcome is Outcome.NOT_APPLICABLE


def test_is_unknown_when_the_paths_were_not_looked_at() -> None:
    assert moved_offline().destination("paths", None).result(RULE).outcome is Outcome.UNKNOWN
