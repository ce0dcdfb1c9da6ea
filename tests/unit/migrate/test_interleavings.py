"""preflight is killed at each step of a move, the guest's owner then acts, and `--resume` makes nothing worse.

The guest is a counter that it writes to its disk. Whatever preflight does, the counter never goes back, no guest runs
on two hosts because of it, and no memory is thrown away that is newer than what is left.
"""

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import libvirt
import pytest
from msgspec.structs import asdict

from preflight.migrate import end as host_end
from preflight.migrate.outcome import LogEnd
from preflight.migrate.resume import recover
from preflight.migrate.source_log import end_of
from preflight.request.method import Method
from preflight.request.migration import HandOver, Mode
from tests.fakes.hypervisor import Host
from tests.unit.migrate.plans import WEB
from tests.unit.migrate.runs import Pair

THIRD = "host3.example.com"

#: Where preflight is killed: before this step of libvirt's, or after the step of its own; and whether Confirm was lost.
MOMENTS = ("perform", "finish", "confirm", "end", "handed-over", "started", "lost, handed-over", "lost, started")
MODES = {
    "managed": Method(),
    "managed at once": Method(hand_over=HandOver.AT_ONCE),
    "p2p at once": Method(mode=Mode.PEER_TO_PEER, hand_over=HandOver.AT_ONCE),
    "p2p safe": Method(mode=Mode.PEER_TO_PEER),
    "kept": Method(undefinesource=False),
    "p2p safe kept": Method(mode=Mode.PEER_TO_PEER, undefinesource=False),
    "transient there": Method(persistent=False),
}


class Killed(Exception):
    """preflight is no more."""


def killed_at(moment: str, method: Method, directory: Path, *, persistent: bool = True, is_logged: bool = True) -> Pair:
    """Return two hosts as preflight leaves them when it is killed then. A peer-to-peer migration goes on without it."""
    pair = Pair(directory, method, patience=0.0, persistent=persistent)
    run, uuid = pair.run, WEB
    run.mark_logs([pair.web])
    log = asdict(run.log_marks[uuid]) if is_logged else None
    pair.is_logged = is_logged
    run.journal.write("begin", uuid, name="web", xml=None, paused=False, is_defined_there=False, log=log)

    def kill() -> None:
        raise Killed

    is_managed = method.mode is Mode.MANAGED
    moment, is_lost = moment.removeprefix("lost, "), moment.startswith("lost, ")
    pair.source.migrations.loses = "confirm" if is_lost else None
    if is_managed:
        pair.source.migrations.at[moment] = kill
    flags = libvirt.VIR_MIGRATE_PAUSED if method.is_safe else 0
    intent = run.intent(pair.web)
    flags |= libvirt.VIR_MIGRATE_PERSIST_DEST if intent.persist else 0
    flags |= libvirt.VIR_MIGRATE_UNDEFINE_SOURCE if intent.undefine else 0
    try:
        run.source.domain(uuid).migrate3(run.destination.shared(), {}, flags)
    except Killed:
        pair.here.job = None
        if moment == "perform":  # qemuMigrationSrcCleanup cancels it, and the destination's daemon ends what arrives
            pair.here.to(libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_RUNNING_MIGRATION_CANCELED)
        if moment in ("perform", "finish"):
            pair.destination.gone(uuid, libvirt.VIR_DOMAIN_SHUTOFF_DESTROYED)
        return pair
    if moment in ("handed-over", "started"):
        run.journal.note("handed-over", uuid)
    if moment == "started" and pair.there is not None and method.is_safe:
        pair.destination.resume(uuid)
    return pair


Event = Callable[[Pair], None]


def starter_acts(pair: Pair) -> None:
    """Do what the process does that preflight leaves on the source (scripts/starter.sh), which has seen it die."""
    method, there = pair.plan.method, pair.there
    if method.mode is Mode.MANAGED or not method.is_safe or not pair.is_logged or there is None:
        raise KeyError("starter")
    is_as_it_arrived = (there.state, there.reason, there.cpu_time) == (
        libvirt.VIR_DOMAIN_PAUSED,
        libvirt.VIR_DOMAIN_PAUSED_USER,
        0,
    )
    if not is_as_it_arrived or end_of(pair.source.logs.get(WEB, [])) is not LogEnd.MIGRATED:
        raise KeyError("starter")
    pair.destination.resume(WEB)


