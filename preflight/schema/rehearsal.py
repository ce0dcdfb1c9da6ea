"""The output of `rehearse --format json`: libvirt's answer to each guest's migration. A public contract."""

from typing import Final, Literal, TypeAlias

from pydantic import Field, TypeAdapter

from preflight.schema.document import Contract
from preflight.schema.fields import Count, RuleName, SomeText, Text
from preflight.schema.journal import PlaceName
from preflight.schema.report import Host, Report, Verdict

#: The version of the contract. It changes only when something is removed or changes its meaning.
FORMAT: Final = 1

#: The values of `rehearse.answer.Answer`; a test compares them.
AnswerName: TypeAlias = Literal["accepted", "refused", "undecided", "not-rehearsed", "moved", "disturbed"]


class Guest(Contract):
    """One guest of the rehearsal."""

    name: SomeText = Field(description="Name of the guest on the source.")
    uuid: Text = Field(description="UUID of the guest.")
    checked: Verdict = Field(description="Verdict of the check on the guest, before the rehearsal.")
    verdict: Verdict = Field(
        description="Verdict after the rehearsal, which is not-ready if the guest is not where and as it was."
    )
    answer: AnswerName = Field(
        description="libvirt's answer. accepted: the destination took the guest's memory, or the copies of its disks"
        " had begun. refused: libvirt refused the migration. undecided: aborted before either was seen. not-rehearsed:"
        " not begun. moved: the guest is on the destination. disturbed: the guest is not as it was before, or that"
        " could not be seen."
    )
    error: Text | None = Field(description="libvirt's error message; null without one that matters.")
    rule: RuleName | None = Field(
        description="The rule that explains the error, for `preflight explain`; null if there is none."
    )
    why: Text = Field(description="preflight's reason for the answer; empty if it is obvious.")
    source: PlaceName | None = Field(
        description="State of the guest on the source afterwards; null if it was not rehearsed."
    )
    destination: PlaceName | None = Field(
        description="State of the guest on the destination afterwards; null if it was not rehearsed."
    )
    begun_after: float | None = Field(
        description="Seconds until the destination took memory or disks; null if it did not."
    )
    seconds: float | None = Field(
        description="Seconds until the guest was seen as before; null if it was not rehearsed."
    )
    left: tuple[Text, ...] = Field(
        description="What the rehearsal left on the destination, each with the command that removes it."
    )


class Answered(Contract):
    """A rule that was unknown in the check, and whose question an accepted rehearsal answers."""

    rule: Text = Field(description="Name of the rule.")
    subject: Text = Field(description='What the result is about, such as "pair" or "guest web".')
    reason: Text = Field(description="Why the rule was unknown.")


class Refuted(Contract):
    """An error of the check that did not keep libvirt from accepting the guest. It stays an error."""

    rule: Text = Field(description="Name of the rule.")
    subject: Text = Field(description='What the result is about, such as "pair" or "guest web".')


class Rehearsal(Contract):
    """The rehearsal of the migrations of one or more guests."""

    kind: Literal["rehearsal"] = Field(description="The kind of document.")
    format: Literal[1] = Field(description="The version of this contract.")
    verdict: Verdict = Field(
        description="ready: no error was found, no rule that could find one is unknown, and libvirt refused no guest."
        " not-ready: an error was found, libvirt refused a guest, or a guest is not where and as it was. undetermined:"
        " none of these, but a rule that could find an error is unknown."
    )
    rehearsed: bool = Field(description="True if libvirt accepted or refused every guest.")
    source: Host = Field(description="The host that the guests are on.")
    destination: Host = Field(description="The host that they would move to.")
    guests: tuple[Guest, ...] = Field(description="The selected guests.")
    answered: tuple[Answered, ...] = Field(description="Unknowns that the rehearsal answered.")
    refuted: tuple[Refuted, ...] = Field(description="Errors that the rehearsal contradicts.")
    at_once: Count = Field(description="Number of guests that were rehearsed at the same time.")
    predicted: Count | None = Field(
        description="Number of concurrent migrations that the limits of the hosts allow; null if it is not known."
    )
    accepted: Count = Field(description="Number of guests that were accepted.")
    interrupted: bool = Field(description="True if the user interrupted the run.")
    options: tuple[Text, ...] = Field(
        description="The options of the rehearsal that a check does not have, as words of a command line."
    )
    exit_code: int = Field(description="Exit code of the command.")
    check: Report = Field(
        description="The report of the check, as `preflight check --format json` writes it, from before the rehearsal."
    )


#: Reads the output of `rehearse --format json`.
REHEARSAL = TypeAdapter(Rehearsal)
