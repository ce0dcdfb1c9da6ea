"""Reports full of hostile text, rendered in every format and read back as strictly as each format can be read.

The texts stand wherever a host, a guest, a file or the user can put one. Reports are changed rather than snapshots, so
that every field gets every text, also those that no collector would let through.
"""

import functools
import json
import random
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import html5lib
from jsonschema import Draft4Validator
from lxml import etree
from msgspec import Struct
from msgspec.structs import replace

from preflight.capacity.limit import Limit
from preflight.commands.show import read_saved
from preflight.errors import UserError
from preflight.judge.report import GuestVerdict, HostSummary, Made, Outcome, Report, Result
from preflight.output.formats import FORMATS, render
from preflight.output.page import template
from preflight.rehearse.answer import Rehearsed
from preflight.rehearse.outcome import outcome
from preflight.rehearse.report import RehearsalReport, report_of
from preflight.rule import Change, Finding, HostsLine, Severity
from tests.golden.rehearsals import NAME as REHEARSED
from tests.golden.rehearsals import rehearsal
from tests.golden.reports import REPORTS
from tests.golden.reports import report as golden
from tests.hostile import texts
from tests.hostile.demands import CPU, FORGED, RSS, STEERS, VERDICT, Judged

#: Cases of a whole run.
CASES = 20_000
#: One case in so many has a text of 10 MiB, and one in so many is given to readers that take long.
HUGE, SLOW = 1000, 20
_READERS = Path(__file__).parents[1] / "contracts" / "readers"
_PROMTOOL = shutil.which("promtool")

#: What each format takes for more than text.
MARKUP = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</failure></testcase><testcase name='x'/>",
    "]]>",
    "<![CDATA[x]]>",
    "<!-- --><b>",
    "&lt;&amp;&#x1b;",
    "\ufffe\uffff\ufdd0",
    "| a | b |",
    "\\| a \\\\| b",
    "`rm -rf`",
    "[click](javascript:alert(1))",
    "![x](https://example.com/x.png)",
    "@somebody #1",
    "::error file=a,line=1::forged",
    "\n::error::forged",
    "\r\n::set-output name=x::y",
    "%0A::error::forged",
    "##[error]forged",
    "::stop-commands::x",
    '"} 1\npreflight_ready{source="x"} 1',
    '\\"',
    "=cmd|'/C calc'!A0",
    "+1+1",
    "@SUM(1)",
    "| errors=0",
    "'; DROP TABLE x",
    "{0} {1}",
    "\x85\x0b\x0c\x1c\u2028\u2029",
)
TEXTS = (*texts.ESCAPES, *texts.VERDICTS, *texts.WORDS, *MARKUP)
#: Texts that forge no verdict, for names that stand in the verdict's own line.
NAMES = tuple(text for text in TEXTS if FORGED not in text)
PATHS = ("/etc/../../x", "//", "/etc/a:b", "/etc/\x1b[2J", "/c:/x", "/etc/%2e%2e/x", "/é", "/a b,c=d::e")


class Case(Struct, frozen=True):
    """A report in a format; the seed, the subject and the number make it again."""

    number: int
    form: str
    base: str
    report: Any
    #: The subject, as `output.formats` names it.
    subject: str = "report"

    @property
    def is_slow(self) -> bool:
        """Report whether the readers that take long read it too."""
        return self.number // len(FORMATS[self.subject]) % SLOW == 0


