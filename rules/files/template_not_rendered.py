"""A configuration file contains part of a template that was not rendered.

Why it matters
    The program reads the braces as they are. Outside of quotes, libvirt's daemons do not start (".conf:3: expecting a
    value"); inside of quotes they take the braces for the value. sshd does not start ("Bad configuration option", or
    "Invalid MaxStartups spec"), and the C library passes over the line in /etc/hosts.

How to fix
    Render the template: with Ansible, install the file with the module template rather than copy. Check that the
    variable is defined for this host.
"""

from preflight.facts import Reader, TextFaults
from preflight.rule import Findings, Severity, Unreadable, on_host, rule


@rule(Severity.ERROR, errors=("Bad configuration option: ...",))
def check(files: TextFaults) -> Findings:
    for fault in files.templates:
        milder = files.is_running or fault.reader is Reader.RESOLVER
        yield on_host(
            f"{fault.what} was not rendered",
            at=fault.at,
            severity=Severity.WARNING if milder else None,
        )
    if files.unread:
        raise Unreadable(files.unread[0])
