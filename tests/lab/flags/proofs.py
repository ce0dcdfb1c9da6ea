"""What shows that a flag had its effect: each says it in a few words, or raises `Unproved`."""

import re
from collections.abc import Callable

from .seen import Seen, Unproved

#: virDomainMigrateFlags (include/libvirt/libvirt-domain.h).
BITS = {
    "live": 1,
    "p2p": 2,
    "tunnelled": 4,
    "persistent": 8,
    "undefinesource": 16,
    "paused": 32,
    "change-protection": 256,
    "unsafe": 512,
    "offline": 1024,
    "abort-on-error": 4096,
}
#: Says in a few words what shows that the flag had its effect; raises `Unproved`.
Proof = Callable[[Seen], str]


def must(holds: object, instead: str) -> None:
    """Raise `Unproved` unless it holds."""
    if not holds:
        raise Unproved(instead)


def arrived(seen: Seen, name: str = "web", state: str = "running") -> None:
    """The guest is on the destination in that state, and not active on the source."""
    there, here = seen.destination.states.get(name), seen.source.states.get("web")
    must(there == state, f"on the destination it is {there}")
    must(here in (None, "shut off"), f"on the source it is {here}")


def flag(name: str, *, given: bool = True, state: str = "running") -> Proof:
    """libvirt's own call had the flag, or had it not, and the guest arrived."""

    def proof(seen: Seen) -> str:
        arrived(seen, state=state)
        flags = seen.source.flags(r"virDomainMigratePerform3Params")
        must(bool(flags & BITS[name]) is given, f"the call had the flags 0x{flags:x}")
        return f"libvirt's call had the flag {BITS[name]}" if given else f"libvirt's call had not the flag {BITS[name]}"

    return proof


def capability(*names: str, state: str = "running", **parameters: object) -> Proof:
    """QEMU was told so at the source."""

    def proof(seen: Seen) -> str:
        arrived(seen, state=state)
        missing = set(names) - seen.source.capabilities()
        must(not missing, f"QEMU was not told {', '.join(sorted(missing))}")
        told = [*names]
        for parameter, value in parameters.items():
            name = parameter.replace("_", "-")
            given = seen.source.parameter(name)
            must(given == value, f"QEMU's {name} is {given}")
            told.append(f"{name} {value}")
        return f"QEMU was told {', '.join(told)}"

    return proof


def incoming(text: str, state: str = "running") -> Proof:
    """The destination's QEMU was told to listen so."""

    def proof(seen: Seen) -> str:
        arrived(seen, state=state)
        [asked] = seen.destination.sent("migrate-incoming")[-1:] or [{}]
        must(
            re.search(text, asked.get("uri", "")) is not None, f"the destination's QEMU listened at {asked.get('uri')}"
        )
        return f"the destination's QEMU listened at {asked['uri']}"

    return proof


def copied(sync: str, *devices: str, port: str | None = None) -> Proof:
    """QEMU mirrored these disks and no others, and they are the same on both hosts."""

    def proof(seen: Seen) -> str:
        arrived(seen)
        jobs = seen.source.sent("blockdev-mirror")
        must(all(job["sync"] == sync for job in jobs), f"sync {[job['sync'] for job in jobs]}")
        must(len(jobs) == len(devices), f"{len(jobs)} disks were mirrored")
        sums = set(re.findall(r"^([0-9a-f]{64})", seen.noted, re.MULTILINE))
        must(len(sums) == 1, f"the images differ: {seen.noted}")
        told = f"QEMU mirrored {', '.join(devices)} (sync {sync}), and the images are alike"
        if port is not None:
            [server] = seen.destination.sent("nbd-server-start")
            must(port in str(server), f"the NBD server listened at {server}")
            told += f"; the NBD server listened at {port}"
        return told

    return proof


def noted(pattern: str, told: str, state: str = "running", name: str = "web") -> Proof:
    """What was looked at meanwhile or afterwards says so, and the guest arrived."""

    def proof(seen: Seen) -> str:
        arrived(seen, name, state)
        must(re.search(pattern, seen.noted) is not None, f"seen: {seen.noted[-300:]!r}")
        return told

    return proof


def timed_out(action: str) -> Proof:
    """It was named as not converging with what would be done, and that was done."""

    def proof(seen: Seen) -> str:
        named = seen.told("not-converging")
        must(bool(named), f"not named as not converging: {[event['kind'] for event in seen.events][-20:]}")
        if action == "abort":
            must(seen.source.states.get("web") == "running", "it does not run on the source")
            must("web" not in seen.destination.states, "something is left on the destination")
            must("aborted" in named[0], named[0])
            must(bool(seen.told("aborting")), "nothing was aborted")
            return f"named ({named[0].partition('. ')[0]}), aborted, runs on the source"
        arrived(seen)
        [done] = seen.told("timeout")
        must(("paused" if action == "suspend" else "post-copy") in named[0], named[0])
        if action == "suspend":
            must(bool(seen.source.sent("stop")), "QEMU was not stopped")
        else:
            must(bool(seen.source.sent("migrate-start-postcopy")), "QEMU was not told to begin post-copy")
        return f"named ({named[0].partition('. ')[0]}), then: {done}"

    return proof
