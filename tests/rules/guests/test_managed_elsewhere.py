"""Guests that a program beside libvirt manages, by the marks in their XML."""

import pytest

from preflight.answers import Record
from preflight.connection.redaction import redact
from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case
from tests.rules.neighbour import DB, with_db

RULE = "managed-elsewhere"

NOVA = """  <metadata>
    <nova:instance xmlns:nova="http://openstack.org/xmlns/libvirt/nova/1.1">
      <nova:package version="28.1.0"/>
      <nova:name>web-1</nova:name>
      <nova:creationTime>2026-11-02 09:14:51</nova:creationTime>
      <nova:flavor name="m1.small">
        <nova:memory>2048</nova:memory>
        <nova:disk>20</nova:disk>
        <nova:swap>0</nova:swap>
        <nova:ephemeral>0</nova:ephemeral>
        <nova:vcpus>1</nova:vcpus>
      </nova:flavor>
      <nova:owner>
        <nova:user uuid="6a8a5a2ffd5d4d0a8ba7b2a5d8ef3a3f">demo</nova:user>
        <nova:project uuid="4c6d8ae2b1b24a36a3a3f2f5a3b8a1a0">demo</nova:project>
      </nova:owner>
      <nova:root type="image" uuid="9b3f1d5e-8c62-4f5d-9a39-0c7b8a7d5e11"/>
    </nova:instance>
  </metadata>
"""
OVIRT = """  <metadata xmlns:ovirt-tune="http://ovirt.org/vm/tune/1.0" xmlns:ovirt-vm="http://ovirt.org/vm/1.0">
    <ovirt-tune:qos/>
    <ovirt-vm:vm xmlns:ovirt-vm="http://ovirt.org/vm/1.0">
      <ovirt-vm:clusterVersion>4.7</ovirt-vm:clusterVersion>
      <ovirt-vm:destroy_on_reboot type="bool">False</ovirt-vm:destroy_on_reboot>
      <ovirt-vm:launchPaused>false</ovirt-vm:launchPaused>
      <ovirt-vm:resumeBehavior>auto_resume</ovirt-vm:resumeBehavior>
      <ovirt-vm:device mac_address="56:6f:9e:1a:00:01">
        <ovirt-vm:network>ovirtmgmt</ovirt-vm:network>
      </ovirt-vm:device>
    </ovirt-vm:vm>
  </metadata>
"""
KUBEVIRT = """  <metadata>
    <kubevirt xmlns="http://kubevirt.io">
      <uid>4b1d5f1c-8f5c-4f0e-a6a3-7d1f2f3c9a10</uid>
      <graceperiod>
        <deletionGracePeriodSeconds>30</deletionGracePeriodSeconds>
      </graceperiod>
    </kubevirt>
  </metadata>
"""
OPENNEBULA = """  <metadata>
    <one:vm xmlns:one="http://opennebula.org/xmlns/libvirt/1.0">
      <one:system_datastore><![CDATA[/var/lib/one//datastores/0/42]]></one:system_datastore>
      <one:name><![CDATA[web]]></one:name>
      <one:uname><![CDATA[oneadmin]]></one:uname>
      <one:vnc_port>5942</one:vnc_port>
    </one:vm>
  </metadata>
"""


def smbios(manufacturer: str, product: str) -> str:
    return f"""  <sysinfo type='smbios'>
    <system>
      <entry name='manufacturer'>{manufacturer}</entry>
      <entry name='product'>{product}</entry>
      <entry name='uuid'>f197b32b-8da2-4a57-bb8a-d01bacc5cd33</entry>
    </system>
  </sysinfo>
"""


NOVAS = ("OpenStack Foundation", "OpenStack Nova")
CLOUDSTACK = smbios("Apache Software Foundation", "CloudStack KVM Hypervisor")


def marked(*marks: str) -> Case:
    """The sound pair, whose guest has these elements before its devices."""
    return Case().xml("  <devices>\n", f"{''.join(marks)}  <devices>\n")


@pytest.mark.parametrize(
    ("mark", "name", "command"),
    [
        (NOVA, "OpenStack Nova", "openstack server migrate --live-migration"),
        (NOVA.replace("nova/1.1", "nova/1.0"), "OpenStack Nova", "openstack server migrate --live-migration"),
        (smbios("OpenStack Foundation", "OpenStack Nova"), "OpenStack Nova", "openstack server migrate"),
        (OVIRT, "oVirt", "Administration Portal"),
        (KUBEVIRT, "KubeVirt", "virtctl migrate"),
        (OPENNEBULA, "OpenNebula", "onevm migrate --live"),
        (CLOUDSTACK, "CloudStack", "cmk migrate virtualmachine"),
    ],
)
def test_catches_the_program_that_manages_the_guest(mark: str, name: str, command: str) -> None:
    result = marked(mark).result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.WARNING)
    [finding] = result.findings
    assert (finding.host, finding.message) == (
        Role.SOURCE,
        f"web is managed by {name}, which will not know that the guest has moved",
    )
    assert command in (finding.fix or "")


