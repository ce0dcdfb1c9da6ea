"""The XML given for the destination describes another guest, or another machine.

Why it matters
    With --xml, host-specific parts of the definition may change: paths, addresses, networks. The parts that the guest
    itself sees must not change: "Target domain uuid … does not match source …", and likewise for the name, memory,
    virtual CPUs, machine type and every device. This rule compares all of these except the devices.

How to fix
    Start from the output of virsh dumpxml --migratable for the running guest, and change only the host-specific parts.
    Give a new name with --dname.
"""

from preflight.facts.text import parse_xml
from preflight.host import Guest
from preflight.rule import Findings, Migration, Severity, Unreadable, on_source, rule


def _without_xml(migration: Migration) -> str | None:
    return None if migration.method.xml is not None else "no --xml was given"


@rule(Severity.ERROR, skip=_without_xml)
def check(source_guest: Guest, guest: Guest, migration: Migration) -> Findings:
    given = parse_xml(migration.method.xml or "")
    name, uuid = given.findtext("name", "").strip(), given.findtext("uuid", "").strip().lower()
    if not name:
        raise Unreadable("the XML names no guest")
    for what, theirs, own in (
        ("uuid", uuid or "missing", source_guest.uuid.lower()),
        ("name", f"'{name}'", f"'{source_guest.name}'"),
        ("max memory", guest.memory_kib, source_guest.memory_kib),
        ("vCPU max", guest.vcpus, source_guest.vcpus),
        ("machine type", guest.machine, source_guest.machine),
    ):
        if what == "machine type" and guest.machine.count("-") < source_guest.machine.count("-"):
            continue  # an alias, which the source's QEMU resolves
        if theirs != own:
            yield on_source(
                f"the {what} in the XML is {theirs}, but the guest's is {own}",
                error=f"Target domain {what} " + ("" if what == "uuid" else f"{theirs} does not match source {own}"),
            )
