"""Matching of packets against rules: True, False, or None if the result cannot be determined."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from ipaddress import ip_network

from preflight.facts.firewall.packet import ABSENT, Packet, Span, Values, is_word_space, number
from preflight.facts.firewall.rules import Json, Set

_EQUAL = frozenset(("==", "in", "!="))
#: Larger numbers of values than this are looked up in sorted order.
_FEW = 4
#: nft's word for one of ours.
_UNICAST = {"host": "unicast"}

#: The property that is matched, as ("tcp", "dport").
Kind = tuple[str, str]
_COMPARE = {"<": (True, False), ">": (False, False), "<=": (True, True), ">=": (False, True)}
_WIDTH = 2**128 - 1


def any_of(answers: Iterable[bool | None]) -> bool | None:
    """Return True if one is True, None if one might be, otherwise False."""
    unsure = False
    for answer in answers:
        if answer:
            return True
        unsure = unsure or answer is None
    return None if unsure else False


def all_of(answers: Iterable[bool | None]) -> bool | None:
    """Return False if one is False, None if one might be, otherwise True."""
    inverse = any_of(None if answer is None else not answer for answer in answers)
    return None if inverse is None else not inverse


def matches(packet: Packet, sets: Mapping[str, Set], body: Json) -> bool | None:
    """Report whether the packet matches a `match` statement."""
    operator, left, right = body["op"], body["left"], body["right"]
    if isinstance(left, dict) and "concat" in left:
        within = found_in(packet, sets, left, right)
        return within if operator in ("==", "in") or within is None else not within
    kind, values = _look(packet, left)
    if values is None:
        return None
    if values == ABSENT:
        return False
    if len(values) > _FEW and operator in _EQUAL and not _is_set(right) and not is_word_space(*kind):
        packet.work.spend(1)
        within = None if _misread(kind, right) else _all_within(values, _bounds(kind, _plain(right)))
        return not within if operator == "!=" and within is not None else within
    packet.work.spend(len(values))
    return _agreed(_compare(kind, operator, value, right, sets) for value in values)


def found_in(packet: Packet, sets: Mapping[str, Set], key: Json, element: Json) -> bool | None:
    """Report whether the packet's value of `key`, an expression, equals or is in `element` of a map or set."""
    if isinstance(key, dict) and "concat" in key:
        return _concat_in(packet, sets, key["concat"], element)
    kind, values = _look(packet, key)
    if values is None:
        return None
    if values == ABSENT:
        return False
    packet.work.spend(len(values))
    return _agreed(_contains(kind, value, element, sets) for value in values)


def _concat_in(packet: Packet, sets: Mapping[str, Set], keys: Json, element: Json) -> bool | None:
    members = _members(element, sets)
    if members is None:
        concat = _plain(element)["concat"]
        return all_of(found_in(packet, sets, key, one) for key, one in zip(keys, concat, strict=True))
    return _perhaps(any_of(_concat_in(packet, sets, keys, _member(one)) for one in members), element, sets)


def _look(packet: Packet, left: Json) -> tuple[Kind, Values | None]:
    (form, body), *_ = left.items()
    if form == "meta":
        return ("meta", body["key"]), packet.look("meta", body["key"])
    if form == "ct":
        kind = ("ct", body["key"])
        return kind, None if "dir" in body else packet.look(*kind)
    if form == "payload" and "protocol" in body:
        kind = (body["protocol"], body["field"])
        return kind, packet.look(*kind)
    if form == "fib":
        return ("fib", body["result"]), _fib(body, leaves=packet.kind.leaves)
    if form == "exthdr":  # an IPv6 extension header: the first packet of a connection has none
        return ("exthdr", ""), ABSENT if "field" in body else ("missing",)
    if form in ("&", "|", "^"):
        return _calculated(packet, form, body)
    return ("", ""), None


def _fib(body: Json, *, leaves: bool) -> Values | None:
    """Return the result of a routing lookup: one end is this host, and there is a route to the other one."""
    flags = [body["flags"]] if isinstance(body["flags"], str) else body["flags"]
    if body["result"] == "type":
        return (("unicast",) if leaves else ("local",)) if "daddr" in flags else None
    return ("exists",) if "saddr" in flags and not leaves else None


