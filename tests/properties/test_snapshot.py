"""msgspec, which reads most snapshots, and pydantic, which reads the rest, agree on their content."""

import json
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from preflight.schema import saved, snapshot
from preflight.schema.document import Wrong
from tests.properties.texts import STRANGE, broken, words_of

TEXTS = st.text(st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from(STRANGE[:-1])), max_size=12)
ANSWERS = st.tuples(TEXTS, st.integers(), TEXTS)
HOSTS = st.builds(
    saved.SavedHost,
    name=TEXTS,
    records=st.dictionaries(TEXTS, ANSWERS, max_size=3),
    absent=st.dictionaries(TEXTS, TEXTS, max_size=3),
    peers=st.lists(TEXTS, max_size=2).map(tuple),
    files=st.dictionaries(TEXTS, st.builds(saved.File, sha256=TEXTS, redacted=st.booleans()), max_size=2),
)
MADE = st.builds(
    saved.Made,
    at=st.integers(0, 253402300799),
    machine=TEXTS,
    user=TEXTS,
    version=TEXTS,
    packs=st.dictionaries(TEXTS, TEXTS, max_size=2),
)
SNAPSHOTS = st.builds(
    saved.Snapshot,
    preflight_snapshot=st.just(saved.FORMAT),
    hosts=st.lists(HOSTS, min_size=1, max_size=2),
    made=st.one_of(st.none(), MADE),
)
#: Values that may replace any value in a document.
OTHERS: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS, st.sampled_from((10**30, 1.0, -0.0))),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=5,
)
FORMER = (
    '{"preflight_snapshot": 1, "hosts": [{"name": "h", "records": {"a": ["\\ud83d\\ude00", -44, "e"]},'
    ' "absent": {"": "w"}}]}'
)
GOOD = (
    '{"preflight_snapshot": 2, "hosts": [{"name": "h", "records": {"a": ["\\ud83d\\ude00", -44, "e"]},'
    ' "absent": {"": "w"}, "peers": ["p"], "files": {"/f": {"sha256": "0", "redacted": true}}}], "made": {"at": 1,'
    ' "machine": "m", "user": "u", "version": "v", "packs": {"a": "1"}}}'
)
#: The fields of a snapshot in either format.
KNOWN = {
    "preflight_snapshot", "hosts", "name", "records", "absent", "peers", "files", "sha256", "redacted", "made",
    "at", "machine", "user", "version", "packs",
}  # fmt: skip
WORDS = words_of(
    (
        '{"preflight_snapshot": 1, "hosts": [', '{"name": "h", "records": {', '"a": [', '"o"', ", 0", ", ", "]", "}",
        '}, "absent": {', "}}]}", '"b": "w"', "1.0", "1e2", "true", "null", "NaN", '"\\ud800"', '"\\u0000"', '"x": ',
    )
)  # fmt: skip


def explained(content: bytes) -> saved.Snapshot | None:
    """Return what pydantic reads, or None if it refuses the text."""
    try:
        return snapshot.read(content)
    except Wrong:
        return None


def as_written(content: bytes) -> bool:
    """Return whether a text repeats no field, has only fields of a snapshot, and states its format as an integer."""
    twice = False

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal twice
        twice |= len(dict(pairs)) < len(pairs)
        return dict(pairs)

    document = json.loads(content, object_pairs_hook=once)
    made = document.get("made") or {}
    files = [file for host in document["hosts"] for file in host.get("files", {}).values()]
    keys = {*document, *made, *(key for one in (*document["hosts"], *files) for key in one)}
    return (
        not twice and keys <= KNOWN and type(document["preflight_snapshot"]) is int and type(made.get("at", 0)) is int
    )


def assert_alike(content: bytes) -> None:
    quick, slow = saved.quick(content), explained(content)
    if quick is not None or (slow is not None and as_written(content)):
        assert quick == slow


@given(SNAPSHOTS)
@settings(max_examples=60)
def test_what_is_written_is_read_by_both(found: saved.Snapshot) -> None:
    for content in (json.dumps(snapshot.written(found), indent=1).encode(), msgspec.json.encode(found)):
        assert saved.quick(content) == explained(content) == found


@given(SNAPSHOTS, OTHERS, st.data())
@settings(max_examples=150)
def test_neither_reads_another_value_than_the_other(found: saved.Snapshot, other: Any, data: st.DataObject) -> None:
    document = msgspec.to_builtins(found)
    at: Any = document
    while True:
        keys = list(at) if isinstance(at, dict) else list(range(len(at)))
        key = data.draw(st.sampled_from([*keys, "more"] if isinstance(at, dict) else keys), label="key")
        inner = at[key] if key != "more" else None
        if not isinstance(inner, dict | list | tuple) or not inner or data.draw(st.booleans(), label="here"):
            break
        at[key] = at = list(inner) if isinstance(inner, tuple) else inner
    at[key] = other
    assert_alike(json.dumps(document).encode("utf-8", "surrogatepass"))


@given(st.one_of(broken(GOOD), broken(FORMER), WORDS))
@settings(max_examples=300)
def test_neither_reads_a_text_that_the_other_does_not(text: str) -> None:
    assert_alike(text.encode("utf-8", "surrogatepass"))


@given(st.binary(max_size=3), st.integers(0, len(GOOD)))
@settings(max_examples=100)
def test_bytes_in_between_are_read_by_both_or_by_none(strange: bytes, at: int) -> None:
    assert_alike(GOOD[:at].encode() + strange + GOOD[at:].encode())
