"""The directories in which libvirt's QEMU driver keeps what it knows of guests (qemuStateInitialize, libvirt 9.0)."""

#: What is defined, kept for the next start.
DEFINITIONS = "/etc/libvirt/qemu"
#: The status of guests that are active, and their QEMU's pidfile.
STATUS = "/run/libvirt/qemu"
#: A directory for each active guest, with the key that its secrets are sealed with.
PRIVATE = "/var/lib/libvirt/qemu"
#: What each guest's QEMU says.
LOGS = "/var/log/libvirt/qemu"

ALL = (DEFINITIONS, STATUS, PRIVATE, LOGS)
