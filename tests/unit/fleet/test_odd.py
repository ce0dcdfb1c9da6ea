"""What is different on one host and alike on all others."""

from collections.abc import Sequence

import pytest

from preflight.answers import Answers, Record, SavedHost
from preflight.fleet.odd import odd
from preflight.fleet.ways import Ways
from preflight.request.check_request import Asked
from tests.fleet import fleet

SETTING = "max_queued"


@pytest.fixture(scope="module")
def hosts() -> Sequence[SavedHost]:
    """Four hosts of one configuration."""
    return [one for number, one in enumerate(fleet(15, seed=1)) if number in (0, 2, 11, 14)]


def with_setting(of: SavedHost, value: int, lines_before: int = 0) -> SavedHost:
    """Return a host with a setting in qemu.conf, after so many further lines."""
    text = "# x\n" * lines_before + f"{SETTING} = {value}\n" + of.answers.records["qemu.conf"].out
    return of._replace(answers=Answers(of.answers.records | {"qemu.conf": Record(text)}, of.answers.absent))


def odd_about_setting(hosts: Sequence[SavedHost]) -> list[tuple[int, str]]:
    return [(one.host, one.text) for one in odd(Ways(hosts, Asked(source=""))) if SETTING in one.text]


@pytest.mark.parametrize("number", range(4))
def test_a_setting_of_one_host_is_odd(hosts: Sequence[SavedHost], number: int) -> None:
    changed = [with_setting(one, 2 if at == number else 1) for at, one in enumerate(hosts)]
    assert odd_about_setting(changed) == [(number, f"{SETTING} in /etc/libvirt/qemu.conf:1: 1 -> 2")]


def test_a_setting_of_two_hosts_is_not_odd_although_it_is_in_different_lines(hosts: Sequence[SavedHost]) -> None:
    first, second, third, fourth = hosts
    changed = [with_setting(first, 1), with_setting(second, 1), with_setting(third, 2), with_setting(fourth, 2, 3)]
    assert odd_about_setting(changed) == []


def test_a_setting_of_the_first_host_is_odd_although_the_others_have_theirs_in_different_lines(
    hosts: Sequence[SavedHost],
) -> None:
    first, *others = hosts
    changed = [with_setting(first, 2), *(with_setting(one, 1, number) for number, one in enumerate(others))]
    assert odd_about_setting(changed) == [(0, f"{SETTING} in /etc/libvirt/qemu.conf:1: 1 -> 2")]
