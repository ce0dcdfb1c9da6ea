"""More ssh logins start at the same instant than sshd accepts without dropping some.

Why it matters
    Each `virsh migrate` over qemu+ssh:// opens a new login, on the source too. Beyond the first number of MaxStartups
    sshd drops connections at random, and beyond the last number it drops all. It also drops all logins beyond
    PerSourceMaxStartups, since all come from one address: "kex_exchange_identification: Connection closed by remote
    host". This is an error if it is more likely than not that a login is dropped.

How to fix
    Start the migrations one after another, a second apart: a login counts only until it is authenticated. Or raise
    MaxStartups in sshd_config, no further than needed, since this limit protects sshd against floods, and reload sshd.
    `preflight migrate` needs neither: its migrations share one login, or with --p2p start a second apart.
"""

from preflight.facts import SshdSettings
from preflight.facts.ssh import TURNED_AWAY
from preflight.rule import (
    Change,
    Findings,
    Migration,
    Severity,
    on_destination,
    on_source,
    rule,
    unless_several_over_ssh,
)


@rule(Severity.ERROR, skip=unless_several_over_ssh, errors=(f"{TURNED_AWAY}: ...: Connection reset by peer",))
def check(source: SshdSettings, destination: SshdSettings, migration: Migration) -> Findings:
    wanted = migration.concurrency
    ends = [(on_destination, destination), *([(on_source, source)] if migration.source_over_ssh else [])]
    for on_end, sshd in ends:
        if sshd.socket is not None:
            continue  # see ssh-socket-full
        limit, each = sshd.max_startups.value, sshd.per_source_max_startups.value
        if wanted > limit.start:
            chance = limit.chance(wanted)
            written = sshd.written_startups
            is_written = written.value.start >= wanted
            more = str(written.value.raised(wanted - written.value.start))
            yield on_end(
                f"MaxStartups is {limit}: {limit.start} simultaneous logins are safe, but {wanted} are requested"
                + (f"; all succeed with a probability of {chance:.0%}" if chance else ""),
                at=sshd.max_startups,
                error=TURNED_AWAY,
                severity=Severity.WARNING if chance >= 0.5 else None,
                fix="Reload sshd, whose configuration has a sufficient MaxStartups." if is_written else None,
                change=None if is_written else Change(sshd.path_of(written), "MaxStartups", more),
            )
        if each is not None and wanted > each:
            yield on_end(
                f"PerSourceMaxStartups is {each}, but {wanted} simultaneous logins from one address are requested",
                at=sshd.per_source_max_startups,
                error=TURNED_AWAY,
                # the title of the running sshd does not show this setting
                severity=Severity.WARNING if sshd.is_unloaded(sshd.per_source_max_startups) else None,
                change=Change(sshd.path_of(sshd.per_source_max_startups), "PerSourceMaxStartups", wanted),
            )
