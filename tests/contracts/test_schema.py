"""The JSON of every report keeps to docs/report.schema.json, which knows each field of it.

What is published lets further fields through, since later releases may add some; here each must be known.
"""

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from preflight.judge.report import Outcome, Verdict
from preflight.output.formats import render
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case
from tests.golden.reports import REPORTS

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "report.schema.json").read_text(encoding="utf-8"))


def closed(schema: Any) -> Any:
    """The same, without place for what it does not name."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    more = {"additionalProperties": False} if schema.get("type") == "object" else {}
    return {key: closed(value) for key, value in schema.items()} | more


VALIDATOR = Draft202012Validator(closed(SCHEMA))


def rendered(case: Case) -> Any:
    return json.loads(render("report", "json", case.report()))


def complaints(document: Any) -> list[str]:
    return [error.message for error in VALIDATOR.iter_errors(document)]


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_keeps_to_it_with_every_rule(name: str) -> None:
    assert complaints(rendered(REPORTS[name]())) == []


def test_a_report_without_the_list_of_guests_keeps_to_it() -> None:
    document = rendered(Case().source("libvirt.domains", None))
    assert "guests" in {result["subject"] for result in document["results"]}
    assert complaints(document) == []


def test_a_report_without_any_limit_keeps_to_it() -> None:
    case = Case().asking(no_guests=True)
    for end in (case.source, case.destination):
        for record in ("daemons", "sshd.effective", "qemu.conf"):
            end(record, None)
    document = rendered(case)
    assert document["capacity"]["limited_by"] is document["capacity"]["concurrent"] is None
    assert document["guests"] == []
    assert complaints(document) == []


def objects(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield schema
        for value in schema.values():
            yield from objects(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from objects(value)


def test_every_object_is_open_to_later_fields_and_every_field_required_and_described() -> None:
    found = list(objects(SCHEMA))
    assert len(found) == 25
    for one in found:
        assert "additionalProperties" not in one
        assert set(one["required"]) == set(one["properties"])
        for name, field in one["properties"].items():
            described = field if "description" in field else SCHEMA["$defs"][field["$ref"].rpartition("/")[2]]
            assert described["description"].endswith("."), name


def test_its_words_are_the_programs() -> None:
    assert SCHEMA["properties"]["verdict"]["enum"] == [verdict.value for verdict in Verdict]
    result = SCHEMA["$defs"]["Result"]["properties"]
    assert result["severity"]["enum"] == [severity.value for severity in Severity]
    assert result["outcome"]["enum"] == [outcome.value for outcome in Outcome]
    assert SCHEMA["$defs"]["Limit"]["properties"]["host"]["enum"] == [role.value for role in Role]


def branches(document: Any) -> Iterator[tuple[Any, str]]:
    if isinstance(document, dict):
        for key, value in document.items():
            yield document, key
            yield from branches(value)
    elif isinstance(document, list):
        for value in document:
            yield from branches(value)


def test_a_report_with_one_field_less_or_of_another_type_does_not_keep_to_it() -> None:
    whole = rendered(REPORTS["hostile"]().asking(select=("hosts-entry-address-wrong", "clients-limit")))
    assert complaints(whole) == []
    count = len(list(branches(whole)))
    assert count > 60
    for number in range(count):
        for wrong in ("gone", -0.5, [0.5]):
            broken = deepcopy(whole)
            parent, key = list(branches(broken))[number]
            if wrong == "gone":
                del parent[key]
            else:
                parent[key] = wrong
            assert complaints(broken), (key, wrong)


@pytest.mark.parametrize(
    "path", [(), ("source",), ("results", 0), ("guests", 0), ("capacity",), ("capacity", "limits", 0)]
)
def test_a_field_that_the_schema_does_not_name_is_noticed_here_and_let_through_there(
    path: tuple[str | int, ...],
) -> None:
    document = rendered(Case())
    part = document
    for key in path:
        part = part[key]
    part["more"] = 1
    assert complaints(document)
    assert not list(Draft202012Validator(SCHEMA).iter_errors(document))


def test_an_outcome_and_what_goes_with_it_belong_together() -> None:
    document = rendered(REPORTS["hosts-line-gone"]())
    for outcome, other in (
        ("failed", "passed"),
        ("passed", "failed"),
        ("passed", "unknown"),
        ("not-applicable", "passed"),
    ):
        broken = deepcopy(document)
        result = next(result for result in broken["results"] if result["outcome"] == outcome)
        result["outcome"] = other
        assert complaints(broken), (outcome, other)
