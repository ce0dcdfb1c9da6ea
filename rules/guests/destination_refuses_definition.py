"""The destination's libvirt refuses the guest's definition.

Why it matters
    The destination's libvirt is asked to make QEMU's command line for the guest, from the definition that a migration
    would send. Nothing is started. libvirt parses and validates the definition as it will when the guest arrives, and
    its refusal is that of the migration: "unexpected feature 'ps2'", "unknown panic model 'pvpanic'". libvirt is not
    asked about interfaces, devices that are passed through, virtiofs and SMBIOS strings, and it does not open any file.
    libvirt before 9.0 is not asked at all, because it would create sockets. A guest that is off can arrive without
    being able to start there, because libvirt then only parses its definition, and in later releases validates it; that
    is a warning.

How to fix
    If the finding names a rule that explains it, follow that rule. Otherwise upgrade libvirt and QEMU on the
    destination, or shut the guest down and remove what libvirt names from its definition.
"""

import re

from preflight.facts import BuiltGuests, Versions
from preflight.facts.libvirt import Version
from preflight.host import Guest
from preflight.rule import Findings, Migration, Severity, on_destination, rule

#: Errors of libvirt's parser (src/conf/domain_conf.c, 9.0 and 11.3), which stop a guest that is off as well.
_PARSER = (
    r"XML error: |unexpected feature '|unknown (?:\w{1,16} ){1,3}(?:model|type|mode|policy|action)\b"
    r"|Invalid value for attribute '"
    r"|unsupported (?:HyperV Enlightenment|KVM|Xen) feature|unknown CPU feature|Unknown CPU model"
)
#: A release that validates the definition of a guest that is off; 9.0 does not (VIR_DOMAIN_DEF_PARSE_SKIP_VALIDATE in
#: qemuMigrationAnyPrepareDef, src/qemu/qemu_migration.c).
_VALIDATES = Version(11, 3, 0)
#: Errors that come after the validation, when libvirt looks for what a start needs (src/qemu/qemu_process.c).
_AT_START = r"NUMA node|TSC frequency|storage pool|secret|CPU is incompatible|hugetlbfs|huge page"
#: What libvirt says only because nothing is started: for a start, and for a migration, it asks numad first
#: (qemuProcessPrepareDomain in src/qemu/qemu_process.c).
_FALSE_ALARMS = ("Advice from numad is needed in case of automatic numa placement",)


@rule(
    Severity.ERROR,
    quotes=True,
    errors=(
        "unexpected feature '...'",
        "unknown panic model '...'",
        "unknown watchdog model '...'",
        "unsupported HyperV Enlightenment feature: ...",
        "Invalid value for attribute '...' in element '...': '...'",
        "is not supported with this QEMU binary",
        "is not supported by this QEMU binary",
    ),
)
def check(guest: Guest, migration: Migration, destination: BuiltGuests, destination_versions: Versions) -> Findings:
    error = destination.error_of(guest.name)
    if error is None or error.endswith(_FALSE_ALARMS):
        return
    if not migration.offline or _stops_guests_off(error, destination_versions.libvirt):
        yield on_destination(f"libvirt refuses the guest: {error}", error=error)
    else:
        yield on_destination(f"libvirt could not start the guest here: {error}", severity=Severity.WARNING)


def _stops_guests_off(error: str, libvirt: Version) -> bool:
    """Report whether a guest that is off does not even arrive."""
    if re.search(_PARSER, error):
        return True
    return libvirt >= _VALIDATES and error.startswith("unsupported configuration: ") and not re.search(_AT_START, error)
