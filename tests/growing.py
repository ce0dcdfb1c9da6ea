"""Hosts of any size, for tests of how a check's time and memory grow: guests, addresses, firewall rules, set elements."""

import json
import time
from collections.abc import Callable
from typing import Any

from tests.case import Case


def with_guests(count: int) -> Case:
    """The sound pair with so many running guests, of which each has its own name, UUID and disk."""

    def many(text: str) -> str:
        (guest, *_) = json.loads(text)["domains"]
        return json.dumps({"domains": [_copy(guest, number) for number in range(count)]})

    return Case().source("libvirt.domains", many)


def _copy(guest: dict[str, Any], number: int) -> dict[str, Any]:
    name, uuid = f"web{number}", f"00000000-0000-4000-8000-{number:012x}"
    xml = guest["xml"].replace(f"<name>{guest['name']}</name>", f"<name>{name}</name>").replace(guest["uuid"], uuid)
    xml = xml.replace(".qcow2'", f"-{number}.qcow2'").replace(".img'", f"-{number}.img'")
    return guest | {"name": name, "uuid": uuid, "id": number + 1, "xml": xml}


def seconds_of(call: Callable[[], object]) -> float:
    """Seconds of CPU that a call takes."""
    began = time.process_time()
    call()
    return time.process_time() - began
