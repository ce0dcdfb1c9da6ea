"""A caret stands under the value that it means, whatever the line holds."""

from hypothesis import given
from hypothesis import strategies as st

from preflight.output.terminal import CONTROL, clean, columns, excerpt, labelled, one_line
from tests.properties.texts import STRANGE
from tests.unit.output.test_terminal import places

#: Joined characters are left out, since it is not known whether a terminal joins them.
CHARACTERS = st.one_of(st.sampled_from(STRANGE), st.characters(codec="utf-8", max_codepoint=0x2FF))
TEXTS = st.text(CHARACTERS, max_size=60).map(lambda text: text.replace("\n", " ").replace("\u200d", ""))
LONG = st.one_of(TEXTS, st.tuples(TEXTS, st.integers(0, 300)).map(lambda one: one[0] + "x" * one[1]))


@given(LONG, TEXTS.filter(bool), LONG, st.integers(1, 10**7))
def test_the_caret_stands_under_the_value(before: str, value: str, after: str, number: int) -> None:
    column = len(before) + 1
    bar, shown, carets = excerpt(before + value + after, column, column + len(value), number)
    assert not any(CONTROL.search(line) for line in (bar, shown, carets))
    begin = shown.index("|") + 2
    assert bar.index("|") == carets.index("|") == begin - 2
    text = shown[begin:]
    # a long line is shown from forty characters before the value on
    left = f"…{clean(before[-40:])}" if text.startswith("…") else clean(before)
    assert text.startswith(left)
    assert clean(value).startswith(text[len(left) :].rstrip("…")) or text[len(left) :].startswith(clean(value))
    at = carets.index("^")
    assert places(carets[:at]) == places(shown[: begin + len(left)])
    assert set(carets[at:]) == {"^"}
    assert len(carets) - at == max(1, places(clean(value).replace("\t", " ")))


@given(st.lists(st.tuples(TEXTS.map(one_line), TEXTS.map(one_line)), min_size=1, max_size=5))
def test_the_second_column_begins_in_one_place(rows: list[tuple[str, str]]) -> None:
    cells = [("first", "|second"), *((first.replace("\t", " "), f"|{second}") for first, second in rows)]
    heads, _, *lines = columns(cells)
    begins = {
        places(line[: line.index("|", len(first))]) for line, (first, _) in zip([heads, *lines], cells, strict=True)
    }
    assert len(begins) == 1


@given(TEXTS, st.integers(1, 120))
def test_wrapping_loses_no_word(text: str, width: int) -> None:
    lines = labelled("fix", text, width=width)
    assert "".join("".join(lines).split()) == "fix:" + "".join(clean(text).split())
