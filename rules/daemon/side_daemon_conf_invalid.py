"""On the destination, a daemon that libvirt needs beside its own would not start again with its file.

Why it matters
    virtlogd, virtlockd and, with modular daemons, virtnetworkd, virtstoraged, virtsecretd and others read their files
    only when they start, so a running one shows no problem. Many of them end when they have been idle for two minutes,
    and are started again by the next connection. Then a guest that needs the daemon does not start: "Failed to connect
    socket to '/var/run/libvirt/virtnetworkd-sock': No such file or directory".

How to fix
    Correct the line. The daemon reads the file when it starts the next time.
"""

from preflight.facts import SideDaemons, StartObstacles
from preflight.rule import Findings, Severity, on_destination, rule, unless_live


@rule(
    Severity.WARNING,
    skip=unless_live,
    errors=(
        "Failed to connect socket to '.../virtnetworkd-sock': No such file or directory",
        "can't connect to virtlogd: Cannot recv data: Connection reset by peer",
    ),
)
def check(destination: StartObstacles, destination_side: SideDaemons) -> Findings:
    for daemon, problems in destination.problems.items():
        # where nothing would start it, log-or-lock-daemon-unreachable or driver-unreachable reports that
        if daemon in destination.running or destination_side.listens(daemon):
            yield from (on_destination(problem.message, at=problem.location) for problem in problems)
