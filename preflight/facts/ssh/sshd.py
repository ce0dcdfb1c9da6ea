"""How many logins sshd takes at once, and what else of it a migration over ssh meets.

`sshd -T`, which needs root, beats the files; the files are read for places, and in its stead where it did not answer.
A setting that nobody sets is the default of that OpenSSH.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, Self, TypeVar

from msgspec import Struct
from msgspec.structs import asdict, replace

from preflight.facts.defaults import default
from preflight.facts.fact import Fact, Record, Unreadable
from preflight.facts.ssh.sshd_config import MAIN, Directive, Unseen, directives, read_files
from preflight.facts.system.release import OpenSsh
from preflight.facts.text.located import Located
from preflight.facts.version import Version

T = TypeVar("T")

#: Of every keyword the first counts, but of these the last until this release (683d0abe5, f98031773).
FIRST_SINCE = {"maxstartups": Version(10, 1), "persourcemaxstartups": Version(9, 5)}
#: Older releases refuse a file with these keywords (3a9231295, 81c1099d2).
KNOWN_SINCE = {"persourcemaxstartups": Version(8, 5), "persourcepenalties": Version(9, 8)}
#: Keywords that sshd refuses below a Match.
GLOBAL = {"listenaddress", "logingracetime", "maxstartups", "persourcemaxstartups", "persourcepenalties", "port"}
#: Older releases take `MaxStartups 0`, and then no login at all (1d78d2565).
NO_ZERO_SINCE = Version(9, 2)
#: What sscanf takes of "%d:%d:%d": three numbers, or one; two are refused.
STARTUPS = re.compile(r"\s*([+-]?\d{1,9})(?::\s*([+-]?\d{1,9}):\s*([+-]?\d{1,9})|(?!\d*:\s*[+-]?\d))", re.ASCII)
#: The chance to be refused from `start` on, in percent, when only one number is given (fill_default_server_options).
RATE = 30
#: Each number but the last needs its unit, which is what keeps the matcher from trying where one number ends.
TIME = re.compile(r"(?:\d{1,18}[smhdw])*\d{1,18}[smhdw]?", re.ASCII | re.IGNORECASE)
#: The longest that convtime() of misc.c returns: an int.
LONGEST = 2**31 - 1
SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
#: An address that names its port: `[::]:22`, `192.0.2.1:22`; in `::1` the last digits are none.
PORT = re.compile(r"(?:\[[^\]]*\]|[^:\[\]]*):(\d{1,5})", re.ASCII)
LISTENER = re.compile(r"sshd: .*\[listener\] (\d{1,9}) of (\d{1,9})-(\d{1,9}) startups", re.ASCII)


class MaxStartups(Struct, frozen=True):
    """How many connections may be logging in at once: below `start` none is refused, from `full` on every one."""

    start: int
    #: The chance, in percent, that a connection is refused at `start`; it grows to 100 at `full`.
    rate: int
    full: int

    def __str__(self) -> str:
        return f"{self.start}:{self.rate}:{self.full}"

    def chance(self, logins: int) -> float:
        """The chance, 0 to 1, that all of so many logins get in that begin at one instant, while no other is there.

        After `should_drop_connection` in sshd.c: a connection that was refused does not count for those that follow.
        """
        chance = 1.0
        for before in range(self.start, logins):
            if before >= self.full or self.rate == 100:
                return 0.0
            refused = (100 - self.rate) * (before - self.start) // (self.full - self.start) + self.rate
            chance *= 1 - refused / 100
        return chance


class SshdSettings(Fact, frozen=True, kw_only=True):
    """What sshd is configured to. Settings below a `Match` hold for some connections only and are left out."""

    #: Whether sshd itself told (`sshd -T`); else the files were read. The sshd that runs may be older than either.
    effective: bool
    max_startups: Located[MaxStartups]
    #: Sessions over one connection; only connections that are shared come near it.
    max_sessions: Located[int]
    #: Connections of one address that may be logging in at once; None for no limit of its own.
    per_source_max_startups: Located[int | None]
    #: Seconds that a login may take; 0 for no limit.
    login_grace_time: Located[int]
    #: What failed logins cost an address, as it is written; None when nothing does, as before OpenSSH 9.8.
    penalties: Located[str | None]
    #: The ports that sshd listens at, ascending.
    ports: tuple[int, ...]
    #: yes, no, prohibit-password or forced-commands-only.
    permit_root_login: Located[str]

    def path_of(self, setting: Located[Any]) -> str:
        """The file that sets it, or in which it would be set."""
        return setting.at.path if setting.at else MAIN

    @classmethod
    def parse(cls, sshd_effective: Record, sshd_config: Record, openssh: Record) -> Self:
        """Read sshd's own answer if there is one, else the files."""
        told = sshd_effective.out if sshd_effective.code == 0 else ""
        if not re.search(r"^maxstartups ", told, re.MULTILINE):
            return cls._of(_from_files(sshd_config, openssh), effective=False)
        answer = cls._of(_Settings(directives({MAIN: told}), None), effective=True)
        try:
            files = cls._of(_from_files(sshd_config, openssh), effective=False)
        except Unreadable:
            return answer.placed({})
        return answer.placed(asdict(files))

    def placed(self, files: dict[str, Any]) -> Self:
        """The same values, with the place of those that the files say too."""
        located = {name: value for name, value in asdict(self).items() if isinstance(value, Located)}
        same = {name: name in files and files[name].value == value.value for name, value in located.items()}
        places = {name: replace(value, at=files[name].at if same[name] else None) for name, value in located.items()}
        return replace(self, **places)

    @classmethod
    def _of(cls, settings: "_Settings", *, effective: bool) -> Self:
        return cls(
            effective=effective,
            max_startups=settings.max_startups(),
            max_sessions=settings.read("maxsessions", _number),
            per_source_max_startups=settings.read("persourcemaxstartups", _number_or_none),
            login_grace_time=settings.read("logingracetime", seconds),
            penalties=settings.penalties(),
            ports=settings.ports(),
            permit_root_login=settings.read("permitrootlogin", _root_login),
        )


