"""An audit of a few hosts, of which one can take nobody."""

from preflight.collect.sources import make_host
from preflight.fleet.audited import Audited
from preflight.fleet.matrix import matrix
from preflight.fleet.odd import odd
from preflight.request.check_request import Asked
from preflight.request.migration import Role
from tests.fleet import fleet

#: The name of its files.
NAME = "audit"


def audit() -> Audited:
    """Return the audit."""
    hosts = list(fleet(5, seed=3))
    compared = [make_host(Role.SOURCE, host.name, host.answers) for host in hosts]
    return Audited(matrix(hosts, Asked(source="")), odd=odd(compared))
