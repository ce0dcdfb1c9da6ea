"""A snapshot of one host with its peers answers what a check of two live hosts would ask."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from preflight.answers import MISSING, Answers, Record, SavedHost
from preflight.collect import questions
from preflight.collect.built import BUILT_BY_DIGEST
from preflight.collect.follow_up import Further, further_questions
from preflight.collect.peers import Peers, apart, batch
from preflight.collect.session import SavedVisit
from preflight.collect.sources import make_host
from preflight.connection import snapshot
from preflight.connection.files_read import digest_of
from preflight.connection.libvirt import BUILT
from preflight.facts.fact import Unreadable
from preflight.facts.guest.guests import Guests
from preflight.host import Guest, Host
from preflight.judge.report import Outcome, Verdict
from preflight.request.check_request import Migration
from preflight.request.method import Method
from preflight.request.migration import CopyStorage, Mode, Role
from tests.case import Case
from tests.lab.truth.record import is_recorded, read
from tests.lab.truth.row import rows

RULE = "announced-name-unresolvable"
#: Records about a name, and the commands of a batch that ask about all names together.
TOGETHER = {"resolve": "names", "keys": "keys"}
#: Rows about what is asked of one host because of the other: storage, names, networks, certificates.
RECORDED = [name for name in sorted(rows()) if is_recorded(name) and not name.startswith(("limits/", "versions/"))][
    ::40
]
WAYS = (
    Migration(destination_uri="qemu+ssh://host2/system"),
    Migration(method=Method(copy_storage=CopyStorage.ALL), destination_uri="qemu+ssh://host2/system"),
    Migration(method=Method(tls=True), destination_uri="qemu+ssh://host2/system"),
)


def asked_live(hosts: list[SavedHost], migration: Migration) -> tuple[Further, Further]:
    source, destination = (make_host(role, host.name, host.answers) for role, host in zip(Role, hosts, strict=True))
    return further_questions(source, destination, migration, guests_of(source))


def guests_of(host: Host) -> list[Guest]:
    try:
        return list(host.fact(Guests).all)
    except Unreadable:  # in a row whose libvirt cannot be reached
        return []


def missing(hosts: list[SavedHost], migration: Migration, *, peer_to_peer: bool = False) -> Iterator[str]:
    """Yield what a check of live hosts asks and a snapshot of each, with the other as its peer, does not."""
    for own, other, live in zip(hosts, reversed(hosts), asked_live(hosts, migration), strict=True):
        offline = batch(own.name, own.answers, Peers((other,)), peer_to_peer=peer_to_peer)
        for kept, command in live.commands.items():
            if kept in offline.commands:
                continue
            record, _, name = kept.partition(":")
            if record in TOGETHER:
                if name not in offline.names[TOGETHER[record]] or name not in offline.commands[TOGETHER[record]]:
                    yield f"{own.name}: {kept}"
                continue
            if record not in live.about or any(
                str(item) not in offline.commands[record] for item in _words(live, record)
            ):
                yield f"{own.name}: {kept}: {command}"
        yield from (name for name, xml in live.definitions.items() if digest_of(xml) not in offline.definitions)


def _words(further: Further, record: str) -> Iterator[str]:
    for item in further.about[record].items:
        yield from map(str, item if isinstance(item, tuple) else (item,))


@pytest.mark.parametrize("name", RECORDED)
def test_a_host_is_asked_about_a_peer_what_a_check_asks(name: str, tmp_path: Path) -> None:
    recorded = read(name)
    assert recorded is not None
    hosts = hosts_of(recorded[1], tmp_path)
    for migration in WAYS:
        assert list(missing(hosts, migration)) == []


def on_their_own(hosts: list[SavedHost]) -> list[SavedHost]:
    """Return the same answers as each host's own snapshot, with the other as its peer, has them."""
    source, _ = (make_host(role, host.name, host.answers) for role, host in zip(Role, hosts, strict=True))
    sent = {guest.name: guest.sent for guest in guests_of(source) if guest.sent is not None}
    made = []
    for host in hosts:
        records = {
            kept.partition(":")[0] if kept.startswith(("accounts:", "disk-servers:")) else kept: record
            for kept, record in host.answers.records.items()
        }
        if BUILT in records:
            errors = json.loads(records[BUILT].out)["errors"]
            by_digest = {digest_of(sent[name]): error for name, error in errors.items() if name in sent}
            records[BUILT] = Record(json.dumps({"errors": by_digest}))
        made.append(SavedHost(host.name, apart(Answers(records, host.answers.absent))))
    return made


def results(hosts: list[SavedHost], asked: dict[str, Any]) -> list[tuple[str, str, str, str | None]]:
    case = Case().asking(**asked)
    case.hosts = hosts
    return [(one.rule.name, one.subject, one.outcome, one.reason) for one in case.report().results]


@pytest.mark.parametrize("name", RECORDED)
def test_two_files_of_one_host_each_give_the_report_of_both(name: str, tmp_path: Path) -> None:
    recorded = read(name)
    assert recorded is not None
    hosts = hosts_of(recorded[1], tmp_path)
    for asked in ({}, {"copy_storage": CopyStorage.ALL}):
        assert results(on_their_own(hosts), asked) == results(hosts, asked)


def hosts_of(text: str, directory: Path) -> list[SavedHost]:
    path = directory / "pair.json"
    path.write_text(text)
    return snapshot.read(path)


