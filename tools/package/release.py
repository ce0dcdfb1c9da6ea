"""The releases of Debian that packages are built for."""

from typing import Final, NamedTuple


class Release(NamedTuple):
    """What a package for a release depends on."""

    name: str
    #: The number of the release, which is in the version of the package.
    number: int
    #: The minor version of its python3: the environment in the package works with no other.
    python: str
    #: The minor version of its glibc 2, which says what wheels run there.
    glibc: int


RELEASES: Final = {
    one.name: one
    for one in (
        Release("bookworm", 12, "3.11", 36),
        Release("trixie", 13, "3.13", 41),
    )
}
