"""`preflight capacity` on recorded hosts: what it says, in which form, and its exit codes."""

import json
from typing import Any

import pytest

from preflight.capacity.precopy import PAYLOAD
from preflight.commands.capacity import seconds_of
from preflight.errors import UserError
from preflight.facts.fact import MISSING, Record, Unreadable
from preflight.forecast.answer import Answer
from preflight.forecast.duration import Forecast, Link, forecast, link_of
from preflight.judge.check import Checked
from preflight.output.formats import render
from tests.case import Case

SPEEDS = "/sys/class/net/eth0/speed:1000\n/sys/class/net/lo/speed:-1\n/sys/class/net/host0/speed:10000\n"
#: 50 MiB that the guest touched and 38 that are QEMU's own.
MEMORY = '{"rss": {"web": 90112}}'


#: What both hosts answer where a size is asked for, as the lab's do.
HOST: dict[str, str | Record] = {
    "open-files": "files libvirtd 8192 26\nfiles virtlogd 8192 11\n",
    "somaxconn": "4096\n",
    "limits.virtlockd": "",
    "virtlockd.conf": Record("", MISSING),
    "guest-memory": "",
    "libvirt.memory": '{"rss": {}}',
    "memory": "/proc/meminfo:MemTotal:       24684092 kB\n/proc/meminfo:MemAvailable:   8388608 kB\n",
}


