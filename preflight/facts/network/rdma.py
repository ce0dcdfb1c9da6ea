"""A host's support for sending a guest's memory over RDMA: device ports, and a QEMU that can use them."""

import re
from collections.abc import Mapping
from typing import Annotated, Self

from preflight.facts.fact import OPTIONAL, Fact, Record, Unreadable

_PORT = r"port /sys/class/infiniband/([^/\s]+)/ports/(\d+)/state \d+: (\w+)"


class Rdma(Fact, frozen=True, kw_only=True):
    """The ports of InfiniBand, RoCE and iWARP devices, and the RDMA support of the requested emulators."""

    #: State by device and port ("mlx5_0/1"), in the kernel's words: ACTIVE, DOWN, INIT, ARMED.
    ports: Mapping[str, str] = {}
    #: For each emulator, True if it is linked with the RDMA library.
    emulators: Mapping[str, bool] = {}
    #: Reason why the host did not answer, or None.
    error: str | None = None

    def known(self) -> Self:
        """Return this fact; raises `Unreadable` if the host did not answer."""
        if self.error is not None:
            raise Unreadable(f"it is unknown whether the host has RDMA: {self.error}")
        return self

    @classmethod
    def parse(cls, rdma: Annotated[Record, OPTIONAL]) -> Self:
        """Parse the answer to `questions.rdma`; without one, keep the reason."""
        try:
            text = rdma.required()
        except Unreadable as why:
            return cls(error=str(why))
        ports, emulators = {}, {}
        for line in text.splitlines():
            match line.split(" ", 2):
                case ["port", *_] if found := re.fullmatch(_PORT, line):
                    ports[f"{found[1]}/{found[2]}"] = found[3]
                case ["qemu", "0" | "1" as code, emulator]:
                    emulators[emulator] = code == "0"
                case _:
                    pass  # failure of grep itself: another rule reports that there is no QEMU
        return cls(ports=ports, emulators=emulators)
