"""A method is made again from the words that a report has for it."""

from pathlib import Path

import pytest

from preflight.cli.options import method_of, parameters
from preflight.errors import UserError
from preflight.request.method import Method, of_words
from preflight.request.options import declared
from tests.each_option import given

REFUSED = {one.names[0] for option in declared().values() for one in option.switches if one.refused}
#: A check takes none of those that act on a timeout.
OPTIONS = [
    name for name in parameters() if f"--{name.replace('_', '-')}" not in REFUSED and not name.startswith("timeout_")
]


@pytest.mark.parametrize("name", OPTIONS)
def test_each_option_is_found_again_in_the_words_of_a_report(name: str, tmp_path: Path) -> None:
    xml = tmp_path / "guest.xml"
    xml.write_text("<domain/>")
    method = method_of(**given(name, xml))
    again = of_words(method.typed)
    assert of_words(again.typed) == again
    assert [word for word in again.typed if word.startswith("--")] == [
        word for word in method.typed if word.startswith("--")
    ]
    assert (again == method) is ("FILE" not in method.typed), "a report does not contain a guest's XML"


def test_no_words_are_no_options() -> None:
    assert of_words(()) == Method()


@pytest.mark.parametrize(
    "words",
    [("--no-such-option",), ("--bandwidth",), ("--bandwidth", "many"), ("--bandwidth", "-1"), ("p2p",), ("",)],
)
def test_words_that_no_method_has_are_refused(words: tuple[str, ...]) -> None:
    with pytest.raises(UserError):
        of_words(words)
