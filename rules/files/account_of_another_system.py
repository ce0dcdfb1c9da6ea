"""A libvirt configuration file names a user or group that the host will not have.

Why it matters
    The daemon does not start: "Failed to parse group 'libvirtd'". Distributions call the accounts differently (the user
    of QEMU is libvirt-qemu on Debian and Ubuntu, and qemu on Fedora and Red Hat's), so that a file that was written for
    one does not fit the other.

How to fix
    Name the account that this host's packages create, remove the line to use the package's default, or create the
    account before the file is installed.
"""

from preflight.facts import FileAccounts
from preflight.rule import Findings, Severity, Unreadable, on_host, rule


@rule(Severity.ERROR)
def check(files: FileAccounts) -> Findings:
    for one in files.missing:
        error = f"Failed to parse {one.kind} '{one.name}'"
        if one.release:
            # a site may create the account itself
            yield on_host(
                f"{one.release} creates no {one.kind} {one.name}, only {', '.join(one.usual)}",
                at=one.name,
                error=error,
                severity=Severity.WARNING,
            )
        else:
            yield on_host(f"the {one.kind} {one.name} is not in the host's own list", at=one.name, error=error)
    if files.unread:
        raise Unreadable(files.unread[0])
