"""Problems that keep libvirtd from starting, in its own words.

cases/daemon_conf/answers.json was recorded by starting libvirtd 7.0.0, 9.0.0 and 11.3.0 (Debian 11, 12, 13) with each
file: null where it ran on, else the first error that it logged.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from preflight.facts.daemon.conf_problems import problems
from preflight.facts.fact import Record, Unreadable
from preflight.facts.text.libvirt_conf import ConfProblem, parse_conf
from preflight.facts.version import Version

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "cases/daemon_conf/answers.json").read_text())
#: Of these the three releases do not make the same.
LONG_NUMBERS = ("9223372036854775808", "18446744073709551")
PATH = "/etc/libvirt/libvirtd.conf"


NINE = Version(9)


def found(text: str, version: Version | None = NINE, daemon: str = "libvirtd") -> list[ConfProblem]:
    return list(problems(daemon, parse_conf(PATH, Record(text)), version))


def answers() -> list[tuple[str, str, str | None]]:
    return [(case["conf"], release, answer) for case in CASES for release, answer in case["answers"].items()]


@pytest.mark.parametrize(("text", "release", "answer"), answers())
def test_predicts_what_libvirtd_does(text: str, release: str, answer: str | None) -> None:
    version = Version.parse(release)
    if any(number in text for number in LONG_NUMBERS):
        with pytest.raises(Unreadable, match="exceeds 64 bits"):
            found(text, version)
        return
    ours = found(text, version)
    if answer is None:
        assert ours == []
    else:
        assert any(problem.error in answer for problem in ours)


def test_every_problem_has_its_place() -> None:
    for text, release, answer in answers():
        if answer is None:
            continue
        try:
            ours = found(text, Version.parse(release))
        except Unreadable:
            continue
        assert all(problem.location is not None for problem in ours)


def test_all_problems_are_named_and_not_only_the_first() -> None:
    assert [problem.error.split("'")[1] for problem in found("max_clients = -1\nmin_workers = 'x'\n")] == [
        "min_workers",
        "max_clients",
    ]


def test_too_few_clients_are_a_problem_when_the_release_is_not_known() -> None:
    [problem] = found("max_clients = 10\n", None)
    assert (
        problem.message
        == "max_clients (10) is less than max_anonymous_clients (20): libvirt 9.0.0 and later will not start"
    )
    assert found("max_clients = 10\n", Version(8, 10)) == []


def test_virtqemud_passes_over_what_only_listeners_read() -> None:
    assert found("listen_tls = 5\n", daemon="virtqemud") == []
    assert len(found("listen_tls = 5\n", daemon="virtproxyd")) == 1
