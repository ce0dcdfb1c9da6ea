"""The findings and unknowns of a report as an HTML page shows them, in the order in which to deal with them."""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from preflight.judge.report import Report, RuleText
from preflight.output.report import next_step
from preflight.output.report.marks import numbered, one_host
from preflight.output.report.problems import Problem, Unknown, about, in_turn, problems, unknowns
from preflight.output.terminal import excerpt
from preflight.rule import Finding


class Item(Struct, frozen=True):
    """A finding or an unknown, with what a reader needs to act on it. Texts are empty where there is nothing to say."""

    id: str
    #: error, warning, info or unknown.
    outcome: str
    text: str
    #: The role of the host that it is about, and the numbers of the guests, for the filters.
    host: str
    subjects: str
    rules: tuple[RuleText, ...]
    place: str = ""
    missing_line: bool = False
    #: The lines of the excerpt: the file's own, and the one with the caret.
    excerpt: tuple[str, ...] = ()
    why: str = ""
    predicted_error: str = ""
    fix: str = ""
    #: What would make known what is unknown.
    resolve: str = ""
    command: str = ""
    guests: tuple[str, ...] = ()
    note: str = ""


def items_of(report: Report, numbers: Mapping[str, str]) -> Iterator[Item]:
    """Yield findings and unknowns in the order in which to deal with them, as the text does."""
    explained: set[str] = set()
    for number, one in enumerate(in_turn(problems(report.results), unknowns(report)), 1):
        if isinstance(one, Problem):
            yield _finding(report, one, f"item-{number}", numbers, explain=one.rule.name not in explained)
            explained.add(one.rule.name)
        else:
            yield _unknown(report, one, f"item-{number}", numbers)


def _finding(report: Report, problem: Problem, anchor: str, numbers: Mapping[str, str], *, explain: bool) -> Item:
    rule, finding, at = problem.rule, problem.finding, problem.finding.location
    name = "" if finding.host is None else report.host(finding.host).name
    curable = next_step.is_curable(report, problem)
    return Item(
        anchor,
        problem.severity.value,
        f"{finding.message}{about(problem.guests)}",
        finding.host.value if finding.host else "",
        numbered(problem.guests, numbers),
        (rule,),
        place=name if at is None else f"{_file(report, finding, at.path)}:{at.line}:{at.column}",
        missing_line=at is not None and not at.text,
        excerpt=tuple(excerpt(at.text, at.column, at.end_column, at.line)[1:]) if at is not None and at.text else (),
        why=" ".join(rule.why.split()) if explain else "",
        predicted_error=finding.predicted_error or "",
        fix=finding.fix or " ".join(rule.fix.split()),
        command=" ".join(next_step.quoted(next_step.fix_of(report, problem))) if curable else "",
        guests=problem.guests if len(problem.guests) > 1 else (),
    )


def _file(report: Report, finding: Finding, path: str) -> str:
    return f":{path}" if finding.host is None else report.at(finding.host, path)


def _unknown(report: Report, unknown: Unknown, anchor: str, numbers: Mapping[str, str]) -> Item:
    rules = {result.rule.name: result.rule for result in unknown.results}
    guests = tuple(dict.fromkeys(result.guest for result in unknown.results if result.guest is not None))
    host = unknown.silent[0] if len(unknown.silent) == 1 else one_host(unknown.results)
    return Item(
        anchor,
        "unknown",
        unknown.reason,
        host.value if host else "",
        "" if unknown.silent else numbered(guests, numbers),
        tuple(rules[name] for name in sorted(rules)),
        place=report.host(host).name if host else "",
        resolve=unknown.resolve or "",
        guests=() if unknown.silent else guests,
        note="" if unknown.is_decisive else "None of these rules could make the verdict NOT READY.",
    )
