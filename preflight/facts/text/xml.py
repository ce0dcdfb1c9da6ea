"""Parser for XML from a host, such as capabilities and guests. Hosts are untrusted: no DTDs and no entities."""

from functools import lru_cache
from xml.etree.ElementTree import Element, ParseError, fromstring

from preflight.facts.fact import Unreadable
from preflight.units import KIB

#: Maximum number of start and end tags in one text: ten times the capabilities of a host with 1,000 CPUs. If each is
#: nested in the one before, expat takes 2 KiB for each.
MOST_TAGS = 100_000
#: Maximum length, in characters, of a text whose elements are cached: they take ten times its size.
_KEPT = 64 * KIB


def parse_xml(text: str) -> Element:
    """Return the root element, which must not be modified; raises `Unreadable` if the text is not XML or has a DTD.

    libvirt never writes a DTD, and entities can expand a few bytes to gigabytes. The last few texts are cached, because
    a dozen rules read one guest's XML one after another.
    """
    return _kept(text) if len(text) <= _KEPT else _parsed(text)


def _parsed(text: str) -> Element:
    if text.count("<") > MOST_TAGS:
        raise Unreadable(f"XML with more than {MOST_TAGS} tags is not parsed")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise Unreadable("XML with a document type or entities is rejected")
    try:
        return fromstring(text)  # noqa: S314 - all attacks that defusedxml prevents need what is rejected above
    except ParseError as why:
        raise Unreadable(f"not well-formed XML: {why}") from None
    except (ValueError, LookupError, RecursionError) as why:  # NUL, lone surrogates, unknown encodings
        raise Unreadable(f"not well-formed XML: {why}") from None


_kept = lru_cache(maxsize=16)(_parsed)
