"""The plan of an evacuation, from the answers of all hosts: each way is checked, and the guests are placed."""

import time
from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from preflight import __version__
from preflight.answers import SavedHost
from preflight.collect.endpoints import open_hosts
from preflight.errors import UserError
from preflight.evacuate.problem import problem_of, running
from preflight.evacuate.wishes import Wishes
from preflight.facts.fact import Unreadable
from preflight.facts.guest.guests import Guests
from preflight.host import Guest
from preflight.judge.check import Checked, check
from preflight.judge.guests import NoSuchGuest
from preflight.judge.ruleset import Rule
from preflight.placement.answer import Answer
from preflight.placement.place import place
from preflight.placement.problem import Problem
from preflight.plan.make import Refused, identity_of
from preflight.request.check_request import Asked
from preflight.request.method import led_to
from preflight.schema import document
from preflight.schema import evacuation as schema
from preflight.schema.evacuation import Closed, Evacuation, Leaving, Leg, Staying
from preflight.schema.fields import MOST_SAID


class Request(Struct, frozen=True):
    """What an evacuation was asked for. The hosts are named as they are reached, or as their snapshots name them."""

    source: str
    destinations: tuple[str, ...]
    #: The selection of guests and the options of the checks; its hosts do not count.
    asked: Asked
    wishes: Wishes = Wishes()
    #: The answers of hosts that are not to be asked, by their names.
    saved: Mapping[str, SavedHost] = {}
    #: The host names and addresses that guests' memory is sent to, by the names of hosts with one of their own.
    addresses: Mapping[str, str] = {}
    #: True for the guests that are left: others of their groups may be anywhere by now.
    again: bool = False

    def asked_to(self, destination: str) -> Asked:
        """Return the request of a check between two hosts, whose memory goes to the destination's own address if any.

        Its hosts are still to be named.
        """
        return replace(self.asked, method=led_to(self.asked.method, self.addresses.get(destination)))


class Planned(Struct, frozen=True):
    """A plan: the record to be written, and what it follows from."""

    record: Evacuation
    answer: Answer
    problem: Problem
    #: The check of all guests between the source and each destination.
    checks: Mapping[str, Checked]

    @property
    def in_time(self) -> bool | None:
        """Report whether all that leave do so in the time that was asked for, if any; None if that is not known."""
        return True if self.problem.window is None else self.answer.fits


def planned(
    request: Request, answers: Mapping[str, SavedHost], rules: tuple[Rule, ...], closed: Sequence[Closed] = ()
) -> Planned:
    """Return the plan of an evacuation by the answers of its hosts.

    Raises `Refused` if the source's guests are not known, and `UserError` for wishes about guests that do not exist.
    """
    checks, gone = _checks(request, answers, rules)
    some = next(iter(checks.values()))
    guests = _guests(some)
    wishes = request.wishes.among(_known(checks, guests)) if request.again else request.wishes
    problem = problem_of(checks, guests, wishes, closed)
    for wrong in problem.wrong():
        raise UserError(wrong)
    answer = place(problem)
    return Planned(_record(request, checks, guests, answer, closed, gone), answer, problem, checks)


def _known(checks: Mapping[str, Checked], guests: Sequence[Guest]) -> frozenset[str]:
    """Return the names of the guests that are to leave, and of those that run on the destinations."""
    there = (guest for checked in checks.values() for guest in running(checked.destination))
    return frozenset(guest.name for guest in (*guests, *there))


def _checks(
    request: Request, answers: Mapping[str, SavedHost], rules: tuple[Rule, ...]
) -> tuple[Mapping[str, Checked], Sequence[str]]:
    """Return the check with each destination, and the UUIDs of guests that the source had and does not have any more.

    Raises `Refused` if it has none of those that are left.
    """
    gone: list[str] = []
    while True:
        try:
            return {name: _check(request, answers, name, rules) for name in request.destinations}, gone
        except NoSuchGuest as why:
            if not request.again or why.name not in request.asked.guests:
                raise
            gone.append(why.name)
        left = tuple(uuid for uuid in request.asked.guests if uuid not in gone)
        if not left:  # no name at all would be all guests
            raise Refused(
                f"refused: {request.source} does not have the guests that are left any more: `preflight status"
                " RECORD` names their places"
            )
        request = replace(request, asked=replace(request.asked, guests=left))


def _check(request: Request, answers: Mapping[str, SavedHost], name: str, rules: tuple[Rule, ...]) -> Checked:
    asked = replace(request.asked_to(name), source=answers[request.source], destination=answers[name])
    with open_hosts(asked) as opened:
        return check(opened, rules)


def _guests(checked: Checked) -> Sequence[Guest]:
    """Return the guests that are to leave; raises `Refused` if one cannot be read: it could not be accounted for."""
    try:
        unread = checked.source.fact(Guests).unread
    except Unreadable as why:
        raise Refused(
            f"refused: the guests of {checked.source.name} are not known: {why}; `preflight doctor` says what the"
            " login lacks"
        ) from None
    skipped = {name for names in checked.report.skipped.values() for name in names}
    for guest in unread:
        if guest.name not in skipped:
            raise Refused(f"refused: guest {guest.name} cannot be read: {guest.reason}; leave it out with --except")
    return checked.guests


def _record(
    request: Request,
    checks: Mapping[str, Checked],
    guests: Sequence[Guest],
    answer: Answer,
    closed: Sequence[Closed],
    gone: Sequence[str],
) -> Evacuation:
    some = next(iter(checks.values()))
    asked, wishes = request.asked, request.wishes
    uuids = {guest.name: guest.uuid for guest in guests}
    with document.held():
        return Evacuation(
            preflight_version=__version__,
            made=time.time(),
            source=schema.Host(name=request.source, identity=identity_of(some.source)),
            destinations=tuple(
                schema.Host(name=name, identity=identity_of(checks[name].destination))
                for name in request.destinations
                if _is_known(checks[name])
            ),
            transport=asked.transport,
            method=asked.method,
            ignore=asked.ignore,
            reserve=wishes.reserve,
            overcommit=wishes.overcommit,
            apart=wishes.apart,
            together=wishes.together,
            window=wishes.window,
            link=wishes.link,
            weights=dict(wishes.weights),
            addresses=dict(request.addresses),
            guests=tuple(Leaving(name=guest.name, uuid=guest.uuid) for guest in guests),
            planned=tuple(
                Leg(
                    source=request.source,
                    destination=name,
                    guests=tuple(uuids[move.guest] for move in answer.of(name)),
                    width=max(1, answer.widths.get(name, 1)),
                )
                for name in request.destinations
                if answer.of(name)
            ),
            staying=(
                *(Staying(guest=uuids[stay.guest], why=stay.why[:MOST_SAID]) for stay in answer.stays),
                *(Staying(guest=uuid, why=f"{request.source} does not have it any more") for uuid in gone),
            ),
            width=max(1, answer.width),
            seconds=answer.seconds,
            closed=tuple(closed),
        )


def _is_known(checked: Checked) -> bool:
    """Report whether the destination has said which machine it is; a host that is down has not."""
    try:
        identity_of(checked.destination)
    except Refused:
        return False
    return True
