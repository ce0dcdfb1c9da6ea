"""Parsers shared by facts: augeas, libvirt's configuration files and XML, locations of values, listings."""

from preflight.facts.text.libvirt_conf import Value
from preflight.facts.text.located import Located
from preflight.facts.text.number_set import listed
from preflight.facts.text.xml import parse_xml

__all__ = [
    "Located",
    "Value",
    "listed",
    "parse_xml",
]
