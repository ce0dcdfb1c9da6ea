"""`preflight evacuate` and `preflight status` on its record, as far as no host is needed."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from preflight.cli.app import with_commands
from preflight.connection import snapshot
from preflight.errors import UserError
from preflight.evacuate import record as records
from preflight.migrate.journal import Journal
from preflight.schema import evacuated
from tests.fleet import write
from tests.own_directory import own_directory
from tests.unit.evacuate.records import RECORD, WEB, leg
from tests.unit.migrate.plans import PLAN

__all__ = ["own_directory"]


@pytest.fixture(scope="module")
def snapshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("fleet")
    write(4, directory, seed=1)
    return directory


def run(*words: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(with_commands("evacuate", "status", "steer"), [*words])
    if done.exception is not None and isinstance(done.exception, UserError):
        return 2, done.stdout, str(done.exception)
    return done.exit_code, done.stdout, done.stderr


def first(snapshots: Path) -> str:
    return str(min(snapshots.iterdir()))


def test_a_plan_is_made_from_snapshots_and_written(snapshots: Path, own_directory: Path) -> None:
    path = own_directory / "evening.evacuation"
    words = ["--reserve-memory", "1%", "--cpu-ratio", "100", "--window", "2h", "--link", "1000", "--offline"]
    code, shown, _ = run("evacuate", first(snapshots), "--to", f"{snapshots}/", "--plan", str(path), *words)
    record, doubt = records.read_own(path)
    assert code == int(bool(record.staying))
    assert doubt is None
    assert (record.reserve, record.overcommit, record.window, record.link) == ("1%", 100.0, 7200.0, 1000.0)
    assert shown.splitlines()[-1] == f"{path}: run it with `preflight evacuate {path}`"
    assert len(record.destinations) == 3, "all but the one to empty"
    assert run("evacuate", first(snapshots), "--to", f"{snapshots}/", "--plan", str(path)) == (
        2,
        "",
        f"{path}: already exists, and is not overwritten: choose another name, or continue it with --resume",
    )


def test_the_migration_addresses_of_the_inventory_are_used_and_written_down(
    snapshots: Path, own_directory: Path
) -> None:
    names = [host.name for path in sorted(snapshots.iterdir()) for host in snapshot.read(path)]
    inventory = own_directory / "hosts.toml"
    inventory.write_text(f'[hosts."{names[0]}"]\n\n[hosts."{names[1]}"]\nmigration-address = "10.9.0.2"\n')
    path = own_directory / "led.evacuation"
    words = ["--to", f"{snapshots}/", "--inventory", str(inventory), "--plan", str(path)]
    _, shown, _ = run("evacuate", first(snapshots), *words)
    assert dict(records.read_own(path)[0].addresses) == {names[1]: "10.9.0.2"}
    assert f"memory       is sent to 10.9.0.2 for {names[1]}, by the inventory" in shown


def test_a_window_of_which_nothing_is_known_is_undetermined(snapshots: Path, own_directory: Path) -> None:
    words = [first(snapshots), "--to", f"{snapshots}/", "--window", "2h"]
    code, shown, _ = run("evacuate", *words, "--plan", str(own_directory / "x.evacuation"))
    assert code == 3
    assert "not known whether it is long enough" in " ".join(shown.split())


def test_groups_are_part_of_the_plan(snapshots: Path, own_directory: Path) -> None:
    path = own_directory / "x.evacuation"
    run("evacuate", first(snapshots), "--to", f"{snapshots}/", "--plan", str(path))
    one, two, *_ = (guest.name for guest in records.read(path).guests)
    for option, field in (("--keep-apart", "apart"), ("--keep-together", "together")):
        other = own_directory / f"{field}.evacuation"
        run("evacuate", first(snapshots), "--to", f"{snapshots}/", "--plan", str(other), option, f"{one}, {two}")
        record = records.read(other)
        assert getattr(record, field) == ((one, two),)
        placed = [leg.destination for leg in record.planned for _ in leg.guests]
        assert len(set(placed)) == (len(placed) if field == "apart" else min(1, len(placed)))


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ([], "HOST is missing: the host to empty, or a file that --plan wrote"),
        (["kvm1"], "--to is missing: the hosts that guests may move to"),
        (
            ["kvm1,kvm2", "--to", "kvm3"],
            "one host is emptied at a time, and 2 are named: name one, and run it again for each other",
        ),
        (["kvm1", "--to", "kvm1"], "--to names no host besides the one to empty: name those that may take its guests"),
        (["kvm1", "--to", "kvm2", "--confirm-uri", "x"], "--confirm-uri is for the URIs of a plan or a record"),
        (["kvm1", "--to", "kvm2", "--keep-apart", "a"], "--keep-apart: 'a' does not name two guests"),
        (["kvm1", "--to", "kvm2", "--keep-together", "a"], "--keep-together: 'a' does not name two guests"),
        (["kvm1", "--to", "kvm2", "--reserve-memory", "lots"], "--reserve-memory: 'lots' is neither a percentage"),
        (["kvm1", "--to", "kvm2", "--window", "soon"], "--window: 'soon' is not a time"),
        (["--resume", "a", "--back", "a"], "--resume and --back are mutually exclusive: give one of them"),
        (["kvm1", "--resume", "a"], "--resume takes a record, which names the hosts and the guests: omit HOST"),
        (["kvm1", "--back", "a"], "--back takes a record, which names the hosts and the guests: omit HOST"),
        (["--back", "a", "--offline"], "--offline: the record determines this, so it cannot be changed here: omit it"),
        (
            ["--resume", "a", "--journal", "b"],
            "--journal: the record determines this, so it cannot be changed here: omit",
        ),
        (
            ["--back", "a", "--journal", "b"],
            "--journal: the record determines this, so it cannot be changed here: omit",
        ),
        (["kvm1", "--to", "kvm2", "--plan", "p", "--rehearse"], "--rehearse: --plan moves nothing: give it when"),
        (["kvm1", "--to", "kvm2", "--plan", "p", "--verify", "agent"], "--verify: --plan moves nothing: give it"),
        (["--resume", "/nowhere/a.evacuation"], "/nowhere/a.evacuation.runs: No such file or directory"),
    ],
)
def test_what_cannot_be_evacuated_is_said_in_one_line(words: list[str], why: str) -> None:
    code, shown, said = run("evacuate", *words)
    assert (code, shown) == (2, "")
    assert said.startswith(why)
    assert "\n" not in said


def test_snapshots_send_no_guests(snapshots: Path) -> None:
    code, _, said = run("evacuate", first(snapshots), "--to", f"{snapshots}/", "--yes")
    assert code == 2
    assert "a snapshot takes and sends no guests: name real hosts, or plan with --plan" in said


def test_a_plan_that_was_begun_is_not_run_again(own_directory: Path) -> None:
    path = own_directory / "kvm1.evacuation"
    records.create(path, RECORD.model_copy(update={"runs": (leg("kvm2", WEB),)}))
    code, _, said = run("evacuate", str(path), "--yes")
    assert (code, said) == (2, f"{path}: this evacuation was begun already: preflight evacuate --resume {path}")


def test_a_plan_that_moves_nobody_is_refused(own_directory: Path) -> None:
    path = own_directory / "kvm1.evacuation"
    records.create(path, RECORD.model_copy(update={"planned": ()}))
    assert run("evacuate", str(path), "--yes")[0] == 5


def test_nothing_comes_home_that_has_not_left(own_directory: Path) -> None:
    path = own_directory / "kvm1.evacuation"
    records.create(path, RECORD)
    code, _, said = run("evacuate", "--back", str(path), "--yes")
    assert code == 5
    assert said.startswith("preflight: refused: no guest of kvm1 is on another host: `preflight status ")


def test_nothing_comes_home_before_it_is_known_where_it_is(own_directory: Path) -> None:
    path = own_directory / "kvm1.evacuation"
    guest = PLAN.guests[0]
    one = leg("kvm2", guest.uuid).model_copy(update={"journal": "0001.journal"})
    records.create(path, RECORD.model_copy(update={"runs": (one,), "guests": ()}))
    journal = Journal.create(records.journals_of(path) / "0001.journal", PLAN)
    journal.write("begin", guest.uuid)
    journal.write("ended", guest.uuid, result="unknown", source="unknown", destination="unknown")
    journal.close()
    code, _, said = run("evacuate", "--back", str(path), "--yes")
    assert code == 5
    assert "it is not settled where each guest is: continue it first with preflight evacuate --resume" in said


def test_a_record_that_others_can_replace_runs_no_command_of_a_uri(own_directory: Path) -> None:
    path = own_directory / "kvm1.evacuation"
    uri = "qemu+ext://kvm2/system?command=/tmp/x"
    evil = RECORD.destinations[0].model_copy(update={"name": uri})
    records.create(path, RECORD.model_copy(update={"destinations": (evil,)}))
    path.chmod(0o644)
    code, _, said = run("evacuate", "--resume", str(path), "--yes")
    assert code == 2
    assert "destinations.0 has 'command', which is used only from a file of your own" in said


def test_status_shows_an_evacuation(own_directory: Path) -> None:
    path = own_directory / "kvm1.evacuation"
    records.create(path, RECORD)
    code, shown, _ = run("status", str(path))
    assert code == 0
    assert shown.splitlines()[-1] == "NOT EVACUATED  0 of 2 guests off kvm1"
    found = evacuated.EVACUATED.validate_json(run("status", str(path), "--format", "json")[1])
    assert (found.stage, found.source, found.done, [guest.name for guest in found.guests]) == (
        "cut off",
        "kvm1",
        False,
        ["web", "db"],
    )


def test_status_lists_evacuations_among_the_runs(own_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(own_directory))
    directory = own_directory / "preflight"
    records.create(directory / "kvm1.evacuation", RECORD)
    Journal.create(directory / "other.journal", PLAN).close()
    document = json.loads(run("status", "--format", "json")[1])
    assert {Path(one["path"]).name for one in document["runs"]} == {"kvm1.evacuation", "other.journal"}


def test_a_change_to_an_evacuation_needs_a_migration_that_is_under_way(own_directory: Path) -> None:
    path = own_directory / "kvm1.evacuation"
    records.create(path, RECORD.model_copy(update={"runs": (leg("kvm2", WEB).model_copy(update={"journal": "1"}),)}))
    assert run("steer", str(path), "--abort") == (
        5,
        "",
        f"preflight: refused: no migration of this evacuation is under way: see `preflight status {path}`\n",
    )
    assert run("steer", str(path), "nobody", "--abort") == (
        2,
        "",
        "the evacuation has no guest 'nobody'; it has: db, web",
    )
