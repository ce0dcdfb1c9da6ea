"""Proofs that a guest which has arrived also works there: its agent answers, it receives, its disks have written.

libvirt says that a guest runs; these ask the guest, or look at what it does. A guest that gives no proof in time has
arrived, but not as requested.
"""

import concurrent.futures
import enum
import math
import time
from collections.abc import Callable, Iterator, Mapping

from msgspec.structs import replace

from preflight.facts.fact import Unreadable
from preflight.facts.text.xml import parse_xml
from preflight.migrate.end import HostSilent
from preflight.migrate.events import Event
from preflight.migrate.hypervisor import Domain
from preflight.migrate.observation import Place
from preflight.migrate.past import Past, of
from preflight.migrate.run import Ended, Run

#: Guests that are asked at the same time.
AT_ONCE = 16
#: Seconds between two looks at a guest's counters, and those that its agent is given for one answer.
LOOK_AGAIN, ANSWERS_IN = 0.5, 5
_PING = '{"execute":"guest-ping"}'


class Proof(enum.StrEnum):
    """What shows that a guest works."""

    AGENT = "agent"
    NETWORK = "network"
    DISK = "disk"


class _None(Exception):
    """The guest cannot give the proof. The text is the reason."""


def proven(run: Run, ended: Mapping[str, Ended]) -> dict[str, Past]:
    """Return the past of each guest whose move has ended; one that has arrived without a wanted proof says why."""
    found = {uuid: of(one) for uuid, one in ended.items()}
    wanted = [one for one in ended.values() if one.arrived and one.destination.place is Place.RUNNING]
    if not run.settings.proofs or not wanted:
        return found
    proofs = run.settings.proofs
    for one in wanted:
        run.tell(Event("note", one.guest.name, f"waiting for proof that it works: {', '.join(proofs)}"))
    asked = [(one.guest.uuid, proof) for one in wanted for proof in proofs]
    # side by side: what one proof waits for must not use up the time of another
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE * len(proofs)) as pool:
        missing = list(pool.map(lambda pair: _missing(run, *pair), asked))
    for uuid in {uuid for uuid, _ in asked}:
        why = [text for (its, _), text in zip(asked, missing, strict=True) if its == uuid and text]
        if why:
            found[uuid] = replace(found[uuid], why="; ".join(why))
    return found


def _missing(run: Run, uuid: str, proof: str) -> str | None:
    """Return why a guest has not given this proof in its time, which begins with the first look; None if it has."""
    import libvirt

    until = math.inf
    try:
        for missing in _PROOFS[Proof(proof)](run, uuid):
            if missing is None:
                return None
            now = time.monotonic()
            if now > until:
                return f"{missing} within {run.settings.proven_within:g} s"
            until = min(until, now + run.settings.proven_within)
            time.sleep(LOOK_AGAIN)
    except (_None, libvirt.libvirtError, HostSilent, Unreadable) as why:
        return f"there is no proof by {proof}: {why}"
    return None


def _agent(run: Run, uuid: str) -> Iterator[str | None]:
    """Yield why the guest's agent has not answered yet, or None once it has."""
    import libvirt

    ask = run.settings.ask_agent or _ask
    # it has no agent, and will have none
    without = (libvirt.VIR_ERR_ARGUMENT_UNSUPPORTED, libvirt.VIR_ERR_CONFIG_UNSUPPORTED)
    while True:
        try:
            ask(run.destination.domain(uuid), _PING, ANSWERS_IN)
        except libvirt.libvirtError as why:
            if why.get_error_code() in without:
                raise
            yield f"its agent does not answer ({why})"
        else:
            yield None


def _ask(domain: Domain, command: str, seconds: int) -> str:
    import libvirt_qemu

    return str(libvirt_qemu.qemuAgentCommand(domain, command, seconds, 0))


def _network(run: Run, uuid: str) -> Iterator[str | None]:
    missing = "no interface has received a packet"
    return _grows(run, uuid, "interface", missing, lambda one, device: one.interfaceStats(device)[1])


def _disk(run: Run, uuid: str) -> Iterator[str | None]:
    missing = "no disk has been written to"
    return _grows(run, uuid, "disk", missing, lambda one, device: one.blockStats(device)[2])


def _grows(run: Run, uuid: str, kind: str, missing: str, count: Callable[[Domain, str], int]) -> Iterator[str | None]:
    """Yield `missing` until a counter of one of the guest's devices of this kind has grown, and then None."""
    domain = run.destination.domain(uuid)
    names = [one.get("dev") or "" for one in parse_xml(domain.XMLDesc()).iterfind(f"devices/{kind}/target")]
    first = {name: count(domain, name) for name in names if name}
    if not first:
        raise _None(f"the guest has no {kind}")
    while True:
        yield None if any(count(domain, name) > before for name, before in first.items()) else missing


_PROOFS: Mapping[Proof, Callable[[Run, str], Iterator[str | None]]] = {
    Proof.AGENT: _agent,
    Proof.NETWORK: _network,
    Proof.DISK: _disk,
}
