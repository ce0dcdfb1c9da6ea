"""Hyper-V enlightenments that the destination's KVM lacks."""

import pytest

from preflight.judge.report import Outcome
from tests.case import Case

RULE = "hyperv-feature-missing"


def capabilities(*features: str) -> str:
    values = "".join(f"<value>{one}</value>" for one in features)
    listed = f"<hyperv supported='yes'><enum name='features'>{values}</enum></hyperv>"
    return f"<domainCapabilities><features>{listed}</features></domainCapabilities>"


def with_feature(name: str, state: str = "on") -> Case:
    case = Case().xml("<acpi/>", f"<acpi/><hyperv mode='custom'><{name} state='{state}'/></hyperv>")
    return case.destination("libvirt.domain-capabilities", capabilities("spinlocks", "vendor_id"))


@pytest.mark.parametrize("name", ["vpindex", "synic", "stimer", "tlbflush", "ipi"])
def test_catches_what_needs_the_index_of_processors(name: str) -> None:
    [finding] = with_feature(name).result(RULE).findings
    assert finding.message == f"this host's KVM does not offer the Hyper-V enlightenment {name}"
    assert finding.predicted_error == "kernel doesn't allow setting HyperV VP_INDEX"


@pytest.mark.parametrize("name", ["vapic", "reenlightenment", "evmcs"])
def test_catches_others_without_their_message(name: str) -> None:
    [finding] = with_feature(name).result(RULE).findings
    assert finding.predicted_error is None


def test_passes_what_the_host_offers() -> None:
    case = with_feature("vpindex").destination("libvirt.domain-capabilities", capabilities("vpindex"))
    assert case.result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("name", ["relaxed", "runtime", "reset", "frequencies", "spinlocks"])
def test_passes_what_was_seen_to_start_without_the_kernel(name: str) -> None:
    assert with_feature(name).result(RULE).outcome is Outcome.PASSED


def test_passes_what_is_off() -> None:
    assert with_feature("vpindex", "off").result(RULE).outcome is Outcome.PASSED


def test_passes_a_host_whose_libvirt_does_not_list_them() -> None:
    case = with_feature("vpindex").destination("libvirt.domain-capabilities", "<domainCapabilities/>")
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_an_emulated_guest() -> None:
    case = with_feature("vpindex").guest(lambda guest: guest.update(xml=guest["xml"].replace("'kvm'", "'qemu'")))
    assert case.result(RULE).outcome is Outcome.PASSED


def test_is_unknown_when_libvirt_did_not_say() -> None:
    assert (
        with_feature("vpindex").destination("libvirt.domain-capabilities", None).result(RULE).outcome is Outcome.UNKNOWN
    )
