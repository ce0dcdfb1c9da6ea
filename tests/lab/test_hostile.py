"""A few of the attackers of `make hostile-lab`: those that once became root on the other host."""

from collections.abc import Iterator

import pytest

from tests.hostile.canary import canaries

from . import Client, Lab
from .conftest import Pair
from .hostile.kinds import KINDS, Kind
from .hostile.run import COMMANDS, attack

pytestmark = pytest.mark.lab

#: What changes anything: fix --apply, migrate, and migrate --resume.
ACTS = [command for command in COMMANDS if "--yes" in command.words]
REACHED = ("announces a loop by qemu.conf", "base64 prints shell text", "NVRAM at /etc/cron.d/x")


@pytest.fixture(autouse=True)
def _canaries() -> Iterator[None]:
    with canaries():
        yield


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.name in REACHED], ids=lambda kind: kind.name)
def test_an_attacker_reaches_no_other_host(lab: Lab, client: Client, pair: Pair, kind: Kind) -> None:
    assert [fault for run in attack(lab, kind, ACTS) for fault in run.faults] == []
