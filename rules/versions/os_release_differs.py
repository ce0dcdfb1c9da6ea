"""The hosts run different releases of the operating system.

Why it matters
    The procedure asks for the same release on both. From an older to a newer one it usually works; vendors support
    only some pairs, and the way back may be closed.

How to fix
    Bring both hosts to the same release, or look up whether the vendor supports this pair in this direction.
"""

from preflight.facts import OsRelease
from preflight.rule import Findings, Severity, on_destination, rule


@rule(Severity.WARNING)
def check(source: OsRelease, destination: OsRelease) -> Findings:
    if (source.id, source.version_id) != (destination.id, destination.version_id):
        yield on_destination(f"{destination.label}, while the source runs {source.label}")
