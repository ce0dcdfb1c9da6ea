"""Judges what a run left behind: where each guest is, and everything that must never be."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

from msgspec import Struct

from tests.lab.chaos.mover import Told
from tests.lab.chaos.sight import Held, Sight
from tests.lab.chaos.trial import GuestDrawn, Trial

#: A guest that is on one host alone, in the state that it had.
SETTLED = ("arrived", "stayed")
#: How a guest may be left to a person, and the word that `preflight status` has for it. The other host may still have
#: its definition, as a source that lost its power has, or a destination whose QEMU was killed.
LEFT = {
    "paused": "paused",
    "off beside paused": "paused",
    "paused beside off": "paused",
    "off beside running": "arrived",
}


class Judged(Protocol):
    """What is needed of a trial: its guests, and the hosts on which its faults may stop one by themselves."""

    @property
    def guests(self) -> Sequence[GuestDrawn]:
        """Return the guests."""

    @property
    def stops(self) -> Collection[str]:
        """Return "source" and "destination", or one of them, or none."""


class Judgement(Struct, frozen=True):
    """The result of each guest, in the words of `preflight status`, and the violations, a line each."""

    results: dict[str, str]
    violations: tuple[str, ...]


class Stopped(Struct, frozen=True):
    """A guest that must not be started any more: whether a host knew it before `--resume`, and whether one held it."""

    known: bool
    active: bool


def stopped_by_owners(trial: Trial, done: Mapping[str, str], source: Sight, destination: Sight) -> dict[str, Stopped]:
    """Those that their owners have stopped, or a host that lost its power; both sights are of before `--resume`."""
    stopped = {}
    for guest, act in trial.acts.items():
        here, there = source.get(guest, Held()), destination.get(guest, Held())
        active = here.active or there.active
        by_owner = bool(done.get(guest)) and not act.startswith("resumed")
        if "running" not in (here.state, there.state) and (by_owner or not active):
            stopped[guest] = Stopped(guest in source or guest in destination, active)
    return stopped


def left_paused(trial: Trial, told: Mapping[str, Told] | None, codes: Sequence[int | None]) -> frozenset[str]:
    """Those that preflight may leave paused, since nobody can know whether their owner has moved them on meanwhile.

    It was killed in a managed migration, or the source lost its power, while the guest stood still and before anybody
    had started it; it says that the guest is paused, and names the command by which a person starts it.
    """
    was_killed = trial.mode == "managed" and -9 in codes
    if not was_killed and "source" not in trial.stops:
        return frozenset()
    return frozenset(
        name
        for name, said in (told or {}).items()
        if said.result == "paused" and "virsh resume" in said.why and not said.handed_over
    )


def left_defined(trial: Trial, told: Mapping[str, Told] | None, codes: Sequence[int | None]) -> frozenset[str]:
    """Return the guests that run on the destination and whose definition on the source may be left to a person.

    preflight was killed, and so was the source's daemon while it let the guest go: nobody can know whether the guest
    ran on the source again. preflight says that the guest may have, and names the command that removes the definition.
    """
    was_killed = -9 in codes and "kill libvirtd, source" in trial.faults
    if not was_killed and "source" not in trial.stops:
        return frozenset()
    return frozenset(
        name
        for name, said in (told or {}).items()
        if said.result == "arrived"
        and "the guest may have run there since" in said.why
        and "virsh undefine" in said.why
    )


def judge(
    trial: Judged,
    source: Sight,
    destination: Sight,
    both: Mapping[str, float],
    stopped: Mapping[str, Stopped] = MappingProxyType({}),
    left: Collection[str] = (),
) -> Judgement:
    """Judge from the final state of both hosts, and from the guests that were seen to run on both during the run."""
    results, violations = {}, []
    for guest in trial.guests:
        here, there = source.get(guest.name, Held()), destination.get(guest.name, Held())
        results[guest.name] = result = result_of(guest, here, there)
        where = f"source {here.state} ({here.told}), destination {there.state} ({there.told})"
        if guest.name in both:
            violations.append(f"{guest.name} ran on both for {both[guest.name]:.1f} s")
        if guest.name in stopped:
            violations += [f"{guest.name} {wrong}: {where}" for wrong in _undone(stopped[guest.name], here, there)]
            continue
        if result == "stopped" and not _excused(trial, here, there):
            violations.append(f"{guest.name} is stopped, which no fault did: {where}")
        if result in LEFT and guest.name in left:
            continue
        if result not in (*SETTLED, "stopped"):
            violations.append(f"{guest.name} is {result}: {where}")
        wanted = int(guest.persistent)
        if here.defined + there.defined != wanted:
            violations.append(f"{guest.name} is defined on {here.defined + there.defined} hosts: {where}")
    return Judgement(results, tuple(violations))


def result_of(guest: GuestDrawn, source: Held, destination: Held) -> str:
    """Return the place of a guest, in one word."""
    asked = "running" if guest.running else "off"
    states = (source.state, destination.state)
    if source.active and destination.active:
        return "both"
    found = {
        ("absent", "absent"): "lost",
        ("off", "absent"): "stopped",
        ("absent", "off"): "stopped",
        ("paused", "absent"): "paused",
        ("absent", "paused"): "paused",
        (asked, "absent"): "stayed",
        ("absent", asked): "arrived",
    }
    return found.get(states, f"{source.state} beside {destination.state}")


def _undone(stopped: Stopped, source: Held, destination: Held) -> Iterator[str]:
    """Yield what undid the owner's stopping of the guest."""
    states = {source.state, destination.state}
    if "running" in states:
        yield "was started, though its owner had stopped it"
    elif stopped.active and not (source.active or destination.active):
        yield "was ended, though its owner had only paused it, or an I/O error"
    if stopped.known == (states == {"absent"}):
        yield "is known nowhere any more" if stopped.known else "was defined again, though its owner had taken it away"


