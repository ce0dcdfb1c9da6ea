"""The destination runs a hook script that may refuse or change the guest.

Why it matters
    libvirt passes the guest's definition to the script before it starts QEMU, and acts on the result: a script that
    fails ends the migration, "Hook script execution failed: internal error: Child process (…) unexpected exit status
    1", and the output of the script replaces the definition. The effect of a script cannot be known before it runs.

How to fix
    Do nothing if the script is meant to be there. Check what the script does when it is called with "migrate begin".
"""

from preflight.facts import Daemons
from preflight.rule import Findings, Severity, on_destination, rule, unless_live


@rule(
    Severity.INFO,
    skip=unless_live,
    errors=(
        "Hook script execution failed: ",
        "(domain_definition):...: Start tag expected, '<' not found",
    ),
)
def check(destination: Daemons) -> Findings:
    for path in destination.hooks:
        yield on_destination(f"libvirt runs {path} when a guest arrives")
