"""Parse XML that a host gave: libvirt's capabilities, guests. Hosts are untrusted, so no DTD and no entities."""

from functools import lru_cache
from xml.etree.ElementTree import Element, ParseError, fromstring

from preflight.facts.fact import Unreadable
from preflight.units import KIB

#: Beginnings and ends of elements in one text: ten times what a host of 1,000 CPUs says of itself. Where each is within
#: the one before, expat takes 2 KiB for each.
MOST_TAGS = 100_000
#: Characters of a text whose elements may be kept: they take ten times its size.
_KEPT = 64 * KIB


def parse_xml(text: str) -> Element:
    """The root element, which nobody may change; raises `Unreadable` on text that is no XML or has a document type.

    libvirt never writes one, and entities are how a few bytes become gigabytes. The last few texts are parsed once: a
    dozen rules look at one guest's XML, one after another.
    """
    return _kept(text) if len(text) <= _KEPT else _parsed(text)


def _parsed(text: str) -> Element:
    if text.count("<") > MOST_TAGS:
        raise Unreadable(f"XML with more than {MOST_TAGS} tags is not parsed")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise Unreadable("XML with a document type or entities is rejected")
    try:
        return fromstring(text)  # noqa: S314 - the attacks that defusedxml knows all need what is refused above
    except ParseError as why:
        raise Unreadable(f"not well-formed XML: {why}") from None
    except (ValueError, LookupError, RecursionError) as why:  # NUL, lone surrogates, unknown encodings
        raise Unreadable(f"not well-formed XML: {why}") from None


_kept = lru_cache(maxsize=16)(_parsed)
