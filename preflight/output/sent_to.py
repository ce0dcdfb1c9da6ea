"""The migration addresses of an inventory, to which the memory of guests is sent, in words."""

from collections.abc import Mapping

from preflight.visible import one_line

#: Addresses that are named; the others are counted.
_LISTED = 6


def sent_to(addresses: Mapping[str, str]) -> str | None:
    """Return where the memory for which hosts is sent; None if no host has an address of its own."""
    led = [f"{one_line(address)} for {one_line(name)}" for name, address in addresses.items()]
    more = f" and {len(led) - _LISTED} more" if len(led) > _LISTED else ""
    return f"is sent to {', '.join(led[:_LISTED])}{more}, by the inventory" if led else None
