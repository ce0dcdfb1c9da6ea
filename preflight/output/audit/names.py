"""The names of hosts as formats for people show them."""

from preflight.fleet.matrix import Matrix
from preflight.visible import one_line


def short_names(matrix: Matrix) -> list[str]:
    """Return the hosts' names without the domain that all of them share."""
    names = [one_line(host.name) for host in matrix.hosts]
    parts = [name.split(".") for name in names]
    shared = 0
    while all(len(part) > shared + 1 and part[-1 - shared] == parts[0][-1 - shared] for part in parts):
        shared += 1
    if any(part[-1].isdigit() for part in parts):
        return names  # addresses
    return [".".join(part[: len(part) - shared]) for part in parts]
