"""The CPU that hosts have in common, from what their libvirt reports about the CPUs of guests."""

import json
from collections.abc import Sequence
from xml.etree.ElementTree import fromstring

import pytest

from preflight.answers import Answers, Record, SavedHost
from preflight.collect.sources import FACTS
from preflight.fleet.baseline import Baselines, baselines
from preflight.fleet.freed import common_cpus
from preflight.fleet.matrix import matrix
from preflight.fleet.ways import Ways
from preflight.host import Host
from preflight.request.check_request import Asked
from preflight.request.migration import Role
from tests.fleet import fleet

#: What each model has, as libvirt knows it.
MODELS = {"old": ("sse", "avx"), "new": ("sse", "avx", "avx2", "hle"), "newest": ("sse", "avx", "avx2", "vnmi")}


def host(
    model: str,
    *,
    more: Sequence[str] = (),
    less: Sequence[str] = (),
    vendor: str = "Intel",
    arch: str = "x86_64",
    kind: str = "kvm",
    models: Sequence[str] = tuple(MODELS),
    unusable: Sequence[str] = (),
    unknown: Sequence[str] = (),
) -> Host:
    """Return a host whose own CPU is this model, with features more and less than it."""
    features = sorted({*MODELS[model], *more} - {*less})
    usable = "".join(f"<model usable='{'no' if name in unusable else 'yes'}'>{name}</model>" for name in models)
    changed = [("require", name) for name in more] + [("disable", name) for name in less]
    policies = "".join(f"<feature policy='{policy}' name='{name}'/>" for policy, name in changed)
    capabilities = (
        f"<domainCapabilities><domain>{kind}</domain><arch>{arch}</arch><cpu>"
        f"<mode name='host-model' supported='yes'><model fallback='forbid'>{model}</model><vendor>{vendor}</vendor>"
        f"{policies}</mode><mode name='custom' supported='yes'>{usable}</mode></cpu></domainCapabilities>"
    )
    cpus = {"types": {kind: {"models": list(models), "features": features}}, "guests": {}}
    every = {*more, *less, "invtsc", "xsaves", *(name for of in MODELS.values() for name in of)} - {*unknown}
    records = {
        "libvirt.domain-capabilities": Record(capabilities),
        "libvirt.cpus": Record(json.dumps(cpus)),
        "cpu-features": Record("\n".join(sorted(every))),
    }
    return Host(Role.SOURCE, model, records, {}, FACTS)


def found(*hosts: Host) -> Baselines:
    return baselines(dict(enumerate(hosts)))


