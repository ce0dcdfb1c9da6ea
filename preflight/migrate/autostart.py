"""Carries a guest's autostart over to the destination, so that at no moment it starts with both hosts."""

from msgspec.structs import replace

from preflight.migrate.end import HostSilent
from preflight.migrate.events import Event
from preflight.migrate.observation import Place
from preflight.migrate.outcome import Result
from preflight.migrate.run import Run
from preflight.migrate.settle import Settled
from preflight.schema.plan import PlannedGuest


def carry_over(run: Run, guest: PlannedGuest, settled: Settled) -> Settled:
    """What libvirt forgets on the way: that the guest starts with its host, and no longer with the one it has left.

    The source's first: one that starts with both hosts would run twice. What could not be changed is said in the
    decision, so that the guest has not arrived as it was asked for.
    """
    import libvirt

    if settled.decision.result is not Result.ARRIVED or not guest.autostart:
        return settled
    if settled.source.place is Place.OFF:
        try:
            run.source.domain(guest.uuid).setAutostart(0)
            run.tell(Event("note", guest.name, "no longer starts with the source, which keeps its definition"))
        except (libvirt.libvirtError, HostSilent) as why:
            text = f"still starts with the source, where its definition stays, and would then run twice: {why}"
            return _short_of(settled, f"{text}; on {run.plan.source}: virsh autostart --disable {guest.uuid}")
    if settled.destination.persistent:
        try:
            run.destination.domain(guest.uuid).setAutostart(1)
        except (libvirt.libvirtError, HostSilent) as why:
            text = f"does not start with the destination: {why}"
            return _short_of(settled, f"{text}; on {run.plan.destination}: virsh autostart {guest.uuid}")
    return settled


def _short_of(settled: Settled, why: str) -> Settled:
    whole = f"{settled.decision.why}; {why}" if settled.decision.why else why
    return replace(settled, decision=replace(settled.decision, why=whole))
