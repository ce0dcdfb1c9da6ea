"""`preflight diff`: what it reads, what it refuses, and its exit codes."""

import json
from pathlib import Path

import pytest

from preflight.answers import SavedHost
from preflight.commands.diff import State, Wanted, diff, difference, read
from preflight.connection import snapshot
from preflight.errors import UserError
from preflight.fleet.difference import ChangedVerdict, Difference, Effect, Kind
from preflight.judge.report import Verdict
from preflight.output import formats
from preflight.request.check_request import Asked
from preflight.schema import difference as schema
from preflight.schema.document import read as read_document
from tests.case import RECORDED, Case

ASKED = Asked("")
READY, GONE = RECORDED / "ready", RECORDED / "hosts-line-gone"


def state(case: Case) -> State:
    return State(Path("x.json"), tuple(case.hosts))


def said(old: Case, new: Case) -> list[str]:
    was, now = (State(Path("x.json"), (case.hosts[0],)) for case in (old, new))  # no verdict, which takes longer
    return [one.text for one in difference(was, now).changes]


def test_a_state_and_itself_do_not_differ(capsys: pytest.CaptureFixture[str]) -> None:
    assert diff(READY, READY, ASKED, Wanted()) == 0
    assert "\nnothing differs\n\nverdict: still READY\n" in capsys.readouterr().out


def test_a_verdict_that_became_worse_is_exit_code_1_and_one_that_became_better_is_not() -> None:
    assert diff(READY, GONE, ASKED, Wanted()) == 1
    assert diff(GONE, READY, ASKED, Wanted()) == 0


def test_a_pair_in_one_file_and_in_a_directory_are_the_same(tmp_path: Path) -> None:
    snapshot.write(tmp_path / "pair.json", [*snapshot.read(GONE / "host1.json"), *snapshot.read(GONE / "host2.json")])
    one, other = (difference(read(READY), read(path)) for path in (GONE, tmp_path / "pair.json"))
    assert one.changes == other.changes
    assert one.results == other.results
    assert one.verdict == other.verdict


def test_one_host_has_changes_and_no_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    assert diff(READY / "host1.json", GONE / "host1.json", ASKED, Wanted()) == 0
    out = capsys.readouterr().out
    assert "  - line for host2.example.com, host2 gone from /etc/hosts:4\n" in out
    assert out.endswith("no verdict on one host alone: compare two files of `preflight check --save`, or two reports\n")


def test_reports_are_compared_by_their_results(tmp_path: Path) -> None:
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    formats.write("report", "json", Case().report(), old)
    formats.write("report", "json", Case("hosts-line-gone/host1", "hosts-line-gone/host2").report(), new)
    found = difference(read(old), read(new))
    assert found.exit_code == 1
    assert [(one.rule, one.effect) for one in found.results] == [("announced-name-unresolvable", Effect.WORSE)]
    assert [one.text for one in found.changes] == []  # reports that nobody made name no file


