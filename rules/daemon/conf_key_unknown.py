"""A libvirt configuration file has a key that libvirt ignores, such as a misspelt one.

Why it matters
    libvirt looks up the keys that it knows, and ignores every other one without a message, in its log too. The daemon
    starts, and runs with the default: with max_worker = 44 it has 20 workers.

How to fix
    Correct the key, or remove the line. Restart the daemon that reads the file.
"""

from preflight.facts import IgnoredKeys
from preflight.rule import Findings, Severity, Unreadable, on_host, rule


@rule(Severity.WARNING)
def check(host: IgnoredKeys) -> Findings:
    for one in host.keys:
        yield on_host(one.message, at=one.at)
    if host.unread is not None:
        raise Unreadable(host.unread)
