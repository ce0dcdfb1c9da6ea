"""A device of the source is passed through to the guest.

Why it matters
    Such a device cannot move. libvirt before 8.6 refuses all of them except USB: "cannot migrate a domain with <hostdev
    mode='subsystem' type='pci'>", "<interface type='hostdev'>", or "vDPA devices cannot be migrated". Later releases
    leave the decision to QEMU. QEMU before 8.1 can send the state of none, unless its experimental options are used:
    "VFIO device doesn't support migration", and for vDPA, before 8.0, "Migration disabled: vhost lacks VHOST_F_LOG_ALL
    feature". Later releases can send the state of a few devices if their kernel driver supports that (VFIO migration).
    QEMU reports this only when it is asked to migrate the guest, so this rule reports UNKNOWN. In no release can it
    send that of SCSI host adapters (vhost-scsi) and of the cryptographic adapters and channels of s390 (vfio-ap,
    vfio-ccw). A network card that is teamed with a migratable one (<teaming type='transient'>) is unplugged during the
    migration.

How to fix
    Detach the device for the duration of the migration (virsh detach-device), or team the network card with a virtio
    one.
"""

from preflight.facts import Versions
from preflight.facts.libvirt import Version
from preflight.host import Guest
from preflight.rule import Findings, Severity, Unreadable, on_source, rule, unless_live

#: Since this release libvirt asks QEMU (qemuMigrationSrcIsAllowed, src/qemu/qemu_migration.c).
_ASKS_QEMU = Version(8, 6, 0)
_PCI, _MEDIATED = "<hostdev mode='subsystem' type='pci'>", "<hostdev mode='subsystem' type='mdev'>"
_CARD, _VDPA = "<interface type='hostdev'>", "<interface type='vdpa'>"
#: Devices that QEMU refuses before a release: x-enable-migration of hw/vfio/pci.c is off in 5.2 and 7.2, and
#: enable-migration is auto in 10.0 (since 8.1); vhost_vdpa_get_features in hw/virtio/vhost-vdpa.c of 7.2 adds
#: VHOST_F_LOG_ALL only for x-svq, that of 10.0 always (since 8.0).
_SINCE = {
    _PCI: (Version(8, 1), "VFIO device doesn't support migration"),
    _MEDIATED: (Version(8, 1), "VFIO device doesn't support migration"),
    _CARD: (Version(8, 1), "VFIO device doesn't support migration"),
    _VDPA: (Version(8, 0), "Migration disabled: vhost lacks VHOST_F_LOG_ALL feature"),
}
#: Devices that no release can migrate (hw/scsi/vhost-scsi.c, hw/vfio/ap.c, hw/vfio/ccw.c of 5.2, 7.2 and 10.0; libvirt
#: does not set the property "migratable").
_NEVER = {
    "<hostdev mode='subsystem' type='scsi_host'>": "vhost-scsi does not support migration in all cases",
    "<hostdev mode='subsystem' type='mdev' model='vfio-ap'>": "non-migratable device: vfio-ap",
    "<hostdev mode='subsystem' type='mdev' model='vfio-ccw'>": "non-migratable device: vfio-ccw",
}


@rule(
    Severity.ERROR,
    skip=unless_live,
    errors=(
        "cannot migrate a domain with <hostdev mode='...' type='...'>",
        "domain has assigned non-USB host devices",  # libvirt before 6.6
    ),
)
def check(guest: Guest, source: Versions) -> Findings:
    unknown = ""
    for device in guest.devices.passed_through:
        since, refused = _SINCE.get(device, (None, None))
        if source.libvirt < _ASKS_QEMU:
            plain = device.partition(" model=")[0].removesuffix(">") + ">"
            error = "vDPA devices cannot be migrated" if device == _VDPA else f"cannot migrate a domain with {plain}"
        elif device in _NEVER:
            error = _NEVER[device]
        elif since is not None and refused is not None and source.qemu < since:
            error = refused
        else:
            unknown = f"QEMU can send the state of the source's {device} only if the device's driver supports that"
            continue
        yield on_source(f"a device of the source is passed through to the guest: {device}", error=error)
    if unknown:
        raise Unreadable(unknown)
