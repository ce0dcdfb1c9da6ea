"""sshd's configuration was changed, but the running sshd has not read it.

Why it matters
    sshd reads its files when it starts or is reloaded. Until then its process title shows the limit in use, such as "0
    of 10-100 startups", while the files show the limit that a reload would put into effect. preflight counts logins by
    the title, so its verdict and the capacity can change as soon as sshd is reloaded. Other settings are not in the
    title: if a file is newer than /run/sshd.pid, which sshd writes when it starts and when it is reloaded, sshd may use
    other values than those in its files.

How to fix
    Reload sshd: systemctl reload ssh (sshd on Red Hat's systems). Connections that are open are not affected.
"""

from preflight.facts import SshdSettings
from preflight.rule import Findings, Severity, on_host, rule, unless_over_ssh


@rule(Severity.WARNING, skip=unless_over_ssh)
def check(host: SshdSettings) -> Findings:
    running, written = host.max_startups.value, host.written_startups
    if host.socket is None and (running.start, running.full) != (written.value.start, written.value.full):
        yield on_host(
            f"MaxStartups is {written.value} in the configuration, but {running.start} to {running.full} in the running"
            " sshd",
            at=written,
        )
    if host.unloaded:
        yield on_host(f"changed after sshd was started or reloaded: {', '.join(host.unloaded)}")
