"""A libvirt configuration file that is not on a host yet would keep its daemon from starting.

Why it matters
    libvirt's daemons read their files only when they start, and stop at the first setting that they reject
    (".conf:12: expecting a value"). A rollout that does not restart them breaks the host at its next reboot.

How to fix
    Correct the line, and run `preflight lint --files` again before the file is installed.
"""

from preflight.facts import InvalidFiles
from preflight.rule import Findings, Severity, Unreadable, on_host, rule


@rule(Severity.ERROR)
def check(files: InvalidFiles) -> Findings:
    for problem in files.problems:
        yield on_host(problem.message, at=problem.location, error=problem.error)
    if files.unread:
        raise Unreadable(files.unread[0])
