r"""A configuration file begins with a byte order mark.

Why it matters
    The mark is invisible, and belongs to the first word of the file. libvirt's daemons then do not start (".conf:1:
    expecting a name"), nor does sshd ("Bad configuration option"); the C library passes over the first line of
    /etc/hosts, nsswitch.conf or resolv.conf. Some editors on Windows write it into every file.

How to fix
    Save the file as UTF-8 without a byte order mark: `sed -i '1s/^\xef\xbb\xbf//' FILE`.
"""

from preflight.facts import Reader, TextFaults
from preflight.rule import Findings, Severity, Unreadable, on_host, rule


@rule(Severity.ERROR, errors=("Bad configuration option: ...",))
def check(files: TextFaults) -> Findings:
    for fault in files.byte_order_marks:
        milder = files.is_running or fault.reader is Reader.RESOLVER
        yield on_host(
            f"the file begins with a byte order mark ({fault.what})",
            at=fault.at,
            error=f"{fault.at.path}:1: expecting a name" if fault.reader is Reader.LIBVIRT else None,
            severity=Severity.WARNING if milder else None,
        )
    if files.unread:
        raise Unreadable(files.unread[0])
