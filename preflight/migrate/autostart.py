"""Transfers a guest's autostart setting to the destination without ever enabling it on both hosts at once."""

from msgspec.structs import replace

from preflight.migrate.end import HostSilent
from preflight.migrate.events import Event
from preflight.migrate.observation import Place
from preflight.migrate.outcome import Result
from preflight.migrate.run import Run
from preflight.migrate.settle import Settled
from preflight.schema.plan import PlannedGuest


def carry_over(run: Run, guest: PlannedGuest, settled: Settled) -> Settled:
    """Transfer the autostart setting, which libvirt does not migrate, from the source to the destination.

    The source's setting is cleared first: a guest that both hosts start at boot would run twice. If a setting cannot
    be changed, the decision's reason says so, and the guest then does not count as having arrived as requested.
    """
    import libvirt

    if settled.decision.result is not Result.ARRIVED or not guest.autostart:
        return settled
    if settled.source.place is Place.OFF:
        try:
            run.source.domain(guest.uuid).setAutostart(0)
            run.tell(Event("note", guest.name, "autostart disabled on the source, which keeps the definition"))
        except (libvirt.libvirtError, HostSilent) as why:
            text = f"autostart is still enabled on the source, which keeps the definition and may start it too: {why}"
            return _short_of(settled, f"{text}; on {run.plan.source}: virsh autostart --disable {guest.uuid}")
    if settled.destination.persistent:
        try:
            run.destination.domain(guest.uuid).setAutostart(1)
        except (libvirt.libvirtError, HostSilent) as why:
            text = f"autostart could not be enabled on the destination: {why}"
            return _short_of(settled, f"{text}; on {run.plan.destination}: virsh autostart {guest.uuid}")
    return settled


def _short_of(settled: Settled, why: str) -> Settled:
    whole = f"{settled.decision.why}; {why}" if settled.decision.why else why
    return replace(settled, decision=replace(settled.decision, why=whole))
