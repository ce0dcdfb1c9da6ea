"""Safe text for terminals, and carets in the right columns."""

import unicodedata

import pytest

from preflight.output.terminal import clean, columns, excerpt, labelled, one_line, paint, unlimited, width, wrapped
from preflight.visible import named

TAB = 8


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain Zürich 東京 😀", "plain Zürich 東京 😀"),
        ("a\tb\nc", "a\tb\nc"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\x9b31m", "\\x9b31m"),
        ("\x00\x07\x08\x0b\x0c\x0d\x1f\x7f\x80\x85", "\\x00\\x07\\x08\\x0b\\x0c\\x0d\\x1f\\x7f\\x80\\x85"),
        ("\u202eabc\u202c", "\\u202eabc\\u202c"),
        ("\u2066\u2067\u2068\u2069\u200e\u200f\u061c", "\\u2066\\u2067\\u2068\\u2069\\u200e\\u200f\\u061c"),
        ("\u2028\u2029", "\\u2028\\u2029"),
        ("\ud800\udfff", "\\ud800\\udfff"),
    ],
)
def test_what_steers_a_terminal_is_made_visible(text: str, shown: str) -> None:
    assert clean(text) == shown
    clean(text).encode()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("web-1.example.com", "web-1.example.com"),
        ("a:b@c+d", "a:b@c+d"),
        ("READY  a -> b", "'READY  a -> b'"),
        ("::stop-commands::x", "'::stop-commands::x'"),
        ("##[error]x", "'##[error]x'"),
        ("", "''"),
    ],
)
def test_a_name_at_the_beginning_of_a_line_passes_for_nothing_else(name: str, shown: str) -> None:
    assert named(name) == shown


def test_what_must_be_one_line_is() -> None:
    assert one_line("a\nREADY\r\n\u2028b\x85c\x0bd") == "a READY\\x0d \\u2028b\\x85c\\x0bd"


def test_colour_can_be_left_out() -> None:
    assert paint("x", "red", "bold", colour=True) == "\x1b[31;1mx\x1b[0m"
    assert paint("x", "red", "bold", colour=False) == "x"


def test_a_label_hangs_before_its_text() -> None:
    assert labelled("fix", "one two three", width=None) == ["  fix:     one two three"]
    assert labelled("fix", "a\nb", width=None) == ["  fix:     a", "           b"]
    assert labelled("fix", "", width=None) == labelled("fix", "", width=40) == ["  fix:"]
    assert labelled("", "text", width=None) == ["           text"]
    assert labelled("why", "word " * 9, width=40) == [
        "  why:     word word word word word word",
        "           word word word",
    ]


def test_columns_are_as_wide_as_a_terminal_shows_them() -> None:
    rows = [("guest", "state"), ("web", "on"), ("東京-db", "off"), ("e\u0301e\u0301", "a\tb"), ("é\tx", "")]
    lines = columns(rows)
    assert lines[1] == "-------  -----"
    for line, (name, state) in zip(lines[2:], rows[1:], strict=True):
        assert line.startswith(name)
        assert not state or places(line.partition(state)[0].replace("\t", " ")) == 9


def test_wide_text_is_wrapped_where_a_terminal_ends() -> None:
    lines = labelled("fix", "東京 " * 9, width=40)
    assert lines == ["  fix:     東京 東京 東京 東京 東京 東京", "           東京 東京 東京"]


def test_a_word_is_never_broken() -> None:
    long = "/" + "x" * 100
    assert labelled("fix", f"see {long}", width=40) == ["  fix:     see", f"           {long}"]
    assert labelled("fix", "no-break-at-hyphens-" * 2, width=30)[0].endswith("hyphens-no-break-at-hyphens-")


def places(text: str) -> int:
    """Return the number of columns that the text takes on a terminal, from the first column on."""
    count = 0
    for character in text:
        if character == "\t":
            count += TAB - count % TAB
        elif not unicodedata.combining(character):
            count += 2 if unicodedata.east_asian_width(character) in "WF" else 1
    return count


