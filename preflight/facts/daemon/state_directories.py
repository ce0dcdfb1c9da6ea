"""Directories in which libvirt's QEMU driver keeps the state of guests (qemuStateInitialize, libvirt 9.0)."""

#: Persistent definitions.
DEFINITIONS = "/etc/libvirt/qemu"
#: The status of active guests, and the pidfiles of their QEMU.
STATUS = "/run/libvirt/qemu"
#: A directory for each active guest, with the key that its secrets are encrypted with.
PRIVATE = "/var/lib/libvirt/qemu"
#: The log of each guest's QEMU.
LOGS = "/var/log/libvirt/qemu"

ALL = (DEFINITIONS, STATUS, PRIVATE, LOGS)