@pytest.fixture(autouse=True)
def _no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines are not wrapped."""
    monkeypatch.delenv("COLUMNS", raising=False)


def shown(said: Answer) -> str:
    return render("capacity", "text", said)


def asked(case: Case | None = None) -> Case:
    """Return a pair that was asked all that `preflight capacity` asks."""
    found = case or Case()
    for name, record in HOST.items():
        for number, end in enumerate((found.source, found.destination)):
            if name not in found.hosts[number].answers.records:
                end(name, record)
    return found.source("libvirt.memory", MEMORY).source("speeds", SPEEDS)


def checked(case: Case | None = None, **options: Any) -> Checked:
    return asked(case).asking(select=("same-host",), sizing=True, **options).checked()


def answer(case: Case | None = None, *, window: float | None = None, concurrency: int | None = None) -> Answer:
    found = checked(case)
    predicted = forecast(found, Link(100.0, "as given"), {}, concurrency=concurrency)
    return Answer(found.report, predicted, None, window, concurrency)


def test_the_link_is_that_of_the_interface_that_leads_to_the_destination() -> None:
    found = checked()
    speed = {"eth0": 1000, "host0": 10000}
    link = link_of(found, None)
    name = link.because.split()[0]
    assert link.rate == pytest.approx(speed[name] * 1e6 / 8 / 2**20 * PAYLOAD)
    assert link_of(found, 12.5) == Link(12.5, "as given")


def test_a_link_without_a_speed_is_unknown() -> None:
    with pytest.raises(Unreadable, match="specify it with --bandwidth"):
        link_of(Case().source("speeds", "/sys/class/net/lo/speed:-1\n").asking(sizing=True).checked(), None)


def test_a_guest_is_as_large_as_what_it_touched_and_never_larger_than_it_is() -> None:
    found = checked()
    [web] = found.guests
    assert forecast(found, Link(100, ""), {}).loads[0].memory == min(50, web.memory_kib / 1024)
    more = Case().source("libvirt.memory", '{"rss": {"web": 99999999}}').source("speeds", SPEEDS)
    large = more.asking(select=("same-host",), sizing=True).checked()
    assert forecast(large, Link(100, ""), {}).loads[0].memory == web.memory_kib / 1024


def test_where_libvirt_does_not_tell_all_memory_counts_and_is_said_to() -> None:
    case = Case().source("libvirt.memory", None).source("speeds", SPEEDS)
    found = case.asking(select=("same-host",), sizing=True).checked()
    predicted = forecast(found, Link(100, ""), {})
    assert predicted.loads[0].memory == found.guests[0].memory_kib / 1024
    assert predicted.unread
    assert "all memory is counted" in shown(Answer(found.report, predicted))


def test_a_measured_dirty_rate_counts() -> None:
    found = checked()
    assert forecast(found, Link(10, ""), {"web": 50.0}).alone[0].converges is False
    assert "never ends" in shown(Answer(found.report, forecast(found, Link(10, ""), {"web": 50.0})))


@pytest.mark.parametrize(
    ("asked", "fits", "code"),
    [
        ({}, True, 0),
        ({"concurrency": 20}, True, 0),
        ({"concurrency": 21}, False, 1),
        ({"window": 3600.0}, True, 0),
        ({"window": 0.1}, False, 1),
    ],
)
def test_what_was_asked_for_fits_or_does_not(asked: dict[str, Any], fits: bool, code: int) -> None:
    found = answer(**asked)
    assert (found.fits, found.exit_code) == (fits, code)


def test_what_cannot_be_known_is_not_said_to_fit() -> None:
    found = checked()
    assert Answer(found.report, None, "no link", 60.0).exit_code == 3
    assert Answer(found.report, None, "no link").exit_code == 0
    unread = answer(Case().destination("sockets", None), concurrency=2)
    assert (unread.fits, unread.exit_code) == (None, 3)
    assert "at most 20" in shown(unread)
    assert "unread:      migration_port_range on the destination" in shown(unread)


def test_the_text_names_the_binding_limit_and_the_next_with_their_places() -> None:
    twenty = Case().source(
        "limits", lambda told: told.replace("nclients_max        : 5000", "nclients_max        : 20")
    )
    lines = shown(answer(twenty.source("libvirtd.conf", "max_clients = 20\n"))).splitlines()
    assert any(line.startswith("max_clients") and "/etc/libvirt/libvirtd.conf:1" in line for line in lines)
    assert any(
        line.startswith(
            "in flight:   20; more than that cannot run at the same time (max_clients on the source; next: "
        )
        for line in lines
    )
    assert any(line.startswith("Red Hat's:   10, two clients per migration") for line in lines)


def test_the_json_says_the_same() -> None:
    found = answer()
    document = json.loads(render("capacity", "json", found))
    assert (document["in_flight"], document["safe"], document["burst"]) == (20, 18, 10)
    assert document["limited_by"] == {"name": "max_workers", "host": "source"}
    assert document["recommended"] == 1
    assert [guest["name"] for guest in document["guests"]] == ["web"]
    assert document["seconds"] == pytest.approx(predicted_of(found).seconds)
    assert [limit["name"] for limit in document["limits"]] == [one.name for one in found.report.capacity.limits]


def predicted_of(found: Answer) -> Forecast:
    assert found.forecast is not None
    return found.forecast


@pytest.mark.parametrize(("written", "seconds"), [("90", 90), ("90s", 90), ("30m", 1800), ("2h", 7200)])
def test_a_window_is_read(written: str, seconds: float) -> None:
    assert seconds_of("--window", written) == seconds


@pytest.mark.parametrize("written", ["", "0", "0m", "-1", "1d", "ten", "1.5h", "1 h", "9" * 10])
def test_a_window_that_is_none_is_refused(written: str) -> None:
    with pytest.raises(UserError, match="--window"):
        seconds_of("--window", written)


def test_the_procedures_own_example_is_explained() -> None:
    """max_clients = 20 and OpenSSH's old MaxStartups 10: the procedure says 10 migrations, by two clients each."""
    case = Case()
    for end in (case.source, case.destination):
        end("limits", lambda told: told.replace(": 5000", ": 20"))
        end("sshd.effective", lambda told: told.replace("maxstartups 10:30:100", "maxstartups 10:100:10"))
    found = answer(case)
    capacity = found.report.capacity
    assert (capacity.concurrent, capacity.burst, capacity.classic) == (20, 10, 10)
    lines = shown(found).splitlines()
    assert any(
        line.startswith("burst:       10; if more start at the same instant, some lose connections (MaxStartups")
        for line in lines
    )
    assert any(line.startswith("Red Hat's:   10, two clients per migration out of max_clients 20") for line in lines)
    assert sum(line.startswith("MaxStartups") and line.endswith("is refused") for line in lines) == 2
