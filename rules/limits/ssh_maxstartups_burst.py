"""More ssh logins at one instant than sshd takes before it drops some.

Why it matters
    Each `virsh migrate` over qemu+ssh:// logs in anew, at the source too. Beyond the first number of MaxStartups
    sshd drops connections at random, beyond the last all: "kex_exchange_identification: Connection closed by remote
    host".

How to fix
    Start migrations one after another, a second apart: a login counts only until it is authenticated. Or raise
    MaxStartups in sshd_config, no further than needed, since it guards against floods, and reload sshd.
"""

from preflight.facts import SshdSettings
from preflight.migration import Migration, unless_several_over_ssh
from preflight.rule import Findings, Severity, on_destination, on_source, rule


@rule(Severity.ERROR, skip=unless_several_over_ssh)
def check(source: SshdSettings, destination: SshdSettings, migration: Migration) -> Findings:
    ends = [(on_destination, destination), *([(on_source, source)] if migration.source_over_ssh else [])]
    for on_end, sshd in ends:
        limit = sshd.max_startups.value
        if migration.concurrency > limit.start:
            yield on_end(
                f"MaxStartups is {limit}: {limit.start} logins at once are safe, {migration.concurrency} are asked for",
                at=sshd.max_startups,
                error="kex_exchange_identification",
            )
