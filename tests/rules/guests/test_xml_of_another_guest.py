"""The XML given for the destination, compared with the guest that is moved."""

import json
from collections.abc import Callable

import pytest

from preflight.judge.report import Outcome
from preflight.rule import Severity
from tests.case import Case

RULE = "xml-of-another-guest"


def given(change: Callable[[str], str]) -> Case:
    """Return the sound pair, with the guest's own XML changed for the destination."""
    case = Case()
    xml = json.loads(case.hosts[0].answers.records["libvirt.domains"].out)["domains"][0]["xml"]
    changed = change(xml)
    assert changed != xml
    return case.asking(xml=changed)


def between(tag: str, text: str) -> Callable[[str], str]:
    def change(xml: str) -> str:
        before, _, rest = xml.partition(f"<{tag}")
        opening, _, rest = rest.partition(">")
        return f"{before}<{tag}{opening}>{text}</{tag}>{rest.partition(f'</{tag}>')[2]}"

    return change


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (between("uuid", "938af0c4-9f8b-41fb-b91c-42019cf3f323"), "Target domain uuid "),
        (between("name", "db"), "Target domain name 'db' does not match source 'web'"),
        (between("memory", "131072"), "Target domain max memory 131072 does not match source 65536"),
        (between("vcpu", "2"), "Target domain vCPU max 2 does not match source 1"),
        (
            lambda xml: xml.replace("machine='pc-i440fx-7.2'", "machine='pc-i440fx-5.2'"),
            "Target domain machine type pc-i440fx-5.2 does not match source pc-i440fx-7.2",
        ),
    ],
)
def test_catches_what_libvirt_compares(change: Callable[[str], str], error: str) -> None:
    result = given(change).result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    assert [finding.predicted_error for finding in result.findings] == [error]


@pytest.mark.parametrize(
    "change",
    [
        lambda xml: xml.replace("192.0.2.254", "192.0.2.253"),
        lambda xml: xml.replace("machine='pc-i440fx-7.2'", "machine='pc'"),
    ],
    ids=["belongs to the host", "an alias of the machine"],
)
def test_passes_what_may_differ(change: Callable[[str], str]) -> None:
    assert given(change).result(RULE).outcome is Outcome.PASSED


def test_passes_another_name_that_is_given_as_such() -> None:
    case = given(lambda xml: xml.replace("192.0.2.254", "192.0.2.253"))
    assert case.asking(dname="web-moved").result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_without_xml() -> None:
    assert Case().result(RULE).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize("text", ["<domain", "<network><name>web</name></network>", ""])
def test_is_unknown_when_it_is_no_guests_xml(text: str) -> None:
    assert Case().asking(xml=text).result(RULE).outcome is Outcome.UNKNOWN


NET = "<interface type='user'><mac address='52:54:00:00:00:01'/><model type='virtio'/></interface>"


def with_device(device: str, change: Callable[[str], str]) -> Case:
    """Return the pair whose guest has this device, and the guest's XML changed for the destination."""
    case = Case().xml("</devices>", f"{device}</devices>")
    xml = json.loads(case.hosts[0].answers.records["libvirt.domains"].out)["domains"][0]["xml"]
    return case.asking(xml=change(xml))


@pytest.mark.parametrize(
    ("device", "before", "after", "error"),
    [
        (
            NET,
            "00:01'",
            "00:99'",
            "Target network card mac 52:54:00:00:00:99 does not match source 52:54:00:00:00:01",
        ),
        (NET, "<mac address='52:54:00:00:00:01'/>", "", "Target network card mac "),
        (NET, NET, "", "Target domain net card count 0 does not match source 1"),
        (
            NET,
            "'virtio'/></interface>",
            "'e1000'/></interface>",
            "Target network card model e1000 does not match source",
        ),
        ("", "dev='vda'", "dev='vdb'", "Target disk vdb does not match source vda"),
        ("", "bus='virtio'", "bus='scsi'", "Target disk bus scsi does not match source virtio"),
        (
            "",
            "</devices>",
            "<rng model='virtio'/></devices>",
            "Target domain RNG device count 1 does not match source 0",
        ),
        ("", "slot='0x02'", "slot='0x05'", "Target device PCI address 0000:00:05.0"),
    ],
)
def test_catches_devices_that_the_guest_would_see_change(device: str, before: str, after: str, error: str) -> None:
    case = with_device(device or "<sound model='ich6'/>", lambda xml: xml.replace(before, after, 1))
    [finding] = case.result(RULE).findings
    assert str(finding.predicted_error).startswith(error)


