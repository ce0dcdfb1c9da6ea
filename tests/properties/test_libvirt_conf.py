"""libvirt's configuration files: what is written is read, in its place, and an edit changes nothing else."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec import Struct

from preflight.facts.fact import Record, Unreadable
from preflight.facts.text import augeas
from preflight.facts.text.libvirt_conf import LENS, Value, parse_conf, refusal
from preflight.fix.files import edited
from tests.properties.texts import words_of

PATH = "/etc/libvirt/qemu.conf"
NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,12}", fullmatch=True)
BLANKS = st.text(alphabet=" \t", max_size=3)
#: Nothing that ends a string or a line of the file.
CONTENT = st.text(st.characters(blacklist_characters="\"'\r\n\0", blacklist_categories=["Cs"]), max_size=12)
VOCABULARY = (
    "a",
    "b_1",
    "=",
    " = ",
    "1",
    "-7",
    '"x"',
    "'y'",
    '"""',
    "[",
    "]",
    ", ",
    "#",
    "# z",
    "\n",
    "\r\n",
    ";",
    "\t",
    " ",
)


class Setting(Struct, frozen=True):
    """One line of a file: a key, its value, and how that is written."""

    key: str
    value: Value
    written: str
    line: str


@st.composite
def values(draw: st.DrawFn) -> tuple[Value, str]:
    kind = draw(st.sampled_from(("number", "text", "list")))
    if kind == "number":
        number = draw(st.integers(-(2**63), 2**63 - 1))
        return number, draw(st.sampled_from((str(number), f"{number:+d}")))
    if kind == "text":
        content = draw(CONTENT)
        quote = draw(st.sampled_from(("'", '"')))
        return content, f"{quote}{content}{quote}"
    contents = draw(st.lists(CONTENT, max_size=3))
    between = draw(st.sampled_from((",", ", ", " ,")))
    quoted = between.join(f'"{one}"' for one in contents)
    return tuple(contents), f"[{quoted}]"


@st.composite
def settings(draw: st.DrawFn) -> Setting:
    key = draw(NAMES)
    value, written = draw(values())
    before, left, right, after = (draw(BLANKS) for _ in range(4))
    remark = draw(st.sampled_from(("", "# a remark", "#")))
    return Setting(key, value, written, f"{before}{key}{left}={right}{written}{after}{remark}")


#: libvirt refuses a file of blank lines alone.
FILES = st.lists(st.one_of(settings(), st.sampled_from(("", "# a remark", "  # b = 1"))), max_size=8).filter(
    lambda lines: not lines or any(lines)
)


def text_of(lines: list[Setting | str]) -> str:
    return "".join(f"{one if isinstance(one, str) else one.line}\n" for one in lines)


@given(FILES)
def test_what_is_written_is_read_in_its_place(lines: list[Setting | str]) -> None:
    conf = parse_conf(PATH, Record(text_of(lines)))
    assert conf.problem is None
    first: dict[str, tuple[int, Setting]] = {}
    for number, one in enumerate(lines, 1):
        if isinstance(one, Setting):
            first.setdefault(one.key, (number, one))
    assert dict(conf.settings.items()).keys() == first.keys()
    for key, (number, setting) in first.items():
        found = conf.settings[key]
        assert found.value == setting.value
        assert found.at is not None
        assert (found.at.line, found.at.text) == (number, setting.line)
        assert found.at.text[found.at.column - 1 : found.at.end_column - 1] == setting.written
    assert len(conf.duplicates) == sum(isinstance(one, Setting) for one in lines) - len(first)


@given(FILES, NAMES, st.one_of(st.integers(0, 2**31), CONTENT))
def test_an_edit_changes_one_setting_alone(lines: list[Setting | str], key: str, value: int | str) -> None:
    before = text_of(lines)
    if augeas.RESERVED.search(f"{before}{value}"):
        with pytest.raises(Unreadable, match="augeas cannot write"):
            edited(PATH, before, {key: value})
        return
    after = edited(PATH, before, {key: value})
    old, new = parse_conf(PATH, Record(before)), parse_conf(PATH, Record(after))
    assert new.settings[key].value == value
    others = [{name: found.value for name, found in conf.settings.items() if name != key} for conf in (old, new)]
    assert others[0] == others[1]
    changed, kept = after.split("\n"), before.split("\n")
    assert len(changed) - len(kept) == (key not in old.settings)
    assert sum(line not in changed for line in kept) <= 1
    assert edited(PATH, after, {key: value}) == after


@given(words_of(VOCABULARY))
def test_what_libvirt_takes_the_lens_takes_too(text: str) -> None:
    """`refusal` follows libvirt's grammar and the lens is our own: they must not differ about any text."""
    assume("\0" not in text)
    try:
        refused = refusal(text)
        conf = parse_conf(PATH, Record(text))
    except Unreadable:
        return
    assert (conf.problem is None) is (refused is None)
    if refused is None:
        assert {node.label for node in augeas.parse(LENS, PATH, text) if node.value is not None} == set(conf.settings)
