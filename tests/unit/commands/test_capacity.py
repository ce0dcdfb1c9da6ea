"""`preflight capacity` on recorded hosts: what it says, in which form, and its exit codes."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from preflight.capacity.precopy import PAYLOAD
from preflight.commands.capacity import seconds_of
from preflight.errors import UserError
from preflight.facts.fact import MISSING, Record, Unreadable
from preflight.forecast.answer import Answer
from preflight.forecast.duration import Forecast, Link, forecast, link_of
from preflight.judge.check import Checked
from preflight.output.formats import render
from tests.case import Case, with_startups

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


def answer(
    case: Case | None = None,
    *,
    window: float | None = None,
    concurrency: int | None = None,
    dirty: Mapping[str, float] | None = None,
    rate: float = 100.0,
) -> Answer:
    found = checked(case)
    predicted = forecast(found, Link(rate, "as given"), dirty or {}, concurrency=concurrency)
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
        ({"window": 0.1}, False, 1),
        ({"window": 3600.0, "dirty": {"web": 50.0}}, True, 0),
        ({"window": 3600.0, "dirty": {"web": 150.0}}, False, 1),
        # a quarter less than measured, it ends
        ({"window": 3600.0, "dirty": {"web": 100.0}}, None, 3),
        ({"window": 3600.0, "dirty": {"web": 50.0}, "concurrency": 21}, False, 1),
        ({"window": 3600.0, "concurrency": 21}, False, 1),
        ({"window": 0.1, "concurrency": 20}, False, 1),
        # the whole guest is sent while it stands still, whatever it writes
        ({"window": 3600.0, "rate": 1000.0}, True, 0),
    ],
)
def test_what_was_asked_for_fits_or_does_not(asked: dict[str, Any], fits: bool | None, code: int) -> None:
    found = answer(**asked)
    assert (found.fits, found.exit_code) == (fits, code)


def window_line(said: Answer) -> str:
    [line] = [line for line in shown(said).splitlines() if line.startswith("window:")]
    return line


@pytest.mark.parametrize("window", [2.0, 3600.0, 1e6])
def test_a_window_that_depends_on_what_guests_write_is_neither_said_to_fit_nor_not_to(window: float) -> None:
    found = answer(window=window, rate=20.0, concurrency=1) if window > 3 else answer(window=window)
    assert (found.fits_window, found.fits, found.exit_code) == (None, None, 3)
    assert "NOT KNOWN: the dirty rate of web was not measured; best case" in window_line(found)
    assert "worst case never ends" in window_line(found)
    assert window_line(found).endswith("measure them with --measure-dirty-rate")
    document = json.loads(render("capacity", "json", found))
    assert (document["fits"], document["fits_window"], document["seconds_at_most"]) == (None, None, None)
    assert document["seconds_at_least"] == pytest.approx(document["seconds"])


def test_the_rate_up_to_which_guests_fit_is_the_greatest() -> None:
    found = answer(window=6.0, rate=20.0)
    rate = found.bearable
    assert rate is not None
    at_that, above = (answer(rate=20.0, dirty={"web": one}).forecast for one in (rate, rate + 1))
    assert at_that is not None
    assert above is not None
    assert at_that.seconds <= 6 < above.seconds
    assert f"fits if each dirties at most about {rate} MiB/s" in window_line(found)
    assert answer(window=6.0, rate=20.0, dirty={"web": rate}).bearable is None


def test_a_window_too_short_for_guests_that_write_nothing_does_not_fit() -> None:
    found = answer(window=0.6, rate=20.0)
    assert (found.fits_window, found.exit_code) == (False, 1)
    assert "0.6" not in window_line(found)
    assert window_line(found).endswith("even if no guest writes to its memory")


def test_memory_of_which_it_is_not_known_whether_it_was_touched_settles_no_window() -> None:
    """All of it counts in the forecast, which is then no lower bound."""
    untold = Case().source("libvirt.memory", None).source("speeds", SPEEDS)
    found = untold.asking(select=("same-host",), sizing=True).checked()
    predicted = forecast(found, Link(20.0, ""), {"web": 0.0})
    assert predicted.least < 3 < predicted.seconds <= predicted.most
    said = Answer(found.report, predicted, None, 3.0)
    assert (said.fits_window, said.exit_code) == (None, 3)
    assert "how much of the memory has to be sent is unknown" in window_line(said)
    assert "measure them with" not in shown(said)


def test_a_measured_rate_decides_only_beyond_what_it_may_be_wrong_by() -> None:
    dirty = {"web": 15.0}
    predicted = answer(window=3600.0, rate=20.0, dirty=dirty).forecast
    assert predicted is not None
    assert predicted.least < predicted.seconds < predicted.most < 3600
    outcomes = {
        window: answer(window=window, rate=20.0, dirty=dirty).fits_window
        for window in (predicted.least - 0.1, predicted.seconds, predicted.most)
    }
    assert list(outcomes.values()) == [False, None, True]
    said = window_line(answer(window=predicted.seconds, rate=20.0, dirty=dirty))
    assert "NOT KNOWN: a true dirty rate is within 1.25 times the measured one; best case" in said


@pytest.mark.parametrize(("window", "fits", "code"), [(3600.0, None, 3), (0.1, False, 1)])
def test_disks_that_are_copied_have_no_worst_case(window: float, fits: bool | None, code: int) -> None:
    found = checked(copy_storage="all")
    said = Answer(found.report, forecast(found, Link(100, ""), {"web": 0.0}), None, window)
    assert (said.fits_window, said.exit_code, said.bearable) == (fits, code, None)
    assert "the data of the disks that are copied is not counted: web" in shown(said)
    document = json.loads(render("capacity", "json", said))
    assert (document["copied"], document["seconds_at_most"]) == (["web"], None)


def test_a_copy_without_a_disk_to_copy_takes_no_longer() -> None:
    found = checked(Case().xml("<target dev='vda'", "<readonly/><target dev='vda'"), copy_storage="all")
    predicted = forecast(found, Link(100, ""), {"web": 0.0})
    assert predicted.copied == ()
    assert Answer(found.report, predicted, None, 3600.0).fits_window is True
    assert Answer(found.report, predicted, None, 60.0).fits_window is True


@pytest.mark.parametrize("record", [None, "one guest"])
def test_guests_that_could_not_be_read_settle_no_window(record: str | None) -> None:
    case = asked()
    if record is None:
        case.source("libvirt.domains", None)
    else:
        case.guest(lambda guest: guest.update(error="Domain not found"))
    found = answer(case, window=3600.0, dirty={"web": 0.0})
    assert (found.fits_window, found.exit_code) == (None, 3)
    assert "not counted: " in shown(found)
    assert window_line(found).startswith("window:      3600 s: NOT KNOWN: not every guest could be read")


def test_a_window_without_a_running_guest_fits() -> None:
    found = answer(Case().guest(lambda guest: guest.update(id=-1, state=5)), window=1.0)
    assert (found.fits, window_line(found)) == (True, "window:      1 s: fits")


def test_a_window_over_a_link_of_unknown_speed_is_not_known() -> None:
    said = Answer(checked().report, None, "no driver reports the speed", 60.0)
    assert window_line(said) == "window:      60 s: NOT KNOWN: no driver reports the speed"


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
        with_startups(end, "10:100:10")
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


def narrow() -> Case:
    """Fewer of everything than the defaults, on both hosts."""
    fewer = {"nclients_max        : 5000": "nclients_max        : 24", "maxWorkers     : 20": "maxWorkers     : 9"}

    def limited(told: str) -> str:
        for before, after in fewer.items():
            assert before in told
            told = told.replace(before, after)
        return told

    return (
        Case()
        .source("limits", limited)
        .source("libvirtd.conf", "max_workers = 9\n")
        .destination("qemu.conf", lambda text: text + "migration_port_max = 49163\n")
    )


def test_each_limit_that_falls_short_is_named_in_order_with_the_value_that_suffices() -> None:
    found = answer(narrow(), concurrency=30)
    assert (found.fits, found.exit_code) == (False, 1)
    said = shown(found)
    text = said[said.index("requested:") :]
    lines = text[: text.index("\n\n")].splitlines()
    assert lines[0] == "requested:   30 at once: DOES NOT FIT"
    assert [line.strip() for line in lines[1:]] == [
        (
            "1. max_workers on the source allows 9, less 2 workers for progress and abort: raise max_workers in"
            " host1.example.com:/etc/libvirt/libvirtd.conf from 9 to 32, and restart libvirtd"
        ),
        (
            "2. migration_port_range on the destination allows 12: raise migration_port_max in"
            " host2.example.com:/etc/libvirt/qemu.conf from 49163 to 49181, and restart the libvirt daemon"
        ),
        (
            "3. max_clients on the source allows 24: raise max_clients in"
            " host1.example.com:/etc/libvirt/libvirtd.conf from 24 to 30, and restart libvirtd"
        ),
        *(
            f"{number}. MaxStartups on the {end} allows 10 to start at the same instant: start them a second apart, or"
            f" raise MaxStartups in {host}.example.com:/etc/ssh/sshd_config from 10:30:100 to 30:30:100, and reload"
            " sshd"
            for number, end, host in ((4, "source", "host1"), (5, "destination", "host2"))
        ),
    ]
    document = json.loads(render("capacity", "json", found))
    assert (document["requested"], document["fits_limits"]) == (30, False)
    short = [(one["name"], one["stops"], one["value"], one["sufficient"]) for one in document["short"]]
    assert short[:2] == [("max_workers", True, "9", "32"), ("migration_port_range", True, "49163", "49181")]
    assert short[-1] == ("MaxStartups", False, "10:30:100", "30:30:100")


def on_live_hosts(found: Answer) -> Answer:
    report = found.report
    ends = {"source": replace(report.source, saved=False), "destination": replace(report.destination, saved=False)}
    return replace(found, report=replace(report, **ends))


def test_the_last_line_is_the_command_that_shows_how_the_limits_are_raised() -> None:
    recorded = answer(narrow().asking(concurrency=30), concurrency=30)
    assert shown(on_live_hosts(recorded)).splitlines()[-1] == (
        "next: see the changes that raise these limits: preflight fix host1.example.com host2.example.com"
        " --concurrency 30"
    )
    assert "\nnext:" not in shown(recorded)
    assert "\nnext:" not in shown(on_live_hosts(answer(Case().asking(concurrency=2), concurrency=2)))


def test_the_values_that_are_named_suffice() -> None:
    case = narrow()
    first = answer(case, concurrency=30).report.capacity
    values = {(limit.name, limit.host.value): limit.raised_for(30) for limit in first.short_of(30)}
    raised = (
        Case()
        .source(
            "limits",
            lambda told: told.replace("maxWorkers     : 20", f"maxWorkers     : {values['max_workers', 'source']}"),
        )
        .source("limits", lambda told: told.replace(": 5000", f": {values['max_clients', 'source']}"))
        .destination(
            "qemu.conf",
            lambda text: text + f"migration_port_max = {values['migration_port_range', 'destination']}\n",
        )
    )
    startups = values["MaxStartups", "source"]
    for end in (raised.source, raised.destination):
        with_startups(end, str(startups))
    found = answer(raised, concurrency=30)
    assert found.report.capacity.short_of(30) == ()
    assert found.fits is True
    assert "requested:   30 at once: fits\n" in shown(found)
    assert {limit.name for limit in found.report.capacity.short_of(31)} == {name for name, _ in values}


def test_more_ports_than_there_are_cannot_be_had() -> None:
    found = answer(concurrency=20000)
    line = next(line for line in shown(found).splitlines() if "migration_port_range on the destination allows" in line)
    assert line.endswith("/etc/libvirt/qemu.conf is 49215 and cannot be raised that far: request fewer")
    [ports] = [
        one for one in json.loads(render("capacity", "json", found))["short"] if one["key"] == "migration_port_max"
    ]
    assert (ports["value"], ports["sufficient"]) == ("49215", None)


def test_a_number_that_leaves_no_worker_free_fits_and_is_warned_of() -> None:
    found = answer(concurrency=19)
    assert found.exit_code == 0
    said = shown(found)
    assert "requested:   19 at once: fits\n" in said
    assert "1. max_workers on the source allows 20, but 2 workers should stay free for progress and abort" in said


def test_a_check_names_them_too() -> None:
    said = render("report", "text", narrow().asking(select=("same-host",), concurrency=30).report())
    assert "requested: 30\n          1. max_workers on the source allows 9, less 2 workers" in said
    assert "1. " not in render("report", "text", Case().asking(select=("same-host",)).report())