def events() -> Iterator[tuple[str, Event]]:
    """The events that may happen next; each raises KeyError or `Impossible` unless the guest's state allows it."""

    def on(end: str, name: str) -> Event:
        def happens(pair: Pair) -> None:
            host: Host = getattr(pair, end)
            copy = host.domains[WEB]
            other = pair.destination if host is pair.source else pair.source
            there = other.domains.get(WEB)
            runs_there = there is not None and there.state == libvirt.VIR_DOMAIN_RUNNING
            is_paused = copy.state == libvirt.VIR_DOMAIN_PAUSED
            # an owner is careless, but does not break a guest himself
            stale = copy.counter < copy.disk.counter
            if name == "resume":
                possible = is_paused and not runs_there and not stale
            elif name == "start":
                possible = not copy.is_active and not (there is not None and there.is_active)
            elif name in ("suspend", "io_error", "shut_down", "move on"):
                possible = copy.state == libvirt.VIR_DOMAIN_RUNNING
            else:
                possible = copy.is_active
            if not possible:
                raise KeyError(name)
            if name == "move on":
                third = Host(THIRD)
                host.move_to(third, WEB)
                pair.third = third
            else:
                getattr(host, name)(WEB)

        return happens

    for end, name in itertools.product(
        ("source", "destination"),
        ("resume", "suspend", "io_error", "shut_down", "power_off", "start", "move on"),
    ):
        yield f"{name} on the {end}", on(end, name)
    yield "the process on the source acts", starter_acts
    yield "the source's daemon restarts", lambda pair: pair.source.restart()
    yield "the destination's daemon restarts", lambda pair: pair.destination.restart()
    yield "the source loses its power", lambda pair: pair.source.lose_power()


def newest(pair: Pair) -> int:
    """Return the counter of the newest memory that any host holds; 0 where the guest is active on none."""
    hosts = [pair.source, pair.destination, *([pair.third] if pair.third else [])]
    active = [host.domains[WEB].counter for host in hosts if WEB in host.domains and host.domains[WEB].is_active]
    return max(active, default=0)


def knowing(pair: Pair) -> set[str]:
    """Return the hosts that know the guest."""
    return {host.name for host in (pair.source, pair.destination) if WEB in host.domains}


def running(pair: Pair) -> int:
    hosts = [pair.source, pair.destination, *([pair.third] if pair.third else [])]
    return sum(WEB in host.domains and host.domains[WEB].state == libvirt.VIR_DOMAIN_RUNNING for host in hosts)


NAMED = dict(events())


@pytest.mark.parametrize("is_logged", [True, False], ids=["with the log", "without"])
@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("mode", MODES)
def test_whatever_its_owner_does_after_a_kill_no_guest_goes_back(
    mode: str, moment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_logged: bool
) -> None:
    """D1, D2, D3, D10, D11: each of them is one of these."""
    monkeypatch.setattr(os, "fsync", lambda _: None)  # thousands of journals, and no power is cut here
    monkeypatch.setattr(host_end, "within", lambda _, connect: connect())  # nor is a host silent
    # docs/hand-over.md: preflight and the source's daemon die together between Finish and Confirm, and the owner takes
    # away what the source was left with: libvirt says then what it says after a Confirm
    is_left_open = mode == "p2p safe" and moment.startswith("lost") and not is_logged
    tried = 0
    sequences = [(), *((one,) for one in NAMED), *itertools.product(NAMED, repeat=2)]
    impossible: set[tuple[bool, str]] = set()  # first events, after which no second one has to be tried
    for persistent, sequence in itertools.product((True, False), sequences):
        if sequence and (persistent, sequence[0]) in impossible:
            continue
        pair = killed_at(moment, MODES[mode], tmp_path, persistent=persistent, is_logged=is_logged)
        try:
            for name in sequence:
                NAMED[name](pair)
                pair.all_work()
        except KeyError:
            if len(sequence) == 1:
                impossible.add((persistent, *sequence))
            pair.run.journal.close()
            continue
        if is_left_open and WEB not in pair.source.domains:
            pair.run.journal.close()
            continue
        tried += 1
        said = f"{mode}, killed at {moment}, {'' if persistent else 'transient, '}{' then '.join(sequence)}"
        assert not pair.disk.went_back, f"the test itself broke it: {said}"
        before, ran, knew = newest(pair), running(pair), knowing(pair)
        run, known = pair.killed()
        recover(run, known)
        run.journal.close()
        did = [*pair.source.called, *pair.destination.called]
        assert running(pair) <= max(1, ran), f"it runs twice: {said}: {did}"
        assert newest(pair) >= before, f"memory was thrown away: {said}: {did}"
        assert knowing(pair) <= knew, f"it was defined where its owner has taken it away: {said}: {did}"
        pair.all_work()
        assert not pair.disk.went_back, f"an old copy was started: {said}: {did}"
    assert tried > 20