@pytest.mark.parametrize(
    ("before", "after"),
    [("192.0.2.254", "192.0.2.253"), ("<input type='mouse' bus='ps2'>", "<input type='mouse'>")],
)
def test_passes_devices_that_are_the_same(before: str, after: str) -> None:
    case = with_device(NET, lambda xml: xml.replace(before, after, 1))
    assert case.result(RULE).outcome is Outcome.PASSED


def sent(before: str, after: str) -> Case:
    """Return the sound pair, whose source says what it would send, and that with a change for the destination."""
    case = Case().guest(lambda guest: guest.update(sent=guest["xml"]))
    xml = json.loads(case.hosts[0].answers.records["libvirt.domains"].out)["domains"][0]["xml"]
    assert before in xml
    return case.asking(xml=xml.replace(before, after, 1))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<os>", "<title>a</title><description>b</description><os>"),
        ("<on_reboot>restart</on_reboot>", "<on_reboot>destroy</on_reboot>"),
        ("<driver name='qemu' type='raw'", "<driver name='qemu' type='raw' cache='none' io='native'"),
        ("<alias name='virtio-disk0'/>", ""),
        ("<input type='keyboard' bus='ps2'>", "<input type='keyboard' bus='ps2'/><input type='mouse' bus='ps2'>"),
        ("</devices>", "<controller type='pci' index='0' model='pci-root'/></devices>"),
        ("<vcpu placement='static'>", "<vcpu placement='static' cpuset='0'>"),
        ("</devices>", "<graphics type='vnc' autoport='yes'/></devices>"),
    ],
)
def test_passes_parts_of_the_host(before: str, after: str) -> None:
    assert sent(before, after).result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("before", "after", "error"),
    [
        ("mode='custom'", "mode='host-passthrough'", "mode host-passthrough does not match source custom"),
        ("check='full'", "check='partial'", "check partial does not match source full"),
        (">qemu64</model>", ">kvm64</model>", "model kvm64 does not match source qemu64"),
        ("</cpu>", "<feature policy='require' name='aes'/></cpu>", "feature count 6 does not match source 5"),
    ],
)
def test_catches_another_cpu(before: str, after: str, error: str) -> None:
    [finding] = sent(before, after).result(RULE).findings
    assert finding.predicted_error == f"Target CPU {error}"


def test_passes_the_cpu_where_nobody_said_which_one_is_sent() -> None:
    assert given(lambda xml: xml.replace("check='full'", "check='none'")).result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("before", "after", "part"),
    [
        ("<acpi/>", "", "features/acpi"),
        ("<clock offset='utc'", "<clock offset='localtime'", "clock/@offset"),
        ("</devices>", "<watchdog model='i6300esb'/></devices>", "devices/watchdog"),
        ("type='raw'", "type='qcow2'", "devices/disk/driver/@type"),
        ("<model fallback='forbid'>", "<model fallback='allow'>", "cpu/model/@fallback"),
    ],
)
def test_is_unknown_when_another_part_differs(before: str, after: str, part: str) -> None:
    result = sent(before, after).result(RULE)
    assert result.outcome is Outcome.UNKNOWN
    assert result.reason == f"the XML differs from the guest's in {part}: libvirt may refuse that, or not"


def test_names_some_of_many_parts() -> None:
    result = sent("<clock offset='utc'", "<clock a='1' b='1' c='1' d='1' e='1' offset='utc'").result(RULE)
    assert result.reason == (
        "the XML differs from the guest's in clock/@a, clock/@b, clock/@c and 2 more: libvirt may refuse that, or not"
    )


def test_catches_an_address_on_another_bus() -> None:
    case = Case().xml("</devices>", f"{DRIVE}</devices>").guest(lambda guest: guest.update(sent=guest["xml"]))
    xml = json.loads(case.hosts[0].answers.records["libvirt.domains"].out)["domains"][0]["xml"]
    [finding] = case.asking(xml=xml.replace("unit='7'", "unit='6'")).result(RULE).findings
    assert finding.predicted_error == "Target device drive address"


DRIVE = (
    "<disk type='file' device='cdrom'><target dev='sdz' bus='sata'/><readonly/>"
    "<address type='drive' controller='0' bus='0' target='0' unit='7'/></disk>"
)
