"""No question holds as many jobs, or words, as the other host chose (T9)."""

import json
import subprocess
from collections.abc import Callable

import pytest

from preflight.answers import Record
from preflight.collect import questions
from preflight.collect.follow_up import MOST, Further, further_questions
from preflight.collect.sources import make_host
from preflight.facts.guest.guests import Guests
from preflight.request.check_request import Migration
from preflight.request.method import Method
from preflight.request.migration import CopyStorage, Role
from preflight.shell_text import ShellText, joined, shell
from tests.case import Case
from tests.growing import with_guests

HOSTS = [f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}" for number in range(20_000)]


def asked(case: Case, *, copy_storage: bool = False) -> tuple[Further, Further]:
    source, destination = (
        make_host(role, saved.name, saved.answers) for role, saved in zip(Role, case.hosts, strict=True)
    )
    migration = Migration(method=Method(copy_storage=CopyStorage.ALL if copy_storage else CopyStorage.NONE))
    return further_questions(source, destination, migration, list(source.fact(Guests).all))


def with_disk(source: str) -> Case:
    return Case().xml("</devices>", f"<disk type='network'>{source}<target dev='vdz'/></disk></devices>")


def test_of_20000_servers_of_a_disk_a_few_are_tried() -> None:
    """T9: the source's guest made 20,001 background jobs on the destination."""
    servers = "".join(f"<host name='{host}' port='3260'/>" for host in HOSTS)
    _, there = asked(with_disk(f"<source protocol='iscsi' name='x'>{servers}</source>"))
    command = there.commands["disk-ports"]
    assert command.count("connects ") == questions.MOST_SERVERS == 64
    stand_in = ShellText("connects() { echo begun; sleep 0.1; echo ended; }")
    said = subprocess.run(["sh", "-c", joined((stand_in, command))], capture_output=True, text=True, check=True).stdout
    at_once = most = 0
    for word in said.split():
        at_once += 1 if word == "begun" else -1
        most = max(most, at_once)
    assert said.count("ended") == 64
    assert 1 < most <= questions.AT_ONCE


def test_servers_that_were_not_tried_are_unknown() -> None:
    servers = "".join(f"<host name='{host}' port='3260'/>" for host in reversed(HOSTS[:65]))
    answers = "".join(f"port 1 {host} 3260 Connection refused\n" for host in sorted(HOSTS[:65])[:64])
    case = with_disk(f"<source protocol='iscsi' name='x'>{servers}</source>").destination("disk-ports", answers)
    assert "at most 64 servers are tried" in (case.result("disk-server-silent", "guest web").reason or "")


@pytest.mark.parametrize(
    ("record", "what", "xml"),
    [
        ("disk-servers", "server names", "<host name='s{0}.example' port='3260'/>"),
        ("block-devices", "block devices", "<disk type='block'><source dev='/dev/d{0}'/><target dev='v{0}'/></disk>"),
        ("paths", "paths", "<disk type='file'><source file='/images/d{0}'/><target dev='v{0}'/></disk>"),
        ("images", "images", "<disk type='file'><source file='/images/d{0}'/><target dev='v{0}'/></disk>"),
    ],
)
def test_more_than_are_asked_about_is_said_and_nothing_is_asked(record: str, what: str, xml: str) -> None:
    many = "".join(xml.format(number) for number in range(MOST[what] + 1))
    if "<host" in xml:
        case = with_disk(f"<source protocol='iscsi' name='x'>{many}</source>")
    elif record == "paths":  # more than the elements that one guest may have
        case = with_guests(3)
        third = "".join(xml.format(f"{{0}}-{number}") for number in range(MOST[what] // 3 + 1))
        case.hosts[0].answers.records["libvirt.domains"] = Record(_with_devices(case, third))
    else:
        case = Case().xml("</devices>", f"{many}</devices>")
    _, there = asked(case, copy_storage=record == "images")
    assert record not in there.commands
    assert f"the limit is {MOST[what]}" in there.absent[record]


def _with_devices(case: Case, devices: str) -> str:
    """Return the source's list of guests, each with these devices; {0} in them is the guest's number."""
    listed = json.loads(case.hosts[0].answers.records["libvirt.domains"].out)
    for number, guest in enumerate(listed["domains"]):
        guest["xml"] = guest["xml"].replace("</devices>", devices.replace("{0}", str(number)) + "</devices>")
    return json.dumps(listed)


@pytest.mark.parametrize("build", [questions.stat_paths, lambda paths: questions.access(1, 1, paths)])
def test_paths_fit_the_arguments_of_the_programs_that_get_them(
    build: Callable[[list[str]], ShellText],
) -> None:
    paths = [f"/{number:04}{'x' * 4000}" for number in range(1500)]
    command = joined((shell('uid=0; as_root() { "$@"; }'), ShellText(questions.PRELUDE), build(paths)))
    done = subprocess.run(["sh", "-s"], input=command, capture_output=True, text=True, check=False)
    assert "rgument list too long" not in done.stderr
    assert done.returncode == 0


def test_the_destination_is_asked_to_build_the_guests() -> None:
    _, there = asked(Case().guest(lambda guest: guest.update(sent=guest["xml"])))
    assert list(there.definitions) == ["web"]
    assert there.definitions["web"].startswith("<domain")


@pytest.mark.parametrize(
    "case",
    [
        Case(),
        Case().guest(lambda guest: guest.update(sent=guest["xml"])).xml("/usr/bin/qemu-system", "/opt/qemu-system"),
        Case()
        .guest(lambda guest: guest.update(sent=guest["xml"]))
        .destination("libvirt.versions", lambda text: text.replace("9000000", "8006000")),
    ],
    ids=["nothing is sent", "an emulator that libvirt would run", "a libvirt that would bind sockets"],
)
def test_the_destination_is_not_asked_to_build_what_would_leave_traces(case: Case) -> None:
    _, there = asked(case)
    assert there.definitions == {}
