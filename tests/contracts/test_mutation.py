"""The mutants of a text are programs that differ from it in one place, and what no test should fix stays."""

import ast
import itertools
from collections.abc import Iterator

import pytest

from tests.mutation.drawn import draw, is_of_this_code, try_survivors
from tests.mutation.mutants import mutants
from tests.mutation.page import markdown
from tests.mutation.record import Recorded, Survivor, Trial, reasons, survivor
from tests.mutation.subjects import SUBJECTS, Subject
from tests.mutation.trial import ROOT, Outcome, outcome, path_of

TEXT = '''"""A module, which says True."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os


def f(a: int | None, b: str = "x") -> int | None:
    """Says not a thing."""
    é = 7  # a character of two bytes
    if a is None and (
        b == "x"
    ):
        raise ValueError(f"{a} is {b}")
    return min(é, a + 1) if not b else Act.STOP
Act.START
'''


def changes(text: str) -> set[tuple[str, str]]:
    return {(one.before, one.after) for one in mutants(text)}


def test_each_change_is_made_where_it_stands() -> None:
    assert changes(TEXT) == {
        ("7", "8"),
        ("é = 7", "pass"),
        ('a is None and (\n        b == "x"\n    )', '(not (a is None and (\n        b == "x"\n    )))'),
        ("and", "or"),
        ("is", "is not"),
        ("==", "!="),
        ('"x"', '"another"'),
        ('raise ValueError(f"{a} is {b}")', "pass"),
        ("min(é, a + 1) if not b else Act.STOP", "None"),
        ("not b", "(not (not b))"),
        ("not b", "b"),
        ("min", "max"),
        ("+", "-"),
        ("1", "2"),
        ("Act.STOP", "Act.START"),
        ("Act.START", "Act.STOP"),
    }


def statements(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield the beginning, the end and the tree of each part of a module that is a program by itself."""
    lines = [0, *itertools.accumulate(map(len, text.splitlines(keepends=True)))]
    body = ast.parse(text).body
    starts = [
        lines[min(node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ())), node.lineno) - 1]
        for node in body
    ]
    for start, end in itertools.pairwise([*starts, len(text)]):
        yield start, end, ast.dump(ast.parse(text[start:end]))


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda one: one.name)
def test_every_mutant_is_a_program_and_another_one(subject: Subject) -> None:
    _, drawn, texts = draw(subject, 1, 1000)
    places = {module: list(statements(text)) for module, text in texts.items()}
    for module, mutant in drawn:
        start, end, before = next(one for one in places[module] if one[0] <= mutant.start < one[1])
        assert mutant.end <= end
        changed = mutant.of(texts[module])[start : end + len(mutant.after) - (mutant.end - mutant.start)]
        assert ast.dump(ast.parse(changed)) != before, mutant


def test_a_seed_draws_the_same_mutants_again_and_another_seed_others() -> None:
    subject = SUBJECTS[-1]
    assert draw(subject, 1, 50)[1] == draw(subject, 1, 50)[1]
    assert draw(subject, 1, 50)[1] != draw(subject, 2, 50)[1]
    possible, drawn, _ = draw(subject, 1, 10_000)
    assert len(drawn) == possible > 100


def test_the_tests_of_each_subject_are_there() -> None:
    for subject in SUBJECTS:
        for path in subject.tests:
            assert (ROOT / path).is_file(), path


def test_an_end_says_whether_the_change_was_noticed() -> None:
    assert outcome(0) is Outcome.SURVIVED
    assert outcome(1 << 8) is Outcome.NOTICED
    assert outcome(24) is Outcome.ENDLESS  # SIGXCPU
    assert outcome(14) is Outcome.ENDLESS  # SIGALRM
    assert outcome(11) is Outcome.NOTICED  # a crash


def test_the_page_is_made_of_what_was_recorded() -> None:
    assert Recorded.__struct_fields__[:2] == ("seed", "most")
    assert markdown().startswith("# Mutation testing\n")


@pytest.mark.parametrize("module", reasons())
def test_each_reason_belongs_to_a_mutant_of_the_code_as_it_is(module: str) -> None:
    assert module in {one for subject in SUBJECTS for one in subject.modules}
    text = path_of(module).read_text(encoding="utf-8")
    assert set(reasons()[module]) <= {survivor(module, mutant, text).key for mutant in mutants(text)}


def test_a_reason_outlasts_a_changed_comment_and_no_changed_code() -> None:
    def key(line: str) -> str:
        return Survivor("m", 1, line, "False", "None").key

    assert key("return False  # one remark") == key("return False  # another") == key("return False")
    assert key("return False") != key("yield False")


def test_survivors_are_not_tried_again_in_code_that_has_changed() -> None:
    subject = SUBJECTS[-1]
    possible = draw(subject, 1, 1)[0]
    gone = Survivor(subject.modules[0], 1, "a line that is not there", "1", "2")
    before = Recorded(1, 1, (Trial(subject.name, subject.modules, possible, 0, 0, (gone,)),))
    with pytest.raises(SystemExit, match="the code has changed"):
        try_survivors(subject, before, 1, 0)
    with pytest.raises(SystemExit, match="was not recorded"):
        try_survivors(subject, Recorded(1, 1, ()), 1, 0)


def test_a_record_of_older_code_is_known_by_its_number_of_mutants() -> None:
    subject = SUBJECTS[-1]
    possible = draw(subject, 1, 1)[0]
    recorded = Recorded(1, 1, ())
    for number, is_of_this in ((possible, True), (possible + 1, False)):
        assert is_of_this_code(Trial(subject.name, subject.modules, number, 0, 0, ()), recorded) is is_of_this
