"""The memory of a guest on the source: the part that was touched, and the part that is not zero."""

import re
from pathlib import Path
from typing import Final

from msgspec import Struct

from preflight.facts.fact import Unreadable
from preflight.grammar import UUID
from preflight.migrate.root_shell import Shell, as_root, complaint
from preflight.rehearse.limits import FILLED, SAMPLE, TOUCHED
from preflight.shell_text import of_file
from preflight.units import KIB, MIB

_SCRIPT: Final = Path(__file__).parent / "scripts" / "memory.sh"
_PRINTED = re.compile(r"touched (\d{1,15})\nsampled (\d{1,6}) (\d{1,6})\n?")


class Memory(Struct, frozen=True):
    """The memory of a guest; sizes in bytes."""

    #: Memory that the guest or its QEMU has written to, whatever it contains.
    touched: int
    #: Pages that were drawn at random from all of it, and those of them that are not zero.
    sampled: int
    filled: int

    def why_too_little(self, size: int) -> str | None:
        """Return why this is too little for a rehearsal of a guest with `size` bytes of memory; None if it suffices."""
        soon = "could be sent before the rehearsal is certain to be aborted"
        if self.touched < TOUCHED:
            return (
                f"the guest has touched only {self.touched // MIB} of its {size // MIB} MiB of memory; less than"
                f" {TOUCHED // MIB} MiB {soon}"
            )
        if self.filled * size < FILLED * self.sampled or not self.sampled:
            return (
                f"only {self.filled} of {self.sampled} sampled pages of the guest's {size // MIB} MiB of memory are not"
                f" zero; less than {FILLED // MIB} MiB of such pages {soon}"
            )
        return None


def memory_of(host: Shell, uuid: str) -> Memory:
    """Return the memory of a guest that runs on a host that is logged in to; raises `Unreadable`."""
    answer = host(as_root(str(of_file(_SCRIPT)), UUID.of(uuid), str(SAMPLE)))
    printed = _PRINTED.fullmatch(answer.out)
    if answer.code != 0 or printed is None:
        raise Unreadable(f"the guest's memory on the source could not be read: {complaint(answer)}")
    touched, sampled, filled = (int(number) for number in printed.groups())
    return Memory(touched * KIB, sampled, filled)
