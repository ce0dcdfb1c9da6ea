"""Replays an answer on links that are shared, by the memory that each guest has left. Imports nothing of preflight.

Unlike the planner, which scales the data of the present rate, it follows what is left of each guest's memory: it
shrinks by the stream's rate and grows by what the guest dirties, until the guest can stop.
"""

import math
from dataclasses import dataclass, field

from .generate import Json
from .precopy import DOWNTIME, STREAM, constant, converges, dirty, memory, quiet


@dataclass
class Stream:
    """A migration under way: seconds of silence, then data that does not change, then memory, in MiB."""

    host: str
    name: str
    quiet: float
    constant: float
    left: float
    memory: float
    dirty: float

    def step(self, rate: float) -> float:
        """Return the seconds until something changes for this stream at this rate."""
        if self.quiet > 0:
            return self.quiet
        if self.constant > 0:
            return self.constant / rate
        allowed = rate * DOWNTIME
        if self.left <= allowed or self.dirty == 0:
            return self.left / rate
        if rate <= self.dirty:
            return math.inf
        # what is left when it fits goes while the guest stands still
        return (self.left - allowed) / (rate - self.dirty) + DOWNTIME

    def advance(self, seconds: float, rate: float) -> None:
        """Let time pass."""
        if self.quiet > 0:
            self.quiet = max(0.0, self.quiet - seconds)
        elif self.constant > 0:
            self.constant = max(0.0, self.constant - rate * seconds)
        elif seconds >= self.step(rate) - 1e-9:
            self.left = 0.0
        else:
            self.left = min(self.memory, self.left - (rate - self.dirty) * seconds)

    @property
    def over(self) -> bool:
        """Report whether all has arrived."""
        return self.quiet < 1e-9 and self.constant < 1e-9 and self.left < 1e-9


@dataclass
class Replay:
    """The evacuation, as it is carried out: the next guest for which there is a lane starts."""

    problem: Json
    answer: Json
    now: float = 0.0
    ends: dict[str, float] = field(default_factory=dict)

    def seconds(self) -> float:
        """Return the seconds until all that converge have ended."""
        hosts = {host["name"]: host for host in self.problem["destinations"]}
        guests = {guest["name"]: guest for guest in self.problem["guests"]}
        waiting = [
            (move["guest"], move["destination"])
            for move in self.answer["moves"]
            if move["converges"] and converges(self.problem, guests[move["guest"]], hosts[move["destination"]])
        ]
        running: list[Stream] = []
        next_start = dict.fromkeys([self.problem["source"]["name"], *hosts], 0.0)
        while waiting or running:
            wake = math.inf
            for name, host in list(waiting):
                lanes = sum(one.host == host for one in running)
                if len(running) >= self.answer["width"] or lanes >= self.answer["widths"][host]:
                    continue
                at = max(next_start[self.problem["source"]["name"]], next_start[host])
                if at > self.now + 1e-9:
                    wake = min(wake, at)
                    continue
                waiting.remove((name, host))
                running.append(_stream(guests[name], host))
                next_start[self.problem["source"]["name"]] = self.now + self.problem["source"]["spacing"]
                next_start[host] = self.now + hosts[host]["spacing"]
            rates = self._rates(hosts, running)
            step = min([wake - self.now, *(one.step(rates[one.host]) for one in running)])
            if math.isinf(step):
                return math.inf
            self.now += step
            for one in running:
                one.advance(step, rates[one.host])
            for one in [one for one in running if one.over]:
                running.remove(one)
                self.ends[one.name] = self.now
        return self.now

    def _rates(self, hosts: dict[str, Json], running: list[Stream]) -> dict[str, float]:
        """Return the rate of the streams to each host: all rise alike until a link of theirs is full."""
        number: dict[str, int] = dict.fromkeys(hosts, 0)
        for one in running:
            number[one.host] += one.quiet <= 0
        rates = dict.fromkeys(hosts, STREAM)
        rising = {host for host in hosts if number[host]}
        left = float(self.problem["source"]["link"])
        while rising:
            level = left / sum(number[host] for host in rising)
            held = {host for host in rising if min(STREAM, hosts[host]["link"] / number[host]) <= level}
            for host in held or rising:
                rates[host] = min(level, STREAM, hosts[host]["link"] / number[host])
                left -= rates[host] * number[host]
            rising -= held or rising
        return rates


def _stream(guest: Json, host: str) -> Stream:
    touched, _ = memory(guest)
    return Stream(host, guest["name"], quiet(guest), constant(guest), touched, touched, dirty(guest))
