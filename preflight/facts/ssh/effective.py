"""Every setting of sshd, for rules of a site's own; `preflight.facts.ssh.sshd` interprets those of a migration."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Self

from preflight.facts.fact import OPTIONAL, Fact, Record, Unreadable
from preflight.facts.ssh.sshd_config import Directive, Unseen, directives, read_files
from preflight.facts.text.located import Located, Location


class EffectiveSshd(Fact, frozen=True, kw_only=True):
    """The settings that `sshd -T` prints, by keyword in lower case; the running sshd may have read older files.

    Each value is as sshd prints it: all words after the keyword. It has a place if a line of sshd's files says the
    same. A keyword can have several values, such as `hostkey`.
    """

    settings: Mapping[str, tuple[Located[str], ...]]
    #: The values in Match blocks, which apply to some connections only; in the words of the files.
    conditional: Mapping[str, tuple[Located[str], ...]]
    #: Why some of the files are unknown, and with them values in Match blocks; None if they were all read.
    unread: str | None

    def value(self, keyword: str) -> Located[str]:
        """Return the first value of a keyword, outside Match blocks; raises `Unreadable` if sshd does not have it."""
        return self.values(keyword)[0]

    def values(self, keyword: str) -> tuple[Located[str], ...]:
        """Return all values of a keyword, outside Match blocks; raises `Unreadable` if sshd does not have it."""
        if keyword.lower() not in self.settings:
            raise Unreadable(f"sshd -T does not print {keyword}")
        return self.settings[keyword.lower()]

    def anywhere(self, keyword: str) -> tuple[Located[str], ...]:
        """Return all values of a keyword, those in Match blocks too; raises `Unreadable` if some are not known."""
        if self.unread is not None:
            raise Unreadable(self.unread)
        return (*self.values(keyword), *self.conditional.get(keyword.lower(), ()))

    @classmethod
    def parse(
        cls,
        sshd_effective: Annotated[Record, "sshd.effective"],
        sshd_config: Annotated[Record, "sshd_config", OPTIONAL],
    ) -> Self:
        """Parse the output of `sshd -T`, and take places and Match blocks from the files."""
        try:
            written, unread = directives(read_files(sshd_config)), None
        except Unreadable as why:
            written, unread = (), str(why)
        known = [one for one in written if isinstance(one, Directive)]
        for one in written:
            if isinstance(one, Unseen):
                unread = f"{one.path} includes {one.pattern}, which was not read"
        places = {(one.keyword, " ".join(one.arguments).lower()): one.at for one in reversed(known)}
        lines = (line.partition(" ") for line in sshd_effective.required().splitlines())
        printed = ((keyword.lower(), value.strip()) for keyword, _, value in lines if keyword)
        settings = _by_keyword((keyword, value, places.get((keyword, value.lower()))) for keyword, value in printed)
        if not settings:
            raise Unreadable("sshd -T printed nothing")
        inside = ((one.keyword, " ".join(one.arguments), one.at) for one in known if one.conditional)
        return cls(settings=settings, conditional=_by_keyword(inside), unread=unread)


def _by_keyword(found: Iterable[tuple[str, str, Location | None]]) -> Mapping[str, tuple[Located[str], ...]]:
    grouped: dict[str, list[Located[str]]] = {}
    for keyword, value, at in found:
        grouped.setdefault(keyword, []).append(Located(value, at))
    return {keyword: tuple(values) for keyword, values in grouped.items()}
