"""`preflight fix`: show what would be changed on both hosts, and, only when told, change it and prove it."""

import datetime as dt
import sys
from collections.abc import Callable, Iterable
from typing import TypeAlias

from preflight.apply import script
from preflight.asking import Asked, open_hosts
from preflight.check import Checked, check
from preflight.edit import HOSTS
from preflight.errors import UserError
from preflight.fix import FileChange, commands, plan, undecided
from preflight.migration import Role
from preflight.output.ansible import playbook
from preflight.output.terminal import clean, one_line
from preflight.record import Record
from preflight.ruleset import find, load
from preflight.shell_text import shell
from preflight.streams import deliver
from preflight.visit import LiveVisit

#: All that was asked for is shown or in force, or nothing was to be changed; a rule that could have asked for a change
#: could not be judged; something is not in force; nobody agreed.
DONE, UNDECIDED, NOT_IN_FORCE, REFUSED = 0, 3, 4, 5
#: The files in which cloud-init is told to write /etc/hosts anew at each boot.
_CLOUD_INIT = shell("grep -rlsE '^[[:space:]]*manage_etc_hosts:[[:space:]]*([Tt]rue|localhost)' /etc/cloud")

Ask: TypeAlias = Callable[[str], bool | None]


def fix(asked: Asked, rules: Iterable[str], *, apply: bool, ask: Ask | None, as_playbook: bool = False) -> int:
    """Do it; `ask` is None where nobody is to be asked. Raises `UserError` for what cannot be used."""
    if apply and as_playbook:
        raise UserError("--apply and --format ansible exclude each other")
    known = load(asked.rules)
    only = tuple(find(known, rule).name for rule in rules)
    judged = {rule.name for rule in known if rule.may_ask_for_a_change and (not only or rule.name in only)}
    with open_hosts(asked) as opened:
        checked = check(opened)
        visits = _live(checked)
        changes, unfixable = plan(checked, lambda role, path: visits[role].read(path), only)
        if not as_playbook:
            deliver("".join(_described(change, visits[change.role]) for change in changes))
        for one in unfixable:
            print(f"preflight: {one_line(one.host)}: {clean(one.path)}: {clean(one.why)}", file=sys.stderr)
        unknown = undecided(checked.report.results, judged)
        for reason, names in unknown.items():
            print(f"preflight: not known: {', '.join(names)}: {one_line(reason)}", file=sys.stderr)
        code = NOT_IN_FORCE if unfixable else UNDECIDED if unknown else DONE
        if not changes:
            deliver(f"{_nothing(unknown=bool(unknown), unfixable=bool(unfixable))}\n")
            return code
        if as_playbook:
            deliver(playbook(changes))
            return code
        if not apply:
            deliver("Nothing was changed. --apply makes these changes.\n")
            return code
        if ask is not None and not (agreed := ask(f"change {len(changes)} files?")):
            if agreed is None:
                print("preflight: refused: nobody is there to answer; use --yes", file=sys.stderr)
            return REFUSED
        made = [_apply(change, visits[change.role]) for change in changes]
    return code if all(made) else NOT_IN_FORCE


def _nothing(*, unknown: bool, unfixable: bool) -> str:
    if unfixable:
        return "nothing that can be changed"
    return "nothing to change, as far as is known" if unknown else "nothing to change"


def _live(checked: Checked) -> dict[Role, LiveVisit]:
    found = {}
    for role, visit in zip(Role, checked.visits, strict=True):
        if not isinstance(visit, LiveVisit):
            raise UserError(f"{visit.name}: a snapshot cannot be fixed")
        found[role] = visit
    return found


def _described(change: FileChange, visit: LiveVisit) -> str:
    lines = [f"{one_line(change.host)}, for {', '.join(change.rules)}:\n", clean(change.diff)]
    lines += [f"  run:  {command}\n" for command in commands(change)]
    lines += [f"  risk: {risk}\n" for risk in change.risks]
    by_cloud_init = visit.run(_CLOUD_INIT).out.split() if change.path == HOSTS else []
    if by_cloud_init:
        where = one_line(" ".join(by_cloud_init))
        lines.append(f"  risk: cloud-init writes /etc/hosts anew at each boot, by {where}; change its template too\n")
    return "".join([*lines, "\n"])


def _apply(change: FileChange, visit: LiveVisit) -> bool:
    date = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%S")
    text = script(change.path, change.before, change.after, change.service, date)
    # not as an argument: no argument may be longer than 128 KiB (MAX_ARG_STRLEN)
    answer = visit.run(
        shell("printf %s @text@ | as_root sh -c 's=$(cat); exec </dev/null; eval \"$s\"'", text=str(text))
    )
    said = [line for line in answer.out.splitlines() if line] or [_silence(answer)]
    for line in said:
        print(f"{one_line(change.host)}: {one_line(line)}", flush=True)
    return answer.code == 0


def _silence(answer: Record) -> str:
    why = answer.err.strip().splitlines()[-1:] or ["the host did not answer"]
    return f"not known whether it was changed: {why[0]}; look with `preflight check`"
