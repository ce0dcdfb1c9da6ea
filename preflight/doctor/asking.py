"""Asks hosts for a diagnosis: their shells first, and then their libvirt over the same login."""

import time
from collections.abc import Sequence
from functools import partial

from preflight.answers import Answers
from preflight.collect.endpoints import own_transport
from preflight.collect.questions import PRELUDE
from preflight.collect.sources import make_host
from preflight.connection.channel import Channel
from preflight.connection.libvirt import LibvirtSession
from preflight.connection.logins import open_channel
from preflight.connection.redaction import redact, redact_message
from preflight.connection.target import Target, parse_target
from preflight.doctor.diagnosis import Examined
from preflight.doctor.host import items
from preflight.doctor.questions import QUESTIONS
from preflight.host import Host
from preflight.request.migration import Role
from preflight.threads import side_by_side

#: Hosts that are asked at the same time.
_AT_ONCE = 16
#: The records of libvirt that are asked for.
_OF_LIBVIRT = ("libvirt.versions",)


def examine(hosts: Sequence[tuple[str, str]], timeout: float, *, has_libvirt: bool) -> tuple[Examined, ...]:
    """Return the items of each host, given by its name and its target; raises `UserError`.

    `timeout` is in seconds, for everything that is asked of one host. Without libvirt's bindings on this machine, no
    libvirt is asked.
    """
    targets = [(name, parse_target(text)) for name, text in hosts]
    found: list[Examined] = []
    for at in range(0, len(targets), _AT_ONCE):
        some = targets[at : at + _AT_ONCE]
        found += side_by_side(*(partial(_examined, *one, timeout, has_libvirt=has_libvirt) for one in some))
    return tuple(found)


def _examined(name: str, target: Target, timeout: float, *, has_libvirt: bool) -> Examined:
    answers = _asked(target, timeout, has_libvirt=has_libvirt)
    kept = Answers(
        {record: redact(record, answer) for record, answer in answers.records.items()},
        {record: redact_message(why) for record, why in answers.absent.items()},
    )
    # the host is neither end of a migration; these facts are the same for both
    host: Host = make_host(Role.SOURCE, name, kept)
    return Examined(name, target.text, tuple(items(target, host)))


def _asked(target: Target, timeout: float, *, has_libvirt: bool) -> Answers:
    channel = open_channel(target, PRELUDE, timeout)
    try:
        deadline = channel.deadline = time.monotonic() + timeout
        channel.send(QUESTIONS, together=True)
        login = channel.login()
        if login.code:
            return Answers({"login": login}, {"": "the login failed"})
        # the time that a person takes to answer does not count as the host's
        deadline = channel.deadline = deadline + channel.of_person
        answers = channel.receive(QUESTIONS)
        answers.records["login"] = login
        if has_libvirt:
            answers.update(_of_libvirt(target, channel, deadline, timeout))
    finally:
        channel.close()
    return answers


def _of_libvirt(target: Target, channel: Channel, deadline: float, timeout: float) -> Answers:
    transport = own_transport(target)
    session = LibvirtSession(
        target.libvirt_uri(transport, channel.libvirt_command),
        shown=target.libvirt_uri(transport),
        deadline=deadline,
        limit=timeout,
        wanted=_OF_LIBVIRT,
    )
    try:
        return session.receive()
    finally:
        session.abandon()
