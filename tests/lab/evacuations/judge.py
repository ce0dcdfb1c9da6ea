"""Judges an evacuation: where each guest is among all hosts, and whether all that is written says the same."""

from collections.abc import Iterator, Mapping, Sequence

from tests.lab.chaos.sight import Held, Sight
from tests.lab.evacuations.mover import Said


def elsewhere(hosts: Mapping[str, Sight], home: str) -> tuple[Sight, list[str]]:
    """Return the sight of all hosts but one as if they were one, and the guests that several of them know."""
    found: Sight = {}
    wrong = []
    for name, sight in hosts.items():
        for guest, held in sight.items():
            if name != home and guest in found:
                wrong.append(f"{guest} is known on two destinations, on one of them {held.state} ({held.told})")
            if name != home and (guest not in found or held.active):
                found[guest] = held
    return found, wrong


def disagreements(said: Mapping[str, Said], hosts: Mapping[str, Sight], *, final: bool) -> Iterator[str]:
    """Yield what is said of guests and is not so. Until the end nothing need be said of a guest."""
    for guest, one in said.items():
        if one.host is None:
            if final:
                yield f"{guest} is said to be {one.result}: {one.why or one.error}"
            continue
        held = hosts[one.host].get(guest, Held())
        if held.state == "absent":
            places = ", ".join(f"{host} ({sight[guest].state})" for host, sight in hosts.items() if guest in sight)
            yield f"{guest} is said to be on {one.host} ({one.result}), and is on {places or 'no host'}"
        elif one.state is not None and one.state != held.state:
            yield f"{guest} is said to be {one.state} on {one.host}, and is {held.state} ({held.told})"


def contradictions(said: Mapping[str, Said], runs: Sequence[Mapping[str, str]]) -> Iterator[str]:
    """Yield each guest of which the last journal that names it says something else than the ledger."""
    last: dict[str, str] = {}
    for run in runs:
        last |= run
    for guest, one in said.items():
        if (one.result or "") != last.get(guest, ""):
            yield f"{guest}: the ledger says {one.result}, the last journal {last.get(guest) or 'nothing'}"


def misreported(code: int | None, said: Mapping[str, Said], results: Mapping[str, str], wanted: str) -> Iterator[str]:
    """Yield what an exit code says of the guests and is not so; `wanted` is the result that every guest should have."""
    astray = [name for name, result in results.items() if result not in (wanted, "paused")]
    if code == 0:
        yield from (f"exit code 0, though {name} is {results[name]}" for name in astray)
        yield from (
            f"exit code 0, though {name} is not done by the ledger" for name, one in said.items() if not one.done
        )
    elif code == 4 and not astray and all(one.done for one in said.values()):
        yield "exit code 4, though every guest is where it was to go"