class SshdListener(Fact, frozen=True, kw_only=True):
    """What the sshd that listens says of itself in its process title: since OpenSSH 8.2 the logins under way."""

    #: Connections that were logging in.
    current: int
    start: int
    full: int

    @classmethod
    def parse(cls, sshd_listener: Record) -> Self:
        """Read the titles of all sshd that listen; the one with most logins under way counts."""
        found = [LISTENER.match(line) for line in sshd_listener.required().splitlines()]
        counts = [tuple(map(int, title.groups())) for title in found if title is not None]
        if not counts:
            raise Unreadable(
                "no sshd reports its logins: it is older than 8.2, or a socket unit starts one per connection"
            )
        current, start, full = max(counts)
        return cls(current=current, start=start, full=full)


def _from_files(sshd_config: Record, openssh: Record) -> "_Settings":
    return _Settings(directives(read_files(sshd_config)), Version(*OpenSsh.parse(openssh).version))


class _Settings(Struct, frozen=True):
    """The directives in sshd's order, and whose defaults fill the gaps: None where sshd has filled them itself."""

    directives: tuple[Directive | Unseen, ...]
    version: Version | None

    def all(self, keyword: str) -> Iterator[Directive]:
        """Those that hold for every connection; raises `Unreadable` at a file that was not read."""
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
        """The value that counts, else the default."""
        rows = self.all(keyword)
        # the first may be known where a later file is not
        row = next(iter(list(rows)[-1:]), None) if self.last_counts(keyword) else next(rows, None)
        if row is not None:
            return Located(convert(row.arguments[0]), row.at)
        return Located(convert(self.default(keyword)))

    def last_counts(self, keyword: str) -> bool:
        """Whether this release takes the last of several."""
        return self.version is not None and self.version < FIRST_SINCE.get(keyword, self.version)

    def default(self, keyword: str) -> str:
        """The default of this release; "none" for what it does not have."""
        if self.version is None:
            return "none"
        value = default("sshd", keyword, self.version)
        return "none" if value is None else str(value)

    def max_startups(self) -> Located[MaxStartups]:
        """The value that counts. Where the last does, a number alone leaves an earlier line's rate."""
        least = 1 if self.version is not None and self.version >= NO_ZERO_SINCE else 0
        if not self.last_counts("maxstartups"):
            return self.read("maxstartups", lambda written: _startups(written, RATE, least))
        value = Located(_startups(self.default("maxstartups"), RATE, least))
        for row in self.all("maxstartups"):
            rate = RATE if value.at is None else value.value.rate
            value = Located(_startups(row.arguments[0], rate, least), row.at)
        return value

    def penalties(self) -> Located[str | None]:
        """All that is given adds up; of yes and no alone the first counts, and any amount means yes."""
        rows = list(self.all("persourcepenalties"))
        words = [word for row in rows for word in row.arguments] or [self.default("persourcepenalties")]
        amounts = [word for word in words if word.lower() not in {"yes", "no", "none"}]
        value = " ".join(amounts) if amounts else "yes" if words[0].lower() == "yes" else None
        return Located(value, rows[0].at if rows else None)

    def ports(self) -> tuple[int, ...]:
        """Every `ListenAddress` may name its own port; those that do not, listen at every `Port`."""
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
    """A length of time as sshd writes it: "120", "2m", "1h30m"; "none" is none (`convtime` in misc.c)."""
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
    """`without-password` is the older name of the same."""
    return {"without-password": "prohibit-password"}.get(written.lower(), written.lower())
