"""A document that is not of its form is one line: the field, and what was expected."""

import json
from typing import Any

import pytest

from preflight.schema import document, journal, snapshot
from preflight.schema.document import Wrong
from preflight.schema.events import EVENT
from preflight.schema.plan import PLAN
from preflight.schema.report import REPORT
from tests.golden.reports import REPORTS
from tests.unit.migrate.plans import PLAN as SOUND
from tests.unit.migrate.plans import WEB

WHOLE: dict[str, Any] = json.loads(SOUND.model_dump_json())


def refused(**changed: Any) -> str:
    with pytest.raises(Wrong) as wrong:
        document.read(PLAN, json.dumps(WHOLE | changed).encode())
    return str(wrong.value)


def test_what_was_written_is_read() -> None:
    assert document.read(PLAN, json.dumps(WHOLE).encode()) == SOUND


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"seconds": float("nan")}, "Input should be a finite number - at `$.seconds`"),
        ({"warnings": True}, "Expected `int`, got `bool` - at `$.warnings`"),
        ({"width": "2"}, "Expected `int`, got `str` - at `$.width`"),
        ({"width": 1.5}, "Expected `int`, got `float` - at `$.width`"),
        ({"made": None}, "Expected `float`, got `null` - at `$.made`"),
        ({"guests": {}}, "Expected `array`, got `object` - at `$.guests`"),
        ({"guests": [1]}, "Expected `object`, got `int` - at `$.guests[0]`"),
        ({"source": "a\x00b"}, "Expected one line without control characters - at `$.source`"),
        ({"source_identity": {"uuid": WEB}}, "Object missing required field `machine_id` - at `$.source_identity`"),
        ({"method": []}, "Expected `object`, got `array` - at `$.method`"),
        ({"method": {"bandwidth": 1, "x": 1}}, "Object contains unknown field `x` - at `$.method`"),
        ({"method": {"mode": "sideways"}}, "Invalid enum value 'sideways' - at `$.method.mode`"),
        ({"method": {"zerocopy": True}}, "--zerocopy requires --parallel - at `$.method`"),
        ({"digests": {"\x1b[2J\n": "zz"}}, "Expected one line without control characters - at `$.digests[...][...]`"),
        ({"digests": {"source QemuConf": 1}}, "Expected `str`, got `int` - at `$.digests[...]`"),
    ],
)
def test_the_field_is_named_and_what_was_expected(changed: dict[str, Any], said: str) -> None:
    assert refused(**changed) == said


def test_no_complaint_is_longer_than_a_line_may_be() -> None:
    assert len(refused(**{"x" * 100_000: 1})) == 301
    assert len(refused(transport="x" * 100_000)) == 301


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "JSON is malformed: EOF while parsing a value at line 1 column 0"),
        (b"[" * 100_000, "it is nested too deeply"),
        (b"[]", "Expected `object`, got `array`"),
    ],
)
def test_what_is_no_document_at_all_is_one_line_too(content: bytes, said: str) -> None:
    with pytest.raises(Wrong) as wrong:
        document.read(PLAN, content)
    assert str(wrong.value) == said


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"step": "dance", "at": 1}, "Invalid value 'dance' - at `$.step`"),
        ({"at": 1}, "Object missing required field `step`"),
        ({"step": "run", "at": 1, "guest": WEB}, "Expected `null`, got `str` - at `$.guest`"),
        ({"step": "paused", "at": 1, "guest": WEB, "x": 1}, "Object contains unknown field `x`"),
        (
            {"step": "copied", "at": 1, "guest": WEB, "told": {"paths": [1]}},
            "Expected `str`, got `int` - at `$.told.paths[0]`",
        ),
    ],
)
def test_a_step_is_told_by_its_name_and_held_to_its_own_form(line: dict[str, Any], said: str) -> None:
    with pytest.raises(Wrong) as wrong:
        document.read(journal.STEP, json.dumps(line).encode(), tagged=True)
    assert str(wrong.value) == said


def test_a_step_that_could_not_be_read_is_not_written() -> None:
    with pytest.raises(Wrong, match=r"Expected a UUID - at `\$\.guest`"):
        journal.ready("paused", "web", {})
    with pytest.raises(Wrong, match="Object contains unknown field `colour`"):
        journal.ready("paused", WEB, {"colour": "red"})


def test_a_step_made_ready_is_the_one_that_is_read_at_its_moment() -> None:
    line = journal.ready("handed-over", WEB, {"confirmed": True}).at(1_800_000_000.123456)
    step = document.read(journal.STEP, line, tagged=True)
    assert step == journal.HandedOver(
        step="handed-over", at=1_800_000_000.123456, guest=WEB, told=journal.Release(confirmed=True)
    )


def test_what_a_later_release_adds_to_a_contract_is_passed_over() -> None:
    from preflight.output.formats import render

    whole = json.loads(render("report", "json", REPORTS["sound"]().report()))
    whole["more"] = whole["source"]["more"] = whole["results"][0]["more"] = 1
    assert document.read(REPORT, json.dumps(whole).encode()).verdict == "ready"
    event = {"time": 1.0, "kind": "started", "guest": "web", "more": 1}
    assert document.read(EVENT, json.dumps(event).encode(), tagged=True).kind == "started"
    host = {"name": "h", "records": {}, "absent": {}, "more": 1}
    assert (
        snapshot.read(json.dumps({"preflight_snapshot": 1, "hosts": [host], "more": 1}).encode()).hosts[0].name == "h"
    )


@pytest.mark.parametrize(("outcome", "reason"), [("passed", "why"), ("unknown", None)])
def test_a_report_whose_fields_do_not_belong_together_is_refused(outcome: str, reason: str | None) -> None:
    from preflight.output.formats import render

    whole = json.loads(render("report", "json", REPORTS["sound"]().report()))
    whole["results"][0] |= {"outcome": outcome, "reason": reason, "findings": []}
    with pytest.raises(Wrong, match=rf"{outcome}, and (a|no) reason - at `\$\.results\[0\]`"):
        document.read(REPORT, json.dumps(whole).encode())
