"""The rules whose unknowns an accepted rehearsal answers: those that foretell a refusal that would have come by then.

Not among them are rules that guard a guest's data, since libvirt accepts what they warn of; rules about the end of the
stream, about several migrations at once, and about options that a rehearsal leaves out. A rule that is not listed here
stays unknown. Pure.

Left out although they foretell refusals: cpu-incompatible and time-stamp-counter-not-migratable, since QEMU sets the
CPU's state at the end of the stream; hugepages-missing, since pages may be taken only when memory arrives in them;
migration-ports-filtered, since one port is tried and the next migration uses another; daemon-conf-invalid, which is
about the daemon's next start.
"""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from preflight.judge.report import Outcome, Report, Result
from preflight.rehearse.answer import Answer, Rehearsed

#: Refusals that come before the destination's QEMU runs and the copies of disks begin.
BEFORE_DISKS: Final = frozenset(
    (
        "announced-name-is-loopback-or-self",
        "announced-name-unresolvable",
        "bridge-missing",
        "copied-disk-unknown",
        "cpu-pinned-to-missing",
        "destination-hostname-localhost",
        "device-server-missing",
        "device-unsupported",
        "disk-driver-missing",
        "disk-server-silent",
        "disk-server-unresolvable",
        "emulator-missing",
        "filter-missing",
        "firmware-missing",
        "guest-busy",
        "guest-exists-on-destination",
        "host-specific-address",
        "kvm-closed",
        "kvm-missing",
        "label-user-missing",
        "libvirt-not-running",
        "libvirt-unreachable",
        "listen-port-taken",
        "machine-type-missing",
        "network-missing",
        "numa-node-missing",
        "passthrough-device",
        "peer-connection-refused",
        "pool-missing",
        "remote-helper-missing",
        "same-host",
        "secret-missing",
        "security-driver-missing",
        "shared-host-uuid",
        "snapshots-present",
        "ssh-login-refused",
        "storage-copy-tunnelled",
        "tap-name-taken",
        "tls-certificate",
        "tls-forced",
        "transient-disk",
        "transport-not-listening",
        "transport-port-filtered",
        "unmigratable-device",
        "xml-of-another-guest",
    )
)
#: Refusals of the connection over which memory is sent, which a rehearsal with copied disks does not reach.
WITH_MEMORY: Final = frozenset(
    (
        "hosts-entry-address-wrong",
        "migration-address-mismatch",
        "tls-migration-certs",
    )
)


class Lifted(Struct, frozen=True):
    """A report after the rehearsals, the unknowns that they answered, and the errors that they refute."""

    report: Report
    answered: tuple[Result, ...] = ()
    refuted: tuple[Result, ...] = ()


def lifted(report: Report, answers: Sequence[Rehearsed]) -> Lifted:
    """Return the report with the unknowns that acceptance answers; no error is lifted."""
    accepted = {one.name for one in answers if one.answer is Answer.ACCEPTED}
    answering = BEFORE_DISKS if report.migration.copy_storage else BEFORE_DISKS | WITH_MEMORY
    results: list[Result] = []
    answered: list[Result] = []
    refuted: list[Result] = []
    for result in report.results:
        is_met = result.guest in accepted if result.guest is not None else bool(accepted)
        if not is_met or result.rule.name not in answering:
            results.append(result)
        elif result.outcome is Outcome.UNKNOWN:
            answered.append(result)
            results.append(replace(result, outcome=Outcome.PASSED, reason=None))
        else:
            if result.blocks:
                refuted.append(result)
            results.append(result)
    return Lifted(replace(report, results=tuple(results)), tuple(answered), tuple(refuted))
