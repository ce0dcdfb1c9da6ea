"""A guest is undefined, and its state files stay: never are they lost to a second try."""

import libvirt
import pytest

from preflight.migrate.undefine import NotUndefined, undefine

TPM = "<domain><devices><tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm></devices></domain>"
KEPT_TPM = TPM.replace("version", "persistent_state='yes' version")
HOSTS_TPM = TPM.replace("emulator", "passthrough")
NO_TPM = "<domain><devices/></domain>"
KEEP_NVRAM, KEEP_TPM = 8, 64


class Failure(libvirt.libvirtError):  # type: ignore[misc] # the binding has no types
    """An error of libvirt's with a code of the test's choice."""

    def __init__(self, code: int) -> None:
        super().__init__("no")
        self.code = code

    def get_error_code(self) -> int:
        return self.code


class Domain:
    """A guest on a daemon that knows some flags, and fails once with a code."""

    def __init__(
        self, xml: str, *, knows_keep_tpm: bool = True, fails: int | None = None, active: bool = False
    ) -> None:
        self.xml, self.knows_keep_tpm, self.fails, self.active = xml, knows_keep_tpm, fails, active
        self.asked: list[int] = []
        self.defined = True

    def isActive(self) -> int:  # noqa: N802 - libvirt's name
        return int(self.active)

    def XMLDesc(self, _flags: int) -> str:  # noqa: N802 - libvirt's name
        return self.xml

    def undefineFlags(self, flags: int) -> None:  # noqa: N802 - libvirt's name
        self.asked.append(flags)
        if flags & KEEP_TPM and not self.knows_keep_tpm:
            raise Failure(libvirt.VIR_ERR_INVALID_ARG)
        if self.fails is not None:
            raise Failure(self.fails)
        self.defined = False


@pytest.mark.parametrize("xml", [TPM, KEPT_TPM, HOSTS_TPM, NO_TPM])
def test_nvram_and_tpm_state_are_kept(xml: str) -> None:
    domain = Domain(xml)
    undefine(domain)
    assert domain.asked == [KEEP_NVRAM | KEEP_TPM]
    assert not domain.defined


@pytest.mark.parametrize("xml", [TPM, NO_TPM])
@pytest.mark.parametrize(
    "code",
    [
        libvirt.VIR_ERR_OPERATION_TIMEOUT,
        libvirt.VIR_ERR_RPC,
        libvirt.VIR_ERR_SYSTEM_ERROR,
        libvirt.VIR_ERR_OPERATION_INVALID,
        libvirt.VIR_ERR_INTERNAL_ERROR,
    ],
)
def test_a_failure_that_may_pass_never_leads_to_a_try_without_keep_tpm(xml: str, code: int) -> None:
    domain = Domain(xml, fails=code)
    with pytest.raises(libvirt.libvirtError):
        undefine(domain)
    assert domain.asked == [KEEP_NVRAM | KEEP_TPM]


@pytest.mark.parametrize("xml", [TPM, "<domain", TPM.replace("/></tpm>", "/><other/></tpm>")])
def test_an_old_daemon_that_would_delete_the_tpm_state_is_not_told_to_undefine(xml: str) -> None:
    domain = Domain(xml, knows_keep_tpm=False)
    with pytest.raises(NotUndefined, match=r"older than 8\.9"):
        undefine(domain)
    assert domain.defined


@pytest.mark.parametrize("xml", [KEPT_TPM, HOSTS_TPM, NO_TPM])
def test_an_old_daemon_undefines_a_guest_whose_state_it_keeps_or_that_has_none(xml: str) -> None:
    domain = Domain(xml, knows_keep_tpm=False)
    undefine(domain)
    assert domain.asked == [KEEP_NVRAM | KEEP_TPM, KEEP_NVRAM]
    assert not domain.defined


def test_an_active_guest_is_not_undefined() -> None:
    domain = Domain(NO_TPM, active=True)
    with pytest.raises(NotUndefined):
        undefine(domain)
    assert domain.asked == []
