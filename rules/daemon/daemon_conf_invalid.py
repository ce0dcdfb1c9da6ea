"""The libvirt daemon would fail to start with its current configuration file.

Why it matters
    The daemon reads the file only when it starts, so a running daemon shows no problem. After the next restart or
    reboot, or when the migration itself starts a socket-activated daemon, no libvirt daemon runs on the host.

How to fix
    Correct the line, and run `preflight check` again before you restart the daemon.
"""

from preflight.facts import DaemonConf, Daemons, QemuConfFile
from preflight.rule import Findings, Severity, on_host, rule


@rule(
    Severity.ERROR,
    errors=(
        "expected ... for '...' parameter",
        ".conf:...: expecting a ",
        "The overall maximum number of clients must not be less than",
        'Security driver "none" cannot create confined guests',
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
