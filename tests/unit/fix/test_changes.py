"""The changes that `preflight fix` would make to recorded hosts: texts, diffs, and what cannot be changed."""

import os
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from preflight.collect.questions import PRELUDE
from preflight.collect.session import LiveVisit
from preflight.commands.fix import _apply
from preflight.connection.local import LocalChannel
from preflight.connection.target import parse_target
from preflight.facts import GuestMemory, LinkSpeed
from preflight.facts.fact import MISSING, Record, Unreadable
from preflight.facts.names.hosts_file import PATH as HOSTS
from preflight.fix.apply import Service, script
from preflight.fix.changes import FileChange, Unfixable, plan, undecided
from preflight.fix.files import difference, edited, led
from preflight.fix.services import service
from preflight.judge.check import Checked
from preflight.judge.ruleset import load
from preflight.request.migration import Role
from preflight.rule import Change, HostsLine
from preflight.shell_text import shell
from tests.case import Case
from tests.hostile_names import HOSTILE_NAMES

SSHD = "# as it was\nInclude /etc/ssh/sshd_config.d/*.conf\nmaxSTARTUPS 5:30:60\n\nMatch User git\n\tX11Forwarding no\n"
RECORDS = {"/etc/hosts": "etc.hosts", "/etc/libvirt/libvirtd.conf": "libvirtd.conf"}
RECORDS["/etc/libvirt/qemu.conf"] = "qemu.conf"


def checked(case: Case, concurrency: int = 30) -> Checked:
    return case.asking(concurrency=concurrency).checked()


def planned(
    case: Case, *rules: str, texts: Mapping[str, Record] | None = None
) -> tuple[dict[tuple[Role, str], FileChange], list[Unfixable]]:
    found = checked(case)

    def read(role: Role, path: str) -> Record:
        if texts and path in texts:
            return texts[path]
        if path == "/etc/ssh/sshd_config":
            return Record(SSHD)
        host = found.source if role is Role.SOURCE else found.destination
        return host.records[RECORDS[path]]

    changes, unfixable = plan(found, read, rules)
    return {(change.role, change.path): change for change in changes}, unfixable


def added(change: FileChange) -> list[str]:
    lines = change.diff.splitlines()
    return [line[1:] for line in lines if line.startswith("+") and not line.startswith("+++")]


def taken(change: FileChange) -> list[str]:
    lines = change.diff.splitlines()
    return [line[1:] for line in lines if line.startswith("-") and not line.startswith("---")]


def test_only_what_a_finding_asks_for_is_changed() -> None:
    changes, unfixable = planned(Case())
    assert unfixable == []
    assert set(changes) == {
        (Role.SOURCE, "/etc/libvirt/libvirtd.conf"),
        (Role.SOURCE, "/etc/ssh/sshd_config"),
        (Role.DESTINATION, "/etc/ssh/sshd_config"),
    }
    daemon = changes[Role.SOURCE, "/etc/libvirt/libvirtd.conf"]
    assert (taken(daemon), added(daemon)) == ([], ["max_workers = 32"])
    assert daemon.settings == (Change("/etc/libvirt/libvirtd.conf", "max_workers", 32),)
    assert daemon.service.expected == ("maxWorkers:32",)
    assert daemon.commands == ("systemctl restart libvirtd",)
    assert any("guests keep running" in risk for risk in daemon.risks)


def test_sshd_keeps_its_spelling_its_order_and_its_conditions() -> None:
    change = planned(Case())[0][Role.DESTINATION, "/etc/ssh/sshd_config"]
    assert (taken(change), added(change)) == (["maxSTARTUPS 5:30:60"], ["maxSTARTUPS 30:30:100"])
    assert change.after.endswith("\nMatch User git\n\tX11Forwarding no\n")
    assert change.service.expected == ("30-100",)
    assert any("floods" in risk for risk in change.risks)


def test_a_name_that_is_missing_gets_a_line_and_no_other_is_touched() -> None:
    case = Case("hosts-line-gone/host1", "ready/host2")
    changes, _ = planned(case, "announced-name-unresolvable")
    [change] = changes.values()
    assert (change.path, taken(change), added(change)) == ("/etc/hosts", [], ["192.0.2.12 host2.example.com"])
    assert change.commands == ()


def test_a_file_that_does_not_exist_is_made() -> None:
    changes, _ = planned(Case(), texts={"/etc/libvirt/libvirtd.conf": Record("", MISSING)})
    change = changes[Role.SOURCE, "/etc/libvirt/libvirtd.conf"]
    assert (change.before, change.after) == (None, "max_workers = 32\n")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("what is this?\n", "libvirtd.conf"),
        ("max_clients = 'many'\n", "would be refused"),
        ("# \\xe4 is no UTF-8\n", "is not UTF-8"),
    ],
)
def test_what_cannot_be_written_is_said_and_the_rest_goes_on(text: str, why: str) -> None:
    changes, unfixable = planned(Case(), texts={"/etc/libvirt/libvirtd.conf": Record(text)})
    [one] = unfixable
    assert (one.path, why in one.why) == ("/etc/libvirt/libvirtd.conf", True)
    assert len(changes) == 2


