"""One row: how the hosts are brought into a state, what is asked of them, and what is expected to happen."""

import tomllib
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct, convert

HERE = Path(__file__).parent
ROWS = HERE / "rows"

#: "host1: COMMAND", run by the host's `sh -c` as root; "client: COMMAND" on the machine that preflight runs on.
Step = Annotated[str, Meta(pattern=r"(?s)^(host1|host2|client): .+")]


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
    #: The releases of the source (host1) and the destination (host2).
    source: Literal["bullseye", "bookworm", "trixie"] = "bookworm"
    destination: Literal["bullseye", "bookworm", "trixie"] = "bookworm"
    #: What is done to the hosts before the guests are made, and after.
    before: tuple[Step, ...] = ()
    steps: tuple[Step, ...] = ()
    #: The guests of the source; the first is the one that is migrated.
    guests: Annotated[tuple[GuestOf, ...], Meta(min_length=1)] = (GuestOf(),)
    #: Options of `preflight check`, and those of `virsh migrate --live` that ask for the same.
    check: tuple[str, ...] = ()
    virsh: tuple[str, ...] = ()
    #: The destination's URI, as given to virsh.
    uri: str = "qemu+ssh://root@host2.example.com/system"
    #: Whether `--live` is given; a guest that is off is moved without.
    live: bool = True
    #: Seconds after which a migration that does not end counts as failed.
    patience: int = 30
    #: Why preflight cannot know: such a row may be undetermined, and is counted apart.
    unknowable: str | None = None


def rows(names: tuple[str, ...] = ()) -> dict[str, Row]:
    """The rows by "topic/name", all or those whose name begins with one of `names`."""
    found = {}
    for path in sorted(ROWS.glob("*/*.toml")):
        name = f"{path.parent.name}/{path.stem}"
        if not names or name.startswith(names):
            found[name] = convert(tomllib.loads(path.read_text(encoding="utf-8")), Row)
    return found
