"""The step that follows a check: a command to run, or the unknown that has to be resolved."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from preflight.judge.guests import Skip
from preflight.judge.report import Report, Verdict
from preflight.output.report.problems import Problem, problems, unknowns
from preflight.output.terminal import labelled, one_line, places
from preflight.request.check_request import Asked, Selection
from preflight.request.migration import Transport
from preflight.rule import Severity
from preflight.shell_text import shell

#: Characters of a reason that are repeated.
_REASON = 160
#: Guests that a command names.
_GUESTS = 10
_LABEL = "next"


class NextStep(Struct, frozen=True):
    """A step to take, and the words of the command that takes it or helps with it; either may be empty."""

    text: str = ""
    command: tuple[str, ...] = ()


def next_step(report: Report) -> NextStep:
    """Return what to do after this report."""
    if report.verdict is Verdict.READY:
        return _after_ready(report)
    if report.verdict is Verdict.UNDETERMINED:
        return _to_make_known(report)
    errors = [problem for problem in problems(report.results) if problem.severity is Severity.ERROR]
    curable = sum(is_curable(report, problem) for problem in errors)
    if curable:
        text = f"see the changes that would fix {_of(curable, len(errors), 'error')}"
        return NextStep(text, _fix(report))
    text = "fix the error" if len(errors) == 1 else f"fix the first of the {len(errors)} errors"
    return NextStep(text, ("preflight", "explain", errors[0].rule.name, *own_rules(report.asked)))


def is_curable(report: Report, problem: Problem) -> bool:
    """Report whether `preflight fix` has a change for it; a host that cannot be logged in to cannot be changed."""
    finding = problem.finding
    logged_in = report.source.no_login is None and report.destination.no_login is None
    return report.is_pair and logged_in and finding.change is not None and finding.host is not None


def to_raise_limits(report: Report) -> NextStep:
    """Return the command that shows the changes by which the hosts allow the requested number of migrations."""
    return NextStep("see the changes that raise these limits", _fix(report))


def fix_of(report: Report, problem: Problem) -> tuple[str, ...]:
    """Return the command that shows the change for one problem."""
    return _fix(report, problem.rule.name)


def lines(step: NextStep, width: int | None) -> Iterator[str]:
    """Yield the lines of a step, the command on one of its own if it does not fit behind the text."""
    head = f"{_LABEL}: "
    if not step.command:
        yield from labelled(_LABEL, step.text, width=width, indent=0, column=len(head))
        return
    command = quoted(step.command)
    line = f"{head}{step.text}{': ' if step.text else ''}{' '.join(command)}"
    if width is None or places(line) <= width:
        yield line
        return
    if step.text:
        yield from labelled(_LABEL, f"{step.text}:", width=width, indent=0, column=len(head))
        head = " " * len(head)
    yield from continued(command, width, head)


def quoted(words: Sequence[str]) -> list[str]:
    """Return the words of a command, quoted for a shell."""
    return [shell("@word@", word=one_line(word)) for word in words]


def continued(words: Sequence[str], width: int | None, head: str) -> Iterator[str]:
    """Yield a command in lines that a shell takes for one, the first behind `head`."""
    line = head + words[0]
    for word in words[1:]:
        if width is not None and places(f"{line} {word} \\") > width and line.strip() != words[0]:
            yield f"{line} \\"
            line = " " * (len(head) + 4) + word
        else:
            line += f" {word}"
    yield line


def _after_ready(report: Report) -> NextStep:
    asked = report.asked
    if asked.select:
        return NextStep("check with all rules", (*_check(report), *selection(report.asked)))
    if report.guests:
        many = len(asked.guests) > _GUESTS
        return NextStep(f"migrate the {len(report.guests)} guests" if many else "", _migrate(report))
    if asked.no_guests or Skip.RUNNING in report.skipped:
        return NextStep("check the running guests", _check(report))
    if Skip.OFF in report.skipped:
        return NextStep("check the guests that are off", (*_check(report), "--offline"))
    return NextStep(
        f"{report.source.name} has no other guest" if report.skipped else f"{report.source.name} has no guest"
    )


def _to_make_known(report: Report) -> NextStep:
    decisive = [unknown for unknown in unknowns(report) if unknown.is_decisive]
    shown = one_line(decisive[0].reason)
    shown = f"{shown[:_REASON]}…" if len(shown) > _REASON else shown
    first = "this unknown" if len(decisive) == 1 else f"the first of {len(decisive)} unknowns"
    return NextStep(f"resolve {first} and check again: {shown} (docs/troubleshooting.md lists what resolves it)")


def _of(some: int, total: int, what: str) -> str:
    if total == 1:
        return f"the {what}"
    return f"the {total} {what}s" if some == total else f"{some} of the {total} {what}s"


def _ends(report: Report) -> tuple[str, str]:
    return report.source.name, report.destination.name


def _given(report: Report) -> Sequence[str]:
    """Return the hosts as arguments of a check, which reads the same snapshots again."""
    source, destination = (host.file or host.name for host in (report.source, report.destination))
    in_one_file = report.source.file is not None and report.destination.saved and report.destination.file is None
    return (source,) if in_one_file else (source, destination)


def _fix(report: Report, *rules: str) -> tuple[str, ...]:
    """Return `preflight fix` with those of the options that it takes."""
    driven = [word for word in report.asked.method.typed if word in ("--p2p", "--tunnelled")]
    copied = ["--copy-storage"] if report.asked.method.copies_storage else []
    transport = report.migration.transport
    over = [] if transport is Transport.SSH else ["--transport", transport.value]
    return (
        "preflight",
        "fix",
        *_ends(report),
        *rules,
        *at_once(report.asked, "--concurrency"),
        *over,
        *driven,
        *copied,
        *of_site(report.asked),
    )


def _check(report: Report) -> tuple[str, ...]:
    return (
        "preflight",
        "check",
        *_given(report),
        *at_once(report.asked, "--concurrency"),
        *connected(report.asked),
        *(["--probe"] if report.asked.probe else []),
        *of_site(report.asked),
        *report.asked.method.typed,
    )


def selection(asked: Asked) -> list[str]:
    """Return the options of a check that select its guests."""
    named = [word for guest in asked.guests for word in ("--guest", guest)]
    return [*named, *_kind(asked), *(["--no-guests"] if asked.no_guests else [])]


def _kind(asked: Selection) -> Iterator[str]:
    """Yield the options that select guests by their kind; without them and without names, running guests are."""
    if asked.offline:
        yield "--offline"
    elif asked.as_they_are and not asked.guests:
        yield "--all"
    elif asked.guests and not asked.as_they_are:
        yield "--running"
    for one in asked.left_out:
        yield from ("--except", one)


def arguments(report: Report, most: int | None = None) -> list[str]:
    """Return the words that select the guests for a command that takes their names as arguments.

    More names than `most` are left to be typed.
    """
    asked = report.asked
    named = asked.guests if most is None or len(asked.guests) <= most else ("GUEST...",)
    running = [] if asked.guests or asked.offline or asked.as_they_are else ["--running"]
    return [*named, *running, *_kind(asked)]


def _migrate(report: Report) -> tuple[str, ...]:
    asked = report.asked
    return (
        "preflight",
        "migrate",
        *_ends(report),
        *arguments(report, _GUESTS),
        *at_once(report.asked, "--at-once"),
        *connected(report.asked),
        *(word for rule in asked.ignore for word in ("--ignore", rule)),
        *of_site(report.asked),
        *asked.method.typed,
    )


def at_once(asked: Asked, option: str) -> list[str]:
    """Return the option for the number of concurrent migrations, in its spelling for a command."""
    return [] if asked.concurrency == 1 else [option, str(asked.concurrency)]


def connected(asked: Asked) -> list[str]:
    """Return the options that say how the control connection is made."""
    over = [] if asked.transport is None else ["--transport", asked.transport.value]
    return over + ([] if asked.destination_uri is None else ["--destination-uri", asked.destination_uri])


def of_site(asked: Asked) -> list[str]:
    """Return the options that say how the site changes the rules."""
    site = asked.site
    file = site.configured.file
    words = own_rules(asked)
    words += [word for one in site.severity for word in ("--severity", "=".join(one))]
    words += [word for rule, number in site.thresholds for word in ("--threshold", f"{rule}={number:g}")]
    return words + ([] if file is None else ["--config", file])


def own_rules(asked: Asked) -> list[str]:
    """Return the options that add the site's own rules."""
    site = asked.site
    words = [word for directory in site.rules for word in ("--rules", str(directory))]
    return words + [word for pack in site.packs for word in ("--pack", pack)]
