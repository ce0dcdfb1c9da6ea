"""Augeas behind one function, and the lens that we ship: what it gives back is byte for byte what it took."""

import contextlib
import subprocess
import sys
import threading
import time

import pytest

from preflight.facts.fact import Unreadable
from preflight.facts.text import augeas
from tests.facts.noise import MIB, hostile

CONF = "Preflight_conf.lns"

ROUND_TRIPS = {
    "nothing": "",
    "blank lines": "\n\n  \n\t\n",
    "plain": "max_clients = 5000\n",
    "tight": "max_clients=5000\n",
    "wide": "\t  max_clients \t = \t 5000  \t\n",
    "no newline at the end": "max_clients = 5000",
    "no newline after a remark": "# remark",
    "carriage returns": "a = 1\r\n# b\r\n\r\nc = 'd'\r\n",
    "remarks": "#a = 1\n#\n  # b\n## c # d\na = 1 # e\nb = 'x'#f\n",
    "semicolons": "a = 1; b = 2 ;c=3;\n\n",
    "numbers": "a = -5\nb = +7\nc = 007\n",
    "strings": 'a = "it\'s"\nb = \'say "so"\'\nc = \'\'\nd = ""\n',
    "a string of three quotes": 'a = """one\n"two"\n\n three"""\nb = 1\n',
    "lists": "a = [ ]\nb = []\nc = [1,2]\nd = [ \"a\",\n  'b' ,\n\n  3,\n]\n",
    "a remark in a string": 'a = "x # y; z"\nb = [ \'#\', ";" ]\n',
    "the same key twice": "a = 1\na = 2\n",
    "a key of which nobody has heard": "Some_Key9 = 1\n",
    "other scripts": '# Grüße\na = "日本 😀"\n',
}


@pytest.mark.parametrize("text", ROUND_TRIPS.values(), ids=ROUND_TRIPS)
def test_what_is_not_changed_comes_back_byte_for_byte(text: str) -> None:
    assert augeas.edited(CONF, "x.conf", text, {}) == text


def test_places_count_characters_and_not_bytes() -> None:
    text = '# Grüße 😀\nhost = "ü" # ö\nlist = [ "é",\n  "a" ]\n'
    nodes = augeas.parse(CONF, "x.conf", text)
    assert [(node.label, text[node.start : node.end]) for node in nodes] == [
        ("host", '"ü"'),
        ("list", '[ "é",\n  "a" ]'),
    ]
    assert [node.value for node in nodes] == [text[node.start : node.end] for node in nodes]


def test_nodes_keep_the_order_of_the_file_and_their_children() -> None:
    nodes = augeas.parse(
        "Sshd.lns", "sshd_config", "Port 22\nMatch User a,b\n  AcceptEnv LANG LC_*\nMatch Group c\n  X11Forwarding no\n"
    )
    assert [node.label for node in nodes] == ["Port", "Match", "Match"]
    [condition, settings] = nodes[1].children
    assert [(node.label, node.value) for node in condition.children] == [("User", "a,b")]
    assert [node.value for node in settings.children[0].children] == ["LANG", "LC_*"]


@pytest.mark.parametrize(
    ("text", "place"),
    [("a = 1\nb = @\n", "x.conf:2:5"), ("é = 1\n", "x.conf:1:1"), ("# é\nb = 'é' x\n", "x.conf:2:8")],
)
def test_what_cannot_be_read_is_refused_with_its_place(text: str, place: str) -> None:
    with pytest.raises(Unreadable, match=f"^{place}: "):
        augeas.parse(CONF, "x.conf", text)


@pytest.mark.parametrize(
    ("before", "values", "after"),
    [
        ("a = 1\nb = 2 # why\n", {"b": "3"}, "a = 1\nb = 3 # why\n"),
        ("a = 1\na = 2\n", {"a": "3"}, "a = 3\na = 2\n"),
        ("a = 1\n", {"b": '"x"'}, 'a = 1\nb = "x"\n'),
        ("a = 1", {"b": "2"}, "a = 1\nb = 2"),
        ("", {"b": "2"}, "b = 2\n"),
        ("# B:\n#b = 5\n\n# C:\n#c = 5\n", {"b": "2"}, "# B:\n#b = 5\nb = 2\n\n# C:\n#c = 5\n"),
        ("a = 1\nb = 2\na = 3\n", {"a": None}, "b = 2\n"),
        ("a = 1\n", {"b": None}, "a = 1\n"),
    ],
)
def test_a_change_leaves_all_else_as_it_was(before: str, values: dict[str, str | None], after: str) -> None:
    assert augeas.edited(CONF, "x.conf", before, values) == after


@pytest.mark.parametrize("value", ["@", "[", '"', "1\nb = 2", "5000 # why", ""])
def test_a_value_that_would_break_the_file_is_refused(value: str) -> None:
    with pytest.raises(Unreadable, match=r"^x\.conf: "):
        augeas.edited(CONF, "x.conf", "a = 1\n", {"a": value})


def test_one_text_leaves_no_trace_in_the_next() -> None:
    assert len(augeas.parse(CONF, "x.conf", "a = 1\nb = 2\n")) == 2
    with pytest.raises(Unreadable):
        augeas.parse(CONF, "x.conf", "a @")
    assert [node.label for node in augeas.parse(CONF, "x.conf", "c = 3\n")] == ["c"]


def test_threads_do_not_disturb_each_other() -> None:
    wrong = []

    def read(number: int) -> None:
        for turn in range(50):
            text = f"a{number} = {turn}\n" * 20
            nodes = augeas.parse(CONF, "x.conf", text)
            if {(node.label, node.value) for node in nodes} != {(f"a{number}", str(turn))}:
                wrong.append(number)

    threads = [threading.Thread(target=read, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_noise_is_refused_at_once() -> None:
    longest = augeas.LIMIT
    worst = (
        *hostile(),
        "\n" * longest,
        "# x\n" * (longest // 4),
        "a = 1\n" * (longest // 6),
        'a = """' + '""x' * (longest // 3 - 3),
        'a = ["x",' * (longest // 9),
        "a = [" + '"x",' * (longest // 4 - 2),
        "x" * MIB,
    )
    for text in worst:
        for name in (CONF, "Sshd.lns"):
            start = time.process_time()
            with contextlib.suppress(Unreadable):
                augeas.parse(name, "x.conf", text)
            assert time.process_time() - start < 2


def test_augeas_is_not_imported_before_it_is_needed() -> None:
    code = "import sys, preflight.facts.text.augeas; sys.exit('augeas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("reserved", ["\x01", "\x02", "\x03", "\x04"])
@pytest.mark.parametrize("text", ["# {}\na = 1\n", "a = 1 # {}\n", "a = '{}'\n", "a = 1\n"])
def test_what_augeas_sets_between_nodes_is_not_given_to_it(text: str, reserved: str) -> None:
    """An assertion of libaugeas ended the process; other places made it write what is no UTF-8."""
    with pytest.raises(Unreadable, match=r"x\.conf would contain a control character that augeas cannot write"):
        augeas.edited(CONF, "x.conf", text.format(reserved), {"b": f"'{reserved}'" if "{" not in text else "1"})
