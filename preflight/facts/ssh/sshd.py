"""Number of simultaneous logins that sshd accepts, and its other settings that affect a migration over ssh.

`sshd -T`, which needs root, takes precedence over the files. The files are read for locations, and for the values if
`sshd -T` gave no answer. A setting that is not set has the default of that OpenSSH release.
"""

import re
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Self, TypeVar

from msgspec import Struct
from msgspec.structs import asdict, replace

from preflight.facts.defaults import default
from preflight.facts.fact import Fact, Record, Unreadable
from preflight.facts.ssh.sockets import SshdSocket, SshdSockets
from preflight.facts.ssh.sshd_config import MAIN, Directive, Unseen, directives, read_files
from preflight.facts.ssh.unloaded import UnloadedFiles
from preflight.facts.system.release import OpenSsh
from preflight.facts.text.located import Located
from preflight.facts.version import Version

T = TypeVar("T")

#: The first occurrence of a keyword is effective; of these, the last was until this release (683d0abe5, f98031773).
FIRST_SINCE = {"maxstartups": Version(10, 1), "persourcemaxstartups": Version(9, 5)}
#: Older releases reject a file with these keywords (3a9231295, 81c1099d2).
KNOWN_SINCE = {"persourcemaxstartups": Version(8, 5), "persourcepenalties": Version(9, 8)}
#: Keywords that sshd rejects inside a Match block.
GLOBAL = {"listenaddress", "logingracetime", "maxstartups", "persourcemaxstartups", "persourcepenalties", "port"}
#: Older releases accept `MaxStartups 0`, and then no login at all (1d78d2565).
NO_ZERO_SINCE = Version(9, 2)
#: Values that sscanf accepts for "%d:%d:%d": three numbers, or one; two are rejected.
STARTUPS = re.compile(r"\s*([+-]?\d{1,9})(?::\s*([+-]?\d{1,9}):\s*([+-]?\d{1,9})|(?!\d*:\s*[+-]?\d))", re.ASCII)
#: Probability of refusal from `start` on, in percent, if only one number is given (fill_default_server_options).
RATE = 30
#: Each number except the last needs a unit, which keeps the matcher from backtracking over where a number ends.
TIME = re.compile(r"(?:\d{1,18}[smhdw])*\d{1,18}[smhdw]?", re.ASCII | re.IGNORECASE)
#: Maximum that convtime() of misc.c returns: an int.
LONGEST = 2**31 - 1
SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
#: An address with a port: `[::]:22`, `192.0.2.1:22`; the last digits of `::1` are not a port.
PORT = re.compile(r"(?:\[[^\]]*\]|[^:\[\]]*):(\d{1,5})", re.ASCII)
LISTENER = re.compile(r"sshd: .*\[listener\] (\d{1,9}) of (\d{1,9})-(\d{1,9}) startups", re.ASCII)


class MaxStartups(Struct, frozen=True):
    """Limit on unauthenticated connections: below `start` none is refused, from `full` on all are."""

    start: int
    #: Probability, in percent, that a connection is refused at `start`; it rises to 100 at `full`.
    rate: int
    full: int

    def __str__(self) -> str:
        return f"{self.start}:{self.rate}:{self.full}"

    def raised(self, by: int) -> "MaxStartups":
        """Return the limit with a first number that is higher by so many, and a last one that is not below it."""
        start = self.start + by
        return replace(self, start=start, full=max(start, self.full))

    def chance(self, logins: int) -> float:
        """Return the probability (0 to 1) that all of `logins` simultaneous logins succeed if there are no others.

        Follows `should_drop_connection` in sshd.c: a refused connection does not count for those that follow.
        """
        chance = 1.0
        for before in range(self.start, logins):
            if before >= self.full or self.rate == 100:
                return 0.0
            refused = (100 - self.rate) * (before - self.start) // (self.full - self.start) + self.rate
            chance *= 1 - refused / 100
        return chance


class SshdListener(Fact, frozen=True, kw_only=True):
    """Unauthenticated connections, from the process title of the listening sshd (since OpenSSH 8.2)."""

    #: Connections that were not yet authenticated.
    current: int
    start: int
    full: int

    @classmethod
    def parse(cls, sshd_listener: Annotated[Record, "sshd.listener"]) -> Self:
        """Parse the titles of all listening sshd processes; the one with the most logins in progress counts."""
        found = [LISTENER.match(line) for line in sshd_listener.required().splitlines()]
        counts = [tuple(map(int, title.groups())) for title in found if title is not None]
        if not counts:
            raise Unreadable(
                "sshd does not report its logins: it is older than 8.2, or a socket unit starts one sshd per connection"
            )
        current, start, full = max(counts)
        return cls(current=current, start=start, full=full)


