r"""A configuration file contains a space that is not one of ASCII's, where only those separate words.

Why it matters
    A no-break space or an ideographic space (U+3000) looks like a space, and is part of a word for every program. A
    comment behind it is none: libvirt's daemons do not start (".conf:5: expecting a separator"), nor does sshd ("Bad
    configuration option"), and a name in /etc/hosts ends with an invisible character, so that nobody finds it.

How to fix
    Replace the character by a space. Editors show it: in vim, `/[^\x00-\x7f]` finds it.
"""

from preflight.facts import Reader, TextFaults
from preflight.rule import Findings, Severity, Unreadable, on_host, rule


@rule(Severity.ERROR, errors=("Bad configuration option: ...",))
def check(files: TextFaults) -> Findings:
    for fault in files.spaces:
        milder = files.is_running or fault.reader is Reader.RESOLVER
        yield on_host(
            f"the character {fault.what} is not a space here, but part of a word",
            at=fault.at,
            severity=Severity.WARNING if milder else None,
        )
    if files.unread:
        raise Unreadable(files.unread[0])
