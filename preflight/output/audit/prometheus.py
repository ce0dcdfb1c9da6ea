"""An audit as gauges for the textfile collector of Prometheus's node exporter.

No label is taken from a host but its name: neither messages, nor guests, nor pairs, whose number has no bound.
"""

from collections import Counter
from collections.abc import Iterator

from preflight.fleet.audited import Audited
from preflight.judge.report import Verdict
from preflight.output.audit.causes import told
from preflight.output.audit.origin import options
from preflight.output.audit.sums import sums
from preflight.output.report.prometheus import Gauge, written


def render(audited: Audited, _colour: bool) -> str:
    """Return the gauges, each with its help and its type."""
    return written("preflight_audit_", _gauges(audited))


def _gauges(audited: Audited) -> Iterator[Gauge]:
    matrix, verdict = audited.matrix, audited.verdict
    yield "ready", "1 if the verdict is READY, else 0.", [({}, int(verdict is Verdict.READY))]
    yield (
        "verdict",
        "1 for the verdict on all hosts, 0 for the others.",
        [({"verdict": one.value}, int(one is verdict)) for one in Verdict],
    )
    ways = matrix.verdicts()
    yield "ways", "Ways between hosts by verdict.", [({"verdict": one.value}, ways[one]) for one in Verdict]
    by_host = [({"host": matrix.hosts[number].name}, one) for number, one in sums(matrix).items()]
    for name, what, of in (
        ("ways_from", "Ways from a host that were judged.", "leaving"),
        ("ready_ways_from", "Ways from a host that are READY.", "leaving_ready"),
        ("ways_to", "Ways to a host that were judged.", "arriving"),
        ("ready_ways_to", "Ways to a host that are READY.", "arriving_ready"),
    ):
        yield name, what, [(labels, getattr(one, of)) for labels, one in by_host]
    stuck = Counter((number, best) for number, _, best in matrix.stuck())
    yield (
        "stuck_guests",
        "Guests of a host without a READY way, by the best verdict.",
        [
            ({"host": matrix.hosts[number].name, "verdict": best.value}, stuck[number, best])
            for number, row in enumerate(matrix.cells)
            if row
            for best in (Verdict.NOT_READY, Verdict.UNDETERMINED)
        ],
    )
    yield (
        "guests",
        "Guests of a host that were judged.",
        [({"host": host.name}, len(names)) for host, names in zip(matrix.hosts, matrix.guests, strict=True)],
    )
    causes = Counter(one.kind for one in told(audited))
    yield (
        "causes",
        "Causes by kind; the same cause of several hosts counts once.",
        [({"kind": kind}, causes[kind]) for kind in ("error", "warning", "info", "unknown", "waived")],
    )
    if (made := audited.made) is not None:
        yield (
            "report_info",
            "Always 1, with the machine, the user and the version that made the audit, and the options.",
            [
                (
                    {
                        "machine": made.machine,
                        "user": made.user,
                        "version": made.version,
                        "options": " ".join(options(audited)),
                    },
                    1,
                )
            ],
        )
        yield "report_timestamp_seconds", "Time at which the audit was made.", [({}, made.at)]