def in_words_of(
    told: Mapping[str, Told],
    judged: Judgement,
    stopped: Mapping[str, Stopped],
    left: Collection[str],
    source: Sight,
    destination: Sight,
) -> Judgement:
    """Return the judgement; for a guest that its owner stopped, accept any report that claims no more than is true.

    One that is left to a person is told by the host that holds it, whatever the other has beside it.
    """
    results = {name: LEFT.get(result, result) if name in left else result for name, result in judged.results.items()}
    for name in stopped.keys() & told.keys():
        here, there = source.get(name, Held()), destination.get(name, Held())
        claimed = {"arrived": here.state == "absent" != there.state, "stayed": there.state == "absent" != here.state}
        if claimed.get(told[name].result, True):
            results[name] = told[name].result
    return Judgement(results, judged.violations)


def compare(told: Mapping[str, Told], judged: Judgement, source: Sight, destination: Sight) -> list[str]:
    """What is told of the guests beside what is so; `unknown` is no lie, but no answer in the end either."""
    wrong = []
    for name, result in judged.results.items():
        if name not in told:
            wrong.append(f"{name} is not told of")
            continue
        said = told[name]
        found = Told(result, source.get(name, Held()).state, destination.get(name, Held()).state, "")
        if (said.result, said.source, said.destination) != (found.result, found.source, found.destination):
            wrong.append(
                f"{name} is told to be {said.result} ({said.source}, {said.destination}),"
                f" and is {found.result} ({found.source}, {found.destination})"
            )
    return wrong


def compare_claims(told: Mapping[str, Told], judged: Judgement, source: Sight, destination: Sight) -> list[str]:
    """Return the same for what is told while a host could not be asked: there, only what is claimed must be so.

    A guest that is off may be on its way then, defined on both hosts: it is told to have stayed, with its two places.
    """
    nothing = {"unknown", ""}
    halfway = ("off beside off", "stayed", "off", "off")
    known = {
        name: said for name, said in told.items() if nothing.isdisjoint((said.result, said.source, said.destination))
    }
    claims = {
        name: result
        for name, result in judged.results.items()
        if name in known and (result, known[name].result, known[name].source, known[name].destination) != halfway
    }
    asked = Judgement(claims, ())
    return compare(known, asked, source, destination)


def _excused(trial: Judged, source: Held, destination: Held) -> bool:
    """Report whether a fault itself stopped the guest where it is."""
    return (source.state == "off" and "source" in trial.stops) or (
        destination.state == "off" and "destination" in trial.stops
    )
