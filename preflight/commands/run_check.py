"""The check before a migration or a rehearsal: its request and its rules. Imports no more than a check does."""

from collections.abc import Sequence

import msgspec

from preflight.judge.ruleset import Rule, select
from preflight.judge.site import rules_of as site_rules
from preflight.request.check_request import Asked, Selection, Site
from preflight.request.method import Method
from preflight.request.migration import Transport


def asked_for(
    source: str,
    destination: str,
    chosen: Selection,
    method: Method,
    *,
    transport: Transport | None = None,
    destination_uri: str | None = None,
    ignore: Sequence[str] = (),
    site: Site,
    timeout: float = 60.0,
) -> Asked:
    """Return the request of the check for this run."""
    return Asked(
        source=source,
        destination=destination,
        **msgspec.structs.asdict(chosen),
        transport=transport,
        destination_uri=destination_uri,
        ignore=tuple(ignore),
        site=site,
        sizing=True,
        timeout=timeout,
        method=method,
    )


def rules_of(asked: Asked) -> tuple[Rule, ...]:
    """Return the rules that apply to a run."""
    return select(site_rules(asked.site), ignore=asked.ignore)
