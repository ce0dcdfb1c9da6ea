"""The report as JSON: a public contract, described by docs/report.schema.json."""

from preflight.capacity.limit import Capacity
from preflight.judge import report as reports
from preflight.rule import Finding
from preflight.schema import report as schema
from preflight.schema.document import indented

#: Results that are turned into text at once, and the text around them.
_AT_ONCE = 1000
_OPEN, _CLOSE = '{\n  "results": [\n', "\n  ]\n}"
#: The place of the results in the report. No text of a host contains an unescaped newline.
_NONE = '\n  "results": [],\n'


def render(report: reports.Report, _colour: bool) -> str:
    """Return the report as indented JSON with a final newline."""
    document = schema.Report(
        format=schema.FORMAT,
        verdict=report.verdict.value,
        narrowed=report.narrowed,
        source=_host(report.source),
        destination=_host(report.destination),
        results=(),
        guests=tuple(schema.Guest(name=guest.name, verdict=guest.verdict.value) for guest in report.guests),
        skipped=tuple(
            schema.Skipped(name=name, reason=why.value) for why, names in report.skipped.items() for name in names
        ),
        capacity=_capacity(report.capacity, report.migration.concurrency),
    )
    # a few results at a time: the values of 200,000 and the pieces of their text would take half a GiB
    some = range(0, len(report.results), _AT_ONCE)
    texts = [_text(report.results[at : at + _AT_ONCE]) for at in some]
    whole = indented(document.model_dump())
    if texts:
        head, _, tail = whole.partition(_NONE)
        whole = "".join((head, '\n  "results": [\n', ",\n".join(texts), "\n  ],\n", tail))
    return f"{whole}\n"


def _text(results: tuple[reports.Result, ...]) -> str:
    """Return some results as they appear in the report."""
    values = [_result(result).model_dump() for result in results]
    return indented({"results": values}).removeprefix(_OPEN).removesuffix(_CLOSE)


def _host(host: reports.HostSummary) -> schema.Host:
    return schema.Host(
        name=host.name,
        hostname=host.hostname,
        release=host.release,
        libvirt=host.libvirt,
        qemu=host.qemu,
        openssh=host.openssh,
    )


def _result(result: reports.Result) -> schema.Result:
    return schema.Result(
        rule=result.rule.name,
        subject=result.subject,
        severity=result.severity.value,
        outcome=result.outcome.value,
        reason=result.reason,
        findings=tuple(_finding(finding, result.guest) for finding in result.findings),
    )


def _finding(finding: Finding, guest: str | None) -> schema.Finding:
    at = finding.location
    return schema.Finding(
        host=finding.host.value if finding.host else None,
        guest=guest,
        message=finding.message,
        location=schema.Location(path=at.path, line=at.line, column=at.column) if at else None,
        predicted_error=finding.predicted_error,
        fix=finding.fix,
    )


def short_limits(capacity: Capacity, migrations: int) -> tuple[schema.ShortLimit, ...]:
    """Return the limits that fall short of so many migrations, in order."""
    return tuple(
        schema.ShortLimit(
            name=limit.name,
            host=limit.host.value,
            stops=not limit.burst and (limit.allows or 0) < migrations,
            allows=limit.allows or 0,
            path=limit.setting.path if limit.setting else None,
            key=limit.setting.key if limit.setting else None,
            value=str(limit.setting.value) if limit.setting else None,
            sufficient=limit.raised_for(migrations),
        )
        for limit in capacity.short_of(migrations)
    )


def _capacity(capacity: Capacity, requested: int) -> schema.Capacity:
    binding = capacity.binding
    return schema.Capacity(
        concurrent=capacity.concurrent,
        burst=capacity.burst,
        limited_by=schema.LimitName(name=binding.name, host=binding.host.value) if binding else None,
        requested=requested,
        short=short_limits(capacity, requested),
        limits=tuple(
            schema.Limit(
                name=limit.name,
                host=limit.host.value,
                configured=limit.configured,
                in_use=limit.in_use,
                allows=limit.allows,
            )
            for limit in capacity.counted
        ),
    )
