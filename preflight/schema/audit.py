"""The output of `audit --format json`: every way between many hosts, and each cause once. A public contract."""

from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field, TypeAdapter

from preflight.schema import report
from preflight.schema.document import Contract
from preflight.schema.fields import Count, CpuName, Instant, RuleName, SomeText, Text, Version
from preflight.schema.report import Excerpt, HostsLine, Pack, Rule, Setting, Severity, Transport, Verdict

#: The version of the contract. It changes only when something is removed or changes its meaning.
FORMAT: Final = 1

#: The number of a host in `hosts`, from 0.
HostNumber: TypeAlias = Annotated[int, Field(ge=0, description="The number of a host in `hosts`, from 0.")]
#: A way, as the numbers of its source and its destination.
Way: TypeAlias = tuple[HostNumber, HostNumber]
#: Outcomes of a rule that a cause can have.
CauseOutcome: TypeAlias = Literal["failed", "unknown", "waived"]


class Guest(Contract):
    """A guest, and where it can go."""

    host: HostNumber = Field(description="The number of the guest's host.")
    name: SomeText = Field(description="The guest's name.")
    ready: tuple[HostNumber, ...] = Field(description="The hosts for which the verdict on this guest is ready.")
    undetermined: tuple[HostNumber, ...] = Field(description="The hosts for which it is undetermined.")


class Host(report.Host):
    """One host, and the age of its answers."""

    taken: Instant | None = Field(description="When the host was asked; null if that is not known.")
    migration_address: Text | None = Field(
        description="The host name or address that guests' memory is sent to, by the inventory; null for none.",
    )


class Limit(Contract):
    """The limit that stops one migration more."""

    name: SomeText = Field(description="The name of the limit, as `preflight capacity` has it.")
    host: SomeText = Field(description="The host that has it.")


class Destination(Contract):
    """A way from a source, without its causes."""

    host: HostNumber = Field(description="The number of the destination.")
    verdict: Verdict = Field(description="The verdict on all guests of the source together.")
    allows: Count | None = Field(description="Number of migrations that can be in flight at once; null if not known.")
    limited_by: Limit | None = Field(description="The limit on that number; null if none is known.")
    tried: bool = Field(description="True if the source has tried to connect to the destination's migration ports.")


class Source(Contract):
    """The ways from one host."""

    host: HostNumber = Field(description="The number of the source.")
    ways: tuple[Destination, ...] = Field(description="The ways from it.")


class _Cause(Contract):
    """A finding or an unknown."""

    rule: RuleName = Field(description="The rule.")
    outcome: CauseOutcome = Field(description="failed for a finding, waived if a waiver covers it, or unknown.")
    severity: Severity = Field(description="Severity of the finding; of an unknown, that of its rule.")
    host: SomeText | None = Field(description="The host that has it; null if it is about both hosts of a way.")
    guest: Text | None = Field(description="The guest of the ways' source that it is about; null for none.")
    message: SomeText = Field(description="The problem, or the reason why nothing is known.")
    location: Excerpt | None = Field(description="The place of the wrong value in a file; null if no file has it.")
    predicted_error: Text | None = Field(description="Text of the error that a migration would end with.")
    fix: Text | None = Field(description="The remedy for this finding; null if the rule's general advice applies.")
    resolve: report.Resolve = None


class Cause(_Cause):
    """A finding or an unknown, with all ways that meet it."""

    change: Setting | HostsLine | None = Field(
        description="The change that `preflight fix` would make; null if it has none for this finding."
    )
    ways: tuple[Way, ...] = Field(description="The ways that meet it.")


class Odd(Contract):
    """What is different on one host and alike on all others."""

    host: HostNumber = Field(description="The number of the host.")
    text: SomeText = Field(description="What differs, in words.")


class _Cpu(Contract):
    """A CPU that hosts have in common."""

    arch: CpuName = Field(description="The architecture of the guests.")
    type: CpuName = Field(description="The type of the guests: kvm or qemu.")
    vendor: CpuName | None = Field(description="The vendor of the CPU; null if libvirt does not report it.")
    model: CpuName = Field(description="The named model.")
    require: tuple[CpuName, ...] = Field(description="The features that it has beyond the model.")
    disable: tuple[CpuName, ...] = Field(description="The features of the model that it does not have.")
    xml: SomeText = Field(description="The same as the element <cpu> of a guest.")


class Cpu(_Cpu):
    """A CPU that hosts have in common: each of them can give it to a guest."""

    hosts: tuple[HostNumber, ...] = Field(description="The hosts.")


class WithoutCpu(Contract):
    """A host for which no CPU is known that it has in common with others."""

    host: HostNumber = Field(description="The number of the host.")
    reason: SomeText = Field(description="The reason.")


class Freed(Contract):
    """A guest that can go nowhere because of its CPU alone, and could with the CPU that its hosts have in common."""

    host: HostNumber = Field(description="The number of the guest's host.")
    guest: SomeText = Field(description="The guest's name.")
    destinations: tuple[HostNumber, ...] = Field(description="The hosts that it could go to after a restart.")


