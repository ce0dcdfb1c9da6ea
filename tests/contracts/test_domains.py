"""The table of libvirt's test domains: what kinds.toml says of each kind, and what `make domains` recorded."""

import pytest

from preflight.judge.ruleset import load
from tests.domains.judged import Entry, entries, entry_of, judge
from tests.domains.record import faults, read
from tests.domains.sources import Domain

DOMAIN = """<domain type='qemu'><name>QEMUGuest1</name><uuid>c7a5fdbd-edaf-9455-926a-d65c16db1809</uuid>
<memory>219136</memory><os><type arch='i686' machine='pc'>hvm</type></os><devices>
<emulator>/usr/bin/qemu-system-i386</emulator>{}</devices></domain>"""


def test_what_was_recorded_is_what_the_entries_say() -> None:
    found = read()
    assert list(faults(found)) == []
    assert sum(found.verdicts.values()) == sum(found.domains.values()) > 3000
    assert [one.title for one in found.kinds] == [one.title for one in entries()]
    for one in found.kinds:
        assert {entry.title for kind in one.kinds if (entry := entry_of(kind))} == {one.title}


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.title)
def test_an_entry_has_a_rule_that_exists_or_a_reason(entry: Entry) -> None:
    assert entry.rule is None or entry.rule in {rule.name for rule in load()}
    assert entry.rule or entry.why
    assert entry.why or entry.always


@pytest.mark.parametrize(
    ("device", "verdict", "rule"),
    [
        ("<memballoon model='virtio'/>", "ready", None),
        ("<interface type='vdpa'><source dev='/dev/vhost-vdpa-0'/></interface>", "not-ready", "passthrough-device"),
        ("<disk type='file'><source file='/a'/><target dev='vda' bus='virtio'/></disk>", "ready", None),
        ("<interface type='network'><source network='none'/></interface>", "not-ready", "network-missing"),
    ],
)
def test_a_domain_is_judged_by_what_it_is_made_of(device: str, verdict: str, rule: str | None) -> None:
    found = judge(Domain("one", "bookworm", DOMAIN.format(device)))
    assert found is not None
    assert (found.verdict.value, found.bugs) == (verdict, ())
    assert found.rules == ({rule} if rule else set())


def test_a_file_that_is_no_xml_is_left_out() -> None:
    assert judge(Domain("one", "bookworm", "<domain")) is None
