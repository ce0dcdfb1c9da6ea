"""Guests, from the XML that three releases of libvirt really gave (cases/guest: `virsh dumpxml`, QEMU under TCG)."""

import json
from pathlib import Path
from typing import Any

import pytest

from preflight.facts.fact import Record, Unreadable
from preflight.facts.guest.guests import Guest, Guests, GuestState
from tests.facts.noise import answers

CASES = Path(__file__).parent / "cases" / "guest"
RELEASES = ("7.0", "9.0", "11.3")
RUNNING = {"name": "web", "uuid": "00000000-0000-4000-8000-000000000001", "id": 1, "state": 1, "persistent": True}


def guests(*domains: dict[str, Any]) -> Guests:
    return Guests.parse(Record(json.dumps({"domains": domains})))


def guest(xml: str, **domain: Any) -> Guest:
    [one] = guests(RUNNING | {"xml": xml} | domain).all
    return one


def recorded(name: str, release: str) -> str:
    return (CASES / f"{name}-libvirt-{release}.xml").read_text()


@pytest.mark.parametrize("release", RELEASES)
def test_a_running_guest_says_what_it_runs_on(release: str) -> None:
    web = guest(recorded("web", release))
    assert (web.virt_type, web.arch, web.emulator) == ("qemu", "x86_64", "/usr/bin/qemu-system-x86_64")
    assert web.machine.startswith("pc-q35-")
    assert (web.memory_kib, web.current_memory_kib, web.vcpus) == (65536, 65536, 2)
    assert web.running


@pytest.mark.parametrize("release", RELEASES)
def test_the_backing_chain_is_read_from_the_top_down(release: str) -> None:
    top = guest(recorded("web", release)).disks[0]
    assert (top.path, top.backing) == ("/srv/top.qcow2", ("/srv/mid.qcow2", "/srv/base.raw"))
    assert top.paths == ("/srv/top.qcow2", "/srv/mid.qcow2", "/srv/base.raw")
    assert (top.format, top.cache) == ("qcow2", "none")


@pytest.mark.parametrize("release", RELEASES)
def test_only_disks_of_the_guests_own_are_copied_by_default(release: str) -> None:
    disks = guest(recorded("web", release)).disks
    assert {disk.target: disk.copied_by_default for disk in disks} == {
        "vda": True,
        "vdb": False,  # shareable
        "vdc": False,  # readonly
        "sda": False,  # an empty drive
        "sdb": False,  # a CD
    }
    assert {disk.target: (disk.empty, disk.startup_policy) for disk in disks[3:]} == {
        "sda": (True, None),
        "sdb": (False, "optional"),
    }


@pytest.mark.parametrize("release", RELEASES)
def test_a_guest_that_is_off_has_no_backing_chain_to_show(release: str) -> None:
    off = guest(recorded("off", release), id=-1, state=5)
    assert not off.running
    assert off.state is GuestState.SHUTOFF
    assert off.disks[0].backing == ()
    images = {path for path in off.paths if path.startswith("/srv/")}
    assert images == {"/srv/top.qcow2", "/srv/shared.raw", "/srv/ro.raw", "/srv/cd.iso"}


XML = """<domain type='kvm'><name>g</name><memory unit='{unit}'>3</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='pc'>hvm</type></os><devices>{disks}</devices></domain>"""


def disk_of(text: str) -> Any:
    [disk] = guest(XML.format(unit="KiB", disks=text)).disks
    return disk


def test_a_data_file_belongs_to_what_lies_below() -> None:
    disk = disk_of(
        "<disk type='file'><source file='/a'>"
        "<dataStore type='file'><format type='raw'/><source file='/a.data'/></dataStore>"
        "</source><backingStore type='block'><source dev='/dev/b'/></backingStore><target dev='vda'/></disk>"
    )
    assert disk.paths == ("/a", "/a.data", "/dev/b")


@pytest.mark.parametrize(
    "source",
    [
        "<disk type='network'><source protocol='rbd' name='pool/image'/><target dev='vda'/></disk>",
        "<disk type='volume'><source pool='p' volume='v'/><target dev='vda'/></disk>",
        "<disk type='nvme'><source type='pci' managed='yes' namespace='1'/><target dev='vda'/></disk>",
    ],
)
def test_storage_without_a_path_is_not_empty(source: str) -> None:
    disk = disk_of(source)
    assert (disk.path, disk.empty, disk.copied_by_default) == (None, False, True)


@pytest.mark.parametrize(("unit", "kib"), [("KiB", 3), ("MiB", 3072), ("G", 3 * 1024**2)])
def test_memory_has_its_unit(unit: str, kib: int) -> None:
    one = guest(XML.format(unit=unit, disks=""))
    assert (one.memory_kib, one.current_memory_kib) == (kib, kib)


