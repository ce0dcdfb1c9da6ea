"""Devices whose state QEMU cannot send."""

import json

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "unmigratable-device"
DRIVER = "<driver name='qemu' type='raw'/>"
VIRTIOFS = "<filesystem type='mount'><driver type='virtiofs'/><source dir='/srv'/><target dir='share'/></filesystem>"


def with_device(xml: str) -> Case:
    return Case().xml("</devices>", f"{xml}</devices>")


def with_versions(case: Case, libvirt: int, qemu: int) -> Case:
    return case.source("libvirt.versions", json.dumps({"libvirt": libvirt, "hypervisor": qemu, "type": "QEMU"}))


@pytest.mark.parametrize("form", ["qcow", "vdi", "vmdk", "vpc"])
def test_catches_a_disk_in_a_format_that_blocks(form: str) -> None:
    result = Case().xml(DRIVER, f"<driver name='qemu' type='{form}'/>").result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert finding.host is Role.SOURCE
    assert finding.message == f"vda is in the format {form}, which blocks the migration of a running guest"
    assert finding.predicted_error == f"The {form} format used by node"


@pytest.mark.parametrize("role", ["", " role='peer'"])
def test_catches_shared_memory_of_another_master(role: str) -> None:
    [finding] = with_device(f"<shmem name='s'{role}/>").result(RULE).findings
    assert finding.message == "the guest is not the master of the shared memory s"
    assert finding.predicted_error == "Migration is disabled when using feature 'peer mode' in device 'ivshmem'"


def test_catches_it_in_the_words_of_an_older_libvirt() -> None:
    [finding] = with_versions(with_device("<shmem name='s'/>"), 7_000_000, 5_002_000).result(RULE).findings
    assert finding.predicted_error == "shmem device 's' cannot be migrated"


def test_catches_virtiofs_on_a_qemu_that_cannot_move_it() -> None:
    [finding] = with_device(VIRTIOFS).result(RULE).findings
    assert finding.predicted_error == "vhost-user-fs"


def test_passes_virtiofs_on_a_qemu_that_may_move_it() -> None:
    case = with_versions(with_device(VIRTIOFS), 11_003_000, 10_000_000)
    assert case.result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("form", ["qcow2", "qed", "raw"])
def test_passes_formats_that_were_seen_to_move(form: str) -> None:
    case = Case().xml(DRIVER, f"<driver name='qemu'  type='{form}'/>")
    assert case.result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    "xml",
    [
        "<shmem name='s' role='master'/>",
        "<filesystem type='mount'><source dir='/srv'/><target dir='share'/></filesystem>",
        "<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>",
        "<hostdev mode='subsystem' type='pci'/>",
    ],
)
def test_passes_devices_that_move_or_of_which_it_is_not_known(xml: str) -> None:
    assert with_device(xml).result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_to_a_guest_that_is_moved_offline() -> None:
    case = with_device("<shmem name='s'/>").asking(offline=True, guests=("web",))
    assert case.result(RULE).outcome is Outcome.NOT_APPLICABLE


def test_is_unknown_when_the_versions_are_not_known() -> None:
    result = with_device(VIRTIOFS).source("libvirt.versions", None).result(RULE)
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, "libvirt.versions was not answered")


@pytest.mark.parametrize(
    ("device", "message", "error"),
    [
        ("<serial type='pty'><target type='usb-serial'/></serial>", "a USB serial port", "usb-serial"),
        ("<sound model='usb'/>", "a USB sound card", "usb-audio"),
        ("<sound model='virtio'/>", "a virtio sound card", "virtio-sound"),
        ("<crypto model='virtio' type='qemu'/>", "a virtio crypto device", "virtio-crypto"),
        ("<filesystem type='mount'><driver type='mtp'/></filesystem>", "an MTP file system", "usb-mtp"),
        ("<interface type='user'><model type='usb-net'/></interface>", "a USB network card", "usb-net"),
        ("<input type='passthrough' bus='virtio'/>", "an input device of the host", "virtio-input-host"),
        (
            "<channel type='qemu-vdagent'><target type='virtio'/></channel>",
            "a clipboard channel (qemu-vdagent)",
            "The vdagent chardev doesn't yet support migration",
        ),
        (
            "<video><model type='virtio'><acceleration accel3d='yes'/></model></video>",
            "3D acceleration",
            "virgl is not yet migratable",
        ),
    ],
)
def test_catches_devices_that_qemu_cannot_send(device: str, message: str, error: str) -> None:
    [finding] = with_device(device).result(RULE).findings
    assert (finding.host, finding.message) == (Role.SOURCE, f"the guest has {message}, which QEMU cannot migrate")
    assert finding.predicted_error == error


LAYER = "<backingStore type='file'><format type='{}'/><source file='/srv/b'/>{}</backingStore>"


