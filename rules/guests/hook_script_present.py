"""A host runs a hook script that may refuse or change the guest.

Why it matters
    The destination's libvirt passes the guest's definition to each script with the words "migrate begin", also if only
    the definition is moved, and with "prepare begin", "start begin" and "started begin" while it starts QEMU. A script
    that fails ends the migration, "Hook script execution failed: internal error: Child process (…) unexpected exit
    status 1", and the output of the first call replaces the definition. The source's libvirt runs its scripts with
    "stopped end" and "release end" once the guest has left, and ignores their results. The effect of a script cannot be
    known before it runs. libvirt runs only executable files: the script hooks/qemu and, since libvirt 6.5, all scripts
    in hooks/qemu.d.

How to fix
    Do nothing if the scripts are meant to be there and succeed for this guest. Check what each does when it is called
    with these words, and make sure that the other host has the same scripts if the guest depends on what they set up.
"""

from preflight.facts import Daemons
from preflight.rule import Findings, Migration, Severity, on_destination, on_source, rule, unless_libvirt_migrates


@rule(
    Severity.WARNING,
    skip=unless_libvirt_migrates,
    errors=(
        "Hook script execution failed: ",
        "(domain_definition):...: Start tag expected, '<' not found",
    ),
)
def check(source: Daemons, destination: Daemons, migration: Migration) -> Findings:
    for path in destination.hooks:
        yield on_destination(f"libvirt runs {_scripts(path)} when a guest arrives, and a failure ends the migration")
    for path in source.hooks if not migration.offline else ():
        yield on_source(
            f"libvirt runs {_scripts(path)} when a guest has left, and ignores the result", severity=Severity.INFO
        )


def _scripts(path: str) -> str:
    return f"every executable file in {path}" if path.endswith(".d") else f"{path}, if it is executable,"
