"""Rates: rules that apply to a connection depending on how many others began shortly before or are open now.

A rate is a statement of a rule, `{"rate": Rate}`; those of nft and of iptables' extensions are translated to it.
"""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from preflight.facts.network.addresses import network_of

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
    #: The table of buckets that is counted, by the name that `--hashlimit-name` gives it; "" for other rates.
    table: str = ""
    #: The leading bits of the source address that are told apart; None for all.
    prefix: int | None = None
    #: What counts: the list, the table, the set, or the rule. Connections to different ports may be counted together.
    counter: str = ""

    def counted_as(self, source: str) -> str:
        """Return the address under which connections from an address are counted: that of its network, or its own."""
        return network_of(source, self.prefix)

    def shared_by(self, rules: int) -> "Rate":
        """Return the rate for connections that so many rules take from it, each by one."""
        if rules == 1:
            return self
        interval = None if self.interval is None else self.interval * rules
        return replace(self, most=self.most // rules, interval=interval)

    def one_less(self) -> "Rate":
        """Return the rate for a connection that is already counted when the rule is evaluated."""
        most = max(0, self.most - 1)
        slower = 1.0 if self.interval is None or not most else self.most / most
        return replace(self, most=most, interval=None if self.interval is None else self.interval * slower)


#: Statements of nft that limit a rate, and those that apply to a packet depending on others.
LIMITS: Final = frozenset(("limit", "ct count"))
COUNTING: Final = LIMITS | {"quota"}


def limits_a_rate(kind: str, body: Any) -> bool:
    """Report whether a rule's statement lets a packet pass or not depending on other connections."""
    return kind == "rate" or kind in LIMITS or (kind in ("meter", "set", "map") and "stmt" in body)


def of_bucket(amount: int, unit: str, burst: int, *, over: bool, per_source: bool) -> Rate:
    """Return a rate of a token bucket: `amount` in a `unit` of time, and `burst` together."""
    seconds = SECONDS[unit] / amount
    long = next(name for name, each in SECONDS.items() if each == SECONDS[unit])
    text = f"{amount}/{long} burst {burst}"
    return Rate(most=max(1, burst), interval=seconds, over=over, per_source=per_source, text=text)


def bits_of(mask: str) -> int:
    """Return the number of leading bits of an address's mask, as 24 for 255.255.255.0; raises `ValueError`."""
    return int(ip_address(mask)).bit_count()


def of_nft(kind: str, body: Any, *, per_source: bool = False) -> Rate | None:
    """Return the rate of nft's `limit` or `ct count`; None for one of bytes, or one that is looked up in a map."""
    if not isinstance(body, dict) or "map" in body:
        return None
    over = bool(body.get("inv", False))
    if kind == "ct count":
        most = int(body["val"])
        return Rate(most=most, interval=None, over=over, per_source=per_source, text=f"{most} open")
    if kind != "limit" or "rate_unit" in body or not int(body["rate"]):
        return None
    return of_bucket(int(body["rate"]), body["per"], int(body.get("burst", BURST)), over=over, per_source=per_source)


#: Bytes of the units in which nft states a quota.
_BYTES: Final[Mapping[str, int]] = {"bytes": 1, "kbytes": 2**10, "mbytes": 2**20}


def is_over_quota(body: Any) -> bool | None:
    """Report whether a rule with nft's `quota` applies to every packet, or to none; None while some of it is left.

    It counts all packets that it meets, so what is left need not last for a migration.
    """
    if not isinstance(body, dict) or "map" in body:
        return None
    # of a quota with a name, and of one in a rule
    most = int(body["bytes"]) if "bytes" in body else int(body["val"]) * _BYTES[body["val_unit"]]
    used = int(body.get("used", 0)) * _BYTES[body.get("used_unit", "bytes")]
    return bool(body.get("inv", False)) if used >= most else None


def of_element(body: Any) -> list[Rate | None]:
    """Return the rates in a `meter`, or in a statement that adds to a set, which count for each key by itself."""
    written = body["stmt"]
    statements = written if isinstance(written, list) else [written]
    key = body.get("key", body.get("elem"))
    per_source, prefix = "'saddr'" in str(key), _bits_of_source(key)
    rates = (
        of_nft(kind, each, per_source=per_source)
        for one in statements
        for kind, each in one.items()
        if kind not in ("counter", "last")
    )
    return [None if rate is None else replace(rate, prefix=prefix) for rate in rates]


def _bits_of_source(key: Any) -> int | None:
    """Return the leading bits of the source that a key has, as in `ip saddr & 255.255.255.0`; None for all."""
    left = [key]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            masked = one.get("&")
            if isinstance(masked, list) and "'saddr'" in str(masked[0]):
                return bits_of(masked[1])
            left += one.values()
        elif isinstance(one, list):
            left += one
    return None