@pytest.mark.parametrize(("upper", "lower"), [("vmdk", "raw"), ("qcow2", "vmdk")])
def test_catches_a_format_that_blocks_below_another(upper: str, lower: str) -> None:
    layers = LAYER.format(upper, LAYER.format(lower, "<backingStore/>"))
    [finding] = Case().xml(DRIVER, f"<driver name='qemu' type='qcow2'/>{layers}").result(RULE).findings
    assert finding.message.startswith("a backing file of vda is in the format vmdk")
    assert finding.predicted_error == "The vmdk format used by node"


@pytest.mark.parametrize(
    "device",
    [
        "<serial type='pty'><target type='isa-serial'/></serial>",
        "<sound model='ich6'/>",
        "<filesystem type='mount'><source dir='/srv'/></filesystem>",
        "<interface type='user'><model type='virtio'/></interface>",
        "<input type='tablet' bus='virtio'/>",
        "<input type='evdev'><source dev='/dev/input/event0'/></input>",
        "<channel type='spicevmc'><target type='virtio'/></channel>",
        "<video><model type='virtio'><acceleration accel3d='no'/></model></video>",
    ],
)
def test_passes_devices_like_them(device: str) -> None:
    assert with_device(device).result(RULE).outcome is Outcome.PASSED


def test_catches_enlightenments_that_are_passed_through_as_a_warning() -> None:
    result = Case().xml("<acpi/>", "<acpi/><hyperv mode='passthrough'/>").result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.WARNING)


def test_passes_enlightenments_that_are_named() -> None:
    named = "<acpi/><hyperv mode='custom'><relaxed state='on'/></hyperv>"
    assert Case().xml("<acpi/>", named).result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("device", "error"),
    [
        ("<iommu model='amd'/>", "amd-iommu"),
        ("<disk><target dev='nvme0' bus='nvme'/></disk>", "nvme"),
        ("<memory model='virtio-pmem'/>", None),
        ("<video><model type='virtio'/><driver name='vhostuser'/></video>", None),
    ],
)
def test_catches_devices_that_qemu_10_0_cannot_send(device: str, error: str | None) -> None:
    [finding] = with_versions(with_device(device), 11_003_000, 10_000_013).result(RULE).findings
    assert finding.predicted_error == error


CLIPBOARD = "<channel type='qemu-vdagent'><target type='virtio' name='com.redhat.spice.0'/></channel>"


@pytest.mark.parametrize("device", [CLIPBOARD, "<disk><target dev='nvme0' bus='nvme'/></disk>"])
def test_passes_devices_that_a_later_qemu_was_seen_to_send(device: str) -> None:
    assert with_versions(with_device(device), 12_009_000, 11_001_003).result(RULE).outcome is Outcome.PASSED


def test_is_unknown_when_the_release_was_not_tried() -> None:
    result = with_versions(with_device(CLIPBOARD), 11_009_000, 10_002_000).result(RULE)
    assert result.outcome is Outcome.UNKNOWN
    assert result.reason == "it is unknown whether QEMU 10.2.0 can migrate a clipboard channel (qemu-vdagent)"


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("sev", "SEV: Migration is not implemented"),
        ("sev-snp", "SEV-SNP: Migration is not implemented"),
        ("s390-pv", "protected VMs are currently not migratable"),
        ("tdx", None),
    ],
)
def test_catches_encrypted_memory(kind: str, error: str | None) -> None:
    [finding] = Case().xml("<devices>", f"<launchSecurity type='{kind}'/><devices>").result(RULE).findings
    assert finding.message == f"the guest's memory is encrypted ({kind})"
    assert finding.predicted_error == error


def with_arguments(*values: str) -> Case:
    """Return the sound pair, whose guest has these arguments of its own for QEMU."""
    namespace = "xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'"
    given = "".join(f"<q:arg value='{value}'/>" for value in values)
    return Case().xml("</domain>", f"<q:commandline {namespace}>{given}</q:commandline></domain>")


@pytest.mark.parametrize("name", ["nvme", "usb-serial", "virtio-crypto-pci"])
def test_catches_a_device_of_the_guests_own_arguments(name: str) -> None:
    [finding] = with_arguments("-device", f"{name},***").result(RULE).findings
    assert finding.predicted_error == name.removesuffix("-pci")


@pytest.mark.parametrize("values", [("-device", "edu"), ("-drive", "nvme,***"), ("-device", "***,nvme")])
def test_passes_other_arguments(values: tuple[str, str]) -> None:
    assert with_arguments(*values).result(RULE).outcome is Outcome.PASSED


def test_is_unknown_when_a_release_between_has_an_nvme_disk_by_argument() -> None:
    case = with_versions(with_arguments("-device", "nvme"), 11_003_000, 11_000_000)
    assert case.result(RULE).outcome is Outcome.UNKNOWN
