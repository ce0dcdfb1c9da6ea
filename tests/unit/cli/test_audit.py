"""`preflight audit`, run on snapshots."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from preflight.answers import Answers
from preflight.cli.app import with_commands
from preflight.connection import snapshot
from preflight.schema import audit as schema
from tests.case import RECORDED
from tests.fleet import write
from tests.own_directory import own_directory

__all__ = ["own_directory"]

HOSTS = 4


@pytest.fixture(scope="module")
def snapshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("fleet")
    write(HOSTS, directory, seed=3)
    return directory


def run(*words: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(with_commands("audit"), ["audit", *words])
    return done.exit_code, done.stdout, done.stderr


def test_all_ways_between_the_snapshots_of_a_directory_are_judged(snapshots: Path) -> None:
    code, shown, _ = run(f"{snapshots}/", "--jobs", "1")
    assert shown.startswith(f"{HOSTS} hosts, ")
    assert f"{HOSTS * (HOSTS - 1)} ways: " in shown
    assert code == 1, "the guests of the only Debian 13 can go nowhere"
    assert "(--need any)" in shown


def test_hosts_are_found_in_snapshots_whatever_login_took_them(tmp_path: Path) -> None:
    """`preflight snapshot root@host1`, and a snapshot that host2 took of itself."""
    for number, name in ((1, "root@host1.example.com"), (2, "localhost")):
        (saved,) = snapshot.read(RECORDED / "ready" / f"host{number}.json")
        snapshot.write(tmp_path / f"{number}.json", [saved._replace(name=name)])
    code, shown, _ = run(f"{tmp_path}/")
    assert code == 0
    assert "1 root@host1" in shown
    assert "2 host2" in shown


def test_only_the_ways_to_some_hosts_are_judged(snapshots: Path) -> None:
    first, second, *_ = sorted(path.name for path in snapshots.iterdir())
    code, shown, _ = run(str(snapshots / second), "--to", str(snapshots / first), "--format", "json", "--need", "all")
    found = schema.AUDIT.validate_json(shown)
    assert code == found.exit_code == 1
    assert [(one.host, [way.host for way in one.ways]) for one in found.sources] == [(0, [1])]
    assert found.need == "all"
    assert {way for cause in found.causes for way in cause.ways} == {(0, 1)}


def test_a_document_names_hosts_by_numbers_that_it_has(snapshots: Path) -> None:
    document = json.loads(run(f"{snapshots}/", "--format", "json", "--width", "2", "--probe-ways", "0")[1])
    numbers = range(len(document["hosts"]))
    assert all(host in numbers for cause in document["causes"] for way in cause["ways"] for host in way)
    assert all(one["host"] in numbers for one in (*document["guests"], *document["sources"], *document["odd"]))


def test_every_format_says_how_many_ways_were_tried(snapshots: Path, tmp_path: Path) -> None:
    ways = HOSTS * (HOSTS - 1)
    assert f"tried: all {ways} ways\n" in run(f"{snapshots}/")[1]
    for number, path in enumerate(sorted(snapshots.iterdir())):
        (host,) = snapshot.read(path)
        records = {name: one for name, one in host.answers.records.items() if number or not name.startswith("way.")}
        snapshot.write(tmp_path / path.name, [host._replace(answers=Answers(records, host.answers.absent))])
    document = json.loads(run(f"{tmp_path}/", "--format", "json")[1])
    tried = [[way["tried"] for way in source["ways"]] for source in document["sources"]]
    assert tried == [[False] * (HOSTS - 1), *[[True] * (HOSTS - 1)] * (HOSTS - 1)]
    said = f"{ways - HOSTS + 1} of {ways} ways (the others are judged by names, addresses and firewalls alone)"
    assert f"tried: {said}\n" in run(f"{tmp_path}/")[1]
    assert f"tried {said}" in run(f"{tmp_path}/", "--format", "concise")[1]
    assert "tried" not in run(f"{tmp_path}/", "--format", "concise", "--tunnelled")[1]


def test_the_memory_goes_to_the_migration_address_of_an_inventory(snapshots: Path, own_directory: Path) -> None:
    name = json.loads(run(f"{snapshots}/", "--format", "json")[1])["hosts"][0]["name"]
    inventory = own_directory / "hosts.toml"
    inventory.write_text(f'[hosts."{name}"]\nmigration-address = "10.99.0.1"\n')
    words = (f"{snapshots}/", "--inventory", str(inventory))
    document = json.loads(run(*words, "--format", "json")[1])
    assert [host["migration_address"] for host in document["hosts"]] == ["10.99.0.1", *[None] * (HOSTS - 1)]
    wrong = [one for one in document["causes"] if "10.99.0.1" in one["message"]]
    assert wrong
    assert {way[1] for one in wrong for way in one["ways"]} == {0}
    assert f"memory is sent to 10.99.0.1 for {name}" in run(*words, "--format", "concise")[1]


def test_the_hosts_are_listed_without_being_asked(snapshots: Path) -> None:
    code, shown, _ = run(f"{snapshots}/", "--list-hosts")
    assert (code, f"{HOSTS} hosts" in shown) == (0, True)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["one"], "an audit needs at least two hosts: name more, or give --inventory"),
        (["a,b", "--format", "pdf"], "--format: 'pdf' is not one of text, concise, table, json"),
        (["kvm[1-"], "kvm[1-"),
    ],
)
def test_what_cannot_be_audited_is_said_in_one_line(words: list[str], why: str) -> None:
    done = CliRunner().invoke(with_commands("audit"), ["audit", *words])
    assert done.exit_code != 0
    assert why in str(done.exception)
