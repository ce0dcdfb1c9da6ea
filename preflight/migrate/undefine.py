"""Undefines a guest and leaves its state files, its NVRAM and its TPM's state, where they are.

They may be the only copies, or be on storage that the other host sees too: preflight never deletes them.
"""

from typing import Any, Final

from preflight.facts.fact import Unreadable
from preflight.facts.text.xml import parse_xml

#: VIR_DOMAIN_UNDEFINE_KEEP_TPM (include/libvirt/libvirt-domain.h, since 8.9.0). Given by its number: a daemon may know
#: it although this machine's binding does not, and the client library passes flags through.
KEEP_TPM: Final = 1 << 6


class NotUndefined(Exception):
    """The guest keeps its definition. The text is the reason."""


def undefine(domain: Any) -> None:
    """Undefine a guest that is off, and keep its state files.

    A daemon older than 8.9 does not know KEEP_TPM and, without it, deletes a TPM's state unless persistent_state says
    otherwise (qemuExtTPMCleanupHost, src/qemu/qemu_tpm.c of 7.0). On such a daemon a guest with such a TPM stays
    defined. Raises `NotUndefined` for that, and for a guest that is active; raises `libvirt.libvirtError`.
    """
    import libvirt

    if domain.isActive():
        raise NotUndefined("the guest is active")  # undefining it would make it transient
    keep = libvirt.VIR_DOMAIN_UNDEFINE_KEEP_NVRAM
    try:
        domain.undefineFlags(keep | KEEP_TPM)
    except libvirt.libvirtError as why:
        # virCheckFlags (src/internal.h); other failures may be temporary, and do not show what the daemon knows
        if why.get_error_code() != libvirt.VIR_ERR_INVALID_ARG:
            raise
        if _would_lose_tpm_state(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)):
            raise NotUndefined(
                "the definition stays on this host: its libvirt is older than 8.9 and would delete the TPM's state with"
                " it. Make a copy of /var/lib/libvirt/swtpm/<UUID of the guest>, then: virsh undefine --keep-nvram"
            ) from None
        domain.undefineFlags(keep)


def _would_lose_tpm_state(xml: str) -> bool:
    try:
        backends = parse_xml(xml).findall("devices/tpm/backend")
    except Unreadable:
        return True
    return any(one.get("type") == "emulator" and one.get("persistent_state") != "yes" for one in backends)