def test_a_paused_guest_runs_too() -> None:
    assert guest(XML.format(unit="KiB", disks=""), state=3).running


def test_a_guest_that_cannot_be_read_does_not_hide_the_others() -> None:
    xml = XML.format(unit="KiB", disks="")
    host = guests(
        {"name": "b", "uuid": "00000000-0000-4000-8000-000000000002", "id": 2, "state": 1, "xml": xml},
        {"name": "a", "uuid": "00000000-0000-4000-8000-000000000001", "error": "Domain not found"},
        {"name": "c", "uuid": "00000000-0000-4000-8000-000000000003", "id": 3, "state": 1, "xml": "<domain/>"},
    )
    assert [one.name for one in host.all] == ["b"]
    assert [(one.name, one.reason) for one in host.unread] == [
        ("a", "Domain not found"),
        ("c", "its XML has no <memory>"),
    ]
    assert host.by_name("b") == host.by_uuid("00000000-0000-4000-8000-000000000002") == host.all[0]
    assert host.by_name("d") is None
    with pytest.raises(Unreadable, match="guest a: Domain not found"):
        host.by_name("a")
    with pytest.raises(Unreadable, match="Domain not found"):
        host.by_uuid("00000000-0000-4000-8000-000000000001")


def test_hostile_answers_are_unreadable_and_nothing_else() -> None:
    good = json.dumps({"domains": [RUNNING | {"xml": recorded("web", "9.0")}]})
    for record in answers(good):
        try:
            Guests.parse(record)
        except Unreadable:
            continue


@pytest.mark.parametrize(
    ("listed", "reason"),
    [
        ('{"domains": [' + '{"name": "x"}, ' * 120_000 + '{"name": "x"}]}', r"more than 100000 '\{'"),
        ('{"domains": [{"name": "x", "block_jobs": [' + '"ab",' * 2_100_000 + '"ab"]}]}', "more than 2000000 ','"),
        ('{"domains": [' + json.dumps({"name": "x", "xml": "<a/>" * 2_100_000}) + "]}", "more than 2000000 '<'"),
        ('{"domains": [' + json.dumps({"name": "x", "xml": "x" * (49 << 20)}) + "]}", "longer than 48 MiB"),
    ],
    ids=["guests", "block jobs", "tags", "text"],
)
def test_a_list_of_guests_that_would_fill_the_memory_is_not_read(listed: str, reason: str) -> None:
    """T7: a libvirt may list what takes ten times its size."""
    with pytest.raises(Unreadable, match=reason):
        Guests.parse(Record(listed))


def test_a_guest_of_too_many_tags_is_unread_alone() -> None:
    xml = f"<domain>{'<a/>' * 100_000}</domain>"
    listed = json.dumps({"domains": [{"name": "x", "state": 1, "xml": xml}]})
    (unread,) = Guests.parse(Record(listed)).unread
    assert unread.reason == "XML with more than 100000 tags is not parsed"


def display(listen: str) -> str:
    return f"<graphics type='vnc' autoport='yes'><listen type='address'{listen}/></graphics></devices>"


@pytest.mark.parametrize("release", RELEASES)
def test_on_the_destination_a_guest_has_the_devices_that_are_sent_and_its_own_disks(release: str) -> None:
    live = recorded("web", release)
    sent = live.replace("<backingStore", "<backingStoreOfNone").replace("</backingStore>", "</backingStoreOfNone>")
    web = guest(
        live.replace("</devices>", display(" address='192.0.2.11'")), sent=sent.replace("</devices>", display(""))
    )
    there = web.on_destination(None, None)
    assert "192.0.2.11" in {one.address for one in web.devices.listeners}
    assert "192.0.2.11" not in {one.address for one in there.devices.listeners}
    assert (there.xml, there.as_it_runs, there.disks) == (web.sent, web.xml, web.disks)
    assert there.disks[0].backing
    assert web.on_destination("db", None).name == "db"
    assert web.on_destination("db", None).devices == there.devices


def test_a_guest_that_is_off_or_of_an_older_snapshot_stays_as_it_is() -> None:
    live = recorded("web", RELEASES[0])
    for web in (guest(live, id=None, sent=live), guest(live)):
        assert web.on_destination(None, None) is web


def test_the_xml_that_is_given_goes_before_the_one_that_is_sent() -> None:
    live = recorded("web", RELEASES[0])
    other = live.replace("</devices>", display(" address='192.0.2.7'"))
    there = guest(live, sent=live).on_destination(None, other)
    assert "192.0.2.7" in {one.address for one in there.devices.listeners}
    assert there.xml == other