def _calculated(packet: Packet, form: str, operands: Json) -> tuple[Kind, Values | None]:
    first, *others = operands
    kind, values = _look(packet, first)
    mask = 0
    for other in others:
        part = _number(kind, other)
        if part is None:
            return kind, None
        mask = part if other is others[0] else (mask & part if form == "&" else mask | part)
    if values is None or any(isinstance(value, str) or value[0] != value[1] for value in values):
        return kind, None
    results = []
    for value in values:
        low = int(value[0])
        result = {"&": low & mask, "|": low | mask, "^": low ^ mask}[form]
        results.append((result, result))
    return kind, tuple(results)


def _number(kind: Kind, written: Json) -> int | None:
    """Convert a number, a word, or several words for bits, written by nft as a list or a chain of `|`."""
    parts = written.get("|") if isinstance(written, dict) else written
    if not isinstance(parts, list):
        return number(*kind, parts)
    total = 0
    for part in parts:
        bits = _number(kind, part)
        if bits is None:
            return None
        total |= bits
    return total


def _compare(kind: Kind, operator: str, value: Span | str, right: Json, sets: Mapping[str, Set]) -> bool | None:
    if operator in _COMPARE:
        return _is_less_or_more(operator, value, _number(kind, right))
    if is_word_space(*kind) and not isinstance(value, str) and _members(right, sets) is None:
        bits = _number(kind, right)
        if bits is None:
            return None
        if operator == "in":
            return bool(value[0] & bits)
        return (value[0] == bits) is (operator == "==")
    if operator == "!=" and (between := _misread(kind, right)):
        return None if isinstance(value, str) else _overlap(value, between)
    within = _contains(kind, value, right, sets)
    if within is None or operator in ("==", "in"):
        return within
    return not within if operator == "!=" else None


def _misread(kind: Kind, right: Json) -> Span | None:
    """Return the span meant by `!= 100-20`, which nft (1.0.6) prints for a rule with `< 100` followed by `> 20`."""
    if not isinstance(right, dict) or "range" not in right:
        return None
    low, high = (_number(kind, end) for end in right["range"])
    return (high + 1, low - 1) if low is not None and high is not None and low > high else None


def _is_less_or_more(operator: str, value: Span | str, limit: int | None) -> bool | None:
    if limit is None or isinstance(value, str):
        return None
    less, equal = _COMPARE[operator]
    bounds: Span = (0, limit if equal else limit - 1) if less else (limit if equal else limit + 1, _WIDTH)
    return _overlap(value, bounds)


def _contains(kind: Kind, value: Span | str, element: Json, sets: Mapping[str, Set]) -> bool | None:
    if isinstance(element, str) and element.startswith("@"):
        named = sets[element[1:]]
        if kind not in named.lookups:
            named.lookups[kind] = Lookup(kind, named.elements)
        return _perhaps(named.lookups[kind].has(value), element, sets)
    members = _members(element, sets)
    if members is not None:
        return any_of(_contains(kind, value, one, sets) for one in members)
    element = _plain(element)
    if isinstance(value, str):
        return _is_word(value, element)
    bounds = _bounds(kind, element)
    return None if bounds is None else _overlap(value, bounds)


