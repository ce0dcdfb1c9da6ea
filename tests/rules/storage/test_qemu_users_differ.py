"""QEMU's users on the two hosts, and images on NFS."""

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case
from tests.rules.pools import on_volume

RULE = "qemu-users-differ"
PATH = "/srv/nfs/web.img"
DISK = f"<disk type='file'><driver type='raw'/><source file='{PATH}'/><target dev='vdb'/>{{}}</disk>"
MOUNT = "36 25 0:40 / {} rw - {} nas:/export rw\n"


def case(user: str = "+107:+107", *, kind: str = "nfs4", more: str = "") -> Case:
    made = on_volume(DISK.format(more))
    made.destination("mounts", lambda text: text + MOUNT.format("/srv/nfs", kind))
    made.destination("paths", f"path {PATH}\nstat 81a4 1048576 40 12 0:0\nfs 6969 4096 100\n")
    return made.destination("libvirt.capabilities", lambda xml: xml.replace("+0:+0", user)) if user else made


def test_catches_different_users_of_an_image_on_nfs() -> None:
    result = case().result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.WARNING, "web")
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert finding.message.endswith("QEMU runs as the user 107 here and as 0 on the source")


@pytest.mark.parametrize("changes", [{"user": ""}, {"kind": "ext4"}, {"more": "<readonly/>"}])
def test_passes_the_same_user_and_images_that_are_not_written_to_over_nfs(changes: dict[str, str]) -> None:
    assert case(**changes).result(RULE).outcome is Outcome.PASSED


def test_passes_where_libvirt_leaves_the_owner_alone() -> None:
    asked = case().destination("qemu.conf", lambda text: text + "dynamic_ownership = 0\n")
    assert asked.result(RULE).outcome is Outcome.PASSED


def test_is_unknown_when_the_destination_did_not_answer() -> None:
    assert case().destination("paths", None).result(RULE).outcome is Outcome.UNKNOWN