LINES = [
    "max_clients = >5000<",
    ">first< of all",
    "\ttabs\tbefore\t>value<\tand after",
    " \t mixed >value<",
    "\x1b[31mred\x1b[0m >value<",
    "turned \u202e >value<",
    "wide 東京 >value<",
    "combining e\u0301 >value<",
    "value that is >東京<",
    "value that is >\x1b[1mred<",
    ">x<",
    "x" * 198 + ">value< " + "y" * 200,
    "x" * 199 + ">value< " + "y" * 200,
    "x" * 239 + ">value<",
    "x" * 900 + " \t\x1b >value< " + "y" * 900,
    "\t" * 300 + ">value<",
]


@pytest.mark.parametrize("marked", LINES)
@pytest.mark.parametrize("number", [1, 999, 123456])
def test_the_caret_stands_exactly_under_the_value(marked: str, number: int) -> None:
    before, value = marked.split(">", maxsplit=1)[0], marked.split(">")[1].split("<", maxsplit=1)[0]
    line = marked.replace(">", "").replace("<", "")
    column = len(before) + 1
    empty, shown, carets = excerpt(line, column, column + len(value), number)
    assert empty == f"{'':>{max(3, len(str(number)))}} |"
    assert shown.startswith(f"{number:>3} | ")
    at = shown.rindex(clean(value) + clean(line[column - 1 + len(value) :][:20]))
    assert places(carets.rstrip("^")) == places(shown[:at])
    assert carets.count("^") == places(clean(value))
    assert len(shown) < 1000


def test_a_long_line_is_cut_on_both_sides() -> None:
    _, shown, _ = excerpt("a" * 500 + "VALUE" + "b" * 500, 501, 506, 7)
    text = shown.removeprefix("  7 | ")
    assert text == "…" + "a" * 40 + "VALUE" + "b" * 195 + "…"


def test_a_line_of_just_the_length_is_not_cut() -> None:
    assert excerpt("a" * 240, 1, 2, 7)[1] == "  7 | " + "a" * 240
    assert excerpt("a" * 241, 1, 2, 7)[1] == "  7 | " + "a" * 240 + "…"


def test_a_value_longer_than_what_is_shown_has_carets_under_what_is() -> None:
    _, shown, carets = excerpt("a" * 230 + "V" * 500, 231, 731, 7)
    assert len(carets) <= len(shown)
    _, shown, carets = excerpt("V" * 500, 1, 501, 7)
    assert carets.count("^") == 240


def test_the_end_of_a_file_has_one_caret() -> None:
    assert excerpt("", 1, 1, 5) == ["    |", "  5 | ", "    | ^"]


@pytest.mark.parametrize("text", ["no\n::error::forged", "no\n  ::error::forged", "no\n##[error]forged"])
def test_no_line_of_a_text_is_a_command_to_a_ci_job(text: str) -> None:
    _, line = labelled("fix", text, width=None)
    assert line.lstrip().startswith("\\")
    assert line.replace("\\", "").strip() == text.partition("\n")[2].strip()


def test_a_file_is_not_as_wide_as_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert width() is not None
    with unlimited():
        assert width() is None
        monkeypatch.setenv("COLUMNS", "50")
        assert width() == 50
    monkeypatch.delenv("COLUMNS")
    assert width() is not None


@pytest.mark.parametrize("command", ["::error::x", "##[error]x"])
def test_no_line_that_wrapping_begins_is_a_command_of_a_ci_job(command: str) -> None:
    text = f"{'word ' * 10}{command} more"
    lines = [*wrapped(text, width=50), *columns([("a", "b"), ("c", text)], width=50)]
    assert any(command in line for line in lines)
    assert not [line for line in lines if line.lstrip().startswith(("::", "##"))]
