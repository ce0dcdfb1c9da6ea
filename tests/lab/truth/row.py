"""One row: how the hosts are brought into a state, what is asked of them, and what is expected to happen."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct, convert
from msgspec.structs import replace

from tests.lab.recipes import ImageName

HERE = Path(__file__).parent
ROWS = HERE / "rows"

#: "host1: COMMAND", run by the host's `sh -c` as root; "client: COMMAND" on the machine that preflight runs on;
#: "pki: WORDS" makes a certificate, see pki.sh.
Step = Annotated[str, Meta(pattern=r"(?s)^(host1|host2|client|pki): .+")]


class GuestOf(Struct, frozen=True, forbid_unknown_fields=True):
    """A guest as `tests.lab.LabHost.guest` makes it."""

    name: str = "web"
    memory_mib: int = 64
    dirty_mib_per_s: float = 0
    disk: Literal["readonly", "nbd", "local", "none"] = "readonly"
    running: bool = True
    machine: str | None = None
    persistent: bool = True


class Row(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A file of `rows`, whole."""

    #: What is different about these hosts, in one line.
    title: str
    #: Whether `virsh migrate` succeeds, with the guest running on the destination afterwards.
    expect: Literal["moves", "fails"]
    #: The rule that names the cause; for a row that moves, the rule that could be fooled by it.
    rule: str
    #: The images of the source (host1) and the destination (host2): a release, or one of its variants.
    source: ImageName = "bookworm"
    destination: ImageName = "bookworm"
    #: What is done to the hosts before the guests are made, and after.
    before: tuple[Step, ...] = ()
    steps: tuple[Step, ...] = ()
    #: What is put back afterwards, however it went: settings of the kernel, which all hosts share.
    after: tuple[Step, ...] = ()
    #: What must hold once virsh is content and the guest runs there; where such a step fails, the guest has arrived
    #: without something it needs, and the row "fails".
    proof: tuple[Step, ...] = ()
    #: Nothing runs beside it, although it has neither an `after` nor more than one migration: it depends on timing.
    alone: bool = False
    #: The guests of the source; the first is the one that is migrated.
    guests: Annotated[tuple[GuestOf, ...], Meta(min_length=1)] = (GuestOf(),)
    #: How many of them are migrated at the same instant, each by a virsh of its own; guests like the first are added
    #: where fewer are named. It "fails" when one of them does.
    at_once: Annotated[int, Meta(ge=1)] = 1
    #: Options of `preflight check`, and those of `virsh migrate --live` that ask for the same.
    check: tuple[str, ...] = ()
    virsh: tuple[str, ...] = ()
    #: The destination's URI, as given to virsh.
    uri: str = "qemu+ssh://root@host2.example.com/system"
    #: Whether `--live` is given; a guest that is off is moved without.
    live: bool = True
    #: Seconds after which a migration that does not end counts as failed.
    patience: int = 90
    #: The migration hangs and virsh says nothing, so there is no message to foretell: the row's rule must then have
    #: said error, without such a text.
    silent: bool = False
    #: Why preflight cannot know: such a row may be undetermined, or ready and fail, and is counted apart.
    unknowable: str | None = None

    @property
    def no_end(self) -> str:
        """Return the message that is recorded for a virsh that neither ended nor printed anything."""
        return f"no end within {self.patience} s"

    @property
    def damaged(self) -> str:
        """Return the message that is recorded if virsh succeeded and a proof failed."""
        return "virsh reports success, and the guest has lost something"

    @property
    def runs_alone(self) -> bool:
        """Report whether the row must run alone: other labs share the kernel and the time of the machine."""
        return self.alone or self.at_once > 1 or bool(self.after)

    @property
    def movers(self) -> tuple[GuestOf, ...]:
        """The guests that are migrated."""
        first = self.guests[0]
        added = (replace(first, name=f"{first.name}{number}") for number in range(len(self.guests), self.at_once))
        return (*self.guests, *added)[: self.at_once]

    @property
    def made(self) -> tuple[GuestOf, ...]:
        """The guests that the source has."""
        return (*self.movers, *self.guests[self.at_once :])

    @property
    def files(self) -> tuple[str, ...]:
        """The files that the options of `preflight check` name; a step on the client writes them."""
        return tuple(path for option, path in zip(self.check, self.check[1:], strict=False) if option == "--xml")

    @property
    def checked_with(self) -> tuple[str, ...]:
        """All options of `preflight check`."""
        return (*self.check, *(("--concurrency", str(self.at_once)) if self.at_once > 1 else ()))


def rows(names: tuple[str, ...] = ()) -> dict[str, Row]:
    """Return the rows by "subject/name": all, or those whose name begins with one of `names`."""
    found = {}
    for path in sorted(ROWS.glob("*/*.toml")):
        name = f"{path.parent.name}/{path.stem}"
        if not names or name.startswith(names):
            found[name] = _row(path)
    return found


@cache
def _row(path: Path) -> Row:
    return convert(tomllib.loads(path.read_text(encoding="utf-8")), Row)