class SshdSettings(Fact, frozen=True, kw_only=True):
    """Settings of sshd. Those in a `Match` block apply to some connections only and are left out."""

    #: The socket that starts an sshd for each connection, where nothing counts MaxStartups; None if an sshd listens.
    socket: SshdSocket | None
    #: Files that the sshd that listens has not read since they were changed.
    unloaded: tuple[str, ...]
    #: True if the values come from sshd itself (`sshd -T`), False if from the files. The running sshd may be older than
    #: either.
    effective: bool
    #: The value of the sshd that listens, where its title says it; without a place if no file says the same.
    max_startups: Located[MaxStartups]
    #: The value that sshd would have after a reload.
    written_startups: Located[MaxStartups]
    #: Sessions per connection; only shared connections come close to the limit.
    max_sessions: Located[int]
    #: Unauthenticated connections per address; None for no separate limit.
    per_source_max_startups: Located[int | None]
    #: Maximum duration of a login, in seconds; 0 for no limit.
    login_grace_time: Located[int]
    #: Penalties for failed logins per address, as written; None if there are none, as before OpenSSH 9.8.
    penalties: Located[str | None]
    #: The ports that sshd listens on, ascending.
    ports: tuple[int, ...]
    #: yes, no, prohibit-password or forced-commands-only.
    permit_root_login: Located[str]

    def is_unloaded(self, setting: Located[Any]) -> bool:
        """Report whether the sshd that listens may have another value: its file was changed since."""
        return self.path_of(setting) in self.unloaded

    def path_of(self, setting: Located[Any]) -> str:
        """Return the file that sets the value, or in which it would be set."""
        return setting.at.path if setting.at else MAIN

    @classmethod
    def parse(
        cls,
        sshd_effective: Annotated[Record, "sshd.effective"],
        sshd_config: Annotated[Record, "sshd_config"],
        openssh: OpenSsh | Unreadable,
        listener: SshdListener | Unreadable,
        sockets: SshdSockets | Unreadable,
        files: UnloadedFiles | Unreadable,
    ) -> Self:
        """Parse the output of `sshd -T` if there is any, otherwise the files, and what the sshd that listens says."""
        return replace(
            cls._written(sshd_effective, sshd_config, openssh).in_force(listener),
            socket=None if isinstance(sockets, Unreadable) else sockets.accepting,
            unloaded=() if isinstance(files, Unreadable) else files.paths,
        )

    @classmethod
    def _written(cls, sshd_effective: Record, sshd_config: Record, openssh: OpenSsh | Unreadable) -> Self:
        told = sshd_effective.out if sshd_effective.code == 0 else ""
        if not re.search(r"^maxstartups ", told, re.MULTILINE):
            return cls._of(_from_files(sshd_config, openssh), effective=False)
        answer = cls._of(_Settings(directives({MAIN: told}), None), effective=True)
        try:
            files = cls._of(_from_files(sshd_config, openssh), effective=False)
        except Unreadable:
            return answer.placed({})
        return answer.placed(asdict(files))

    def in_force(self, listener: SshdListener | Unreadable) -> Self:
        """Return the settings with the limit that is in force: sshd reads its files when it starts or is reloaded."""
        written = self.written_startups.value
        if isinstance(listener, Unreadable) or (listener.start, listener.full) == (written.start, written.full):
            return self
        # the title does not say the probability, which is usually the same
        running = MaxStartups(listener.start, written.rate, listener.full)
        return replace(self, max_startups=Located(running))

    def placed(self, files: dict[str, Any]) -> Self:
        """Return the same values, with a location for those that are the same in the files."""
        located = {name: value for name, value in asdict(self).items() if isinstance(value, Located)}
        same = {name: name in files and files[name].value == value.value for name, value in located.items()}
        places = {name: replace(value, at=files[name].at if same[name] else None) for name, value in located.items()}
        return replace(self, **places)

    @classmethod
    def _of(cls, settings: "_Settings", *, effective: bool) -> Self:
        return cls(
            socket=None,
            unloaded=(),
            effective=effective,
            max_startups=settings.max_startups(),
            written_startups=settings.max_startups(),
            max_sessions=settings.read("maxsessions", _number),
            per_source_max_startups=settings.read("persourcemaxstartups", _number_or_none),
            login_grace_time=settings.read("logingracetime", seconds),
            penalties=settings.penalties(),
            ports=settings.ports(),
            permit_root_login=settings.read("permitrootlogin", _root_login),
        )


def _from_files(sshd_config: Record, openssh: OpenSsh | Unreadable) -> "_Settings":
    found = directives(read_files(sshd_config))
    if isinstance(openssh, Unreadable):
        raise openssh
    return _Settings(found, Version(*openssh.version))


