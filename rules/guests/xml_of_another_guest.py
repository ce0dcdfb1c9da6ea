"""The XML that is given for the destination is that of another guest, or of another machine.

Why it matters
    With --xml what lies on the host may change: paths, addresses, networks. What the guest itself sees may not:
    "Target domain uuid … does not match source …", and likewise of its name, memory, virtual CPUs, machine type and
    every device. Only the first of those are compared here.

How to fix
    Begin with virsh dumpxml --migratable of the running guest, and change no more than what is the host's. A new name
    is given with --dname.
"""

from preflight.facts.text import parse_xml
from preflight.host import Guest
from preflight.rule import Findings, Migration, Severity, Unreadable, on_source, rule


def _without_xml(migration: Migration) -> str | None:
    return None if migration.xml is not None else "no --xml was given"


@rule(Severity.ERROR, skip=_without_xml)
def check(source_guest: Guest, guest: Guest, migration: Migration) -> Findings:
    given = parse_xml(migration.xml or "")
    name, uuid = given.findtext("name", "").strip(), given.findtext("uuid", "").strip().lower()
    if not name:
        raise Unreadable("the XML names no guest")
    for what, theirs, own in (
        ("uuid", uuid or "of its own", source_guest.uuid.lower()),
        ("name", f"'{name}'", f"'{source_guest.name}'"),
        ("max memory", guest.memory_kib, source_guest.memory_kib),
        ("vCPU max", guest.vcpus, source_guest.vcpus),
        ("machine type", guest.machine, source_guest.machine),
    ):
        if what == "machine type" and guest.machine.count("-") < source_guest.machine.count("-"):
            continue  # an alias, which the source's QEMU knows
        if theirs != own:
            yield on_source(
                f"the XML's {what} is {theirs}, the guest's {own}",
                error=f"Target domain {what} " + ("" if what == "uuid" else f"{theirs} does not match source {own}"),
            )
