"""Every document that is written keeps to its published schema, and one of the version before is read, or named."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator

from preflight.capacity.limit import Scope
from preflight.commands import status
from preflight.commands.capacity import size
from preflight.errors import UserError
from preflight.judge.report import Outcome, Verdict
from preflight.migrate import journal
from preflight.migrate.events import Event, Kind
from preflight.migrate.progress import Sample
from preflight.migrate.runs import Stage
from preflight.output.formats import render
from preflight.output.run.progress import shown
from preflight.plan import file as plan_file
from preflight.plan.make import Refused
from preflight.plan.unchanged import refuse_changed
from preflight.request.check_request import Asked
from preflight.schema import events, report
from preflight.schema import status as statuses
from preflight.schema.published import PUBLISHED
from tests.unit.migrate.plans import PLAN, altered

ROOT = Path(__file__).parents[2]
#: Written by preflight 0.1.0 of format 2.
CASES = Path(__file__).parent / "cases"
SCHEMAS = {one.name: json.loads((ROOT / "docs" / f"{one.name}.schema.json").read_text()) for one in PUBLISHED}
VERSIONS = {one.name: one.version for one in PUBLISHED}
CLOSED = ("plan", "evacuation", "journal", "steered", "config", "inventory")


def complaints(name: str, document: Any) -> list[str]:
    return [error.message for error in Draft202012Validator(SCHEMAS[name]).iter_errors(document)]


def objects(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if schema.get("type") == "object" and "properties" in schema:
            yield schema
        for value in schema.values():
            yield from objects(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from objects(value)


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_one_and_says_what_each_field_is(name: str) -> None:
    schema = SCHEMAS[name]
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:kvm-preflight:{name}:{VERSIONS[name]}"
    found = list(objects(schema))
    assert found
    for one in found:
        assert ("additionalProperties" in one) is (name in CLOSED)
        for field, said in one["properties"].items():
            assert said["description"].endswith("."), (one.get("title"), field)


@pytest.mark.parametrize("name", sorted(set(SCHEMAS) - {*CLOSED, "events"}))
def test_each_field_of_a_contract_is_there_always(name: str) -> None:
    for one in objects(SCHEMAS[name]):
        assert set(one["required"]) == set(one["properties"])


def test_the_words_of_documents_are_the_programs() -> None:
    assert list(get_args(report.Verdict)) == [one.value for one in Verdict]
    assert list(get_args(report.Outcome)) == [one.value for one in Outcome]
    assert list(get_args(report.Scope)) == [one.value for one in Scope]
    assert list(get_args(statuses.StageName)) == [one.value for one in Stage]
    assert [get_args(one.model_fields["kind"].annotation)[0] for one in get_args(events.Event)] == list(get_args(Kind))


def test_what_capacity_says_keeps_to_its_schema() -> None:
    host = str(ROOT / "tests" / "cases" / "ready" / "host{}.json")
    asked = Asked(source=host.format(1), destination=host.format(2), guests=("web",), sizing=True)
    for bandwidth in (None, 100.0):
        document = json.loads(render("capacity", "json", size(asked, bandwidth=bandwidth, window="1h")))
        assert complaints("capacity", document) == []
        assert document["limits"]
        del document["limits"][0]["scope"]
        assert complaints("capacity", document)


def test_what_status_says_keeps_to_its_schemas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    journal.Journal.create(tmp_path / "preflight" / "a.journal", PLAN).close()
    (tmp_path / "preflight" / "b.journal").write_text("no")
    listed = json.loads(render("runs", "json", status.of_all()))
    assert {run["stage"] for run in listed["runs"]} == {"cut off", "damaged"}
    assert complaints("runs", listed) == []
    told = json.loads(render("ledger", "json", status.of_run(CASES / "journal-2.jsonl")))
    assert told["guests"][0]["result"] == "stayed"
    assert complaints("status", told) == []
    told["guests"][0]["result"] = "gone"
    assert complaints("status", told)


def test_each_kind_of_event_is_a_line_that_keeps_to_its_schema(tmp_path: Path) -> None:
    sample = Sample(1.5, 2**30, 2**20, 10**6, 10**5, 2, 0.25)
    ended = {"result": "stayed", "source": "running", "destination": "absent"}
    kinds: dict[Kind, Event] = {
        "started": Event("started", "web"),
        "progress": Event("progress", "web", sample=sample),
        "not-converging": Event("not-converging", "web", "it does not", sample),
        "ended": Event("ended", "web", told=ended),
        "stopping": Event("stopping", None, "interrupted"),
    }
    for kind in get_args(Kind):
        kinds.setdefault(kind, Event(kind, "web", "\x1b[2J\ud800"))
    with shown(PLAN.guests, tmp_path / "events") as tell:
        for one in kinds.values():
            tell(one)
    lines = [json.loads(line) for line in (tmp_path / "events").read_text().splitlines()]
    assert [line["kind"] for line in lines] == list(kinds)
    for line in lines:
        assert complaints("events", line) == []
    assert complaints("events", lines[0] | {"kind": "danced"})
    assert lines[1]["sample"]["expected_downtime"] == 0.25


@pytest.mark.parametrize("path", sorted((ROOT / "tests" / "cases").glob("*/*.json")), ids=lambda path: path.stem)
def test_a_recorded_snapshot_keeps_to_its_schema(path: Path) -> None:
    document = json.loads(path.read_text())
    assert complaints("snapshot", document) == []
    document["hosts"][0]["records"]["login"] = ["", "0", ""]
    assert complaints("snapshot", document)


def test_a_plan_and_a_journal_keep_to_their_schemas(tmp_path: Path) -> None:
    plan_file.write(tmp_path / "p", PLAN)
    document = json.loads((tmp_path / "p").read_text())
    assert complaints("plan", document) == []
    assert complaints("plan", document | {"surprise": 1})
    made = journal.Journal.create(tmp_path / "j", PLAN)
    made.write("begin", PLAN.guests[0].uuid, name="web", xml="<domain/>")
    made.write("over", rows=[{"name": "web", "uuid": PLAN.guests[0].uuid, "result": "arrived"}], interrupted=False)
    made.close()
    for line in (tmp_path / "j").read_text().splitlines():
        assert complaints("journal", json.loads(line)) == []


# of the version before


def test_a_plan_of_the_format_before_is_read_and_refused_by_the_version_that_made_it(tmp_path: Path) -> None:
    path = tmp_path / "p"
    path.write_bytes((CASES / "plan-2.json").read_bytes())
    path.chmod(0o600)
    planned, _ = plan_file.read(path)
    assert (planned.preflight_plan, planned.preflight_version, planned.method.bandwidth) == (2, None, 30)
    refuse_changed(planned, planned.digests)
    now = {**planned.digests, "source QemuConf": "0" * 16}
    with pytest.raises(Refused) as refused:
        refuse_changed(planned, now)
    assert str(refused.value).startswith(
        "refused: the plan was made by another version of preflight (an older version; this is "
    )
    assert str(refused.value).endswith("make a new plan. Different from the plan: source QemuConf")


def test_a_plan_of_another_preflight_is_explained_and_one_of_this_has_changed() -> None:
    from preflight import __version__

    other = altered(PLAN, preflight_version="0.0.7", digests={"source QemuConf": "1" * 16})
    with pytest.raises(
        Refused, match=r"^refused: the plan was made by another version of preflight \(0\.0\.7; this is "
    ):
        refuse_changed(other, {})
    with pytest.raises(
        Refused, match=r"^refused: changed since the plan was made, so make a new plan: source QemuConf$"
    ):
        refuse_changed(altered(other, preflight_version=__version__), {})


def test_a_journal_of_the_format_before_is_read_and_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "j"
    path.write_bytes((CASES / "journal-2.jsonl").read_bytes())
    path.chmod(0o600)
    planned, entries = journal.read(path)
    assert planned.source == "host1.example.com"
    steps = ["run", "begin", "paused", "handed-over", "settle", "copied", "defined", "ended", "interrupted", "resumed"]
    assert [entry.step for entry in entries] == [*steps, "over"]
    again = journal.Journal.resume(path)
    again.write("resumed")
    again.close()
    assert [entry.step for entry in journal.read(path)[1]][-2:] == ["over", "resumed"]


@pytest.mark.parametrize("number", [1, 4])
def test_a_document_of_another_format_is_refused_by_its_number(tmp_path: Path, number: int) -> None:
    path = tmp_path / "document"
    plan_file.write(path, PLAN)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"preflight_plan": number}))
    with pytest.raises(UserError, match=f"has format {number}, this preflight reads 2 and 3: make a new plan$"):
        plan_file.read(path)
    path.write_text(json.dumps({"preflight_journal": number, "plan": {"of": "another form"}}) + "\n")
    with pytest.raises(UserError, match=rf"journal format {number} is not supported \(supported: 2 and 3\): use the "):
        journal.read(path)
