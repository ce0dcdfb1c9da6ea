"""A libvirt configuration file that is not on a host yet has a key that libvirt ignores, such as a misspelt one.

Why it matters
    libvirt looks up the keys that it knows, and ignores every other one without a message, in its log too. The daemon
    starts, and runs with the default: with max_worker = 44 it has 20 workers.

How to fix
    Correct the key, or remove the line. The keys are those of libvirt 7.0 to 12.9.
"""

from preflight.facts import IgnoredFileKeys
from preflight.rule import Findings, Severity, Unreadable, on_host, rule


@rule(Severity.WARNING)
def check(files: IgnoredFileKeys) -> Findings:
    for one in files.keys:
        yield on_host(one.message, at=one.at)
    if files.unread:
        raise Unreadable(files.unread[0])