def test_a_file_that_cannot_be_read_is_said() -> None:
    _, unfixable = planned(Case(), texts={"/etc/libvirt/libvirtd.conf": Record("", 1, "Permission denied")})
    assert [one.why for one in unfixable] == ["Permission denied"]


def test_only_rules_that_were_named() -> None:
    assert set(planned(Case(), "workers-limit")[0]) == {(Role.SOURCE, "/etc/libvirt/libvirtd.conf")}
    assert planned(Case(), "clients-limit") == ({}, [])


def test_rules_that_could_ask_for_a_change_are_known_by_their_files() -> None:
    assert {rule.name for rule in load() if rule.may_ask_for_a_change} == {
        "announced-name-unresolvable",
        "announced-name-is-loopback-or-self",
        "clients-limit",
        "destination-hostname-localhost",
        "hosts-entry-address-wrong",
        "hosts-entry-missing",
        "migration-ports-exhausted",
        "one-request-at-a-time",
        "ssh-maxstartups-burst",
        "workers-limit",
    }


def unknown_of(case: Case, *rules: str) -> dict[str, list[str]]:
    able = {rule.name for rule in load() if rule.may_ask_for_a_change}
    found = undecided([one for one in checked(case).report.results if one.rule.name in rules], able)
    return {why: [f"{one.rule.name} ({one.subject})" for one in results] for why, results in found.items()}


def test_a_limit_that_could_not_be_read_is_not_taken_for_one_that_suffices() -> None:
    case = Case().source("limits", None).destination("sockets", None)
    assert unknown_of(case, "clients-limit", "workers-limit") == {
        "limits was not answered": ["clients-limit (source)", "workers-limit (source)"]
    }
    assert unknown_of(case, "migration-ports-exhausted") == {
        "sockets was not answered": ["migration-ports-exhausted (destination)"]
    }
    assert unknown_of(Case(), "clients-limit", "workers-limit") == {}


def test_an_error_that_nobody_could_judge_is_not_known_though_its_rule_asks_for_no_change() -> None:
    case = Case().destination("sockets", None)
    assert unknown_of(case, "migration-ports-filtered") == {
        "sockets was not answered": ["migration-ports-filtered (pair)"]
    }


def test_text_without_a_last_newline_keeps_being_so() -> None:
    assert edited("/etc/libvirt/qemu.conf", "# a\nuser = 'root'", {"migration_port_max": 49300}) in (
        "# a\nuser = 'root'\nmigration_port_max = 49300",
        "# a\nuser = 'root'\nmigration_port_max = 49300\n",
    )
    assert led("127.0.0.1 localhost", [HostsLine("b", "192.0.2.2")]) == "127.0.0.1 localhost\n192.0.2.2 b\n"


def test_a_value_that_no_lens_takes_is_refused() -> None:
    with pytest.raises(Unreadable):
        edited("/etc/libvirt/qemu.conf", "", {"migration_host": 'a"b\n'})


def test_no_password_is_shown() -> None:
    before = 'vnc_password = "XYZ12345"\nmax_queued = 0\n'
    shown = difference("/etc/libvirt/qemu.conf", before, before.replace("= 0", "= 1"))
    assert "XYZ12345" not in shown
    assert "+max_queued = 1" in shown


def test_the_script_holds_the_text_and_nothing_of_it_is_run() -> None:
    nasty = 'a = "$(touch /tmp/x) `id` \' \\\\ "\n@path@\n'
    text = script("/etc/a file", None, nasty, Service("x", shell(":"), shell(":"), shell(":"), shell(":")), "now")
    assert "touch" not in text
    assert "'/etc/a file'" in text


@pytest.mark.parametrize("sh", ["dash", "bash"])
@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_name_that_is_to_be_in_force_is_never_run(tmp_path: Path, sh: str, name: str) -> None:
    hostile = name.replace("@here@", str(tmp_path))
    case = Case()
    change = HostsLine(hostile, "192.0.2.12", "192.0.2.99")
    resolver = service(case.checked().source, HOSTS, (change,))
    asked = script(str(tmp_path / "hosts"), None, "127.0.0.1 localhost\n", resolver, "now")
    at_once = "sleep() { :; }\n" + asked
    subprocess.run([sh], input=at_once, capture_output=True, text=True, check=False)
    assert not (tmp_path / "pwned").exists()


