"""Requirements of the guest's CPU on the destination's libvirt, QEMU and CPU."""

import json
from typing import Any

import pytest

from preflight.facts.fact import Record
from preflight.judge.report import Outcome
from preflight.rule import Severity
from tests.case import Case

RULE = "cpu-incompatible"
CUSTOM = "<cpu mode='custom' match='exact' check='full'>"
OLD = {"libvirt": 9_000_000, "hypervisor": 7_002_000, "type": "QEMU"}
NEW = {"libvirt": 11_003_000, "hypervisor": 10_000_002, "type": "QEMU"}


def cpus(features: tuple[str, ...], *, models: tuple[str, ...] = ("qemu64",), **more: Any) -> str:
    """Return a host's answer: guests of either type can have these features."""
    one = {"models": models, "features": features}
    return json.dumps({"types": {"kvm": one, "qemu": one}, "guests": {}} | more)


def pair(here: tuple[str, ...], there: tuple[str, ...], **more: Any) -> Case:
    """Return the sound pair, with a guest CPU that has `here` and a destination that provides `there`."""
    case = Case()
    uuid = json.loads(case.hosts[0].answers.records["libvirt.domains"].out)["domains"][0]["uuid"]
    case.source("libvirt.cpus", cpus(here, guests={uuid: {"features": here}}))
    return case.destination("libvirt.cpus", cpus(there, **more))


def from_new_to_old(case: Case, names: str | Record = "avx2\nhypervisor\nlahf_lm\npni\nsvm\nx2apic\n") -> Case:
    case.source("libvirt.versions", json.dumps(NEW)).destination("libvirt.versions", json.dumps(OLD))
    return case.destination("cpu-features", names)


def test_catches_features_that_the_destination_lacks() -> None:
    result = pair(("sse", "avx2", "fma", "topoext"), ("sse",)).result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.ERROR)
    [finding] = result.findings
    assert finding.message == "the guest's CPU has features that are not available to kvm guests here: avx2, fma"
    assert finding.predicted_error == "guest CPU doesn't match specification"


def test_predicts_no_message_where_libvirt_compares_nothing() -> None:
    case = pair(("avx2",), ()).xml("check='full'", "check='none'")
    [finding] = case.result(RULE).findings
    assert finding.predicted_error is None


def test_catches_a_model_that_the_destination_does_not_know() -> None:
    [finding] = pair(("sse",), ("sse",), models=("486",)).result(RULE).findings
    assert finding.predicted_error == "Unknown CPU model qemu64"


def test_catches_a_feature_without_a_name_even_when_the_guest_goes_without_it() -> None:
    case = from_new_to_old(pair(("sse",), ("sse",)).xml("</cpu>", "<feature policy='disable' name='vnmi'/></cpu>"))
    [finding] = case.result(RULE).findings
    assert finding.predicted_error == "unknown CPU feature: vnmi"


def test_catches_cores_that_newer_qemu_gives_a_feature_for() -> None:
    case = pair(("sse",), ("sse",)).xml("</cpu>", "<topology sockets='1' cores='2' threads='1'/></cpu>")
    case.destination("libvirt.versions", json.dumps(NEW))
    [finding] = case.result(RULE).findings
    assert finding.predicted_error == "guest CPU doesn't match specification: extra features: ht"


def test_catches_the_feature_of_cores_that_older_qemu_gives_to_nobody() -> None:
    case = pair(("sse",), ("sse",)).xml("</cpu>", "<feature policy='require' name='ht'/></cpu>")
    from_new_to_old(case, "ht\nhypervisor\nlahf_lm\npni\nsvm\nx2apic\n")
    [finding] = case.result(RULE).findings
    assert finding.message.endswith(": ht")


@pytest.mark.parametrize(
    ("topology", "there"),
    [
        ("<topology sockets='2' cores='1' threads='1'/>", NEW),
        ("<topology sockets='1' cores='2' threads='1'/>", OLD),
        ("<topology sockets='1' cores='2' threads='1'/>", NEW | {"libvirt": 11_010_000}),
        ("<topology sockets='1' cores='2' threads='1'/><feature policy='require' name='ht'/>", NEW),
    ],
)
def test_passes_cores_that_bring_no_difference(topology: str, there: dict[str, Any]) -> None:
    case = pair(("sse",), ("sse",)).xml("</cpu>", f"{topology}</cpu>")
    assert case.destination("libvirt.versions", json.dumps(there)).result(RULE).outcome is Outcome.PASSED


def test_passes_features_that_the_destination_has() -> None:
    assert pair(("sse", "avx2"), ("sse", "avx2", "fma")).result(RULE).outcome is Outcome.PASSED
    assert from_new_to_old(pair(("sse",), ("sse",))).result(RULE).outcome is Outcome.PASSED


def test_passes_what_comes_with_the_topology() -> None:
    assert pair(("sse", "topoext"), ("sse",)).result(RULE).outcome is Outcome.PASSED


def test_passes_like_hosts_that_did_not_tell() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED


def test_passes_the_hosts_own_cpu_of_which_nothing_is_compared() -> None:
    case = Case().destination("libvirt.versions", json.dumps(NEW)).xml(CUSTOM, "<cpu mode='host-passthrough'>")
    assert case.result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_to_a_guest_that_is_moved_offline() -> None:
    assert Case().asking(offline=True, guests=("web",)).result(RULE).outcome is Outcome.NOT_APPLICABLE


def test_is_unknown_when_unlike_hosts_do_not_tell() -> None:
    result = Case().destination("libvirt.versions", json.dumps(NEW)).result(RULE)
    assert result.outcome is Outcome.UNKNOWN
    assert (result.reason or "").startswith("the CPU features available to kvm guests are unknown")


def test_is_unknown_when_the_guests_features_are_not_told() -> None:
    case = pair((), ()).source("libvirt.cpus", cpus(())).destination("libvirt.versions", json.dumps(NEW))
    result = case.result(RULE)
    assert (result.outcome, result.reason) == (
        Outcome.UNKNOWN,
        "the features of the guest's CPU are unknown: libvirt does not report them",
    )


def test_is_unknown_when_the_older_libvirts_names_are_not_there() -> None:
    result = from_new_to_old(pair((), ()), Record("", 2, "No such file")).result(RULE)
    assert (result.outcome, result.reason) == (
        Outcome.UNKNOWN,
        "libvirt's list of CPU features, cpu_map/x86_features.xml, could not be read",
    )
