"""`preflight rehearse` on real hosts: libvirt is asked in earnest, and no guest is moved. See also `rehearsals`."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from preflight.rehearse import limits
from preflight.units import MIB

from . import Client, LabHost
from .test_check import DESTINATION, PREFLIGHT, SOURCE
from .test_migrate import listed
from .test_resume import state

pytestmark = pytest.mark.lab

READY, NOT_READY = 0, 1
#: The options of each kind of migration whose memory is sent.
KINDS = {
    "managed": [],
    "p2p": ["--p2p"],
    "tunnelled": ["--tunnelled"],
    "post-copy": ["--postcopy"],
}
#: MiB. Almost all of it is zero, and so is sent as fast as memory can be; a guest with half of it is rehearsed too, but
#: only where a call of virsh takes 0.6 s at most, and on a busy machine it takes longer.
MEMORY = 2 * limits.LARGE // MIB


def guest(host: LabHost, **told: Any) -> None:
    """Make a guest that is large enough, and empty."""
    host.guest("web", memory_mib=MEMORY, **told)


def rehearse(client: Client, *words: str) -> tuple[int, dict[str, Any], str]:
    """Rehearse until libvirt has decided, for which a busy machine may be too slow."""
    for _ in range(4):
        done = client.run(
            [PREFLIGHT, "rehearse", SOURCE, DESTINATION, "--yes", "--format", "json", *words], timeout=300
        )
        assert done.stdout, done.stderr
        told = json.loads(done.stdout)
        if all(one["answer"] != "undecided" and "a call of virsh took" not in one["why"] for one in told["guests"]):
            break
    return done.returncode, told, done.stderr


def answer(told: dict[str, Any]) -> dict[str, Any]:
    (one,) = told["guests"]
    return dict(one)


def is_as_before(host1: LabHost, host2: LabHost) -> bool:
    job = host1.run("virsh", "domjobinfo", "web", check=False).stdout
    return state(host1, "web") == "running" and "None" in job and "web" not in listed(host2)


@pytest.mark.parametrize("kind", ["managed", "p2p"])
def test_a_guest_is_accepted_and_runs_on_and_nothing_is_left(
    client: Client, host1: LabHost, host2: LabHost, kind: str
) -> None:
    accepts(client, host1, host2, KINDS[kind])


def accepts(client: Client, host1: LabHost, host2: LabHost, words: Sequence[str]) -> None:
    """Rehearse a guest, and see that it is accepted and both hosts are as before."""
    guest(host1)
    before = host2.tree_digest()
    code, told, _ = rehearse(client, "web", *words)
    assert (code, told["verdict"], told["rehearsed"]) == (READY, "ready", True), answer(told)
    assert answer(told)["answer"] == "accepted"
    assert (answer(told)["source"], answer(told)["destination"], answer(told)["left"]) == ("running", "absent", [])
    assert is_as_before(host1, host2)
    assert host2.tree_digest() == before
    assert "web" in host1.run("virsh", "list", "--persistent", "--name").stdout
    assert host1.run("sh", "-c", "ls /run/preflight").stdout.split() == []
