"""The libvirt daemon would not start with its configuration file.

Why it matters
    The daemon reads the file only when it starts. While it runs nothing shows; after the next restart or reboot, or
    when a socket-activated daemon is started by the migration itself, there is no libvirt on the host.

How to fix
    Correct the line, and let `preflight check` look again before the daemon is restarted.
"""

from preflight.facts import DaemonConf, Daemons, QemuConfFile
from preflight.rule import Findings, Severity, on_host, rule


@rule(
    Severity.ERROR,
    errors=(
        "expected ... for '...' parameter",
        ".conf:...: expecting a ",
        "The overall maximum number of clients must not be less than",
        "virt-ssh-helper: cannot connect to '...': Failed to connect socket to '...': No such file or directory",
    ),
)
def check(host: Daemons, host_conf: DaemonConf, host_qemu: QemuConfFile) -> Findings:
    for problem in (*host_conf.problems, *host_qemu.problems):
        yield on_host(
            problem.message,
            at=problem.location,
            error=problem.error,
            severity=Severity.WARNING if host.running else None,
        )
