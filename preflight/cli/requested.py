"""The options of `migrate`, `plan` and `rehearse` about the check that precedes each of them."""

from typing import TYPE_CHECKING, NamedTuple

from preflight.cli.arguments import Ignore, Over, Timeout, Uri

if TYPE_CHECKING:
    from preflight.request.check_request import Asked, Selection, Site
    from preflight.request.method import Method
    from preflight.request.migration import Transport


class Requested(NamedTuple):
    """Their values."""

    transport: "Transport | None"
    destination_uri: str | None
    ignore: tuple[str, ...]
    #: Seconds.
    timeout: float

    def check(self, source: str, destination: str, chosen: "Selection", method: "Method", site: "Site") -> "Asked":
        """Return the request of the check before these guests are migrated or rehearsed."""
        from preflight.commands.run_check import asked_for

        return asked_for(
            source,
            destination,
            chosen,
            method,
            transport=self.transport,
            destination_uri=self.destination_uri,
            ignore=self.ignore,
            site=site,
            timeout=self.timeout,
        )


def request_of(
    transport: Over = None, destination_uri: Uri = None, ignore: Ignore = None, answer_timeout: Timeout = 60
) -> Requested:
    """Return the values of the options."""
    return Requested(transport, destination_uri, tuple(ignore or ()), answer_timeout)
