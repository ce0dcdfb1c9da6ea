"""Hosts with many guests, made from the one that was recorded."""

import json
import uuid
from collections.abc import Callable
from typing import Any

from tests.case import Case

#: VIR_DOMAIN_SHUTOFF (virDomainState).
OFF = 5


def guests(count: int, change: Callable[[int, dict[str, Any]], None], case: Case | None = None) -> Case:
    """Return the case with this many guests on the source: "guest-000" and so on, each changed by its number."""

    def multiplied(text: str) -> str:
        listed = json.loads(text)
        first = listed["domains"][0]
        domains = []
        for number in range(count):
            name, own = f"guest-{number:03}", str(uuid.uuid5(uuid.NAMESPACE_DNS, str(number)))
            copy = first | {"name": name, "uuid": own}
            copy["xml"] = first["xml"].replace(f"<name>{first['name']}<", f"<name>{name}<").replace(first["uuid"], own)
            change(number, copy)
            domains.append(copy)
        return json.dumps(listed | {"domains": domains})

    return (case or Case()).source("libvirt.domains", multiplied)


def turned_off(_number: int, guest: dict[str, Any]) -> None:
    """Turn a guest off."""
    guest.update(id=None, state=OFF, reason=1)


def names(count: int) -> tuple[str, ...]:
    """Return the names of this many guests."""
    return tuple(f"guest-{number:03}" for number in range(count))
