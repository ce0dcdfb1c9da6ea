"""The decisions that follow from the end of the log of the guest's QEMU on the source."""

import pytest
from msgspec.structs import replace

from preflight.migrate.decide import decide
from preflight.migrate.observation import BY_USER, RUNS_BOOTED, Sighting
from preflight.migrate.outcome import Act, Intent, LogEnd, Result

from .states import GONE, LEFT, OFF, RAN, RUNS, SHUT_DOWN, paused, unpaused

MIGRATED = replace(RAN, log_end=LogEnd.MIGRATED)
DIED = replace(RAN, log_end=LogEnd.NONE)
MORE = replace(RAN, log_end=LogEnd.MORE)
#: What is done for a guest that arrived and has not been started yet, if its source has let it go.
STARTS, TIDIES = Act.START_ON_DESTINATION, Act.UNDEFINE_ON_SOURCE


@pytest.mark.parametrize(
    ("intent", "source", "destination", "acts", "result"),
    [
        (MIGRATED, OFF, paused(BY_USER), [STARTS, TIDIES], Result.PAUSED),
        (MIGRATED, GONE, paused(BY_USER), [STARTS], Result.PAUSED),
        (MIGRATED, LEFT, paused(BY_USER), [STARTS, TIDIES], Result.PAUSED),
        (MIGRATED, SHUT_DOWN, paused(BY_USER), [], Result.PAUSED),  # it was started there again
        (RAN, OFF, paused(BY_USER), [], Result.PAUSED),
        (RAN, LEFT, paused(BY_USER), [], Result.PAUSED),  # its owner may have started it, and moved it on
        (MORE, GONE, paused(BY_USER), [], Result.PAUSED),
        (replace(MORE, peer_to_peer=True), GONE, paused(BY_USER), [], Result.PAUSED),
        (MIGRATED, OFF, RUNS, [TIDIES], Result.ARRIVED),
        (DIED, OFF, RUNS, [TIDIES], Result.ARRIVED),
        (DIED, OFF, unpaused(0), [TIDIES], Result.ARRIVED),
        (DIED, OFF, replace(RUNS, reason=RUNS_BOOTED), [], Result.ARRIVED),  # booted there, maybe from older disks
        (DIED, SHUT_DOWN, RUNS, [], Result.ARRIVED),
        (MORE, OFF, RUNS, [], Result.ARRIVED),
        (MIGRATED, LEFT, OFF, [TIDIES], Result.STOPPED),
        (MIGRATED, OFF, OFF, [TIDIES], Result.STOPPED),
        (MORE, LEFT, OFF, [], Result.STOPPED),
        (RAN, LEFT, OFF, [], Result.STOPPED),
        (replace(MIGRATED, undefine=False), LEFT, OFF, [], Result.STOPPED),
    ],
    ids=str,
)
def test_the_log_says_whether_the_source_has_let_the_guest_go(
    intent: Intent, source: Sighting, destination: Sighting, acts: list[Act], result: Result
) -> None:
    decision = decide(intent, source, destination)
    assert (list(decision.acts), decision.result) == (acts, result)