@pytest.mark.parametrize("mark", [NOVA, OVIRT, KUBEVIRT, OPENNEBULA, CLOUDSTACK, smbios(*NOVAS)])
def test_catches_it_in_what_is_kept_of_the_xml(mark: str) -> None:
    """Free text in a guest's XML is blanked out before anything reads it."""
    whole = Case().xml("  <devices>\n", f"{mark}  <devices>\n").checked().guests[0].xml
    kept = redact("libvirt.capabilities", Record(whole)).out
    assert kept != whole
    before = Case().checked().guests[0].xml
    assert Case().xml(before, kept).result(RULE).outcome is Outcome.FAILED


def test_catches_a_guest_that_is_off_and_one_with_another_xml_for_the_destination() -> None:
    case = marked(NOVA).guest(lambda guest: guest.update(id=-1, state=5))
    assert case.asking(offline=True).result(RULE).outcome is Outcome.FAILED
    plain = Case().checked().guests[0].xml
    assert marked(NOVA).asking(xml=plain).result(RULE).outcome is Outcome.FAILED


def test_catches_a_mark_among_others() -> None:
    others = LIBOSINFO.replace("</metadata>\n", "").strip() + OPENNEBULA.replace("  <metadata>\n", "")
    assert marked(others).result(RULE).outcome is Outcome.FAILED


#: What virt-manager and virt-install, and cockpit-machines write: none of them keeps records of its own.
LIBOSINFO = """  <metadata>
    <libosinfo:libosinfo xmlns:libosinfo="http://libosinfo.org/xmlns/libvirt/domain/1.0">
      <libosinfo:os id="http://debian.org/debian/12"/>
    </libosinfo:libosinfo>
  </metadata>
"""
COCKPIT = """  <metadata>
    <cockpit_machines:data xmlns:cockpit_machines="https://github.com/cockpit-project/cockpit/tree/main/pkg/machines">
      <cockpit_machines:has_install_phase>false</cockpit_machines:has_install_phase>
      <cockpit_machines:install_source_type>cloud</cockpit_machines:install_source_type>
      <cockpit_machines:os_variant>debian12</cockpit_machines:os_variant>
    </cockpit_machines:data>
  </metadata>
"""
BOXES = """  <metadata>
    <boxes:gnome-boxes xmlns:boxes="https://wiki.gnome.org/Apps/Boxes">
      <os-state>installed</os-state>
    </boxes:gnome-boxes>
  </metadata>
"""
#: A guest of the Terraform provider or of Vagrant has no metadata, and this description.
DESCRIPTION = "  <description>Source: /home/kim/project/Vagrantfile</description>\n"


@pytest.mark.parametrize(
    "mark",
    [
        LIBOSINFO,
        COCKPIT,
        BOXES,
        DESCRIPTION,
        "  <metadata/>\n",
        "  <metadata><note>http://openstack.org/xmlns/libvirt/nova/1.1</note></metadata>\n",
        '  <metadata><a:b xmlns:a="http://kubevirt.io.example.com"/></metadata>\n',
        smbios("Red Hat", "KVM"),
        smbios("Apache Software Foundation", "Server"),
        smbios("OpenStack Foundation", ""),
        CLOUDSTACK.replace("smbios", "fwcfg"),
    ],
)
def test_passes_guests_that_no_other_program_manages(mark: str) -> None:
    assert marked(mark).result(RULE).outcome is Outcome.PASSED


def test_passes_the_sound_pair() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("name", ["instance-0000001a", "one-42", "i-2-34-VM", "default_web"])
def test_passes_a_guest_that_only_has_such_a_name(name: str) -> None:
    case = Case().guest(lambda guest: guest.update(name=name, xml=guest["xml"].replace(">web<", f">{name}<")))
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_the_other_guest() -> None:
    case = with_db(Case()).xml("  <devices>\n", f"{NOVA}  <devices>\n")
    assert case.result(RULE, DB).outcome is Outcome.PASSED


def test_is_unknown_when_libvirt_did_not_report_the_guest() -> None:
    result = Case().guest(lambda guest: guest.update(error="Domain not found")).result(RULE)
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, "Domain not found")
