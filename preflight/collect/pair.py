"""Collection from both hosts at once.

A host is queried in three steps: the questions that are always asked; libvirt, and the daemon's state once libvirt was
reached; and the questions that depend on the other host (to which address does the source resolve the name that the
destination announces? does the guest's disk exist on the destination?).
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from msgspec import Struct

from preflight.answers import Answers
from preflight.collect import questions
from preflight.collect.follow_up import Further, further_questions
from preflight.collect.probe import probe
from preflight.collect.session import Visit
from preflight.collect.sources import FACTS, Sources, make_host
from preflight.collect.waiting import Waiting
from preflight.connection.libvirt import BUILT
from preflight.facts.fact import Fact
from preflight.host import Guest, Host
from preflight.request.check_request import Migration
from preflight.request.migration import Role
from preflight.threads import side_by_side


class Collected(Struct, frozen=True):
    """Both hosts with their answers."""

    source: Host
    destination: Host


def collect(
    source: Visit,
    destination: Visit,
    migration: Migration,
    guests_of: Callable[[Host], Iterable[Guest]],
    facts: Mapping[Role, Iterable[type[Fact]]],
    sources: Sources = FACTS,
    *,
    stay: bool = True,
) -> Collected:
    """Query both hosts in parallel; `guests_of` selects the guests whose disks are checked on both.

    `facts` are the facts that will be parsed for each end; `sources` has their parts. Unless the visits are to `stay`,
    these are their last questions.
    """
    with Waiting((source, destination), steps=4) as waiting:
        return _collect(source, destination, migration, guests_of, facts, sources, waiting, stay=stay)


def _collect(
    source: Visit,
    destination: Visit,
    migration: Migration,
    guests_of: Callable[[Host], Iterable[Guest]],
    facts: Mapping[Role, Iterable[type[Fact]]],
    sources: Sources,
    waiting: Waiting,
    *,
    stay: bool,
) -> Collected:
    visits = (source, destination)
    first = side_by_side(waiting.step(source.first), waiting.step(destination.first), waiting=waiting)
    ends = zip(Role, visits, first, strict=True)
    hosts = [make_host(role, visit.name, known, sources) for role, visit, known in ends]
    further = further_questions(hosts[0], hosts[1], migration, list(guests_of(hosts[0])))
    asking = [
        waiting.step(partial(visit.ask, asked.commands, asked.definitions, stay=stay or bool(further[0].probes)))
        for visit, asked in zip(visits, further, strict=True)
    ]

    def read_ahead() -> None:
        for host, asked in zip(hosts, further, strict=True):
            host.read_ahead(facts[host.role], asked.news)

    later = side_by_side(*asking, meanwhile=read_ahead, waiting=waiting)
    for kept, probed in further[0].probes.items():
        later[0].update(probe(source, destination, kept, probed))
    told = [with_peer(host, asked, answers) for host, asked, answers in zip(hosts, further, later, strict=True)]
    return Collected(told[0], told[1])


def with_peer(host: Host, further: Further, answers: Answers) -> Host:
    """Return the host with its answers to the further questions."""
    records, absent = dict(further.records), dict(further.absent)
    for name, kept in (*further.made_of.items(), *zip(questions.LAST, questions.LAST, strict=True)):
        if kept in answers.records:
            records[name] = answers.records[kept]
        elif kept in answers.absent:
            absent[name] = answers.absent[kept]
    if BUILT in answers.records:
        records[BUILT] = answers.records[BUILT]
    elif BUILT in answers.absent:
        absent[BUILT] = answers.absent[BUILT]
    return host.told(records, absent)
