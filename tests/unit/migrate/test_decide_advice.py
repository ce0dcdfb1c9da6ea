"""What a decision tells a person: why, and the command that settles it, with its host."""

import pytest
from msgspec.structs import replace

from preflight.migrate.decide import decide
from preflight.migrate.observation import BY_USER, IO_ERROR, OFF_FAILED, Place, Sighting
from preflight.migrate.outcome import Intent

from .states import GONE, LEFT, OFF, RAN, RUNS, SEEN, SHUT_DOWN, paused

UUID = "f1d015bd-14ec-4fe8-8cdc-f32b8929b5e0"
KNOWN = replace(RAN, uuid=UUID, hosts=("host1", "host2"))
ARRIVED = replace(KNOWN, handed_over=True)
WAS_OFF = replace(KNOWN, running=False)
SLEEPS = Sighting(Place.SUSPENDED, persistent=True)
TRANSIENT = replace(RUNS, persistent=False)


@pytest.mark.parametrize(
    ("intent", "source", "destination", "command"),
    [
        (ARRIVED, GONE, paused(IO_ERROR), "on host2: virsh resume"),
        (KNOWN, paused(IO_ERROR), GONE, "on host1: virsh resume"),
        (KNOWN, SLEEPS, GONE, "on host1: virsh dompmwakeup"),
        (ARRIVED, GONE, SLEEPS, "on host2: virsh dompmwakeup"),
        (KNOWN, OFF, GONE, "on host1: virsh start"),
        (KNOWN, GONE, OFF, "on host2: virsh start"),
        (KNOWN, RUNS, OFF, "if not, on host2: virsh undefine --keep-nvram"),
        (KNOWN, TRANSIENT, OFF, "if not, on host2: virsh undefine --keep-nvram"),
        (KNOWN, SHUT_DOWN, RUNS, "if it has not, on host1: virsh undefine --keep-nvram"),
        (WAS_OFF, OFF, RUNS, "to keep it there, on host1: virsh undefine --keep-nvram"),
        (KNOWN, RUNS, RUNS, f"end the other, on host1: virsh destroy {UUID}, or on host2: virsh destroy"),
        (WAS_OFF, RUNS, RUNS, f"end the other, on host1: virsh destroy {UUID}, or on host2: virsh destroy"),
        (KNOWN, OFF, OFF, f"start it where it last ran, on host1: virsh start {UUID}, or on host2: virsh start"),
    ],
    ids=str,
)
def test_what_is_left_to_a_person_names_the_command_and_the_host(
    intent: Intent, source: Sighting, destination: Sighting, command: str
) -> None:
    assert decide(intent, source, destination).why.endswith(f"{command} {UUID}")


@pytest.mark.parametrize(
    ("intent", "source", "destination"),
    [
        (KNOWN, RUNS, GONE),
        (KNOWN, RUNS, replace(OFF, reason=OFF_FAILED)),  # that definition is removed
        (replace(KNOWN, was_defined_there=True), RUNS, OFF),
        (ARRIVED, GONE, RUNS),
        (WAS_OFF, OFF, GONE),
    ],
    ids=str,
)
def test_where_nothing_is_left_to_do_nothing_is_said(intent: Intent, source: Sighting, destination: Sighting) -> None:
    assert not decide(intent, source, destination).why


@pytest.mark.parametrize(
    ("intent", "source", "destination", "why"),
    [
        (KNOWN, SHUT_DOWN, RUNS, "the source still has its definition, and the guest may have run there since"),
        (replace(KNOWN, suspend=True), GONE, RUNS, "the guest is running although it was to stay paused"),
        (SEEN, paused(BY_USER), GONE, "the guest has been paused by its user"),
        (SEEN, paused(IO_ERROR), GONE, "the guest was paused, but not by its user (libvirt's reason 5)"),
        (
            RAN,
            GONE,
            paused(IO_ERROR),
            "the guest was paused on the destination, but not by a user (libvirt's reason 5)",
        ),
        (
            replace(RAN, peer_to_peer=True),
            GONE,
            paused(BY_USER, cpu_time=None),
            "libvirt does not report whether the guest has run on the destination",
        ),
    ],
    ids=str,
)
def test_the_reason_comes_first(intent: Intent, source: Sighting, destination: Sighting, why: str) -> None:
    assert decide(intent, source, destination).why.startswith(why)


def test_the_source_definition_that_is_removed_is_not_called_doubtful() -> None:
    assert decide(KNOWN, LEFT, RUNS).why == "the source still has its definition"
