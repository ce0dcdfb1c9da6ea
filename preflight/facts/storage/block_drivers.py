"""Drivers for network disks in a host's QEMU, as modules or linked into it."""

from collections.abc import Mapping
from typing import Annotated, Self

from preflight.facts.fact import OPTIONAL, Fact, Record, Unreadable

#: Module (block-NAME.so) and library by protocol, for drivers that distributions put into separate packages
#: (`block_mods` of QEMU's block/meson.build); NBD is always present.
MODULES: Mapping[str, tuple[str, str]] = {
    "rbd": ("rbd", "librbd"),
    "iscsi": ("iscsi", "libiscsi"),
    "ssh": ("ssh", "libssh"),
    "gluster": ("gluster", "libgfapi"),
    "nfs": ("nfs", "libnfs"),
    **dict.fromkeys(("http", "https", "ftp", "ftps"), ("curl", "libcurl")),
}


class BlockDrivers(Fact, frozen=True, kw_only=True):
    """The drivers that the host was asked about."""

    #: For each emulator and module, True if it is present.
    answers: Mapping[tuple[str, str], bool]
    #: Reason why the host did not answer, or None.
    error: str | None = None

    def has(self, emulator: str, module: str) -> bool:
        """Report whether this QEMU has the driver; raises `Unreadable` if that is unknown."""
        if self.error is not None:
            raise Unreadable(f"it is unknown whether QEMU has its {module} driver: {self.error}")
        found = self.answers.get((emulator, module))
        if found is None:
            raise Unreadable(f"the host did not report whether {emulator} has its {module} driver")
        return found

    @classmethod
    def parse(cls, drivers: Annotated[Record, "block-drivers", OPTIONAL]) -> Self:
        """Parse the answer to `questions.block_drivers`; without one, keep the reason."""
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
                    pass  # failure of grep itself: the answer is unknown
        return cls(answers=answers)
