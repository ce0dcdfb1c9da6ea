"""Whether a host's QEMU has the drivers that disks on a network need: as modules, or linked into it."""

from collections.abc import Mapping
from typing import Self

from preflight.facts.fact import Fact, Record, Unreadable

#: By protocol the module (block-NAME.so) and the library of drivers that distributions put into packages of their own
#: (`block_mods` of QEMU's block/meson.build); NBD is always there.
MODULES: Mapping[str, tuple[str, str]] = {
    "rbd": ("rbd", "librbd"),
    "iscsi": ("iscsi", "libiscsi"),
    "ssh": ("ssh", "libssh"),
    "gluster": ("gluster", "libgfapi"),
    "nfs": ("nfs", "libnfs"),
    **dict.fromkeys(("http", "https", "ftp", "ftps"), ("curl", "libcurl")),
}


class BlockDrivers(Fact, frozen=True, kw_only=True):
    """The drivers that were asked for."""

    #: By emulator and module, whether it is there.
    answers: Mapping[tuple[str, str], bool]
    #: Why the host did not answer; None when it did.
    error: str | None = None

    def has(self, emulator: str, module: str) -> bool:
        """Whether this QEMU has the driver; raises `Unreadable` when that was not told."""
        if self.error is not None:
            raise Unreadable(f"it is unknown whether QEMU has its {module} driver: {self.error}")
        found = self.answers.get((emulator, module))
        if found is None:
            raise Unreadable(f"the host did not report whether {emulator} has its {module} driver")
        return found

    @classmethod
    def parse(cls, drivers: Record) -> Self:
        """Read the answer to `questions.block_drivers`; without one the reason is kept."""
        try:
            text = drivers.required()
        except Unreadable as why:
            return cls(answers={}, error=str(why))
        answers = {}
        for line in text.splitlines():
            match line.split(" ", 3):
                case ["driver", "0" | "1" as code, module, emulator]:
                    answers[emulator, module] = code == "0"
                case _:
                    pass  # grep's own failure: then it is not known
        return cls(answers=answers)
