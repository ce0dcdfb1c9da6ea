"""Many hosts are asked side by side, and no more of them log in at a time than one sshd lets in."""

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from preflight.answers import SavedHost
from preflight.collect.sources import FACTS
from preflight.fleet.collect import LOGINS, Manner, collect

#: An ssh whose hosts are shells of this machine that find no program. Logins take 0.2 s unless LOGIN says otherwise,
#: and each leaves the number of those that are at it; the files in `away` are hosts that are turned away once, or each
#: time if they are in `always` too. libvirt's own logins are refused.
SSH = """#!/bin/sh
case "$*" in *ControlMaster=no*) exit 1;; esac
for word do case $word in kvm*) host=$word;; esac; done
cd {directory}
[ "$1" != -G ] || exit 0
echo "$host" >> asked
if [ -e "away/$host" ]; then
  rm "away/$host"; [ ! -e "always/$host" ] || : > "away/$host"
  echo 'kex_exchange_identification: Connection closed by remote host' >&2; exit 255
fi
: > "at/$host"; ls at | wc -l >> at_once
sleep ${{LOGIN:-0.2}}
rm "at/$host"
PATH=/nonexistent exec /bin/sh -s
"""


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("at", "away", "always"):
        (tmp_path / name).mkdir()
    (tmp_path / "ssh").write_text(SSH.format(directory=tmp_path))
    (tmp_path / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return tmp_path


def asked(names: Sequence[str], **given: object) -> Mapping[str, SavedHost]:
    manner = Manner(sources=FACTS, own={}, **({"timeout": 30.0} | given))  # type: ignore[arg-type] # of Manner
    return {host.name: host for host in collect(names, (), manner)}


def is_in(host: SavedHost) -> bool:
    return host.answers.records["login"].code == 0


@pytest.mark.parametrize(("width", "most"), [(40, LOGINS), (4, 4)])
def test_no_more_hosts_log_in_at_a_time_than_sshd_lets_in(directory: Path, width: int, most: int) -> None:
    names = [f"kvm{number:02}" for number in range(30)]
    found = asked(names, width=width)
    assert list(found) == names
    assert all(map(is_in, found.values()))
    at_once = [int(line) for line in (directory / "at_once").read_text().split()]
    assert 1 < max(at_once) <= most


def test_a_login_that_is_turned_away_is_tried_once_more(directory: Path) -> None:
    (directory / "away" / "kvm2").touch()
    found = asked(["kvm1", "kvm2", "kvm3"])
    assert all(map(is_in, found.values()))
    assert sorted((directory / "asked").read_text().split()) == ["kvm1", "kvm2", "kvm2", "kvm3"]


def test_an_sshd_that_turns_everybody_away_is_not_asked_for_ever(directory: Path) -> None:
    names = [f"kvm{number}" for number in range(8)]
    for name in names:
        (directory / "away" / name).touch()
        (directory / "always" / name).touch()
    found = asked(names)
    assert not any(map(is_in, found.values()))
    assert all("kex_exchange_identification" in host.answers.absent[""] for host in found.values())
    assert len((directory / "asked").read_text().split()) == 8 + 3


@pytest.mark.usefixtures("directory")
def test_the_time_in_which_others_are_asked_is_not_that_of_a_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first of these hosts waits for longer than its whole time limit before it is asked about its peers."""
    monkeypatch.setenv("LOGIN", "0.8")
    names, timeout = [f"kvm{number}" for number in range(8)], 5.0
    began = time.monotonic()
    found = asked(names, width=1, timeout=timeout)
    assert time.monotonic() - began > timeout
    assert all(map(is_in, found.values()))
    assert not [why for host in found.values() for why in host.answers.absent.values() if why.startswith("no answer")]


def test_hosts_are_asked_only_about_those_that_their_guests_may_go_to_or_come_from(directory: Path) -> None:
    names = ["kvm1", "kvm2", "kvm3"]
    found = asked(names, leaving={"kvm1"}, arriving={"kvm2", "kvm3"})
    assert [host.peers for host in found.values()] == [("kvm2", "kvm3"), ("kvm1",), ("kvm1",)]
