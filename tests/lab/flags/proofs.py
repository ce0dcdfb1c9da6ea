"""The proofs that a flag had its effect: each returns a few words, or raises `Unproved`."""

import re
from collections.abc import Callable

from preflight.request.options import all_told

from .seen import Seen, Unproved

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
    """libvirt's own call had the flag of an option, or had it not, and the guest arrived."""

    def proof(seen: Seen) -> str:
        import libvirt

        arrived(seen, state=state)
        bits = sum(getattr(libvirt, f"VIR_MIGRATE_{flag}") for flag in all_told()[name].flags)
        flags = seen.source.flags(r"virDomainMigratePerform3Params")
        must((flags & bits == bits) is given, f"the call had the flags 0x{flags:x}")
        return f"libvirt's call had the flag {bits}" if given else f"libvirt's call did not have the flag {bits}"

    return proof


def parameter(name: str) -> Proof:
    """libvirt's own call had the parameter of an option, and the guest arrived."""
    own = all_told()[name].parameter

    def proof(seen: Seen) -> str:
        arrived(seen)
        found = re.findall(rf'params\["{re.escape(own or "")}"\]=\((\w+)\)(.*)$', seen.source.log, re.MULTILINE)
        must(bool(found), f"the call had no parameter {own}")
        kind, value = found[-1]
        return f"libvirt's call had {own} {value} ({kind})"

    return proof


def refused_for(text: str) -> Proof:
    """preflight says this, and does nothing."""

    def proof(seen: Seen) -> str:
        must(seen.destination.states == {}, "something is on the destination")
        said = [line.strip() for line in (seen.out + seen.err).splitlines() if text in line]
        must(bool(said), f"not said: {text}")
        return said[0]

    return proof


def capability(*names: str, state: str = "running", **parameters: object) -> Proof:
    """Require that the source's QEMU was given these capabilities and parameters."""

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
        return f"QEMU was given {', '.join(told)}"

    return proof


def incoming(text: str, state: str = "running") -> Proof:
    """Require that libvirt made the destination's QEMU listen there."""

    def proof(seen: Seen) -> str:
        arrived(seen, state=state)
        [asked] = seen.destination.sent("migrate-incoming")[-1:] or [{}]
        must(
            re.search(text, asked.get("uri", "")) is not None, f"the destination's QEMU listened on {asked.get('uri')}"
        )
        return f"the destination's QEMU listened on {asked['uri']}"

    return proof


def copied(sync: str, *devices: str, port: str | None = None, mode: str | None = None) -> Proof:
    """QEMU mirrored these disks and no others, in this mode, and they are the same on both hosts."""

    def proof(seen: Seen) -> str:
        arrived(seen)
        jobs = seen.source.sent("blockdev-mirror")
        must(all(job["sync"] == sync for job in jobs), f"sync {[job['sync'] for job in jobs]}")
        must(len(jobs) == len(devices), f"{len(jobs)} disks were mirrored")
        sums = set(re.findall(r"^([0-9a-f]{64})", seen.noted, re.MULTILINE))
        must(len(sums) == 1, f"the images differ: {seen.noted}")
        told = f"QEMU mirrored {', '.join(devices)} (sync {sync}), and the images are identical"
        if mode is not None:
            must(
                all(job.get("copy-mode") == mode for job in jobs), f"copy-mode {[job.get('copy-mode') for job in jobs]}"
            )
            told += f"; copy-mode {mode}"
        if port is not None:
            [server] = seen.destination.sent("nbd-server-start")
            must(port in str(server), f"the NBD server listened on {server}")
            told += f"; the NBD server listened on {port}"
        return told

    return proof


def zeroes_left_out(device: str) -> Proof:
    """QEMU was told to look for zeroes in what it sends of a disk."""

    def proof(seen: Seen) -> str:
        arrived(seen)
        sent = [
            node for node in seen.source.sent("blockdev-add") if node["node-name"].startswith(f"migration-{device}-")
        ]
        must(bool(sent), f"no disk {device} was sent")
        told = {node.get("detect-zeroes") for node in sent} - {None}
        must(told == {"unmap"}, f"detect-zeroes {told}")
        return f"QEMU was given detect-zeroes unmap for what it sends of {device}"

    return proof


def noted(pattern: str, told: str, state: str = "running", name: str = "web") -> Proof:
    """Require that the observations during or after the migration show it, and that the guest arrived."""

    def proof(seen: Seen) -> str:
        arrived(seen, name, state)
        must(re.search(pattern, seen.noted) is not None, f"seen: {seen.noted[-300:]!r}")
        return told

    return proof


def timed_out(action: str) -> Proof:
    """Require that the guest was reported as not converging, with the next step, and that this step was taken."""

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
