"""The interleavings: what befalls the guest, where it is then, and what `--resume` must not do with it."""

from collections.abc import Callable

from msgspec import Struct

from tests.lab.interleavings import owner
from tests.lab.interleavings.stage import Impossible, Stage, status

LET_GO, OFF, BY_USER, ERROR = "paused (migrating)", "shut off (shutdown)", "paused (user)", "paused (I/O error)"
ENDED, GONE = "shut off (destroyed)", "absent"
#: What libvirt says of a guest (virsh event) that is started, in either way, and of one that is given up.
START = ("Started", "Resumed")
GIVEN_UP = ("Stopped", "Undefined")


class Interleaving(Struct, frozen=True):
    """One of them. `befalls` makes it; `seen` is where the guest must be then, on the source and the destination."""

    name: str
    befalls: Callable[[Stage], None]
    seen: tuple[str, str]
    #: What must not happen to the guest from then on, on the source and on the destination.
    forbidden: tuple[tuple[str, ...], tuple[str, ...]]
    #: Which modes it can happen in: whether peer-to-peer.
    modes: tuple[bool, ...] = (False, True)


def _confirm_lost(stage: Stage) -> None:
    """The source's daemon dies before Confirm, and is away until preflight has given up; the guest runs on."""
    stage.move_until_finished()
    owner.lose_source(stage)
    stage.kill_daemon(stage.source)
    stage.end()
    owner.find_source(stage)
    stage.let_count()


def _confirm_lost_and_shut_down(stage: Stage) -> None:
    _confirm_lost(stage)
    owner.shut_down(stage, stage.destination)


def _confirm_lost_and_powered_off(stage: Stage) -> None:
    _confirm_lost(stage)
    owner.virsh(stage.destination, "destroy")


def _killed_before_confirm(stage: Stage) -> None:
    """preflight and the source's daemon die between Finish and Confirm: the guest is paused on both hosts."""
    stage.move_until_finished()
    stage.kill_preflight()
    stage.kill_daemon(stage.source)


def _used_on_the_source(stage: Stage) -> None:
    _killed_before_confirm(stage)
    if stage.seen(stage.destination).startswith("running"):
        raise Impossible("libvirt itself has started it on the destination")
    owner.virsh(stage.source, "resume")
    stage.let_count()


def _used_on_the_source_and_shut_down(stage: Stage) -> None:
    _used_on_the_source(stage)
    owner.shut_down(stage, stage.source)


def _used_on_the_source_and_powered_off(stage: Stage) -> None:
    _used_on_the_source(stage)
    owner.virsh(stage.source, "destroy")


def _used_on_the_destination(stage: Stage) -> None:
    _killed_before_confirm(stage)
    if stage.seen(stage.destination) == BY_USER:
        owner.virsh(stage.destination, "resume")
    stage.let_count()


def _used_on_the_destination_and_error(stage: Stage) -> None:
    _used_on_the_destination(stage)
    owner.break_disk(stage, stage.destination)
    stage.until(lambda: stage.seen(stage.destination) == ERROR, "no I/O error")


def _used_on_the_destination_and_suspended(stage: Stage) -> None:
    _used_on_the_destination(stage)
    owner.virsh(stage.destination, "suspend")


def _killed_while_sending(stage: Stage) -> None:
    """Peer-to-peer goes on without preflight: its daemon is ended as well."""
    stage.move()
    stage.until(lambda: "phase='perform3'" in status(stage.source), "nothing was sent")
    stage.kill_preflight()
    if stage.p2p:
        stage.kill_daemon(stage.source)
    stage.until(lambda: stage.seen(stage.source).startswith("running"), "it does not run on the source")
    stage.until(lambda: stage.seen(stage.destination) == GONE, "something is left on the destination")


def _error_on_the_source(stage: Stage) -> None:
    _killed_while_sending(stage)
    owner.break_disk(stage, stage.source)
    stage.until(lambda: stage.seen(stage.source) == ERROR, "no I/O error")


def _error_on_arrival(stage: Stage) -> None:
    """preflight starts the guest on the destination, where its first access to its disk fails."""
    stage.move_until_finished()
    owner.break_disk(stage, stage.destination)
    stage.let_confirm()
    stage.until(lambda: '"handed-over"' in stage.journal.read_text(), "it was not handed over")
    stage.kill_preflight()
    stage.until(lambda: stage.seen(stage.destination) == ERROR, "no I/O error")


def _moved_on(stage: Stage) -> None:
    _killed_while_sending(stage)
    owner.move_on(stage)


def _undefined(stage: Stage) -> None:
    _killed_while_sending(stage)
    owner.shut_down(stage, stage.source)
    owner.virsh(stage.source, "undefine")


NEVER_STARTS = (START, START)
NOWHERE = ((*START, "Defined"), (*START, "Defined"))
KEPT_THERE = (START, (*START, *GIVEN_UP))
KEPT_HERE = ((*START, *GIVEN_UP), START)
_CASES = (
    ("D1 shut down on the destination", _confirm_lost_and_shut_down, (LET_GO, OFF), KEPT_THERE),
    ("D1 powered off on the destination", _confirm_lost_and_powered_off, (LET_GO, ENDED), KEPT_THERE),
    ("D2 shut down on the source", _used_on_the_source_and_shut_down, (OFF, BY_USER), KEPT_HERE),
    ("D2 powered off on the source", _used_on_the_source_and_powered_off, (ENDED, BY_USER), KEPT_HERE),
    ("D3 I/O error on the destination", _used_on_the_destination_and_error, (LET_GO, ERROR), KEPT_THERE),
    ("D3 suspended on the destination", _used_on_the_destination_and_suspended, (LET_GO, BY_USER), KEPT_THERE),
    ("D10 moved on to a third host", _moved_on, (GONE, GONE), NOWHERE),
    ("D10 undefined by its owner", _undefined, (GONE, GONE), NOWHERE),
    ("D11 I/O error on the source", _error_on_the_source, (ERROR, GONE), NEVER_STARTS),
    ("D11 I/O error on arrival", _error_on_arrival, (GONE, ERROR), NEVER_STARTS),
)
#: By name. What is lost with preflight's own connection is lost in managed mode alone.
INTERLEAVINGS = {
    name: Interleaving(name, befalls, seen, forbidden, (False,) if name.startswith("D1 ") else (False, True))
    for name, befalls, seen, forbidden in _CASES
}