class Request(Contract):
    """The options of the audit."""

    offline: bool = Field(description="True if the guests that are off were judged.")
    as_they_are: bool = Field(description="True if all guests were judged, each as it is.")
    concurrency: Count = Field(description="The value of --concurrency.")
    transport: Transport | None = Field(description="The value of --transport; null if it was not given.")
    options: tuple[SomeText, ...] = Field(description="The options of the migration, as words of a command line.")
    select: tuple[SomeText, ...] = Field(description="The rules and subjects of --select.")
    ignore: tuple[SomeText, ...] = Field(description="The rules and subjects of --ignore.")
    severity: tuple[SomeText, ...] = Field(description="Each --severity, as RULE=SEVERITY.")
    thresholds: tuple[SomeText, ...] = Field(description="Each --threshold, as RULE=NUMBER.")
    rules: tuple[Text, ...] = Field(description="The directories of --rules.")
    packs: tuple[Text, ...] = Field(description="The packs of --pack.")
    configuration: Text | None = Field(description="The configuration file that was used; null for none.")


class Made(Contract):
    """When, where and by whom the audit was made."""

    made: Instant = Field(description="When the audit was made.")
    machine: Text = Field(description="The machine on which preflight ran.")
    user: Text = Field(description="The user who ran it.")
    version: Version = Field(description="The version of preflight.")
    packs: tuple[Pack, ...] = Field(description="The installed packs whose rules were applied.")


class Audit(Contract):
    """All ways between many hosts."""

    kind: Literal["audit"] = Field(description="The kind of document.")
    format: Literal[1] = Field(description="The version of this contract.")
    hosts: tuple[Host, ...] = Field(description="The hosts, which are named by their number elsewhere.")
    guests: tuple[Guest, ...] = Field(description="The guests that were judged.")
    sources: tuple[Source, ...] = Field(description="The ways, by their source.")
    causes: tuple[Cause, ...] = Field(description="What is wrong or unknown, each once.")
    takes_nobody: tuple[HostNumber, ...] = Field(description="The hosts to which every way is not-ready.")
    odd: tuple[Odd, ...] = Field(description="What differs on one host alone.")
    cpus: tuple[Cpu, ...] = Field(
        description="The CPU that all hosts have in common; several if hosts differ in architecture, type or vendor."
    )
    without_cpu: tuple[WithoutCpu, ...] = Field(description="The hosts that none of `cpus` is about.")
    freed: tuple[Freed, ...] = Field(description="The guests that one of `cpus` would free.")
    need: Literal["any", "all"] = Field(
        description="What `verdict` asks for: that every guest has a way that is ready (any), or that every way is."
    )
    verdict: Verdict = Field(description="The verdict on all hosts, by `need`.")
    exit_code: Literal[0, 1, 3] = Field(description="The exit code that follows from the verdict.")
    rules: tuple[Rule, ...] = Field(description="The rules that were applied.")
    request: Request = Field(description="The options.")
    made: Made | None = Field(description="When, where and by whom the audit was made; null if that is not known.")


class Head(Contract):
    """The first line: the hosts and the options."""

    kind: Literal["audit"] = Field(description="The kind of line.")
    format: Literal[1] = Field(description="The version of this contract.")
    hosts: tuple[Host, ...] = Field(description="The hosts.")
    need: Literal["any", "all"] = Field(description="What the verdict asks for.")
    request: Request = Field(description="The options.")
    made: Made | None = Field(description="When, where and by whom the audit was made; null if that is not known.")


class CauseLine(_Cause):
    """A finding or an unknown, with all ways that meet it."""

    kind: Literal["cause"] = Field(description="The kind of line.")
    ways: tuple[tuple[SomeText, SomeText], ...] = Field(
        description="The ways that meet it, as the names of their source and their destination."
    )


class WayLine(Contract):
    """A way from one host to another."""

    kind: Literal["way"] = Field(description="The kind of line.")
    source: SomeText = Field(description="The host that guests would leave.")
    destination: SomeText = Field(description="The host that they would move to.")
    verdict: Verdict = Field(description="The verdict on all guests of the source together.")
    allows: Count | None = Field(description="Number of migrations that can be in flight at once; null if not known.")
    tried: bool = Field(description="True if the source has tried to connect to the destination's migration ports.")
    rules: tuple[RuleName, ...] = Field(description="The rules that keep the way from being ready.")


class CpuLine(_Cpu):
    """A CPU that hosts have in common: each of them can give it to a guest."""

    kind: Literal["cpu"] = Field(description="The kind of line.")
    hosts: tuple[SomeText, ...] = Field(description="The names of the hosts.")


class Ending(Contract):
    """The last line: the verdict on all hosts."""

    kind: Literal["verdict"] = Field(description="The kind of line.")
    verdict: Verdict = Field(description="The verdict on all hosts, by `need`.")
    exit_code: Literal[0, 1, 3] = Field(description="The exit code that follows from the verdict.")
    ready: Count = Field(description="Ways that are ready.")
    not_ready: Count = Field(description="Ways that are not.")
    undetermined: Count = Field(description="Ways of which that is not known.")
    guests: Count = Field(description="Guests that were judged.")
    stuck: Count = Field(description="Guests without a way that is ready.")


Line: TypeAlias = Head | CauseLine | WayLine | CpuLine | Ending

#: Reads a line.
LINE: TypeAdapter[Line] = TypeAdapter(Annotated[Line, Field(discriminator="kind")])
#: Reads an audit.
AUDIT = TypeAdapter(Audit)