def test_a_host_that_came_and_one_that_went_are_named() -> None:
    old = State(Path("old"), tuple(Case().hosts))
    new = State(Path("new"), tuple(Case("newer/host3", "ready/host2").hosts))
    found = difference(old, new)
    assert [one.text for one in found.changes] == ["host host1.example.com gone", "host host3.example.com added"]
    assert found.verdict is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "nor is it a report"),
        (
            "{}",
            (
                "not a snapshot made by preflight; take one with `preflight snapshot`; nor is it a report of `preflight"
                " check --format json`"
            ),
        ),
        ('{"kind": "report", "format": 1}', "has less than this preflight"),
        ('{"kind": "report", "format": 9}', "report format 9, this preflight reads 1"),
        ('{"preflight_snapshot": 3, "hosts": []}', "snapshot format '3', this preflight reads 1 and 2"),
    ],
)
def test_what_is_neither_is_refused(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(UserError) as refusal:
        read(path)
    assert str(refusal.value).startswith(f"{path}: ")
    assert why in str(refusal.value)


def test_states_of_two_kinds_and_directories_of_none_or_many_are_refused(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    formats.write("report", "json", Case().report(), report)
    with pytest.raises(UserError, match=r"report\.json is a report and .*ready is not"):
        difference(read(READY), read(report))
    with pytest.raises(UserError, match="give options only with snapshots"):
        difference(read(report), read(report), Asked("", concurrency=2))
    (tmp_path / "none").mkdir()
    with pytest.raises(UserError, match="contains no snapshot"):
        read(tmp_path / "none")
    for number in range(3):
        snapshot.write(tmp_path / "none" / f"{number}.json", [SavedHost(f"host{number}", Case().hosts[0].answers)])
    with pytest.raises(UserError, match="more than two hosts"):
        read(tmp_path / "none")
    with pytest.raises(UserError, match="No such file"):
        read(tmp_path / "missing.json")


def test_the_json_keeps_to_its_model() -> None:
    found = difference(read(READY), read(GONE))
    document = read_document(schema.DIFFERENCE, formats.render("difference", "json", found).encode())
    assert (document.worse, document.exit_code) == (True, 1)
    assert document.changes[0].path == "/etc/hosts"
    assert document.changes[0].records == ("etc.hosts",)
    assert document.verdict is not None
    assert (document.verdict.before, document.verdict.after) == ("ready", "not-ready")


def test_a_guest_that_became_worse_counts_although_the_whole_was_bad_already() -> None:
    guest = ChangedVerdict("web", Verdict.READY, Verdict.NOT_READY)
    whole = ChangedVerdict(None, Verdict.NOT_READY, Verdict.NOT_READY)
    side = difference(read(READY), read(READY)).old
    assert Difference(side, side, "snapshots", (), whole, (guest,)).exit_code == 1
    assert Difference(side, side, "snapshots", (), whole).exit_code == 0
    better = ChangedVerdict(None, Verdict.NOT_READY, Verdict.UNDETERMINED)
    assert Difference(side, side, "snapshots", (), better).exit_code == 0


#: A change of the source's answers, and what is said about it.
CHANGES = {
    "an address in /etc/hosts": (
        "etc.hosts", ("192.0.2.12", "192.0.2.99"),
        "host2.example.com, host2 in /etc/hosts:4: 192.0.2.12 -> 192.0.2.99",
    ),
    "a name in /etc/hosts": (
        "etc.hosts", (" host2\n", " kvm02\n"),
        "names of 192.0.2.12 in /etc/hosts:4: host2.example.com, host2 -> host2.example.com, kvm02",
    ),
    "only blank space": ("etc.hosts", ("192.0.2.12 ", "192.0.2.12\t"), "text of /etc/hosts: 1 line added, 1 gone"),
    "a nameserver": ("resolv", None, "nameserver 192.0.2.53 added in /etc/resolv.conf:1"),
    "libvirt": ("libvirt.versions", ("9000000", "10000000"), "libvirt 9.0.0 -> 10.0.0"),
    "QEMU": ("libvirt.versions", ("7002022", "9000001"), "QEMU 7.2.22 -> 9.0.1"),
    "the kernel": ("kernel", ("6.18", "6.19"), "kernel 6.18.44-fc-v657 -> 6.19.44-fc-v657"),
    "a running limit": (
        "limits", ("maxWorkers     : 20", "maxWorkers     : 40"), "max_workers of the running libvirtd: 20 -> 40",
    ),
    "an MTU": ("links", ("eth0@if4: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500", "eth0@if4: <UP> mtu 9000"),
               "MTU of eth0: 1500 -> 9000"),
    "an address": ("addresses", ("192.0.2.11/24", "192.0.2.21/24"), "address 192.0.2.11/24 gone from eth0"),
    "a network": ("libvirt.networks", ('"active": false', '"active": true'), "network default started"),
    "memory": ("libvirt.domains", ("<memory unit='KiB'>65536", "<memory unit='KiB'>131072"),
               "guest web: memory: 64 MiB -> 128 MiB"),
    "vCPUs": ("libvirt.domains", ("placement='static'>1", "placement='static'>2"), "guest web: vCPUs: 1 -> 2"),
    "a state": ("libvirt.domains", ('"state": 1', '"state": 3'), "guest web: running -> paused"),
    "autostart": ("libvirt.domains", ('"autostart": false', '"autostart": true'), "guest web: autostart: off -> on"),
    "a clock": ("libvirt.domains", ("offset='utc'", "offset='localtime'"), "guest web: <clock> changed"),
    "a name": ("libvirt.domains", ('"name": "web"', '"name": "www"'), "guest web renamed to www"),
}  # fmt: skip


@pytest.mark.parametrize(("record", "change", "text"), CHANGES.values(), ids=CHANGES.keys())
def test_a_change_is_told_in_the_words_of_an_administrator(
    record: str, change: tuple[str, str] | None, text: str
) -> None:
    case = Case()
    if change is None:
        case.source(record, "nameserver 192.0.2.53\n")
    else:
        case.source(record, lambda was: was.replace(*change))
    assert text in said(Case(), case)


def test_settings_of_sshd_and_libvirt_are_told_with_their_place() -> None:
    case = Case().source("sshd.effective", lambda text: text.replace("usedns no", "usedns yes"))
    case.source("sshd_config", lambda text: text + "\x1f/etc/ssh/sshd_config.d/a.conf\nUseDNS yes\n")
    case.source("libvirtd.conf", lambda text: text + "max_clients = 100\n")
    found = {one.text: one for one in difference(state(Case()), state(case)).changes}
    assert (found["UseDNS of sshd: no -> yes"].path, found["UseDNS of sshd: no -> yes"].line) == (
        "/etc/ssh/sshd_config.d/a.conf",
        1,
    )
    assert [text for text in found if text.startswith("max_clients set to 100 in /etc/libvirt/libvirtd.conf:")]


def test_a_disk_that_was_added_and_one_that_is_gone_are_named() -> None:
    disk = (
        "<disk type='file' device='disk'><source file='/srv/d.img'/><target dev='vdb' bus='virtio'/></disk></devices>"
    )
    more = Case().xml("</devices>", disk)
    assert said(Case(), more) == ["guest web: disk vdb added (/srv/d.img)"]
    assert said(more, Case()) == ["guest web: disk vdb gone (was /srv/d.img)"]
    other = Case().xml("</devices>", disk.replace("/srv/d.img", "/srv/e.img"))
    assert said(more, other) == ["guest web: disk vdb: /srv/d.img -> /srv/e.img"]


def test_a_running_guest_that_was_started_again_has_not_changed() -> None:
    again = Case().guest(lambda guest: guest.update(id=7))
    again.guest(
        lambda guest: guest.update(xml=guest["xml"].replace("id='1'", "id='7'").replace("index='1'", "index='4'"))
    )
    assert said(Case(), again) == []


def test_a_definition_that_is_nested_as_deep_as_can_be_is_no_bug() -> None:
    deep = Case().xml("</devices>", f"<a>{'<b>' * 3000}{'</b>' * 3000}</a></devices>")
    assert said(Case(), deep)
    assert said(deep, deep) == []


def test_what_is_not_known_any_more_is_a_change() -> None:
    lost = Case().source("libvirt.domains", None).source("nft", None)
    found = said(Case(), lost)
    assert "not known any more: rules of nftables: nft was not answered" in found
    assert [text for text in found if text.startswith("not known any more: the guests: ")]
    assert "known again: rules of nftables (before: nft was not answered)" in said(lost, Case())


def test_a_login_that_fails_is_the_only_change() -> None:
    case = Case()
    case.hosts[0].answers.records.clear()
    case.hosts[0].answers.absent[""] = "login to host1.example.com failed: no route"
    assert said(Case(), case) == ["login failed: login to host1.example.com failed: no route"]
    assert said(case, Case()) == ["login works again (before: login to host1.example.com failed: no route)"]


def test_rules_of_a_firewall_that_came_and_went_are_quoted_or_counted() -> None:
    rules = "*filter\n:INPUT ACCEPT [0:0]\n" + "".join(f"-A INPUT -p tcp --dport {port} -j DROP\n" for port in range(9))
    one = Case().source("iptables", "family 4\n*filter\n-A INPUT -p tcp --dport 49152 -j DROP\n")
    assert "iptables rule added: -A INPUT -p tcp --dport 49152 -j DROP" in said(Case(), one)
    assert "iptables: 12 rules added" in said(Case(), Case().source("iptables", f"family 4\n{rules}"))
    counted = Case().source("iptables", rules.replace("[0:0]", "[7:99]"))
    assert said(Case().source("iptables", rules), counted) == []


def test_rules_of_nftables_are_compared_without_counters_and_handles() -> None:
    def nft(handle: int, *more: object) -> str:
        rule = {
            "family": "inet",
            "table": "t",
            "chain": "c",
            "handle": handle,
            "expr": [{"counter": {"packets": handle}}],
        }
        return json.dumps({"nftables": [{"rule": rule}, *more]})

    chain = {"chain": {"family": "inet", "table": "t", "name": "c", "handle": 1, "policy": "drop"}}
    assert said(Case().source("nft", nft(1)), Case().source("nft", nft(2))) == []
    assert said(Case().source("nft", nft(1)), Case().source("nft", nft(1, chain))) == [
        "nftables rule added: chain inet t c, policy drop"
    ]


def test_options_of_a_check_change_the_verdicts() -> None:
    startups = Case().destination("sshd.effective", lambda text: text.replace("10:30:100", "5:30:100"))
    startups.destination("sshd.listener", "sshd: /usr/sbin/sshd -D [listener] 0 of 5-100 startups\n")
    alone = difference(state(Case()), state(startups))
    together = difference(state(Case()), state(startups), Asked("", concurrency=8))
    assert (alone.exit_code, together.exit_code) == (0, 1)
    assert together.results[0].because[0] == "MaxStartups of sshd: 10:30:100 -> 5:30:100"
    selected = difference(state(Case()), state(startups), Asked("", concurrency=8, select=("names",)))
    assert selected.exit_code == 0


def test_every_kind_and_effect_is_in_the_contract() -> None:
    assert [one.value for one in Kind] == list(schema.KindName.__args__)  # type: ignore[attr-defined]
    assert [one.value for one in Effect] == list(schema.EffectName.__args__)  # type: ignore[attr-defined]
