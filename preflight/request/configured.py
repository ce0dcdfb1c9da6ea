"""The contents of a configuration file, as values: settings, and the findings that a site accepts."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct


class Waiver(Struct, frozen=True, kw_only=True):
    """The findings of one rule that a site accepts until a date, on some hosts or between some pairs of hosts."""

    rule: str
    #: Patterns of names, in which * and ? stand for any characters; either `hosts` or `pairs` is empty.
    hosts: tuple[str, ...] = ()
    #: Pairs of such patterns, for the source and the destination.
    pairs: tuple[tuple[str, str], ...] = ()
    reason: str
    #: The last day on which it applies, in UTC: 2026-12-31.
    expires: str
    ticket: str = ""
    #: The file that it is in.
    file: str = ""

    @property
    def scope(self) -> str:
        """Return the hosts or pairs that it is about."""
        return ", ".join((*self.hosts, *(f"{source} -> {destination}" for source, destination in self.pairs)))

    def misnamed(self, names: Iterable[str]) -> tuple[str, str] | None:
        """Return a host of the waiver, and which of the `names` it seems to mean but does not cover; None if none.

        One of them is the other without its domain, as "kvm7" and "kvm7.example.com": the same host in all likelihood,
        but only the site knows, so that the waiver does not cover it.
        """
        hosts = (*self.hosts, *(host for pair in self.pairs for host in pair))
        return next(((host, name) for name in names for host in hosts if _differs_by_domain(host, name)), None)

    @property
    def said(self) -> str:
        """Return why the findings are accepted, and until when."""
        ticket = f" ({self.ticket})" if self.ticket else ""
        return f"until {self.expires}: {self.reason}{ticket}"


def _differs_by_domain(one: str, other: str) -> bool:
    """Report whether one name is the other without its domain; an address has none, and a pattern stands for itself."""
    short, long = sorted((one.lower(), other.lower()), key=len)
    is_name = not long.rpartition(".")[2].isdigit() and not {"*", "?", "/", ":"} & {*short, *long}
    return bool(short) and is_name and long.startswith(f"{short}.")


class Configured(Struct, frozen=True, kw_only=True):
    """The settings and waivers of a configuration file and of the files that it extends."""

    #: The file; None if there is none.
    file: str | None = None
    #: True if the file was found in the working directory or above it, not named by the user or the system.
    is_of_directory: bool = False
    #: Values by key, as options of the command line take them.
    values: Mapping[str, str | int | float | Sequence[str]] = {}
    #: The file that each key is from.
    origins: Mapping[str, str] = {}
    waivers: tuple[Waiver, ...] = ()


#: No configuration file.
NONE = Configured()


class InUse(Struct, frozen=True):
    """One setting as it is in use."""

    key: str
    #: The value in words; empty if the setting changes nothing.
    value: str
    #: The file or the environment variable that it is from; "default" if nothing sets it.
    origin: str


class Listed(Struct, frozen=True):
    """A waiver of a site, and why it does not apply; empty if it does."""

    waiver: Waiver
    fault: str = ""
