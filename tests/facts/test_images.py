import contextlib

import pytest

from preflight.facts.fact import Record, Unreadable
from preflight.facts.guest.accounts import Accounts
from preflight.facts.storage.disk_servers import DiskServers
from preflight.facts.storage.images import Image, Images
from preflight.facts.storage.secrets import Secrets
from tests.fact_of import fact_of
from tests.facts.noise import answers


def look(line: str) -> Image:
    return Images.parse(Record(f"path /a\n{line}\n")).look("/a")


def test_an_image_upon_another() -> None:
    line = "image 196616 qcow2 0000000000100000 626173652e696d67"
    assert look(line) == Image(format="qcow2", size=1048576, backing="base.img")


def test_an_image_upon_none() -> None:
    assert look("image 196616 qcow2 0000000000100000 -") == Image(format="qcow2", size=1048576)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("image 196616 qcow2 0000000000100000 far", "too far from its start"),
        ("image 196616 qcow2 0000000000100000 elsewhere", "is not named by a path"),
        ("image 196616 qcow2 0000000000100000 unread", "name of its backing image could not be read"),
        ("image 196616 cut", "its header is truncated"),
        ("image 196616 unread", "its header could not be read"),
        ("image stat: cannot statx '/a': Stale file handle", "/a: Stale file handle"),
        ("", "/a: no answer"),
        ("head 196616 514649fb", "an older preflight"),
    ],
)
def test_an_image_that_could_not_be_read(line: str, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        look(line)


def test_anything_else_is_raw_and_as_large_as_its_file() -> None:
    assert look("image 512 raw") == Image(format="raw", size=512)


def test_hostile_text_is_refused_or_read() -> None:
    for answer in answers("path /a\nimage 196616 qcow2 0000000000100000 626173652e696d67\n"):
        with contextlib.suppress(Unreadable):
            Images.parse(answer).look("/a")
        with contextlib.suppress(Unreadable):
            DiskServers.parse(answer)
        with contextlib.suppress(Unreadable):
            Accounts.parse(answer)
        with contextlib.suppress(Unreadable):
            fact_of(Secrets, {"libvirt.secrets": answer})
