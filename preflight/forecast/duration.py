"""The duration for these guests on these hosts' link, and the quickest number at a time, from facts and the model.

The duration has two bounds. The lower bound assumes that a guest whose dirty rate was not measured writes nothing, and
that memory whose use is unknown was never touched. The upper bound assumes that such a guest writes faster than its
memory can be sent. A measured rate is a sample: the bounds allow for `WITHIN`. If disks are copied, there is no upper
bound, since neither their data nor the rate at which guests write to them is known.
"""

import math
from collections.abc import Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from preflight.capacity.precopy import PAYLOAD, STREAM, Load, Prediction, best_width, predict, together
from preflight.facts.fact import Unreadable
from preflight.facts.guest.memory import GuestMemory
from preflight.facts.names.peer_name import PeerName
from preflight.facts.network.addresses import OwnAddresses
from preflight.facts.network.link_speed import LinkSpeed
from preflight.host import Guest
from preflight.judge.check import Checked

#: MiB per Mbit.
_MIB_OF_MBIT = 1e6 / 8 / 2**20
#: The share of a stream's rate up to which dirty rates are tried: beyond it the model's rounds are too many, and the
#: duration depends on the rate more than a measurement can tell.
_NEARLY = 0.9


#: A guest's true dirty rate is at most this many times the measured one, and at least as small a part of it: 22.4 MiB/s
#: were measured as 26.5, and 16.8 as 13.5 (docs/capacity.md). QEMU reports whole MiB/s.
WITHIN = 1.25
_WHOLE = 0.5


#: The origin of a rate that the user gave.
AS_GIVEN = "as given"


class Link(Struct, frozen=True):
    """The rate of memory from the source to the destination, in MiB/s, and the origin of that number."""

    rate: float
    because: str


class Forecast(Struct, frozen=True):
    """The prediction for each guest alone on the link, and for all of them `width` at a time."""

    link: Link
    loads: tuple[Load, ...]
    #: In the order of `loads`.
    alone: tuple[Prediction, ...]
    #: The quickest width that the hosts' limits allow; 0 if they allow none.
    width: int
    #: Seconds for all of them, at the requested width or else at that one, if guests that were not measured are idle.
    seconds: float
    #: Bounds of that duration, for all that is not known.
    least: float
    most: float
    #: Why the memory that the guests have touched is not known, so that all their memory counts; None if it is known.
    unread: str | None = None
    #: Why guests are missing from it: one reason each.
    missing: tuple[str, ...] = ()
    #: The guests that are off, which send no memory and are not counted.
    off: tuple[str, ...] = ()
    #: The guests with disks that are copied, whose data is not counted.
    copied: tuple[str, ...] = ()

    @property
    def unmeasured(self) -> tuple[str, ...]:
        """Return the guests whose dirty rate was not measured."""
        return tuple(load.name for load in self.loads if load.dirty is None)

    def bearable(self, at_a_time: int, window: float) -> int | None:
        """Return the whole MiB/s that each unmeasured guest may dirty so that all fit into `window` seconds.

        None if there is no such rate of at least 1 MiB/s.
        """
        rate = min(STREAM, self.link.rate / max(1, min(at_a_time, len(self.loads))))
        low, high = 0.0, rate * _NEARLY
        while high - low >= 1:
            middle = (low + high) / 2
            loads = [replace(load, dirty=middle) if load.dirty is None else load for load in self.loads]
            if together(loads, at_a_time, self.link.rate) <= window:
                low = middle
            else:
                high = middle
        return int(low) or None


def link_of(checked: Checked, bandwidth: float | None) -> Link:
    """Return the link's rate: as requested, or else from the driver of the interface toward the destination.

    Raises `Unreadable` if neither gives it.
    """
    if bandwidth is not None:
        return Link(bandwidth, AS_GIVEN)
    source = checked.source
    address = next(iter(source.fact(PeerName).addresses), None)
    if address is None:
        raise Unreadable("the source cannot resolve the name that the destination announces")
    names = {one.interface for one in source.fact(OwnAddresses).met_by(address)}
    found = of_interfaces(source.fact(LinkSpeed), names)
    if found is None:
        raise Unreadable(f"no driver reports the speed of the link to {address}: specify it with --bandwidth")
    return found


def of_interfaces(speeds: LinkSpeed, names: Iterable[str]) -> Link | None:
    """Return the rate of the slowest of these interfaces of a host; None if no driver reports any."""
    known = {name: speeds.mbit_per_s[name] for name in names if name in speeds.mbit_per_s}
    if not known:
        return None
    name = min(known, key=lambda one: known[one])
    return Link(known[name] * _MIB_OF_MBIT * PAYLOAD, f"{name} runs at {known[name]} Mbit/s")


def forecast(checked: Checked, link: Link, dirty: Mapping[str, float], *, concurrency: int | None = None) -> Forecast:
    """Apply the model to these guests and their dirty rates in MiB/s, if measured."""
    try:
        touched: Mapping[str, int] = checked.source.fact(GuestMemory).touched_kib
        unread = None
    except Unreadable as why:
        touched, unread = {}, str(why)
    loads = tuple(_load(guest, touched, dirty) for guest in checked.guests if guest.running)
    most = checked.report.capacity.safe
    width = best_width(loads, len(loads) if most is None else most, link.rate)
    asked = max(1, width if concurrency is None else concurrency)
    alone = tuple(predict(load, min(STREAM, link.rate)) for load in loads)
    lightest = [_lightest(load, is_touched=unread is None) for load in loads]
    heaviest = [replace(load, dirty=_at_most(load.dirty)) for load in loads]
    copied = tuple(guest.name for guest in checked.guests if guest.running and _is_copied(guest, checked))
    return Forecast(
        link,
        loads,
        alone,
        width,
        together(loads, asked, link.rate),
        together(lightest, asked, link.rate),
        math.inf if checked.unread or copied else together(heaviest, asked, link.rate),
        unread,
        checked.unread,
        tuple(guest.name for guest in checked.guests if not guest.running),
        copied,
    )


def _load(guest: Guest, touched: Mapping[str, int], dirty: Mapping[str, float]) -> Load:
    sent = min(touched.get(guest.name, guest.memory_kib), guest.memory_kib)
    return Load(guest.name, sent / 1024, dirty.get(guest.name), (guest.memory_kib - sent) / 1024)


def _lightest(load: Load, *, is_touched: bool) -> Load:
    dirty = None if load.dirty is None else max(0.0, load.dirty - _WHOLE) / WITHIN
    if is_touched:
        return replace(load, dirty=dirty)
    return replace(load, dirty=dirty, memory=0.0, untouched=load.memory + load.untouched)


def _at_most(dirty: float | None) -> float:
    return math.inf if dirty is None else (dirty + _WHOLE) * WITHIN


def _is_copied(guest: Guest, checked: Checked) -> bool:
    migration = checked.report.migration
    return any(migration.copies(disk.target, by_default=disk.copied_by_default) for disk in guest.disks)
