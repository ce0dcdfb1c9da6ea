"""The USB devices of a host, which a guest may be given by their vendor and product, or by their bus and number."""

import re
from typing import Annotated, NamedTuple, Self

from preflight.facts.fact import Fact, NotAsked, Record

_LINE = r"/sys/bus/usb/devices/([-0-9.a-z]{1,32})/(idVendor|idProduct|busnum|devnum):([0-9a-f]{1,8})"


class UsbDevice(NamedTuple):
    """A device that is plugged in."""

    vendor: int
    product: int
    bus: int
    number: int


class UsbDevices(Fact, frozen=True, kw_only=True):
    """All USB devices of the host."""

    all: tuple[UsbDevice, ...]

    @classmethod
    def parse(cls, answer: Annotated[Record, "usb-devices"]) -> Self:
        """Parse the files of /sys as grep prints them; an incomplete device was unplugged during the query."""
        if answer.missing:
            raise NotAsked("the snapshot does not record the host's USB devices")
        found: dict[str, dict[str, str]] = {}
        for line in answer.required().splitlines():
            if named := re.fullmatch(_LINE, line):
                found.setdefault(named[1], {})[named[2]] = named[3]
        whole = (told for _, told in sorted(found.items()) if len(told) == 4)
        return cls(
            all=tuple(
                UsbDevice(
                    int(told["idVendor"], 16),
                    int(told["idProduct"], 16),
                    _number(told["busnum"]),
                    _number(told["devnum"]),
                )
                for told in whole
            )
        )


def _number(text: str) -> int:
    return int(text) if text.isdigit() else -1
