"""A configuration file contains part of a template that was not rendered.

Why it matters
    The program reads the braces as they are. libvirt's daemons do not start if they stand outside of quotes (".conf:3:
    expecting a name"), and take them for the value inside of quotes; sshd does not start ("Bad configuration option");
    /etc/hosts has no usable line there. The value that was meant is nowhere.

How to fix
    Render the template: with Ansible, install the file with the module template rather than copy. Check that the
    variable is defined for this host.
"""

from preflight.facts import Reader, TextFaults
from preflight.rule import Findings, Severity, Unreadable, on_host, rule


@rule(Severity.ERROR, errors=("Bad configuration option: ...", ".conf:...: expecting a name"))
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
