"""Waits for the moment at which a run's fault is thrown."""

import time

from . import processors
from .faults import Scene
from .mover import Started
from .processors import Processors
from .trial import Trial

#: Seconds between two looks while a hand-over is waited for, and how many looks in a row a guest must stand still.
INTERVAL, STILL = 0.02, 4
#: Seconds after which the fault is thrown anyway.
LONGEST = 90.0


def wait_for(trial: Trial, scene: Scene, started: Started) -> str:
    """Return at the moment, in words; it comes early where all ended before it."""
    deadline = time.monotonic() + LONGEST
    name = f"start +{trial.after} s"
    if trial.aim == "transfer":
        _wait_for_transfer(scene, started, deadline)
        name = f"transfer +{trial.after} s"
    elif trial.aim == "hand-over":
        guest = _wait_for_hand_over(trial, scene, started, deadline)
        name = f"hand-over of {guest or 'none'} +{trial.after} s"
    moment = time.monotonic() + trial.after
    while time.monotonic() < moment and not started.has_ended():
        time.sleep(0.005)
    return f"{name}, after the end" if started.has_ended() else name


def _wait_for_transfer(scene: Scene, started: Started, deadline: float) -> None:
    """Until the first guest that moves has a QEMU at the destination."""
    while not processors.seen_on(scene.destination):
        if started.has_ended() or time.monotonic() > deadline:
            return
        time.sleep(INTERVAL)


def _wait_for_hand_over(trial: Trial, scene: Scene, started: Started, deadline: float) -> str | None:
    """Until so many guests, in turn, have stood still at the source with a QEMU at the destination; the last of them."""
    stood: dict[str, int] = {}
    handed: list[str] = []
    before: dict[str, Processors] = {}
    while not started.has_ended() and time.monotonic() < deadline:
        now = processors.seen_on(scene.source)
        for guest in processors.seen_on(scene.destination):
            still = guest not in now or (guest in before and _stands(before[guest], now[guest]))
            stood[guest] = stood.get(guest, 0) + 1 if still else 0
            if stood[guest] >= STILL and guest not in handed:
                handed.append(guest)
                if len(handed) >= trial.of:
                    return guest
        before = now
        time.sleep(INTERVAL)
    return None


def _stands(before: Processors, now: Processors) -> bool:
    """Whether a guest did nothing between two looks, and not for want of a processor of this machine."""
    return not now.queued and not now.ran_since(before)
