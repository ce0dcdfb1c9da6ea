"""An audit as the output of a plugin of Nagios: a line with the state, the reason and performance data, and the origin.

The state is that of the verdict: OK for READY, CRITICAL for NOT READY, and UNKNOWN for UNDETERMINED.
"""

from preflight.fleet.audited import Audited
from preflight.judge.report import Verdict
from preflight.output.audit.causes import told
from preflight.output.audit.names import short_names
from preflight.output.audit.origin import in_one_line
from preflight.output.audit.sums import unreachable
from preflight.output.audit.text import because
from preflight.output.report.nagios import State, lines
from preflight.output.terminal import listed

_STATES = {Verdict.READY: State.OK, Verdict.NOT_READY: State.CRITICAL, Verdict.UNDETERMINED: State.UNKNOWN}


def render(audited: Audited, _colour: bool) -> str:
    """Return the line, and one with the origin."""
    matrix = audited.matrix
    now = _STATES[audited.verdict]
    said = f"PREFLIGHT {now.name} - audit of {len(matrix.hosts)} hosts: {because(audited)}"
    if rules := list(dict.fromkeys(one.group.rule.name for one in told(audited) if one.is_decisive)):
        said += f"; {listed(rules)}"
    names = short_names(matrix)
    if nobody := unreachable(matrix)[Verdict.NOT_READY]:
        said += f"; nobody can go to {listed([names[number] for number in nobody])}"
    counted = matrix.verdicts()
    data = (
        f"ready={counted[Verdict.READY]};;;0",
        f"not_ready={counted[Verdict.NOT_READY]};;;0",
        f"undetermined={counted[Verdict.UNDETERMINED]};;;0",
        f"guests={sum(map(len, matrix.guests))};;;0",
        f"stuck={sum(1 for _ in matrix.stuck())};;0;0",
        f"hosts={len(matrix.hosts)};;;0",
    )
    return lines(said, data, in_one_line(audited))
