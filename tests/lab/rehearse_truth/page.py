"""The recorded rows, how often a rehearsal agrees with virsh, and docs/reference/rehearsal-truth.md."""

import enum
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from tabulate import tabulate

from tests.lab.lines import Lines
from tests.lab.rehearse_truth.choice import chosen
from tests.lab.rehearse_truth.run import Rehearsal
from tests.lab.truth.row import rows

RECORDED = Path(__file__).with_name("recorded.jsonl")
REASONS = Path(__file__).with_name("reasons.toml")


class Class(enum.StrEnum):
    """The relation between the answer of a rehearsal and the result of virsh."""

    AGREES = "agrees"
    DISAGREES = "disagrees"
    #: Accepted, and refused where no rehearsal comes to: at the end of the stream, or after it.
    LATER = "refused after a rehearsal ends"
    #: libvirt was not asked, for a reason that was printed.
    NOT_REHEARSED = "not rehearsed"
    #: libvirt was asked, and the rehearsal ended without an answer.
    NO_ANSWER = "no answer"
    #: The guest was not as it was before.
    HARM = "not as before"


#: Parts of messages about what comes after the memory: QEMU's refusal of the state of a device, the definition that
#: libvirt writes once the guest has arrived, and the faults that a person finds then.
_LATER = (
    "error while loading state",
    "load of migration failed",
    "has lost something",
    "cannot write data to file '/etc/libvirt/qemu/",
)


def class_of(one: Rehearsal) -> Class:
    """Return how a rehearsal and virsh are related."""
    if one.answer in ("moved", "disturbed"):
        return Class.HARM
    if one.answer == "not-rehearsed":
        return Class.NOT_REHEARSED
    if one.answer not in ("accepted", "refused"):
        return Class.NO_ANSWER
    if (one.answer, one.outcome) in (("accepted", "moves"), ("refused", "fails")):
        return Class.AGREES
    if one.answer == "accepted" and any(words in one.message for words in _LATER):
        return Class.LATER
    return Class.DISAGREES


def reasons() -> Mapping[str, str]:
    """Return the reason for each row that disagrees, or ends without an answer."""
    return _reasons("rows") | _reasons("long")


def _reasons(table: str) -> dict[str, str]:
    return dict(tomllib.loads(REASONS.read_text(encoding="utf-8"))[table])


def recorded() -> list[Rehearsal]:
    """Return what is recorded of rows that exist."""
    every = rows()
    return sorted((one for one in Lines(RECORDED, Rehearsal).read() if one.row in every), key=lambda one: one.row)


def short(found: Sequence[Rehearsal]) -> list[Rehearsal]:
    """Return those whose migration does not fail only because it takes longer than a rehearsal."""
    return [one for one in found if one.row not in _reasons("long")]


def share(found: Sequence[Rehearsal]) -> float:
    """Return the share of rehearsals that agree with virsh, of those that can; 1 if there are none."""
    agrees, differs = (sum(class_of(one) is each for one in found) for each in (Class.AGREES, Class.DISAGREES))
    return agrees / (agrees + differs) if agrees + differs else 1.0


def summary(found: Sequence[Rehearsal], *, tablefmt: str = "simple") -> str:
    """Return the number of rows by class and outcome, and the share that agrees."""
    counted = Counter((class_of(one), one.outcome) for one in found)
    table = tabulate(
        [(each, counted[each, "moves"], counted[each, "fails"]) for each in Class],
        headers=("rehearsal and virsh", "virsh moves it", "virsh fails"),
        tablefmt=tablefmt,
        disable_numparse=True,
    )
    agrees = sum(class_of(one) is Class.AGREES for one in found)
    answered = agrees + sum(class_of(one) is Class.DISAGREES for one in found)
    return (
        f"{table}\n\nOf {len(found)} rows, {answered} were answered by libvirt and have no refusal that comes later;"
        f" the rehearsal agrees with virsh in {agrees} of them ({share(found):.1%}). Without the migrations that fail"
        f" only if they take longer than a rehearsal, it agrees in {share(short(found)):.1%}."
    )


HEAD = """\
# Rehearsals and virsh

Rows of [the truth](truth.md), one for each rule and pair of releases of those that fail and of those that move, each on
hosts of its own (`make rehearse-truth`): a guest of 384 MiB, filled with data, is rehearsed with the row's rule ignored
and `--anyway`, and then migrated with virsh.
"""


def markdown() -> str:
    """Return docs/reference/rehearsal-truth.md."""
    found = recorded()
    if not found:
        return f"{HEAD}\nNothing is recorded yet.\n"
    missing = [name for name in chosen(rows()) if name not in {one.row for one in found}]
    every, explained = rows(), reasons()
    parts = [HEAD.rstrip(), summary(found, tablefmt="github")]
    for each, title in _LISTED:
        lines = [_line(one, explained) for one in found if class_of(one) is each]
        if lines:
            parts.append(f"## {title}\n\n" + "\n".join(lines))
    if missing:
        parts.append(f"## Not run\n\n{len(missing)} rows: " + ", ".join(f"`{name}`" for name in missing) + ".")
    table = [
        (f"`{one.row}`", f"{every[one.row].source} to {every[one.row].destination}", one.answer, one.outcome)
        for one in found
    ]
    headers = ("Row", "Releases", "Rehearsal", "virsh migrate")
    parts.append("## All rows\n\n" + tabulate(table, headers=headers, tablefmt="github", disable_numparse=True))
    codes = Counter(one.code.rehearse for one in found)
    parts.append(
        "Rows by the digest of preflight/rehearse: " + ", ".join(f"{n} of {it}" for it, n in codes.items()) + "."
    )
    return "\n\n".join(parts) + "\n"


_LISTED = (
    (Class.HARM, "Not as before"),
    (Class.DISAGREES, "Disagreements"),
    (Class.LATER, "Refused after a rehearsal ends"),
    (Class.NO_ANSWER, "Without an answer"),
    (Class.NOT_REHEARSED, "Not rehearsed"),
)


def _line(one: Rehearsal, explained: Mapping[str, str]) -> str:
    reason = f" Reason: {explained[one.row]}" if one.row in explained else ""
    said = f"; {_quoted(one.said)}" if one.said else ""
    result = f"virsh fails: {_quoted(one.message)}" if one.message else "virsh moves it"
    return f"- `{one.row}`: {one.answer}{said}. {result}.{reason}"


def _quoted(text: str) -> str:
    words = " ".join(text.replace("`", "'").split())
    return f"`{words[:300]}`"
