"""What a migration will do, worked out from a report that says it can be done; or why it is refused."""

from msgspec import Struct

from preflight.facts.guest import GuestState
from preflight.host import Guest
from preflight.report import Report, Verdict


class Refused(Exception):
    """The migration is not started. The text is one line for the user."""


class MigrationPlan(Struct, frozen=True):
    """One guest's live, managed migration. `undefine_source` and `persist` keep a persistent guest persistent."""

    guest: str
    uuid: str
    paused: bool
    persistent: bool
    memory_kib: int
    source: str
    destination: str
    destination_uri: str

    def describe(self) -> str:
        """What will be done, in a few lines for the person who is asked."""
        kept = (
            "it is persistent: defined on the destination, and no longer on the source"
            if self.persistent
            else "it is transient, and stays so"
        )
        state = "paused" if self.paused else "running"
        return "\n".join(
            (
                f"guest        {self.guest}  ({self.memory_kib / 1024:.0f} MiB, {state})",
                f"from         {self.source}",
                f"to           {self.destination}  ({self.destination_uri})",
                "how          live, managed by this machine; if it fails or is interrupted the guest stays where it is",
                f"definition   {kept}",
            )
        )


def plan(report: Report, guests: tuple[Guest, ...]) -> MigrationPlan:
    """The plan for the one guest that was asked about; raises `Refused` unless the report says READY."""
    if report.verdict is not Verdict.READY:
        raise Refused(f"refused: the check says {report.verdict.value.replace('-', ' ').upper()}")
    if len(guests) != 1:
        raise Refused("refused: the guest could not be read")
    (guest,) = guests
    return MigrationPlan(
        guest=guest.name,
        uuid=guest.uuid,
        paused=guest.state is GuestState.PAUSED,
        persistent=guest.persistent,
        memory_kib=guest.memory_kib,
        source=report.source.name,
        destination=report.destination.name,
        destination_uri=report.migration.destination_uri or "",
    )
