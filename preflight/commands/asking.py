"""Asking many hosts at once, with a bar while they answer."""

from collections.abc import Collection, Mapping, Sequence

from preflight.answers import SavedHost
from preflight.commands.made import taken_now
from preflight.fleet.collect import Manner, collect
from preflight.judge.check import own_of
from preflight.judge.site import rules_of
from preflight.progress_bar import bar
from preflight.request.check_request import Asked
from preflight.request.migration import Mode

NOT_LED: Mapping[str, str] = {}


def ask(
    names: Sequence[str],
    known: Sequence[SavedHost],
    asked: Asked,
    *,
    width: int,
    ways: int,
    leaving: Collection[str],
    arriving: Collection[str] | None,
    led: Mapping[str, str] = NOT_LED,
) -> Sequence[SavedHost]:
    """Return the answers of the hosts, about each other and about the `known` ones, in their order.

    The options are those of `Manner`; raises `UserError`.
    """
    sources, own = own_of(rules_of(asked.site))
    manner = Manner(
        width=width,
        timeout=asked.timeout,
        peer_to_peer=asked.method.mode is not Mode.MANAGED,
        sources=sources,
        own=own,
        taken=taken_now(asked.site),
        ways=ways,
        led=led,
        leaving=leaving,
        arriving=arriving,
    )
    with bar("asking", 2 * len(names)) as advance:
        return collect(names, known, manner, advance)
