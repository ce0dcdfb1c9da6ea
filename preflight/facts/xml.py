"""Parse XML that a host gave: libvirt's capabilities, guests. Hosts are untrusted, so no DTD and no entities."""

from xml.etree.ElementTree import Element, ParseError, fromstring

from preflight.facts.record import Unreadable


def parse_xml(text: str) -> Element:
    """The root element; raises `Unreadable` on text that is no XML or that declares a document type.

    libvirt never writes one, and entities are how a few bytes become gigabytes.
    """
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise Unreadable("XML with a document type or entities is refused")
    try:
        return fromstring(text)  # noqa: S314 - the attacks that defusedxml knows all need what is refused above
    except ParseError as why:
        raise Unreadable(f"not XML: {why}") from None
    except (ValueError, LookupError, RecursionError) as why:  # NUL, lone surrogates, unknown encodings
        raise Unreadable(f"not XML: {why}") from None
