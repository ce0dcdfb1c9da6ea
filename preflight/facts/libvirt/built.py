"""The verdict of the destination's libvirt on the source's guests, from which it makes QEMU's command lines."""

from collections.abc import Mapping
from typing import Annotated, Self

from msgspec import Struct

from preflight.facts.fact import Fact, NotAsked, Record, read_json


class _Answer(Struct, frozen=True, kw_only=True):
    errors: dict[str, str | None]


class BuiltGuests(Fact, frozen=True, kw_only=True):
    """The guests that libvirt was asked to build, with its error for each, or None.

    Interfaces, devices that are passed through and virtiofs are not built: see `preflight.connection.buildable`.
    """

    errors: Mapping[str, str | None]

    def error_of(self, guest: str) -> str | None:
        """Return libvirt's error, or None if it can build the guest.

        Raises `NotAsked` if libvirt was not asked: its release would leave traces, or does not know the guest's
        emulator yet, or the guest's turn did not come in time.
        """
        if guest not in self.errors:
            raise NotAsked(f"libvirt was not asked whether it can build {guest}")
        return self.errors[guest]

    @classmethod
    def parse(cls, built: Annotated[Record, "libvirt.built"]) -> Self:
        """Parse the collector's answer."""
        if built.missing:
            raise NotAsked("the snapshots do not record whether libvirt can build the guests")
        return cls(errors=read_json(built.required(), _Answer, "the list of built guests is").errors)
