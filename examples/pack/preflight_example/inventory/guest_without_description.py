"""A guest has no description.

Why it matters
    Nobody can say whose guest it is, or whom to call if its migration fails.

How to fix
    Run `virsh desc GUEST --config --live "OWNER, PHONE"` on the source.
"""

from preflight.facts.text import parse_xml
from preflight.host import Guest
from preflight.rule import Findings, Severity, on_source, rule


@rule(Severity.WARNING)
def check(source_guest: Guest) -> Findings:
    # the text itself is left out of what preflight reads, and replaced by asterisks
    if not (parse_xml(source_guest.xml).findtext("description") or "").strip():
        yield on_source("the guest has no description")
