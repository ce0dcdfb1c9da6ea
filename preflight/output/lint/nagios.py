"""The report on single hosts as the output of a plugin of Nagios: a line with the state, the reason and the numbers."""

from preflight.judge.lint import Linted
from preflight.output.lint.text import in_one_line
from preflight.output.report.nagios import State, lines, state
from preflight.output.report.problems import problems, unknowns
from preflight.output.terminal import listed
from preflight.rule import Severity

#: The states, the worst first.
_WORST = (State.CRITICAL, State.UNKNOWN, State.WARNING, State.OK)


def render(linted: Linted, _colour: bool) -> str:
    """Return the line, and one with the origin."""
    states = {host.source.name: state(host) for host in linted.hosts}
    now = next(one for one in _WORST if one in states.values())
    names = listed([name for name, one in states.items() if one is now])
    found = [problem for host in linted.hosts for problem in problems(host.results)]
    said = f"PREFLIGHT {now.name} - lint: {names}"
    wanted = {State.CRITICAL: Severity.ERROR, State.WARNING: Severity.WARNING}.get(now)
    if rules := list(dict.fromkeys(one.rule.name for one in found if one.severity is wanted)):
        said += f": {listed(rules)}"
    data = (
        f"errors={sum(one.severity is Severity.ERROR for one in found)};;0;0",
        f"warnings={sum(one.severity is Severity.WARNING for one in found)};0;;0",
        f"unknown={sum(len(unknowns(host)) for host in linted.hosts)};;;0",
        f"hosts={len(linted.hosts)};;;0",
    )
    return lines(said, data, in_one_line(linted))
