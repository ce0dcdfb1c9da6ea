"""The CPU that all hosts can give a guest, as `<cpu>` to set, from libvirt's answers about each of them.

It is what virConnectBaselineHypervisorCPU makes of the hosts' host-model CPUs with VIR_CONNECT_BASELINE_CPU_MIGRATABLE,
without asking any host: the features that all of them have, as a named model and what differs from it. libvirt knows
what is in each of its models; here that follows from a host whose own CPU is described by the model, since all features
of that CPU are known too. Therefore only such models are chosen from, and only those that every host knows.
"""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from preflight.answers import Unreadable
from preflight.facts.cpu import HostModel, HypervisorCpus
from preflight.facts.guest import X86
from preflight.grammar import CPU_NAME
from preflight.host import Host

#: Features that libvirt lets no migratable guest have; no later release of it names others for x86 (migratable='no' in
#: src/cpu_map/x86_features.xml of libvirt 7.0 to 12.9).
_NOT_MIGRATABLE = frozenset(("invtsc", "xsaves"))
#: What the first feature that is taken away from a model counts, where one that is added counts 1; each further one
#: counts 1 more (BASE_PENALTY in libvirt's src/cpu/cpu_x86.c).
_PENALTY = 2
#: The tags of the element.
OPENING, CLOSING = "<cpu mode='custom' match='exact'>", "</cpu>"


class Kind(Struct, frozen=True, order=True):
    """Hosts between which a guest's CPU can be alike: libvirt gives no guest a CPU of two vendors."""

    arch: str
    virt_type: str
    #: Empty if libvirt does not report it.
    vendor: str

    def __str__(self) -> str:
        return " ".join(filter(None, (self.vendor, self.arch, self.virt_type)))


class Baseline(Struct, frozen=True):
    """A CPU that all hosts of a kind can give a guest."""

    kind: Kind
    #: The numbers of the hosts.
    hosts: tuple[int, ...]
    model: str
    #: Features that guests have beyond the model, and features of the model that they do not have.
    required: tuple[str, ...]
    disabled: tuple[str, ...]

    @property
    def elements(self) -> tuple[str, ...]:
        """The children of `<cpu>`, each on a line: the model, the vendor, the features."""
        vendor = (f"<vendor>{self.kind.vendor}</vendor>",) if self.kind.vendor else ()
        features = [*(("require", name) for name in self.required), *(("disable", name) for name in self.disabled)]
        return (
            f"<model fallback='forbid'>{self.model}</model>",
            *vendor,
            *(f"<feature policy='{policy}' name='{name}'/>" for policy, name in features),
        )

    @property
    def xml(self) -> str:
        """The element `<cpu>` of a guest, a line for each child."""
        return "\n".join((OPENING, *(f"  {one}" for one in self.elements), CLOSING))


class LeftOut(Struct, frozen=True):
    """A host that no baseline is about, and the reason."""

    host: int
    reason: str


class Freed(Struct, frozen=True):
    """A guest that can go nowhere, and could if it had the CPU that its hosts have in common."""

    #: The number of its host.
    host: int
    guest: str
    #: The numbers of the hosts that it could go to then.
    destinations: tuple[int, ...]


class Baselines(Struct, frozen=True):
    """The CPUs that hosts have in common, one for each kind of hosts, and what follows from them."""

    found: tuple[Baseline, ...] = ()
    #: The hosts of which no such CPU is known.
    left_out: tuple[LeftOut, ...] = ()
    freed: tuple[Freed, ...] = ()


class _Cpu(Struct, frozen=True):
    """What one host can give guests."""

    model: HostModel
    features: frozenset[str]
    #: Every feature that its libvirt is known to have a name for.
    names: frozenset[str]

    @property
    def of_model(self) -> frozenset[str]:
        """The features of the named model, as this libvirt knows it."""
        return (self.features - self.model.required) | self.model.disabled


def baselines(hosts: Mapping[int, Host]) -> Baselines:
    """Return the CPU that the hosts of each kind have in common; the hosts are given by their numbers."""
    kinds: dict[Kind, dict[int, _Cpu]] = {}
    left_out: list[LeftOut] = []
    for number, host in hosts.items():
        try:
            kind, cpu = _of(host)
        except Unreadable as why:
            left_out.append(LeftOut(number, str(why)))
        else:
            kinds.setdefault(kind, {})[number] = cpu
    found: list[Baseline] = []
    for kind, cpus in sorted(kinds.items(), key=lambda one: (-len(one[1]), one[0])):
        try:
            found.append(_common(kind, cpus))
        except Unreadable as why:
            left_out += [LeftOut(number, str(why)) for number in cpus]
    return Baselines(tuple(found), tuple(sorted(left_out, key=lambda one: one.host)))


def _of(host: Host) -> tuple[Kind, _Cpu]:
    """Return the kind of a host and what it can give guests; raises `Unreadable`."""
    model, cpus = host.fact(HostModel), host.fact(HypervisorCpus)
    if model.arch not in X86:
        raise Unreadable(f"the common CPU of {model.arch} hosts is not computed")
    features = frozenset(filter(CPU_NAME.takes, cpus.of(model.virt_type).features))
    kind = Kind(model.arch, model.virt_type, model.vendor or "")
    return kind, _Cpu(model, features, cpus.names or features | model.disabled)


def _common(kind: Kind, cpus: Mapping[int, _Cpu]) -> Baseline:
    """Return the CPU that these hosts have in common; raises `Unreadable` if there is none."""
    if len(cpus) == 1:
        raise Unreadable(f"no other host gives guests a CPU of the same kind ({kind})")
    common = frozenset.intersection(*(one.features for one in cpus.values()))
    names = sorted({one.model.model for one in cpus.values()})
    candidates = [
        Baseline(kind, tuple(cpus), name, tuple(sorted(required)), tuple(sorted(disabled)))
        for name in names
        for required, disabled in _differing(name, common, tuple(cpus.values()))
    ]
    if not candidates:
        raise Unreadable(f"no CPU model can be named on all {kind} hosts: the host-model CPUs are {', '.join(names)}")
    return min(candidates, key=lambda one: (_cost(one), len(one.disabled), one.model))


def _differing(
    name: str, common: frozenset[str], cpus: Sequence[_Cpu]
) -> Iterator[tuple[frozenset[str], frozenset[str]]]:
    """Yield what the common features have beyond a model, and what they lack; nothing if a host cannot use it."""
    contents = {one.of_model for one in cpus if one.model.model == name}
    disabled = frozenset.union(*contents) - common
    for one in cpus:
        usable = one.model.models.get(name)
        if usable is None or not disabled <= one.names:
            return
        # QEMU misses something that libvirt does not see
        if usable == "no" and one.model.model != name and all(content <= one.features for content in contents):
            return
    yield common - frozenset.intersection(*contents) - _NOT_MIGRATABLE, disabled


def _cost(one: Baseline) -> int:
    """Return how far the CPU is from its model, as libvirt counts it."""
    taken_away = len(one.disabled)
    return len(one.required) + sum(range(_PENALTY, _PENALTY + taken_away))