def cases(seed: int, count: int = CASES, *, form: str | None = None) -> Iterator[Case]:
    """Yield so many cases, or those of one format among them; the formats take turns."""
    forms, bases = FORMATS["report"], (*REPORTS, REHEARSED)
    for number in range(count):
        if form not in (None, forms[number % len(forms)]):
            continue
        chance = random.Random(f"{seed} {number}")
        base = bases[(number // len(forms)) % len(bases)]
        huge = number % HUGE < len(forms) and number >= len(forms)
        subject = "rehearsal" if base == REHEARSED else "report"
        yield Case(number, forms[number % len(forms)], base, _made(chance, base, huge=huge), subject)


def _made(chance: random.Random, base: str, *, huge: bool) -> Report:
    if base != REHEARSED:
        return _hostile(chance, _base(base), huge=huge)
    done = rehearsed().outcome
    answers = [guest.rehearsed for guest in done.guests]
    checked = _hostile(chance, done.checked, huge=huge)
    return report_of(
        outcome(
            checked,
            [_answer(chance, answer, guest.name) for answer, guest in zip(answers, checked.guests, strict=True)],
            at_once=done.at_once,
            options=tuple(chance.choice(TEXTS) or "x" for _ in range(chance.randrange(3))),
        )
    )


def _answer(chance: random.Random, answer: Rehearsed, name: str) -> Rehearsed:
    """Return the answer for a guest of this name with hostile texts in half of its places."""

    def text(given: str) -> str:
        return given if chance.random() < 0.5 else f"{given}{chance.choice(TEXTS)}"

    return replace(
        answer,
        name=name,
        error=None if answer.error is None else text(answer.error),
        why=text(answer.why),
        left=tuple(map(text, answer.left)),
    )


@functools.cache
def _base(name: str) -> Report:
    return golden(name)


@functools.cache
def rehearsed() -> RehearsalReport:
    return rehearsal()


def judge(case: Case) -> Judged:
    """Render a case, and read what came of it."""
    is_of_pair = case.subject in ("report", "rehearsal")
    part, kind = ("formats", case.form) if is_of_pair else ("audits and lints", f"{case.subject}, {case.form}")
    before = _memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak is from now on: proc(5)
    began, cpu = time.monotonic(), time.process_time()
    try:
        text = render(case.subject, case.form, case.report)
        cpu, rss = time.process_time() - cpu, _grown(before)
        found = tuple(faults(case, text))
    except Exception as why:  # whatever it is, it is what is looked for
        text, cpu, rss = "", time.process_time() - cpu, _grown(before)
        found = (f"{type(why).__name__}: {str(why)[:200]!r}",)
    if rss > RSS:
        found = (*found, f"took {rss // 1024} MiB")
    if cpu > CPU:
        found = (*found, f"took {cpu:.0f} s of CPU")
    return Judged(
        part=part,
        kind=kind,
        name=f"{case.number} {case.base}",
        words=("show", "--format", case.form),
        code=0 if text else 70,
        cpu=cpu,
        wall=time.monotonic() - began,
        rss=rss,
        size=len(text),
        faults=found,
    )


def _grown(before: int) -> int:
    """Return by how many KiB this process has grown at most, without what the readers of its output need."""
    return max(0, _memory("VmHWM") - before)


def _memory(name: str) -> int:
    """Return a figure of this process's memory, in KiB; tests share a process that has grown already."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith(f"{name}:")))


# the reports


def _hostile(chance: random.Random, report: Report, *, huge: bool) -> Report:
    """Return the report with hostile texts in a third of its places."""

    def text(given: str, choices: tuple[str, ...] = TEXTS) -> str:
        if chance.random() > 0.34:
            return given
        some = chance.choice(choices)
        return chance.choice((some, f"{given}{some}", f"{some}{given}", f"{some}\n{chance.choice(choices)}")) or "x"

    def maybe(given: str | None) -> str | None:
        return text(given or "") or None if given is not None or chance.random() < 0.2 else None

    def host(given: HostSummary) -> HostSummary:
        return replace(
            given,
            name=text(given.name, NAMES) or "x",
            hostname=maybe(given.hostname),
            release=maybe(given.release),
            openssh=maybe(given.openssh),
            no_login=maybe(given.no_login),
            no_libvirt=maybe(given.no_libvirt),
            taken=chance.choice((None, 0, 253_402_300_799, given.taken)),
        )

    def finding(given: Finding, severity: Severity | None) -> Finding:
        at = given.location
        if at is not None and chance.random() < 0.5:
            path = chance.choice((*PATHS, f"/etc/{text('x')}"))
            column = chance.choice((1, 2, 10**9))
            line = text(at.text).replace("\n", " ")
            at = replace(at, path=path, text=line, column=column, end_column=column + 1)
        change = chance.choice(
            (given.change, None, Change("/etc/x", text("key"), text("v")), HostsLine(text("name"), text("a"), None))
        )
        return replace(
            given,
            message=text(given.message) or "x",
            location=at,
            predicted_error=maybe(given.predicted_error),
            fix=maybe(given.fix),
            change=change,
            severity=severity,
        )

    names: dict[str, str] = {}
    for guest in report.guests:  # libvirt has no two guests of one name
        name = text(guest.name, NAMES) or "x"
        names[guest.name] = f"{name} {len(names)}" if name in names.values() else name

    def result(given: Result) -> Result:
        guest = given.guest and names.get(given.guest, given.guest)
        failed = given.outcome in (Outcome.FAILED, Outcome.WAIVED)
        reason = given.reason if given.outcome is Outcome.PASSED else maybe(given.reason)
        return replace(
            given,
            guest=guest,
            subject=f"guest {guest}" if guest else given.subject,
            reason=reason if failed or given.outcome is Outcome.PASSED else reason or "x",
            findings=tuple(
                # the first is as severe as the result says
                finding(one, chance.choice((None, *Severity)) if number else None)
                for number, one in enumerate(given.findings * chance.choice((1, 1, 1, 30)))
            ),
        )

    results = tuple(map(result, report.results))
    if huge:
        first = next(one for one in results if one.outcome is not Outcome.PASSED)
        filler = chance.choice(("x", "x ", "<", "|", "%", "\\", '"', "\x1b", "é")) * (10 * 1024 * 1024)
        long = replace(first, reason=filler, findings=(Finding(filler),) if first.findings else ())
        results = tuple(long if one is first else one for one in results)
    limits = tuple(_limit(chance, limit, text) for limit in report.capacity.limits)
    asked = replace(
        report.asked,
        guests=tuple(text("web") for _ in range(chance.randrange(3))),
        destination_uri=maybe(report.asked.destination_uri),
        ignore=tuple(text("x") for _ in range(chance.randrange(2))),
    )
    return replace(
        report,
        source=host(report.source),
        destination=host(report.destination),
        results=results,
        guests=tuple(GuestVerdict(names[guest.name], guest.verdict) for guest in report.guests),
        capacity=replace(report.capacity, limits=limits),
        asked=asked,
        made=Made(1_796_000_000, text("m"), text("u"), "0.1.0"),
    )


def _limit(chance: random.Random, limit: Limit, text: Callable[[str], str]) -> Limit:
    at, setting = limit.at, limit.setting
    if at is not None:
        at = replace(at, path=chance.choice((*PATHS, f"/etc/{text('x')}")))
    if setting is not None:
        setting = replace(setting, path=text(setting.path), key=text(setting.key), then=text(setting.then))
    said = replace(limit, at=at, setting=setting, written=text(limit.written or "") or None, beyond=text(limit.beyond))
    return replace(said, reason=text("x"), allows=None) if chance.random() < 0.1 else said


# the demands


def faults(case: Case, text: str) -> Iterator[str]:
    """Yield every demand that a rendered report breaks."""
    if steers := STEERS.search(text):
        yield f"{steers[0]!r}"
    if not text.endswith("\n"):
        yield "no final newline"
    text.encode()
    yield from DEMANDS[case.form](case, text)


def _lines_for_people(case: Case, text: str) -> Iterator[str]:
    lines = text.splitlines()
    verdicts = [line for line in lines if VERDICT.match(line)]
    if len(verdicts) != _verdicts(case) or any(FORGED in line for line in verdicts):
        yield f"{len(verdicts)} lines that look like a verdict"
    yield from _no_commands(lines)


def _verdicts(case: Case) -> int:
    """Return the number of lines with a verdict that a text for people has."""
    if case.subject == "lint":
        return len(case.report.hosts)
    return int(case.subject != "difference")


def _no_commands(lines: Iterable[str]) -> Iterator[str]:
    if any(line.lstrip().startswith(("::", "##[", "##vso[")) for line in lines):
        yield "a workflow command"


_HALF = re.compile(r"\\ud[89a-f][0-9a-f]{2}", re.IGNORECASE)


def _json(case: Case, text: str) -> Iterator[str]:
    json.loads(text)
    if len(text) > 1_000_000 or case.subject == "lint":  # which `show` does not read
        return
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_text(text, encoding="utf-8")
        try:
            _, again = read_saved(Path(file.name))
        except UserError as why:
            yield f"cannot be shown again: {why}"
            return
    if _HALF.search(text):  # halves of characters: two become one character, one its escape; no decoder yields any
        return
    forms = FORMATS[case.subject]
    form = forms[case.number // len(forms) % len(forms)]
    if render(case.subject, form, again) != render(case.subject, form, case.report):
        yield f"is not the same when it is shown again as {form}"


def _jsonl(case: Case, text: str) -> Iterator[str]:
    kinds = [json.loads(line)["kind"] for line in text.split("\n")[:-1]]
    first, others = _KINDS[case.subject]
    if kinds[0] != first or kinds[-1] != "verdict" or not set(kinds[1:-1]) <= others:
        yield f"lines of the kinds {kinds[0]}, {set(kinds[1:-1])}, {kinds[-1]}"


#: The kinds of lines of each subject: of the first one, and of those before the last one.
_KINDS: Mapping[str, tuple[str, frozenset[str]]] = {
    "report": ("report", frozenset(("finding", "unknown"))),
    "rehearsal": ("report", frozenset(("finding", "unknown", "rehearsed"))),
    "lint": ("lint", frozenset(("host", "finding", "unknown"))),
    "audit": ("audit", frozenset(("cause", "way", "cpu"))),
}


@functools.cache
def _xsd() -> Any:
    return etree.XMLSchema(etree.parse(str(_READERS / "junit-10.xsd")))


def _junit(case: Case, text: str) -> Iterator[str]:
    tree = etree.fromstring(text.encode(), etree.XMLParser(huge_tree=True, resolve_entities=False))
    if not _xsd().validate(tree):
        yield f"not by the schema: {_xsd().error_log.last_error}"
    cases = tree.findall(".//testcase")
    results = len(case.report.results) if case.subject in ("report", "rehearsal") else len(cases)
    if len({(one.get("classname"), one.get("name")) for one in cases}) != results:
        yield f"{len(cases)} cases, some of one name, of {results} results"
    if {one.tag for one in tree.iter()} - _TAGS:
        yield "an element of a host's"


_TAGS = {"testsuites", "testsuite", "testcase", "properties", "property", "failure", "error", "skipped", "system-out"}


@functools.cache
def _sarif_schema() -> Draft4Validator:
    return Draft4Validator(json.loads((_READERS / "sarif-schema-2.1.0.json").read_text(encoding="utf-8")))


def _sarif(case: Case, text: str) -> Iterator[str]:
    document = json.loads(text)
    if case.is_slow:
        yield from (f"not by the schema: {error.message[:100]}" for error in _sarif_schema().iter_errors(document))
    (run,) = document["runs"]
    prints = set()
    for result in run["results"]:
        place = result["locations"][0]["physicalLocation"]
        uri = place["artifactLocation"]["uri"]
        if urlsplit(uri).scheme or not _is_inside(case, unquote(uri)):
            yield f"the place {uri!r}"
        if place["region"]["startLine"] < 1:
            yield "a line before the first"
        prints.add(result["partialFingerprints"]["primaryLocationLineHash"])
    if len(prints) != len(run["results"]):
        yield "a fingerprint twice"


def _is_inside(case: Case, path: str) -> bool:
    """Report whether the place of a finding is one in the directory of all hosts, or of the files that were linted."""
    return (path.startswith("hosts/") or case.subject == "lint") and path[:1] != "/" and ".." not in path.split("/")


def _github(case: Case, text: str) -> Iterator[str]:
    *lines, verdict = text.split("\n")[:-1]
    commands = [line for line in lines if line.startswith("::")]
    if len(commands) > 11:
        yield f"{len(commands)} commands"
    for line in commands:
        if not re.fullmatch(r"::(error|warning|notice) (?:[a-z]+=[^:,\r\n]*)(?:,[a-z]+=[^:,\r\n]*)*::[^\r\n]*", line):
            yield f"a command that is none: {line[:80]!r}"
    log = lines[len(commands) :]
    if case.subject == "report" and len(log) != 1:
        yield f"a command that is none: {log[0][:80]!r}" if log else "no origin"
    yield from _no_commands(log)
    if not VERDICT.match(verdict) or FORGED in verdict:
        yield "no verdict at the end"


def _gitlab(case: Case, text: str) -> Iterator[str]:
    issues = json.loads(text)
    if len({one["fingerprint"] for one in issues}) != len(issues):
        yield "a fingerprint twice"
    for one in issues:
        path = one["location"]["path"]
        if not _is_inside(case, path):
            yield f"the place {path!r}"


def _markdown(case: Case, text: str) -> Iterator[str]:
    lines = [line for line in text.split("\n") if not line.startswith("    ")]  # those are code
    prose = "\n".join(lines)
    if re.search(r"<(?!!-- -->)|(?<!--)>", prose):
        yield "markup"
    wide = 0
    for line in lines:
        cells = len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) if line.startswith("|") else 0
        if cells != wide and wide and cells:
            yield f"a row of {cells} cells in a table of {wide}"
        wide = cells
    if re.search(r"(?<!\\)(?:\\\\)*\]\(", prose):
        yield "a link"
    if len(re.findall(r"^##+ (?:READY|NOT READY|UNDETERMINED)", text, re.MULTILINE)) != (case.subject != "difference"):
        yield "not one verdict"


_TEMPLATES = "".join(path.read_text(encoding="utf-8") for path in Path(template.__file__).parent.glob("*.html")).lower()
#: The elements and attributes of the page's templates; two attributes have no value.
_ELEMENTS = frozenset(re.findall(r"<([a-z0-9]+)", _TEMPLATES))
_ATTRIBUTES = frozenset(re.findall(r' ([a-z-]+)="', _TEMPLATES)) | {"hidden", "open"}
#: What an attribute may contain: text of a host stands in none but a title, which is one line.
_VALUE = re.compile(r"[\w .,'#*:;=/+-]*")


class _Page(HTMLParser):
    """What a page has beside its text."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.found += [] if tag in _ELEMENTS else [f"an element {tag}"]
        for name, value in attrs:
            is_plain = _VALUE.fullmatch(value or "") or (name == "title" and (value or "").isprintable())
            own = name in _ATTRIBUTES and is_plain and (name != "href" or (value or "")[:1] == "#")
            self.found += [] if own else [f"an attribute {name}={(value or '')[:80]!r}"]

    def handle_comment(self, data: str) -> None:
        self.found.append(f"a comment {data[:80]!r}")


def _html(case: Case, text: str) -> Iterator[str]:
    page = _Page()
    page.feed(text)
    page.close()
    yield from page.found
    for tag in ("script", "style", "title", "main", "h1"):
        if page.tags.count(tag) != 1:
            yield f"{page.tags.count(tag)} elements {tag}"
    if case.is_slow:
        try:
            html5lib.HTMLParser(strict=True).parse(text)
        except html5lib.html5parser.ParseError as why:
            yield f"not HTML: {why}"


_LABEL = r'[a-z]+="(?:[^"\\\n]|\\[\\"n])*"'
_SAMPLE = re.compile(rf"preflight_[a-z_]+(?:\{{{_LABEL}(?:,{_LABEL})*\}})? \d+|# (?:HELP|TYPE) preflight_[a-z_]+ .*")


def _prometheus(case: Case, text: str) -> Iterator[str]:
    lines = text.split("\n")[:-1]
    yield from (f"not a sample: {line[:80]!r}" for line in lines if not _SAMPLE.fullmatch(line))
    samples = [line.rpartition(" ")[0] for line in lines if not line.startswith("#")]
    if len(samples) != len(set(samples)):
        yield "a sample twice"
    if _PROMTOOL is not None and case.is_slow:
        done = subprocess.run([_PROMTOOL, "check", "metrics"], input=text.encode(), capture_output=True, check=False)
        if done.returncode:
            yield f"promtool: {done.stderr[:100]!r}"


#: Bytes of a plugin's output that version 2 of NRPE transmits.
_NRPE = 1023


def _nagios(case: Case, text: str) -> Iterator[str]:
    first, *more = text.split("\n")[:-1]
    if not re.fullmatch(r"PREFLIGHT (?:OK|WARNING|CRITICAL|UNKNOWN) - [^|]*\|(?:[a-z_]+=\d+(?:;\d*){3} ?)+", first):
        yield f"not a plugin's line: {first[:100]!r}"
    if len(more) != 1 or "|" in more[0] or len(text.encode()) > _NRPE:
        yield f"{len(more)} more lines, {len(text.encode())} bytes in all"


#: What each format must hold to. A format without a row here fails the test that compares the two.
DEMANDS: Mapping[str, Callable[[Case, str], Iterator[str]]] = {
    "text": _lines_for_people,
    "concise": _lines_for_people,
    "table": _lines_for_people,
    "json": _json,
    "jsonl": _jsonl,
    "junit": _junit,
    "sarif": _sarif,
    "github": _github,
    "gitlab": _gitlab,
    "markdown": _markdown,
    "html": _html,
    "prometheus": _prometheus,
    "nagios": _nagios,
}
