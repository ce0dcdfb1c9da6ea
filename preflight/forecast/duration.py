"""The duration for these guests on these hosts' link, and the quickest number at a time, from facts and the model."""

from collections.abc import Mapping

from msgspec import Struct

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
    #: Seconds for all of them, at the requested width or else at that one.
    seconds: float
    #: Why the memory that the guests have touched is not known, so that all their memory counts; None if it is known.
    unread: str | None = None


def link_of(checked: Checked, bandwidth: float | None) -> Link:
    """Return the link's rate: as requested, or else from the driver of the interface toward the destination.

    Raises `Unreadable` if neither gives it.
    """
    if bandwidth is not None:
        return Link(bandwidth, "as given")
    source = checked.source
    address = next(iter(source.fact(PeerName).addresses), None)
    if address is None:
        raise Unreadable("the source cannot resolve the name that the destination announces")
    names = {one.interface for one in source.fact(OwnAddresses).met_by(address)}
    speeds = source.fact(LinkSpeed).mbit_per_s
    known = {name: speeds[name] for name in names if name in speeds}
    if not known:
        raise Unreadable(f"no driver reports the speed of the link to {address}: specify it with --bandwidth")
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
    asked = width if concurrency is None else concurrency
    alone = tuple(predict(load, min(STREAM, link.rate)) for load in loads)
    return Forecast(link, loads, alone, width, together(loads, max(1, asked), link.rate), unread)


def _load(guest: Guest, touched: Mapping[str, int], dirty: Mapping[str, float]) -> Load:
    sent = min(touched.get(guest.name, guest.memory_kib), guest.memory_kib)
    return Load(guest.name, sent / 1024, dirty.get(guest.name), (guest.memory_kib - sent) / 1024)
