"""The hosts run different releases of the operating system.

Why it matters
    Red Hat's procedure requires the same release on both hosts. Migrating from an older to a newer release usually
    works; vendors support only some pairs, and migrating back may not be possible.

How to fix
    Bring both hosts to the same release, or check whether the vendor supports this pair in this direction.
"""

from preflight.facts import OsRelease
from preflight.rule import Findings, Severity, on_destination, rule


@rule(Severity.WARNING)
def check(source: OsRelease, destination: OsRelease) -> Findings:
    if (source.id, source.version_id) != (destination.id, destination.version_id):
        yield on_destination(f"this host runs {destination.label}, but the source runs {source.label}")
