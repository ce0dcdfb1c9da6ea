"""sshd's configuration was changed, but the sshd that listens still uses the values from before.

Why it matters
    sshd reads its files when it starts or is reloaded. Until then its process title shows the limit that it uses, as
    "0 of 10-100 startups", and the files show the one that it will use. preflight counts logins by the title, so that
    its verdict and the capacity may change as soon as somebody reloads sshd.

How to fix
    Reload sshd: systemctl reload ssh (sshd on Red Hat's systems). Connections that are open are not affected.
"""

from preflight.facts import SshdSettings
from preflight.rule import Findings, Severity, on_host, rule, unless_over_ssh


@rule(Severity.WARNING, skip=unless_over_ssh)
def check(host: SshdSettings) -> Findings:
    running, written = host.max_startups.value, host.written_startups
    if (running.start, running.full) != (written.value.start, written.value.full):
        yield on_host(
            f"MaxStartups is {written.value} in the configuration, but {running.start} to {running.full} in the running"
            " sshd",
            at=written,
        )