def only(*hosts: Host) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Return the model, and what is added and taken away, of the CPU that all these hosts have in common."""
    of = found(*hosts)
    assert (of.left_out, len(of.found)) == ((), 1)
    assert of.found[0].hosts == tuple(range(len(hosts)))
    return of.found[0].model, of.found[0].required, of.found[0].disabled


def test_hosts_with_the_same_cpu_have_all_of_it() -> None:
    assert only(host("new", more=("sha",)), host("new", more=("sha",))) == ("new", ("sha",), ())


def test_a_newer_host_gives_the_cpu_of_an_older_one() -> None:
    assert only(host("new"), host("old"), host("newest")) == ("old", (), ())


def test_what_all_hosts_have_is_added_to_the_model_that_is_nearest() -> None:
    assert only(host("newest", more=("hle", "sha")), host("new", more=("sha", "mpx"))) == ("new", ("sha",), ())


def test_what_a_host_lacks_is_taken_away() -> None:
    assert only(host("new"), host("new", less=("hle",))) == ("new", (), ("hle",))


def test_one_feature_to_add_is_nearer_than_one_to_take_away() -> None:
    assert only(host("old", more=("avx2",)), host("new")) == ("old", ("avx2",), ())


def test_what_no_migratable_guest_may_have_is_not_required() -> None:
    more = ("invtsc", "sha", "xsaves")
    assert only(host("new", more=more), host("new", more=more)) == ("new", ("sha",), ())


def test_a_model_that_a_host_does_not_know_is_not_chosen() -> None:
    only_old = host("old", more=("avx2", "hle"), models=("old",))
    assert only(host("new"), only_old) == ("old", ("avx2", "hle"), ())


def test_a_feature_that_a_host_has_no_name_for_cannot_be_taken_away() -> None:
    assert only(host("newest"), host("new", unknown=("vnmi",), less=("hle",))) == ("new", (), ("hle",))


def test_a_model_that_qemu_cannot_provide_for_a_reason_unknown_to_libvirt_is_not_chosen() -> None:
    known = host("new", less=("hle", "avx2"), unusable=("old",))
    assert only(host("old"), known) == ("new", (), ("avx2", "hle"))


def test_libvirt_releases_that_know_other_features_of_a_model_get_what_both_know() -> None:
    older = host("new", more=("sha",))
    newer = host("new")
    newer.records["libvirt.cpus"] = older.records["libvirt.cpus"]  # type: ignore[index]  # for it, sha is in the model
    assert only(older, newer) == ("new", ("sha",), ())


def test_hosts_of_two_vendors_have_no_cpu_in_common() -> None:
    of = found(host("new"), host("new", vendor="AMD"), host("old"), host("old", vendor="AMD"))
    assert {(one.kind.vendor, one.hosts) for one in of.found} == {("Intel", (0, 2)), ("AMD", (1, 3))}


def test_a_host_that_is_the_only_one_of_its_kind_is_named() -> None:
    of = found(host("new"), host("old"), host("old", kind="qemu"))
    assert [one.hosts for one in of.found] == [(0, 1)]
    assert [(one.host, one.reason) for one in of.left_out] == [
        (2, "no other host gives guests a CPU of the same kind (Intel x86_64 qemu)")
    ]


def test_hosts_without_a_model_that_all_know_are_named_with_their_models() -> None:
    of = found(host("new", models=("new",)), host("old", models=("old",)))
    assert (of.found, [one.host for one in of.left_out]) == ((), [0, 1])
    assert "the host-model CPUs are new, old" in of.left_out[0].reason


@pytest.mark.parametrize(
    ("record", "answer", "reason"),
    [
        ("libvirt.domain-capabilities", None, "not asked"),
        ("libvirt.domain-capabilities", Record("<domain/>"), "not a <domainCapabilities>"),
        ("libvirt.domain-capabilities", Record("", 1, "denied"), "denied"),
        ("libvirt.cpus", Record('{"types": {"kvm": {"error": "no QEMU"}}, "guests": {}}'), "no QEMU"),
    ],
)
def test_a_host_of_which_it_is_not_known_is_left_out_and_named(record: str, answer: Record | None, reason: str) -> None:
    silent = host("old")
    assert isinstance(silent.records, dict)
    silent.records.pop(record)
    silent.absent = {"": "not asked"}
    if answer is not None:
        silent.records[record] = answer
    of = found(host("new"), silent, host("newest"))
    assert [one.hosts for one in of.found] == [(0, 2)]
    assert [one.host for one in of.left_out] == [1]
    assert reason in of.left_out[0].reason


@pytest.mark.parametrize(("arch", "reason"), [("s390x", "the common CPU of s390x hosts is not computed")])
def test_other_architectures_are_named(arch: str, reason: str) -> None:
    assert {one.reason for one in found(host("new", arch=arch), host("new", arch=arch)).left_out} == {reason}


@pytest.mark.parametrize("name", ["new'/><x y='", "", "a b", "\x1b[2J", "x" * 65])
def test_a_name_that_is_none_does_not_get_into_the_xml(name: str) -> None:
    hostile = host("new")
    assert isinstance(hostile.records, dict)
    text = hostile.records["libvirt.domain-capabilities"].out
    escaped = name.replace("<", "&lt;").replace("'", "&apos;").replace("\x1b", "")
    changed = text.replace("<model fallback='forbid'>new<", f"<model fallback='forbid'>{escaped}<")
    hostile.records["libvirt.domain-capabilities"] = Record(changed)
    assert [one.host for one in found(host("new"), hostile, host("old")).left_out] == [1]
    cpus = json.loads(hostile.records["libvirt.cpus"].out)
    cpus["types"]["kvm"]["features"].append(name)
    told = Record(json.dumps(cpus))
    both = [host("new"), host("new")]
    for one in both:
        assert isinstance(one.records, dict)
        one.records["libvirt.cpus"] = told
    assert only(*both) == ("new", (), ())


def test_the_xml_is_an_element_of_a_guest() -> None:
    (one,) = found(host("new", more=("sha",)), host("new", more=("sha",), less=("hle",))).found
    root = fromstring(one.xml)
    assert (root.tag, root.attrib) == ("cpu", {"mode": "custom", "match": "exact"})
    assert (root.findtext("model"), root.findtext("vendor")) == ("new", "Intel")
    assert [tuple(child.attrib.values()) for child in root.iter("feature")] == [("require", "sha"), ("disable", "hle")]


# the guests that it would free


def with_feature(of: SavedHost, feature: str, *, vcpus: int = 1) -> SavedHost:
    """Return a host whose guests have a feature more, and so many virtual CPUs in a socket."""
    cpus = json.loads(of.answers.records["libvirt.cpus"].out)
    for guest in cpus["guests"].values():
        guest["features"] = [*guest["features"], feature]
    domains = json.loads(of.answers.records["libvirt.domains"].out)
    for one in domains["domains"]:
        topology = f"<topology sockets='1' cores='{vcpus}' threads='1'/>"
        one["xml"] = one["xml"].replace("</cpu>", f"{topology}</cpu>")
    records = of.answers.records | {
        "libvirt.cpus": Record(json.dumps(cpus)),
        "libvirt.domains": Record(json.dumps(domains)),
    }
    return of._replace(answers=Answers(records, of.answers.absent))


def freed(hosts: Sequence[SavedHost]) -> list[tuple[int, str, tuple[int, ...]]]:
    ways = Ways(hosts, Asked(source=""))
    of = common_cpus(ways, matrix(ways))
    return [(one.host, one.guest, one.destinations) for one in of.freed]


@pytest.fixture(scope="module")
def hosts() -> Sequence[SavedHost]:
    """Three hosts that can take each other's guests."""
    return [one for number, one in enumerate(fleet(8, seed=1)) if number in (0, 2, 5)]


def test_guests_that_only_their_cpu_keeps_where_they_are_would_be_freed(hosts: Sequence[SavedHost]) -> None:
    first, *others = hosts
    assert freed(hosts) == []
    names = Ways(hosts, Asked(source="")).guests_of(0)
    assert freed([with_feature(first, "amx-tile"), *others]) == [(0, name, (1, 2)) for name in names]


def test_guests_that_something_else_keeps_where_they_are_would_not(hosts: Sequence[SavedHost]) -> None:
    first, *others = hosts
    filtered = [one for number, one in enumerate(fleet(8, seed=1)) if number in (1, 3)]
    assert freed([with_feature(first, "amx-tile"), *filtered]) == []
    destinations = {
        one for _, _, those in freed([with_feature(first, "amx-tile"), *others, *filtered]) for one in those
    }
    assert destinations == {1, 2}


def test_nothing_is_promised_to_a_guest_with_several_virtual_cpus_in_a_socket(hosts: Sequence[SavedHost]) -> None:
    first, *others = hosts
    assert freed([with_feature(first, "amx-tile", vcpus=2), *others]) == []
