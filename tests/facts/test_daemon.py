"""The daemon that serves guests, its start, and the reasons for which none does."""

import pytest

from preflight.facts.daemon.daemons import Daemons
from preflight.facts.fact import Record, Unreadable
from tests.facts.noise import answers

#: A host that booted at 1000 (seconds since 1970) and is now 500 seconds old.
CLOCK = "clock 1500.0 500.0 100\n"
NO_SYSTEMD = Record("", 1, "System has not been booted with systemd as init system (PID 1). Can't operate.")


def daemons(text: str, units: Record = NO_SYSTEMD) -> Daemons:
    return Daemons.parse(Record(CLOCK + text), units)


def unit(
    name: str, load: str = "loaded", active: str = "inactive", file: str = "disabled", result: str = "success"
) -> str:
    sub = {"active": "running", "inactive": "dead"}.get(active, active)
    return f"Id={name}\nLoadState={load}\nActiveState={active}\nSubState={sub}\nUnitFileState={file}\nResult={result}\n"


def test_a_process_started_when_its_ticks_say() -> None:
    [process] = daemons("process libvirtd 42 25000\nsocket libvirt-sock\n").processes
    assert (process.name, process.pid, process.started) == ("libvirtd", 42, 1250.0)


def test_a_hook_is_no_configuration() -> None:
    found = daemons("conf /etc/libvirt/qemu.conf 1200.5\nconf /etc/libvirt/hooks/qemu 1300.5\n")
    assert (found.hooks, dict(found.conf_modified)) == (("/etc/libvirt/hooks/qemu",), {"qemu": 1200.5})


@pytest.mark.parametrize(
    ("text", "serving", "running"),
    [
        ("process libvirtd 1 1\nsocket libvirt-sock\n", "libvirtd", True),
        ("process virtqemud 1 1\nsocket virtqemud-sock\n", "virtqemud", True),
        (
            "process virtqemud 1 1\nprocess virtproxyd 2 1\nsocket virtqemud-sock\nsocket libvirt-sock\n",
            "virtqemud",
            True,
        ),
        # clients take virtqemud's socket as soon as there is one
        ("process libvirtd 1 1\nsocket libvirt-sock\nsocket virtqemud-sock\n", "virtqemud", False),
        # its socket unit will start it
        ("socket libvirt-sock\n", "libvirtd", False),
        ("socket virtqemud-sock\n", "virtqemud", False),
        # virtproxyd listens there, with no daemon behind it
        ("process virtproxyd 1 1\nsocket libvirt-sock\n", None, False),
        ("process virtlogd 1 1\n", None, False),
        ("", None, False),
    ],
)
def test_guests_belong_to_whom_clients_reach(text: str, serving: str | None, running: bool) -> None:
    found = daemons(text)
    assert (found.serving, found.running) == (serving, running)


def test_a_socket_of_virtproxyd_is_not_libvirtds() -> None:
    units = Record(unit("virtproxyd.socket", active="active"))
    assert daemons("socket libvirt-sock\n", units).serving is None


@pytest.mark.parametrize(("written", "changed"), [("1249.9", False), ("1250.1", True)])
def test_a_file_written_after_the_start_is_not_in_force(written: str, changed: bool) -> None:
    found = daemons(f"process libvirtd 42 25000\nconf libvirtd {written}\nconf qemu {written}\nconf virtqemud 9999\n")
    assert found.changed_since_start("libvirtd") is changed
    assert found.changed_since_start("qemu") is changed
    assert found.changed_since_start("virtqemud") is None  # which does not run
    assert found.changed_since_start("virtproxyd") is None  # which has no file


