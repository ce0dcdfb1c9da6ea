"""Obfuscated hosts give the same verdict, rules and limits, and no name or address of the original."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from preflight.answers import Answers, Record, SavedHost, Taken
from preflight.commands.snapshot import peers_of
from preflight.connection import snapshot
from preflight.connection.files_read import digest_of
from preflight.connection.obfuscation import Obfuscation
from preflight.errors import UserError
from preflight.judge.report import Report
from tests.case import Case
from tests.golden.differences import of_row
from tests.lab.truth.record import is_recorded
from tests.lab.truth.row import rows

#: Rows whose check has no options that name something.
RECORDED = [name for name, row in sorted(rows().items()) if is_recorded(name) and not row.checked_with][::36]
KEY = "0123456789abcdef" * 2


def judged(hosts: list[SavedHost]) -> Report:
    case = Case()
    case.hosts = hosts
    return case.report()


def summary(report: Report) -> dict[str, Any]:
    return {
        "verdict": report.verdict,
        "guests": [one.verdict for one in report.guests],
        "results": sorted(
            (one.rule.name, one.outcome, len(one.findings), one.severity, re.sub("guest .*", "guest", one.subject))
            for one in report.results
        ),
        "limits": [(one.name, one.host, one.configured, one.allows) for one in report.capacity.limits],
    }


def whole(hosts: Iterable[SavedHost]) -> str:
    return "\n".join(
        part
        for host in hosts
        for part in (
            host.name,
            *host.peers,
            *host.answers.absent,
            *host.answers.absent.values(),
            *(text for name, one in host.answers.records.items() for text in (name, one.out, one.err)),
        )
    )


@pytest.mark.parametrize("name", [*RECORDED, "names/hostname-begins-with-localhost"])
def test_an_obfuscated_pair_gives_the_same_verdict_rules_and_limits(name: str, tmp_path: Path) -> None:
    hosts = of_row(name, tmp_path)
    assert summary(judged(Obfuscation(KEY).hosts(hosts))) == summary(judged(hosts))


def test_nothing_of_the_names_and_addresses_is_left() -> None:
    case = Case("hosts-line-gone/host1", "hosts-line-gone/host2")
    text = whole(Obfuscation(KEY).hosts(case.hosts))
    for original in ("host1", "host2", "host3", "example", "web"):
        assert re.search(rf"(?<![a-z0-9]){original}(?![a-z0-9])", text) is None, original
    for original in ("192.0.2.", "52:54:00:64:c0:54", "c000:fe"):
        assert original not in text, original


def test_two_files_get_the_same_names_by_one_map() -> None:
    first, second = Case().hosts
    one = Obfuscation(KEY)
    (apart,) = one.hosts([first])
    (other,) = Obfuscation(KEY, one.names).hosts([second])
    assert summary(judged([apart, other])) == summary(judged([first, second]))


def test_another_key_gives_other_addresses() -> None:
    texts = {whole(Obfuscation(key * 16).hosts(Case().hosts)) for key in ("ab", "cd")}
    assert len(texts) == 2


def renamed(name: str) -> list[SavedHost]:
    case = Case()
    case.guest(lambda guest: guest.update(name=name, xml=guest["xml"].replace("<name>web<", f"<name>{name}<")))
    return case.hosts


@pytest.mark.parametrize("name", ["disk", "virtio", "kvm", "101", "q"])
def test_a_guest_whose_name_is_a_word_of_libvirts_loses_its_name_only(name: str) -> None:
    hosts = renamed(name)
    found = Obfuscation(KEY).hosts(hosts)
    assert summary(judged(found)) == summary(judged(hosts))
    listed = json.loads(found[0].answers.records["libvirt.domains"].out)["domains"][0]
    assert listed["name"] != name
    assert f"<name>{name}<" not in listed["xml"]


def test_sockets_of_the_kernel_are_those_of_the_new_addresses() -> None:
    records = {
        "addresses": Record("2: eth0    inet 192.0.2.11/24 scope global eth0\n"),
        "sockets": Record("  0: 0B0200C0:0016 00000000:0000 0A\n  1: 0100007F:0016 00000000:0000 0A\n"),
    }
    (host,) = Obfuscation(KEY).hosts([SavedHost("h1", Answers(records))])
    address = re.search(r"inet (\d+)\.(\d+)\.(\d+)\.(\d+)/24", host.answers.records["addresses"].out)
    assert address is not None
    number = "".join(f"{int(part):02X}" for part in reversed(address.groups()))
    assert f"{number}:0016" in host.answers.records["sockets"].out
    assert "0100007F:0016" in host.answers.records["sockets"].out


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1", "0.0.0.0/0", "255.255.255.0", "169.254.1.1", "224.0.0.251", "::1", "::", "ff02::1", "fe80::1",
        "1.2.3", "libvirt 9.0.0", "6.1.0-28-amd64", "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "12:34:56",
        "0000:00:02.0", "999.1.1.1", "1.2.3.4.5",
    ],
)  # fmt: skip
def test_what_means_the_same_everywhere_stays(text: str) -> None:
    assert Obfuscation(KEY).text(text) == text


def test_libvirts_answers_about_definitions_are_found_by_the_new_ones() -> None:
    obfuscation = Obfuscation(KEY)
    (host,) = obfuscation.hosts([Case().hosts[0]])
    xml = json.loads(Case().hosts[0].answers.records["libvirt.domains"].out)["domains"][0]["xml"]
    told = Record(json.dumps({"errors": {"1": "web: no disk", "2": None, "3": None}}))
    found = json.loads(obfuscation.by_digest(told, {"1": xml, "2": "<a/>"}).out)["errors"]
    new = json.loads(host.answers.records["libvirt.domains"].out)["domains"][0]["xml"]
    assert found == {digest_of(new): obfuscation.text("web: no disk"), digest_of("<a/>"): None}
    assert obfuscation.by_digest(Record("[]"), {}).code == 1


def test_a_host_is_not_asked_about_obfuscated_peers(tmp_path: Path) -> None:
    made = Taken(1, "control", "anna", "0.1.0")
    hosts = Obfuscation(KEY).hosts([host._replace(made=made) for host in Case().hosts])
    snapshot.write(tmp_path / "s.json", hosts, hosts[0].made)
    with pytest.raises(UserError, match="is obfuscated"):
        peers_of([str(tmp_path / "s.json")])
    snapshot.write(tmp_path / "r.json", Case().hosts, made)
    assert peers_of([f"{tmp_path}/r.json,host9", "host8"]).names == (
        "host1.example.com", "host2.example.com", "host9", "host8",
    )  # fmt: skip


def test_a_snapshot_is_as_valid_as_before(tmp_path: Path) -> None:
    hosts = Obfuscation(KEY).hosts(Case().hosts)
    snapshot.write(tmp_path / "s.json", hosts)
    assert snapshot.read(tmp_path / "s.json") == hosts
