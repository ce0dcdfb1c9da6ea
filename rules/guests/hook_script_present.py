"""The destination runs a script of its owner's that may refuse the guest, or change it.

Why it matters
    libvirt gives the guest's definition to the script before it starts QEMU, and goes by its answer: a script that
    fails ends the migration, "Hook script execution failed: internal error: Child process (…) unexpected exit status
    1", and what it prints takes the place of the definition. What a script does cannot be known beforehand.

How to fix
    Nothing, as long as the script is meant to be there: read what it does when it is called with "migrate begin".
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
        yield on_destination(f"{path} is run when a guest arrives")
