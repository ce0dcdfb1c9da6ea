"""The observations of one trial: the run's output, the daemons' logs of orders to QEMU, and both hosts after it."""

import json
import re
from typing import Any

from msgspec import Struct

_SENT = re.compile(
    r"QEMU_MONITOR_SEND_MSG: mon=\S+ msg=(\{.*?\})\\r\\n|QEMU_MONITOR_SEND_MSG: mon=\S+ msg=(\{.*\})\s*$", re.MULTILINE
)


class Unproved(Exception):
    """The flag was not seen to have its effect. The text says what was seen instead."""


class End(Struct, frozen=True, kw_only=True):
    """One host afterwards."""

    #: The daemon's log: its API calls, and all that it sent to QEMU's monitors.
    log: str
    #: Guests by name, active or not, with their state.
    states: dict[str, str]
    persistent: frozenset[str]
    autostart: frozenset[str]

    def sent(self, command: str) -> list[dict[str, Any]]:
        """Return the arguments of every such command that QEMU was sent."""
        found = []
        for match in _SENT.finditer(self.log):
            try:
                message = json.loads((match[1] or match[2]).replace('\\"', '"'))
            except ValueError:
                continue
            if message.get("execute") == command:
                found.append(message.get("arguments", {}))
        return found

    def parameter(self, name: str) -> Any:
        """Return the last value that this migration parameter of QEMU was given."""
        values = [told[name] for told in self.sent("migrate-set-parameters") if name in told]
        if not values:
            raise Unproved(f"QEMU was given no {name}")
        return values[-1]

    def capabilities(self) -> set[str]:
        """Return the migration capabilities of QEMU that were switched on at any time."""
        told = [one for message in self.sent("migrate-set-capabilities") for one in message["capabilities"]]
        return {one["capability"] for one in told if one["state"]}

    def flags(self, call: str) -> int:
        """Return the flags that this API call was last made with."""
        found = re.findall(rf"{call}:\d+ : .*?flags=0x([0-9a-f]+)", self.log)
        if not found:
            raise Unproved(f"no call of {call}")
        return int(found[-1], 16)


class Seen(Struct, frozen=True, kw_only=True):
    """A trial as it went."""

    code: int
    out: str
    err: str
    events: list[dict[str, Any]]
    source: End
    destination: End
    #: What the commands that ran meanwhile printed, and what further files were found to hold.
    noted: str

    def told(self, kind: str) -> list[str]:
        """Return the texts of all events of this kind."""
        return [event.get("text", "") for event in self.events if event["kind"] == kind]