def test_without_the_peer_some_of_it_is_not_asked() -> None:
    """The test above can fail."""
    here, _ = asked_live(Case().hosts, WAYS[1])
    own = batch("host1", Case().hosts[0].answers)
    assert {kept for kept in here.commands if kept not in own.commands}


def test_the_libvirt_of_a_peer_is_opened_only_on_request() -> None:
    hosts = Case().hosts
    uri = "qemu+ssh://host2.example.com/system"
    peer_to_peer = Migration(method=Method(mode=Mode.PEER_TO_PEER), destination_uri=uri)
    assert list(missing(hosts, peer_to_peer, peer_to_peer=True)) == []
    assert [one for one in missing(hosts, peer_to_peer) if f"connect:{uri}" in one]


def test_many_peers_are_one_batch() -> None:
    host, peer = Case().hosts
    twins = tuple(SavedHost(f"host{number}", peer.answers) for number in range(3, 9))
    one, many = batch(host.name, host.answers, Peers((peer,))), batch(host.name, host.answers, Peers((peer, *twins)))
    assert one.commands["paths"] == many.commands["paths"]
    assert {kept.partition(":")[0] for kept in one.commands} == {kept.partition(":")[0] for kept in many.commands}


def commented() -> Case:
    """The README's example: the destination's line in /etc/hosts is commented out, and a DNS server is configured."""
    case = Case().source("resolv", "nameserver 192.0.2.53\n")
    return case.source("etc.hosts", lambda text: text.replace("192.0.2.12", "#192.0.2.12"))


def test_a_line_that_is_commented_out_is_settled_by_what_the_sources_resolver_says() -> None:
    case = commented()
    assert case.result(RULE).outcome is Outcome.UNKNOWN  # DNS might know the name
    own = batch("host1", case.hosts[0].answers)
    assert "host2.example.com" in own.commands["names"]
    found = apart(Answers({"names": Record("\x1fhost2.example.com 2\n\n")}))
    case.hosts[0].answers.update(found)
    assert case.result(RULE).outcome is Outcome.FAILED
    assert case.report().verdict is Verdict.NOT_READY


def test_a_name_that_dns_knows_is_settled_too() -> None:
    case = commented()
    found = "\x1fhost2.example.com 0\n192.0.2.12      STREAM host2.example.com\n192.0.2.12      DGRAM\n"
    case.hosts[0].answers.update(apart(Answers({"names": Record(found)})))
    assert case.result(RULE).outcome is Outcome.PASSED


def test_a_resolver_that_does_not_answer_settles_nothing() -> None:
    case = commented()
    case.hosts[0].answers.update(apart(Answers({"names": Record("\x1fhost2.example.com 124\n\n")})))
    assert case.result(RULE).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("text", ["", "\x1f", "\x1fa\n", "\x1f 2\n", "\x1fa b\n", "\x1fa 99999\n"])
def test_no_record_is_made_of_a_broken_answer(text: str) -> None:
    assert apart(Answers({"names": Record(text)})).records == {}


def test_a_name_alone_is_resolved_and_its_keys_are_read() -> None:
    own = batch("host1", Case().hosts[0].answers, Peers((), ("root@host9", "qemu+ssh://host8/system", "localhost")))
    assert "host9" in own.commands["names"]
    assert {"host9", "host8"} <= set(own.names["keys"])
    assert "keys_of host9 " in own.commands["keys"]


def test_a_name_without_an_answer_has_the_reason() -> None:
    names = {"names": ("host2", "host3"), "keys": ("host2",)}
    found = apart(Answers({"names": Record("\x1fhost2 2\n\n")}, {"keys": "no answer within 60 s"}), names)
    assert found.records == {"resolve:host2": Record("", 2)}
    assert found.absent == {
        "resolve:host3": "the host's answer does not have the name",
        "keys:host2": "no answer within 60 s",
    }


def test_the_keys_at_each_name_are_those_that_a_check_reads() -> None:
    told = "\x1fhost2 0\n192.0.2.9 ssh-ed25519 AAAA\n\x1fhost3 0\n\n"
    assert apart(Answers({"keys": Record(told)})).records == {
        "keys:host2": Record("192.0.2.9 ssh-ed25519 AAAA\n"),
        "keys:host3": Record(""),
    }


def test_libvirts_answers_are_kept_by_definition_and_found_by_name() -> None:
    errors = {digest_of("<a/>"): "no", digest_of("<b/>"): None}
    kept = apart(Answers({BUILT: Record(json.dumps({"errors": errors}))}))
    visit = SavedVisit(SavedHost("host2", kept), "ssh")
    told = visit.ask({}, {"web": "<a/>", "db": "<b/>", "other": "<c/>"}).records[BUILT]
    assert json.loads(told.out) == {"errors": {"web": "no", "db": None}}
    assert json.loads(visit.ask({}, {"other": "<c/>"}).records[BUILT].out) == {"errors": {}}
    kept.records[BUILT_BY_DIGEST] = Record("[]")
    assert visit.ask({}, {"web": "<a/>"}).records[BUILT].out == "[]"  # which is reported where it is read


def test_lists_about_several_peers_answer_for_each() -> None:
    saved = SavedVisit(SavedHost("host2", Answers({"accounts": Record("0 passwd:qemu\n")})), "ssh")
    told = saved.ask({"accounts:passwd:qemu": questions.LOOK, "resolve:x": questions.LOOK}).records
    assert told["accounts:passwd:qemu"].out == "0 passwd:qemu\n"
    assert told["resolve:x"] == Record("", MISSING)
