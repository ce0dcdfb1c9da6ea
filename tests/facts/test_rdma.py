"""A host's support for RDMA."""

import pytest

from preflight.facts.fact import Record, Unreadable
from preflight.facts.network.rdma import Rdma

QEMU = "/usr/bin/qemu-system-x86_64"
ANSWER = f"""\
port /sys/class/infiniband/mlx5_0/ports/1/state 4: ACTIVE
port /sys/class/infiniband/mlx5_1/ports/1/state 1: DOWN
qemu 0 {QEMU}
qemu 1 /opt/my qemu
qemu 2 /usr/bin/none
"""


def test_reads_ports_and_emulators() -> None:
    read = Rdma.parse(Record(ANSWER)).known()
    assert read.ports == {"mlx5_0/1": "ACTIVE", "mlx5_1/1": "DOWN"}
    assert read.emulators == {QEMU: True, "/opt/my qemu": False}


def test_knows_that_there_is_none() -> None:
    assert Rdma.parse(Record("")).known() == Rdma()


@pytest.mark.parametrize("line", ["port", "port x", "port /sys/class/infiniband/a/b/ports/1/state 4: ACTIVE", "qemu 3"])
def test_passes_over_what_is_no_answer(line: str) -> None:
    assert Rdma.parse(Record(f"{line}\n")) == Rdma()


def test_says_why_it_was_not_told() -> None:
    with pytest.raises(Unreadable, match="it is unknown whether the host has RDMA: broken"):
        Rdma.parse(Record("", 1, "broken")).known()
