"""A digest depends on the value alone: it is the same in every process, whatever was looked up before."""

import os
import re
import subprocess
import sys
from pathlib import Path
from types import MappingProxyType

import pytest

from preflight.facts.daemon.log_and_lock import LogAndLock
from preflight.facts.daemon.start_obstacles import StartObstacles
from preflight.facts.firewall.match import Lookup
from preflight.facts.firewall.rules import Set
from preflight.facts.guest.guests import GuestState
from preflight.facts.system.identity import HostIdentity
from preflight.judge.ruleset import load
from preflight.plan.digests import digest, digests, plain
from tests.case import Case
from tests.unit.plan.test_make import checked

ROOT = Path(__file__).parents[3]


def test_it_does_not_depend_on_the_hashes_of_a_process() -> None:
    code = "from tests.case import Case\nfrom tests.unit.plan.test_digests import all_digests\nprint(all_digests())"
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(found) == 1
    assert "source QemuConf" in found.pop()


def all_digests() -> dict[str, str]:
    return digests(checked(Case()), load())


def test_the_number_of_clients_that_a_daemon_has_is_no_part_of_a_plan() -> None:
    busier = Case().destination("limits", lambda text: re.sub(r"(nclients) *: .*", r"\1 : 7", text))
    assert digests(checked(busier), load()) == all_digests()


def test_a_daemon_that_ended_for_want_of_clients_and_was_started_again_is_no_part_of_a_plan() -> None:
    restarted = Case().destination(
        "daemons", lambda text: re.sub(r"(process libvirtd) \d+ (\d+)", r"\1 4242 1\2", text)
    )
    identities = [checked(case).destination.fact(HostIdentity) for case in (Case(), restarted)]
    assert identities[0] != identities[1]
    assert digests(checked(restarted), load()) == all_digests()


def test_a_virtlogd_that_a_guest_has_started_since_is_no_part_of_a_plan() -> None:
    started = Case().destination("daemons", lambda text: f"{text.rstrip()}\nprocess virtlogd 77 381600\n")
    found = [checked(case).destination.fact(LogAndLock) for case in (Case(), started)]
    assert found[0] != found[1]
    assert digests(checked(started), load()) == all_digests()


def test_nor_is_it_where_the_files_of_that_virtlogd_are_known() -> None:
    def case() -> Case:
        return Case().destination("side-daemons", "listens /run/libvirt/virtlogd-sock\n\x1f\n")

    started = case().destination("daemons", lambda text: f"{text.rstrip()}\nprocess virtlogd 77 381600\n")
    found = [checked(one).destination.fact(StartObstacles) for one in (case(), started)]
    assert [one.running for one in found] == [frozenset(), {"virtlogd"}]
    assert digests(checked(started), load()) == digests(checked(case()), load())


def test_what_was_looked_up_in_a_firewalls_set_is_no_part_of_it() -> None:
    named = Set([1, 2, 3], dynamic=False)
    before = digest(named)
    named.lookups["tcp", "dport"] = Lookup(("tcp", "dport"), named.elements)
    assert digest(named) == before
    assert digest(Set([1, 2], dynamic=False)) != before


def test_the_order_of_sets_and_mappings_does_not_count_and_that_of_lists_does() -> None:
    assert plain(frozenset("ba")) == plain({"a", "b"}) == ["a", "b"]
    assert plain(MappingProxyType({("b", 1): 2, ("a", 2): None})) == [[["a", 2], None], [["b", 1], 2]]
    assert plain(("b", "a")) == ["b", "a"]
    assert digest(["a", "b"]) != digest(["b", "a"])


def test_one_value_is_not_taken_for_another() -> None:
    values: list[object] = [
        None,
        False,
        True,
        2,
        2.5,
        "2",
        "",
        [],
        [[]],
        GuestState.RUNNING,
        {"a": 1},
        {"a": "1"},
        [["a"], 1],
    ]
    assert len({digest(value) for value in values}) == len(values)


def test_what_has_no_form_of_its_own_is_no_part_of_a_fact() -> None:
    with pytest.raises(TypeError, match="object cannot be part of a digest"):
        digest([object()])
