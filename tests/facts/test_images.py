import contextlib

import pytest

from preflight.facts.accounts import Accounts
from preflight.facts.disk_servers import DiskServers
from preflight.facts.images import Image, Images
from preflight.facts.record import Record, Unreadable
from preflight.facts.secrets import Secrets
from tests.facts.noise import answers

#: The first bytes of `qemu-img create -f qcow2 -b base.img -F raw top.qcow2 1M`, QEMU 7.2.
HEAD = (
    "514649fb00000003000000000000021800000008000000100000000000100000000000000000000100000000000300000000000000010000"
    "000000010000000000000000000000000000000000000000000000000000000000000000000000000004000000680000"
)


def look(line: str) -> Image:
    return Images.parse(Record(f"path /a\n{line}\n")).look("/a")


def test_an_image_upon_another() -> None:
    head = bytes.fromhex(HEAD).ljust(0x218, b"\0") + b"base.img"
    assert look(f"head 196616 {head.hex()}") == Image(format="qcow2", size=1048576, backing="base.img")


def test_an_image_of_which_the_first_bytes_are_not_enough() -> None:
    with pytest.raises(Unreadable, match="too far from its start"):
        look(f"head 196616 {HEAD}")


def test_anything_else_is_raw_and_as_large_as_its_file() -> None:
    assert look("head 512 00000000") == Image(format="raw", size=512)


def test_hostile_text_is_refused_or_read() -> None:
    for answer in answers(f"path /a\nhead 196616 {HEAD}\n"):
        with contextlib.suppress(Unreadable):
            Images.parse(answer).look("/a")
        with contextlib.suppress(Unreadable):
            DiskServers.parse(answer)
        with contextlib.suppress(Unreadable):
            Accounts.parse(answer)
        with contextlib.suppress(Unreadable):
            Secrets.parse(answer, Record("", 1))
