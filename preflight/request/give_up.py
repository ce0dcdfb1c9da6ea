"""`--give-up-after`: how long a migration may make no progress before preflight ends it. `--help` reads this module."""

import re
from typing import NamedTuple

from preflight.errors import UserError

#: The limit if none is given. A guest whose dirty rate is at most 0.95 of the rate at which its memory is sent leaves
#: less in each pass (Liu, Jin, Liao et al., HPDC 2011) and never comes near it. KubeVirt as OKD 4.22 sets it up gives
#: up after 150 s without progress (progressTimeout), or after 800 s for each GiB (completionTimeoutPerGiB); the time
#: between allows for a backup or a compaction in the guest, which ends by itself.
DEFAULT = "10m"

#: The greatest number of passes, and of seconds: poll() waits for at most 2**31 milliseconds.
_MOST = 1_000_000
_FORM = re.compile(r"([0-9]{1,7})(?: ?(passes|pass|s|m|h))?", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600}


class Patience(NamedTuple):
    """A number of passes over the memory in a row without progress, or seconds without progress; the other is None."""

    passes: int | None = None
    seconds: float | None = None

    def __str__(self) -> str:
        if self.passes is not None:
            return f"{self.passes} {'pass' if self.passes == 1 else 'passes'} in a row without progress"
        seconds = int(self.seconds or 0)
        unit = next(unit for unit in ("h", "m", "s") if seconds % _SECONDS[unit] == 0)
        return f"{seconds // _SECONDS[unit]} {_WORDS[unit]} without progress"


_WORDS = {"s": "s", "m": "min", "h": "h"}


def patience_of(text: str) -> Patience:
    """Return the meaning of "20 passes", "20", "90s", "10m" or "1h"; raises `UserError`."""
    match = _FORM.fullmatch(text.strip())
    number = int(match[1]) if match else 0
    factor = _SECONDS.get(match[2]) if match else None
    if not 0 < number * (factor or 1) <= _MOST:
        raise UserError(f"--give-up-after: {text!r} is neither a number of passes, such as 20 passes, nor a time (10m)")
    return Patience(passes=number) if factor is None else Patience(seconds=float(number * factor))
