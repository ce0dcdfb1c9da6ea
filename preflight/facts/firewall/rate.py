"""Rates: rules that apply to a connection depending on how many others began shortly before or are open now.

A rate is a statement of a rule, `{"rate": Rate}`; those of nft and of iptables' extensions are translated to it.
"""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

#: Seconds of the units in which both programs state a rate.
SECONDS: Final[Mapping[str, float]] = {
    "second": 1, "sec": 1, "s": 1, "minute": 60, "min": 60, "m": 60, "hour": 3600, "h": 3600,
    "day": 86400, "d": 86400, "week": 604800,
}  # fmt: skip
#: The burst of a rate that states none (XT_HASHLIMIT_BURST, and nft's default; current releases print it).
BURST: Final = 5


class Rate(Struct, frozen=True, kw_only=True):
    """A number of new connections."""

    #: Connections that may begin together, or be open together.
    most: int
    #: Seconds after which one more may begin; None if it counts the connections that are open.
    interval: float | None
    #: True if the rule applies to connections beyond it, False if it applies to those within.
    over: bool
    #: True if the connections of each source are counted by themselves.
    per_source: bool
    #: The rate as the rule states it, as "5 in 30 s".
    text: str
    #: The list of recent sources that is counted, by its name; "" if the rule counts by itself.
    name: str = ""
    #: The seconds of that list that count.
    seconds: float = 0.0
    #: What counts: the list, the set, or the rule. Connections to different ports may be counted together.
    counter: str = ""

    def one_less(self) -> "Rate":
        """Return the rate for a connection that is already counted when the rule is evaluated."""
        most = max(0, self.most - 1)
        slower = 1.0 if self.interval is None or not most else self.most / most
        return replace(self, most=most, interval=None if self.interval is None else self.interval * slower)


#: Statements of nft that limit a rate.
LIMITS: Final = frozenset(("limit", "ct count"))


def limits_a_rate(kind: str, body: Any) -> bool:
    """Report whether a rule's statement lets a packet pass or not depending on other connections."""
    return kind == "rate" or kind in LIMITS or (kind in ("meter", "set", "map") and "stmt" in body)


def of_bucket(amount: int, unit: str, burst: int, *, over: bool, per_source: bool) -> Rate:
    """Return a rate of a token bucket: `amount` in a `unit` of time, and `burst` together."""
    seconds = SECONDS[unit] / amount
    long = next(name for name, each in SECONDS.items() if each == SECONDS[unit])
    text = f"{amount}/{long} burst {burst}"
    return Rate(most=max(1, burst), interval=seconds, over=over, per_source=per_source, text=text)


def of_nft(kind: str, body: Any, *, per_source: bool = False) -> Rate | None:
    """Return the rate of nft's `limit` or `ct count`; None for one of bytes, or a named one."""
    if not isinstance(body, dict):
        return None
    over = bool(body.get("inv", False))
    if kind == "ct count":
        most = int(body["val"])
        return Rate(most=most, interval=None, over=over, per_source=per_source, text=f"{most} open")
    if kind != "limit" or "rate_unit" in body or not int(body["rate"]):
        return None
    return of_bucket(int(body["rate"]), body["per"], int(body.get("burst", BURST)), over=over, per_source=per_source)


def of_element(body: Any) -> list[Rate | None]:
    """Return the rates in a `meter`, or in a statement that adds to a set, which count for each key by itself."""
    written = body["stmt"]
    statements = written if isinstance(written, list) else [written]
    per_source = "'saddr'" in str(body.get("key", body.get("elem")))
    return [
        of_nft(kind, each, per_source=per_source)
        for one in statements
        for kind, each in one.items()
        if kind not in ("counter", "last")
    ]
