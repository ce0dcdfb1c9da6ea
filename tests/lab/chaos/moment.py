"""Waits for the moment at which a run's fault is thrown."""

import contextlib
import re
import time
from pathlib import Path
from typing import Any, Protocol

from tests.lab.chaos import processors
from tests.lab.chaos.faults import Scene
from tests.lab.chaos.mover import Started
from tests.lab.chaos.processors import Processors
from tests.lab.chaos.trial import Aim

#: Seconds between two looks while nothing is near.
INTERVAL = 0.03
#: Seconds between two looks while a guest is about to be handed over, and in how many in a row it must stand still.
CLOSE, STILL = 0.005, 4
#: Seconds after which the fault is thrown anyway.
LONGEST = 90.0
#: QEMU hands a guest over once what is left takes no longer than this many seconds to send.
DOWNTIME = 0.3
#: What libvirtd writes down of a guest then: the last two phases of its protocol's third version at the source.
ANSWERED = re.compile("<job [^>]* phase='(perform3_done|confirm3)'")
MIB = 1024 * 1024


class Aimed(Protocol):
    """What is needed of a trial to find its moment."""

    @property
    def aim(self) -> Aim:
        """Return what is waited for."""

    @property
    def after(self) -> float:
        """Return the seconds from then on."""

    @property
    def of(self) -> int:
        """Return which guest's hand-over or answer is waited for, counted from 1."""

    @property
    def bandwidth(self) -> int:
        """Return the MiB/s that each migration may send."""


def wait_for(trial: Aimed, scene: Scene, started: Started, *, longest: float = LONGEST) -> str:
    """Return at the moment, in words; it comes early where all ended before it, or after so many seconds."""
    deadline = time.monotonic() + longest
    name = f"start +{trial.after} s"
    if trial.aim == "transfer":
        _wait_for_transfer(scene, started, deadline)
        name = f"transfer +{trial.after} s"
    elif trial.aim == "hand-over":
        guest = _wait_for_hand_over(trial, scene, started, deadline)
        name = f"hand-over of {guest or 'none'} +{trial.after} s"
    elif trial.aim == "answer":
        guest = _wait_for_answer(trial, scene, started, deadline)
        name = f"answer of {guest or 'none'} +{trial.after} s"
    moment = time.monotonic() + trial.after
    while time.monotonic() < moment and not started.has_ended():
        time.sleep(0.003)
    return f"{name}, after the end" if started.has_ended() else name


def _wait_for_transfer(scene: Scene, started: Started, deadline: float) -> None:
    """Until the first guest that moves has a QEMU at the destination."""
    while not (processors.seen_on(scene.destination) or started.has_ended() or time.monotonic() > deadline):
        time.sleep(INTERVAL)


def _wait_for_hand_over(trial: Aimed, scene: Scene, started: Started, deadline: float) -> str | None:
    """Wait until this many guests are paused on the source, or gone from it, and return the last of them."""
    handed: set[str] = set()
    with contextlib.closing(_Jobs(scene)) as jobs:
        while not started.has_ended() and time.monotonic() < deadline:
            left = processors.seen_on(scene.source)
            moving = processors.seen_on(scene.destination)
            handed |= {guest for guest in moving if guest not in left}
            if len(handed) >= trial.of:
                return max(handed)
            for guest in moving.keys() - handed:
                near = trial.bandwidth * DOWNTIME * MIB * 1.2
                if len(handed) == trial.of - 1 and jobs.left(guest) < near:
                    _wait_until_it_stands(scene, guest, started, deadline)
                    return guest
            time.sleep(INTERVAL)
    return None


def _wait_for_answer(trial: Aimed, scene: Scene, started: Started, deadline: float) -> str | None:
    """Wait until the memory of this many guests was sent and libvirt's answer is on its way; return the last one."""
    answered: set[str] = set()
    written = Path(scene.source.inside("/run/libvirt/qemu"))
    while not started.has_ended() and time.monotonic() < deadline:
        for path in written.glob("*.xml"):
            with contextlib.suppress(OSError):
                if ANSWERED.search(path.read_text()):
                    answered.add(path.stem)
                    if len(answered) >= trial.of:
                        return path.stem
        time.sleep(CLOSE)
    return None


def _wait_until_it_stands(scene: Scene, guest: str, started: Started, deadline: float) -> None:
    still, before = 0, processors.seen_on(scene.source).get(guest)
    while still < STILL and not started.has_ended() and time.monotonic() < deadline:
        time.sleep(CLOSE)
        now = processors.seen_on(scene.source).get(guest)
        if now is None or before is None:
            return
        still = still + 1 if _stands(before, now) else 0
        before = now


def _stands(before: Processors, now: Processors) -> bool:
    """Report whether a guest did nothing between two looks, although this machine had a processor for it."""
    return not now.queued and not now.ran_since(before)


class _Jobs:
    """Return what is left to send according to the source's libvirt, asked over its socket, not the network."""

    def __init__(self, scene: Scene) -> None:
        import libvirt

        socket = scene.source.inside("/run/libvirt/libvirt-sock")
        self._connection: Any = libvirt.open(f"qemu+unix:///system?socket={socket}")

    def left(self, guest: str) -> float:
        """Bytes; infinite where no memory is sent yet."""
        import libvirt

        with contextlib.suppress(libvirt.libvirtError):
            stats = self._connection.lookupByName(guest).jobStats()
            if "memory_remaining" in stats and stats.get("memory_processed"):
                return float(stats["memory_remaining"])
        return float("inf")

    def close(self) -> None:
        """End the connection."""
        import libvirt

        with contextlib.suppress(libvirt.libvirtError):
            self._connection.close()