class Lookup:
    """Sorted elements of a named set, so that none is examined twice: a set may have tens of thousands."""

    def __init__(self, kind: Kind, elements: Iterable[Json]) -> None:
        """`kind` is the property that is looked up, which determines the numbers that words stand for."""
        plain = [_plain(element) for element in elements]
        bounds = [_bounds(kind, one) for one in plain]
        self._words = {one for one in plain if isinstance(one, str)}
        self._beginnings = tuple(one[:-1] for one in self._words if one.endswith("*"))
        self._others = [one for one in plain if not isinstance(one, str)]
        self._is_known = None not in bounds
        self._lows: list[int] = []
        self._highs: list[int] = []
        for low, high in sorted(one for one in bounds if one is not None):
            if self._highs and low <= self._highs[-1] + 1:
                self._highs[-1] = max(self._highs[-1], high)
            else:
                self._lows.append(low)
                self._highs.append(high)

    def has(self, value: Span | str) -> bool | None:
        """Report whether the value is in the set; None if only part of a span is, or an element is unknown."""
        if isinstance(value, str):
            if {value, _UNICAST.get(value, value)} & self._words or value.startswith(self._beginnings):
                return True
            return any_of(_is_word(value, one) for one in self._others)
        after = bisect_right(self._lows, value[1])
        if after and self._highs[after - 1] >= value[0]:
            covered = self._lows[after - 1] <= value[0] and value[1] <= self._highs[after - 1]
            return True if covered else None
        return False if self._is_known else None


def _bounds(kind: Kind, element: Json) -> Span | None:
    """Return the numbers that an element stands for; None if they cannot be determined."""
    if isinstance(element, dict) and "range" in element:
        low, high = (_number(kind, end) for end in element["range"])
        if kind[1].endswith("hour") and low is not None and high is not None and low > high:
            return None  # over midnight
    elif isinstance(element, dict) and "prefix" in element:
        return _network(f"{element['prefix']['addr']}/{element['prefix']['len']}")
    else:
        low = high = _number(kind, element)
    return None if low is None or high is None else (low, high)


@lru_cache(maxsize=1 << 15)  # one rule is evaluated for each of many ports
def _network(written: str) -> Span:
    network = ip_network(written)
    return int(network.network_address), int(network.broadcast_address)


def _all_within(values: Values, bounds: Span | None) -> bool | None:
    """Report whether all or none of these sorted values, none of which is a span, are within the bounds."""
    if bounds is None or any(isinstance(value, str) for value in (values[0], values[-1])):
        return None
    inside = bisect_right(values, (bounds[1], bounds[1])) - bisect_left(values, (bounds[0], bounds[0]))
    return True if inside == len(values) else False if inside <= 0 else None


def _agreed(answers: Iterable[bool | None]) -> bool | None:
    """Return the common answer; None as soon as two answers differ."""
    given = iter(answers)
    first = next(given)
    return first if all(answer is first for answer in given) else None


def _overlap(value: Span, bounds: Span) -> bool | None:
    if bounds[0] <= value[0] and value[1] <= bounds[1]:
        return True
    return False if value[1] < bounds[0] or bounds[1] < value[0] else None


def _is_word(value: str, element: Json) -> bool | None:
    if isinstance(element, bool):
        return value == ("exists" if element else "missing")
    if not isinstance(element, str):
        return None  # a number where only a name is known
    if element.endswith("*"):
        return value.startswith(element[:-1])
    return value == ("host" if element == "unicast" else element)


def _plain(element: Json) -> Json:
    """Return an element without its timeout, counter or comment."""
    return element["elem"]["val"] if isinstance(element, dict) and "elem" in element else element


def _is_set(element: Json) -> bool:
    return (isinstance(element, dict) and "set" in element) or (isinstance(element, str) and element.startswith("@"))


def _member(element: Json) -> Json:
    """Return the member of a set; it must not be a set itself: nft has none nested, and it might be the same set."""
    if _is_set(element):
        raise ValueError(element)
    return element


def _members(element: Json, sets: Mapping[str, Set]) -> Iterator[Json] | None:
    """Return the members if the element is a set, anonymous or named; otherwise None."""
    if isinstance(element, dict) and "set" in element:
        written = element["set"]
        return iter(written if isinstance(written, list) else [written])
    if isinstance(element, str) and element.startswith("@"):
        return iter(sets[element[1:]].elements)
    return None


def _perhaps(answer: bool | None, element: Json, sets: Mapping[str, Set]) -> bool | None:
    """Return None instead of an answer that need not last: an element may be added, or may not apply to each packet."""
    if answer is None or not isinstance(element, str):
        return answer
    named = sets[element[1:]]
    return None if (named.counts if answer else named.dynamic) else answer
