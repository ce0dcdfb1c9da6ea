"""A libvirt connection of a run leads to the machine that the plan names, or is none (D10)."""

from typing import Any

import pytest

from preflight.answers import Record
from preflight.migrate.same_host import SameHost
from preflight.schema.plan import Identity
from tests.unit.migrate.plans import PLAN, altered

libvirt = pytest.importorskip("libvirt")
IDENTITY = PLAN.source_identity
UUID = IDENTITY.uuid
NOT_LOGGED_IN = Record("", 255, "not logged in")


class Connection:
    def __init__(self, capabilities: str) -> None:
        self.capabilities, self.is_closed = capabilities, False

    def getCapabilities(self) -> str:  # noqa: N802 - libvirt's name
        return self.capabilities

    def close(self) -> None:
        self.is_closed = True


class Host:
    name = "host1"

    def __init__(self, connection: Connection, machine_id: Record = NOT_LOGGED_IN) -> None:
        self.connection, self.machine_id = connection, machine_id

    def connect(self) -> Any:
        return self.connection

    def run(self, command: object) -> Record:
        assert command == "cat /etc/machine-id"
        return self.machine_id


def test_the_same_machine_is_connected_to_and_asked() -> None:
    connection = Connection(f"<capabilities><host><uuid>{UUID.upper()}</uuid></host></capabilities>")
    same = SameHost(Host(connection), IDENTITY)
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
        SameHost(Host(connection), IDENTITY).connect()
    assert connection.is_closed


OTHER = f"<capabilities><host><uuid>{PLAN.destination_identity.uuid}</uuid></host></capabilities>"


def test_a_daemon_that_makes_up_a_uuid_at_each_start_may_be_restarted_during_a_run() -> None:
    connection = Connection(OTHER)
    assert SameHost(Host(connection, Record(f"{IDENTITY.machine_id}\n")), IDENTITY).connect() is connection


@pytest.mark.parametrize(
    ("identity", "answer"),
    [
        (IDENTITY, Record("2" * 32)),
        (IDENTITY, Record(f"{IDENTITY.machine_id}", 1)),
        (altered(IDENTITY, machine_id=None), Record("")),
        (altered(IDENTITY, machine_id=None), Record("None")),
    ],
)
def test_another_uuid_without_the_same_machine_id_is_another_machine(identity: Identity, answer: Record) -> None:
    with pytest.raises(libvirt.libvirtError, match="is another host now"):
        SameHost(Host(Connection(OTHER), answer), identity).connect()