def test_a_script_that_has_not_come_whole_does_nothing(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    service = Service("it", shell(":"), shell("touch @path@", path=f"{tmp_path}/activated"), shell(":"), shell(":"))
    text = script(str(path), "old", "new", service, "now")
    reads = ["sh", "-c", 's=$(cat); exec </dev/null; eval "$s"']
    whole = text.rindex("}") + 1
    for kept in sorted({*range(1, whole, 97), *(place for place in range(whole) if text[place] == "\n")}):
        subprocess.run(reads, input=text[:kept], capture_output=True, text=True, check=False)
        assert path.read_text() == "old", text[:kept]
        assert [one.name for one in tmp_path.iterdir()] == ["file"], text[:kept]
    done = subprocess.run(reads, input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, path.read_text()) == (0, "new"), done.stdout + done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="the script runs as root's: as_root would ask sudo")
def test_a_change_under_way_goes_on_when_preflight_has_left(tmp_path: Path) -> None:
    """End the shell on this machine but not the command that it runs, as Ctrl-C does."""
    path = tmp_path / "file"
    path.write_text("old")
    waits = shell(
        "touch @here@/began; until [ -e @here@/left ]; do sleep 0.1; done; touch @here@/activated", here=str(tmp_path)
    )
    change = FileChange(
        Role.SOURCE,
        "h",
        str(path),
        "old",
        "new",
        Service("it", shell(":"), waits, shell("[ -e @path@ ]", path=f"{tmp_path}/activated"), shell(":")),
        (),
        (),
    )
    # what was left is not waited for longer than this
    visit = LiveVisit(parse_target("localhost"), LocalChannel(PRELUDE, timeout=2), (), "ssh", timeout=20)
    visit.log_in()
    made = threading.Thread(target=_apply, args=(change, visit))
    made.start()
    until(tmp_path / "began")
    visit.leave()
    made.join()
    (tmp_path / "left").touch()
    until(tmp_path / "activated")
    assert path.read_text() == "new"


def until(path: Path) -> None:
    deadline = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < deadline, f"{path.name} does not come"
        time.sleep(0.05)


def test_memory_and_speeds_are_read() -> None:
    nothing = Record("", 1)
    assert GuestMemory.parse(Record('{"rss": {"a": 5, "b": null}}'), nothing).touched_kib == {"a": 0}
    looked_at = Record("guest 7 b\nguest 12 a name\nnonsense\n")
    assert GuestMemory.parse(Record('{"rss": {"a": 50000}}'), looked_at).touched_kib == {
        "a": 11088,
        "b": 7,
        "a name": 12,
    }
    for wrong in ("", "{}", '{"rss": {"a": "5"}}', "[" * 100_000):
        with pytest.raises(Unreadable):
            GuestMemory.parse(Record(wrong), nothing)
    speeds = "/sys/class/net/eth0/speed:1000\n/sys/class/net/lo/speed:-1\nnonsense\n/sys/class/net/x/speed:0\n"
    assert LinkSpeed.parse(Record(speeds)).mbit_per_s == {"eth0": 1000}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "MaxStartups 30:30:100\n"),
        ("Port 22\n", "Port 22\nMaxStartups 30:30:100\n"),
        ("Port 22", "Port 22\nMaxStartups 30:30:100"),
        ("Port 22\r\n", "Port 22\r\nMaxStartups 30:30:100\r\n"),
        ("maxstartups=5 # few\n", "maxstartups=30:30:100 # few\n"),
        ('MaxStartups "5:30:60"\n', "MaxStartups 30:30:100\n"),
        ("MaxStartups 5\nMaxStartups 6\n", "MaxStartups 30:30:100\nMaxStartups 30:30:100\n"),
        ("#MaxStartups 10:30:100\nPort 22\n", "#MaxStartups 10:30:100\nMaxStartups 30:30:100\nPort 22\n"),
        ("Port 22\nMatch all\nX11Forwarding no\n", "Port 22\nMaxStartups 30:30:100\nMatch all\nX11Forwarding no\n"),
        (
            "Match User git\nPort 1\n# MaxStartups 1\n",
            "MaxStartups 30:30:100\nMatch User git\nPort 1\n# MaxStartups 1\n",
        ),
        ("Match User git\nMatch all\nMaxStartups 5\n", "Match User git\nMatch all\nMaxStartups 30:30:100\n"),
        ("MaxStartups\n", "MaxStartups 30:30:100\n"),
        ("MaxStartups\r\n", "MaxStartups 30:30:100\r\n"),
        ("MaxStartups # few\n", "MaxStartups 30:30:100 # few\n"),
        ('MaxStartups"5"\n', "MaxStartups 30:30:100\n"),
        ('MaxStartups"5\n', "MaxStartups 30:30:100\n"),
    ],
)
def test_sshd_is_edited_line_by_line(before: str, after: str) -> None:
    assert edited("/etc/ssh/sshd_config", before, {"MaxStartups": "30:30:100"}) == after


def test_a_value_that_sshd_would_need_quotes_for_is_refused() -> None:
    with pytest.raises(Unreadable, match="cannot be written"):
        edited("/etc/ssh/sshd_config", "", {"MaxStartups": "30 # x\nPermitRootLogin yes"})
