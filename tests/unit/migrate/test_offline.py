"""A guest's definition for the destination, where it moves by dumpxml and define."""

import pytest

from preflight.facts.fact import Unreadable
from preflight.migrate.call import named

XML = "<domain type='kvm'><name>web</name><devices><interface><name>web</name></interface></devices></domain>"


def test_a_definition_keeps_its_name_unless_another_is_given() -> None:
    assert named(XML, None) == XML


def test_another_name_is_the_guests_and_no_devices() -> None:
    changed = named(XML, "web-moved")
    assert changed.count("<name>web-moved</name>") == changed.count("<name>web</name>") == 1
    assert changed.index("web-moved") < changed.index("<devices>")


def test_xml_without_a_name_is_refused() -> None:
    with pytest.raises(Unreadable):
        named("<domain/>", "web-moved")