class _Settings(Struct, frozen=True):
    """The directives in sshd's order, and the release whose defaults apply: None if sshd has filled them in itself."""

    directives: tuple[Directive | Unseen, ...]
    version: Version | None

    def all(self, keyword: str) -> Iterator[Directive]:
        """Yield the directives that apply to every connection; raises `Unreadable` at a file that was not read."""
        for one in self.directives:
            if isinstance(one, Unseen):
                raise Unreadable(f"{one.path} includes {one.pattern}, which was not read")
            if one.keyword == keyword and one.conditional and keyword in GLOBAL:
                raise Unreadable(f"{one.at.path}:{one.at.line}: {keyword} is not allowed within a Match block")
            if one.keyword == keyword and not one.conditional:
                if not one.arguments:
                    raise Unreadable(f"{one.at.path}:{one.at.line}: {keyword} has no argument")
                if self.version is not None and self.version < KNOWN_SINCE.get(keyword, self.version):
                    raise Unreadable(f"{one.at.path}:{one.at.line}: this sshd does not support {keyword}")
                yield one

    def read(self, keyword: str, convert: Callable[[str], T]) -> Located[T]:
        """Return the effective value, or the default."""
        rows = self.all(keyword)
        # the first value may be known even if a later file is not
        row = next(iter(list(rows)[-1:]), None) if self.last_counts(keyword) else next(rows, None)
        if row is not None:
            return Located(convert(row.arguments[0]), row.at)
        return Located(convert(self.default(keyword)))

    def last_counts(self, keyword: str) -> bool:
        """Report whether the last of several values is effective in this release."""
        return self.version is not None and self.version < FIRST_SINCE.get(keyword, self.version)

    def default(self, keyword: str) -> str:
        """Return the default of this release; "none" if it does not have the setting."""
        if self.version is None:
            return "none"
        value = default("sshd", keyword, self.version)
        return "none" if value is None else str(value)

    def max_startups(self) -> Located[MaxStartups]:
        """Return the effective value. Where the last one counts, a number alone keeps the rate of an earlier line."""
        least = 1 if self.version is not None and self.version >= NO_ZERO_SINCE else 0
        if not self.last_counts("maxstartups"):
            return self.read("maxstartups", lambda written: _startups(written, RATE, least))
        value = Located(_startups(self.default("maxstartups"), RATE, least))
        for row in self.all("maxstartups"):
            rate = RATE if value.at is None else value.value.rate
            value = Located(_startups(row.arguments[0], rate, least), row.at)
        return value

    def penalties(self) -> Located[str | None]:
        """Return the combined value: amounts add up and imply yes; of plain yes and no, the first is effective."""
        rows = list(self.all("persourcepenalties"))
        words = [word for row in rows for word in row.arguments] or [self.default("persourcepenalties")]
        amounts = [word for word in words if word.lower() not in {"yes", "no", "none"}]
        value = " ".join(amounts) if amounts else "yes" if words[0].lower() == "yes" else None
        return Located(value, rows[0].at if rows else None)

    def ports(self) -> tuple[int, ...]:
        """Return the ports: a `ListenAddress` may name its own; one that does not listens on every `Port`."""
        common = {_number(one.arguments[0]) for one in self.all("port")} or {_number(self.default("port"))}
        addresses = [PORT.fullmatch(one.arguments[0]) for one in self.all("listenaddress")]
        own = {int(address[1]) for address in addresses if address is not None}
        return tuple(sorted(own if addresses and None not in addresses else own | common))


def _startups(written: str, rate: int, least: int) -> MaxStartups:
    found = STARTUPS.match(written)
    if found is not None:
        value = MaxStartups(int(found[1]), int(found[2] or rate), int(found[3] or found[1]))
        if least <= value.start <= value.full and 1 <= value.rate <= 100:
            return value
    raise Unreadable(f"sshd rejects this MaxStartups value: {written[:80]!r}")


def seconds(written: str) -> int:
    """Convert a time as sshd writes it to seconds: "120", "2m", "1h30m"; "none" is 0 (`convtime` in misc.c)."""
    if written.lower() == "none":
        return 0
    if not TIME.fullmatch(written):
        raise Unreadable(f"sshd rejects this time: {written[:80]!r}")
    parts = re.findall(r"(\d+)([a-z]?)", written.lower())
    total = sum(int(number) * SECONDS[unit] for number, unit in parts)
    if total > LONGEST:
        raise Unreadable(f"sshd rejects this time: {written[:80]!r}")
    return total


def _number(written: str) -> int:
    if not re.fullmatch(r"\d{1,10}", written, re.ASCII):
        raise Unreadable(f"sshd rejects this number: {written[:80]!r}")
    return int(written)


def _number_or_none(written: str) -> int | None:
    return None if written == "none" else _number(written)


def _root_login(written: str) -> str:
    """Normalize the value: `without-password` is the older name of `prohibit-password`."""
    return {"without-password": "prohibit-password"}.get(written.lower(), written.lower())
