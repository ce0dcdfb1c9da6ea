import pytest

from preflight.facts.fact import Unreadable
from preflight.facts.text.xml import parse_xml


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
    assert parse_xml("<a>" * 50_000 + "</a>" * 50_000).tag == "a"


def test_more_tags_than_any_host_has_are_refused() -> None:
    """T7: 560,000 of them within each other, 8 MiB of text, took 1.1 GiB."""
    for text in ("<a>" * 50_001 + "</a>" * 50_001, f"<a>{'<b/>' * 100_000}</a>"):
        with pytest.raises(Unreadable, match="more than 100000 tags"):
            parse_xml(text)
