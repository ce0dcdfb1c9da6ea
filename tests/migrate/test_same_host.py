"""A libvirt connection of a run leads to the machine that the plan names, or is none (D10)."""

from typing import Any

import pytest

from preflight.migrate.same_host import SameHost
from preflight.record import Record
from tests.migrate.plans import PLAN

libvirt = pytest.importorskip("libvirt")
UUID = PLAN.source_identity.uuid


class Connection:
    def __init__(self, capabilities: str) -> None:
        self.capabilities, self.is_closed = capabilities, False

    def getCapabilities(self) -> str:  # noqa: N802 - libvirt's name
        return self.capabilities

    def close(self) -> None:
        self.is_closed = True


class Host:
    name = "host1"

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def connect(self) -> Any:
        return self.connection

    def run(self, command: object) -> Record:
        return Record(f"ran {command}")


def test_the_same_machine_is_connected_to_and_asked() -> None:
    connection = Connection(f"<capabilities><host><uuid>{UUID.upper()}</uuid></host></capabilities>")
    same = SameHost(Host(connection), UUID)
    assert same.connect() is connection
    assert not connection.is_closed
    assert same.name == "host1"


@pytest.mark.parametrize(
    ("capabilities", "found"),
    [
        (f"<capabilities><host><uuid>{PLAN.destination_identity.uuid}</uuid></host></capabilities>", "2222"),
        ("<capabilities/>", "unknown"),
        ("<!DOCTYPE a><capabilities/>", "unreadable"),
    ],
)
def test_another_machine_behind_the_name_is_closed_again(capabilities: str, found: str) -> None:
    connection = Connection(capabilities)
    with pytest.raises(libvirt.libvirtError, match=f"host1 is another host now: its libvirt's UUID is {found}"):
        SameHost(Host(connection), UUID).connect()
    assert connection.is_closed
