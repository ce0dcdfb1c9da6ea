import pytest

from preflight.facts.record import Unreadable
from preflight.facts.xml import parse_xml


def test_parses() -> None:
    assert parse_xml("<a><b c='d'/></a>").find("b") is not None


@pytest.mark.parametrize(
    "text",
    [
        "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
        "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
        "<?xml version='1.0'?>\n <!DOCTYPE a><a/>",
        "",
        "<a>",
        "<a>&b;</a>",
        "<a>\0</a>",
        "<a>\ud800</a>",
    ],
)
def test_refuses(text: str) -> None:
    with pytest.raises(Unreadable, match="XML"):
        parse_xml(text)


def test_depth_does_no_harm() -> None:
    assert parse_xml("<a>" * 100_000 + "</a>" * 100_000).tag == "a"