@pytest.mark.parametrize(
    ("units", "why"),
    [
        ("", "neither virtqemud nor libvirtd is running"),
        (
            unit("libvirtd.service", "not-found") + "\n" + unit("virtqemud.service", "not-found"),
            "the libvirt daemon is not installed: neither libvirtd.service nor virtqemud.service exists",
        ),
        (unit("libvirtd.service", "masked", file="masked"), "libvirtd.service is masked"),
        (unit("libvirtd.service", active="failed", result="exit-code"), "libvirtd.service failed (exit-code)"),
        (unit("libvirtd.service"), "libvirtd.service is inactive and no socket unit would start it"),
        (
            unit("libvirtd.service") + "\n" + unit("libvirtd.socket", active="active"),
            "libvirtd.service is inactive; libvirtd.socket would start it",
        ),
        (
            unit("libvirtd.service", active="activating"),
            "libvirtd.service is activating (activating), but no such process was found",
        ),
        (unit("libvirtd.service", "bad-setting"), "libvirtd.service cannot be loaded (bad-setting)"),
        # both are installed: the enabled one counts
        (
            unit("libvirtd.service", file="enabled", active="failed", result="signal")
            + "\n"
            + unit("virtqemud.service"),
            "libvirtd.service failed (signal)",
        ),
        (
            unit("libvirtd.service", "masked") + "\n" + unit("virtqemud.service", file="enabled"),
            "virtqemud.service is inactive and no socket unit would start it",
        ),
    ],
)
def test_says_why_nothing_runs(units: str, why: str) -> None:
    assert daemons("", Record(units)).why_not_running() == why


def test_units_that_systemd_was_not_asked_for_are_not_there() -> None:
    found = daemons("", Record(unit("libvirtd.service", active="active") + "\n" + unit("libvirtd.socket")))
    assert set(found.units) == {"libvirtd.service", "libvirtd.socket"}
    assert found.units["libvirtd.service"].active_state == "active"


@pytest.mark.parametrize(
    "text",
    [
        "process libvirtd 1 1\n",  # no clock
        "clock 1 2\n",
        "clock 1500.0 500.0 0\nprocess libvirtd 1 1\n",
        "clock 1500.0 500.0 nan\n",
        "clock 1500.0 500.0 100\nprocess libvirtd one 1\n",
        "clock 1500.0 500.0 100\nsurprise\n",
        "",
    ],
)
def test_half_an_answer_is_no_answer(text: str) -> None:
    with pytest.raises(Unreadable):
        Daemons.parse(Record(text), NO_SYSTEMD)


def test_hostile_answers_are_unreadable_and_nothing_else() -> None:
    good = CLOCK + "process libvirtd 42 25000\nconf libvirtd 12\nsocket libvirt-sock\n"
    for record in answers(good):
        try:
            Daemons.parse(record, record)
        except Unreadable:
            continue
    for record in answers(unit("libvirtd.service")):
        assert daemons("", record).why_not_running()


TOLD = (
    "reads /etc/libvirt/other.conf libvirtd\nprocess libvirtd 42 25000\nsocket libvirt-sock\n"
    "conf /etc/libvirt/other.conf 1300\nconf /etc/libvirt/libvirtd.conf 1200\n"
)


def test_a_daemon_that_was_told_to_read_another_file_reads_that_one() -> None:
    found = daemons(TOLD + "\x1f/etc/libvirt/other.conf\nmax_clients = 7\n\n")
    conf = found.conf("libvirtd", Record("max_clients = 9\n"))
    value = conf.get("max_clients")
    assert value is not None
    assert (conf.path, value.value) == ("/etc/libvirt/other.conf", 7)
    assert value.at is not None
    assert (value.at.path, value.at.line) == ("/etc/libvirt/other.conf", 1)
    # written after the start, which the usual file was not
    assert found.changed_since_start("libvirtd") is True


@pytest.mark.parametrize("files", ["", "\x1f/etc/libvirt/other.conf\n"])
def test_another_file_that_could_not_be_read_is_not_known(files: str) -> None:
    with pytest.raises(Unreadable, match=r"started with the configuration file /etc/libvirt/other\.conf"):
        daemons(TOLD + files).conf("libvirtd", Record("max_clients = 9\n"))


def test_another_file_that_is_empty_sets_nothing() -> None:
    assert not daemons(TOLD + "\x1f/etc/libvirt/other.conf\n\n").conf("libvirtd", Record("")).settings


def test_a_daemon_that_was_told_to_read_its_usual_file_reads_it() -> None:
    text = TOLD.replace("other.conf", "libvirtd.conf").replace("1300", "1200")
    conf = daemons(text).conf("libvirtd", Record("max_clients = 9\n"))
    value = conf.get("max_clients")
    assert value is not None
    assert value.value == 9
    assert daemons(text).changed_since_start("libvirtd") is False
