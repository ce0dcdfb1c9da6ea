"""`preflight fix`: show the changes for both hosts and, only on request, make and verify them."""

import datetime as dt
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from preflight.answers import Record
from preflight.collect.endpoints import open_hosts
from preflight.collect.session import LiveVisit
from preflight.errors import UserError
from preflight.facts.names.hosts_file import PATH as HOSTS
from preflight.fix.apply import script
from preflight.fix.changes import FileChange, Shown, Unfixable, plan, undecided
from preflight.fix.unmended import Unmended, unmended
from preflight.judge.check import Checked, check
from preflight.judge.report import Result
from preflight.judge.ruleset import find, load
from preflight.output.formats import render
from preflight.output.report.text import rules_of
from preflight.output.terminal import labelled, one_line, width, wrapped
from preflight.request.check_request import Asked
from preflight.request.migration import Role
from preflight.shell_text import shell
from preflight.stdio import deliver
from preflight.visible import many

#: The exit codes: every error that was found is fixed by changes that are shown or in effect; an error remains, or a
#: rule that may hide one or ask for a change could not be evaluated; a change is not in effect; nobody agreed.
DONE, UNDECIDED, NOT_IN_FORCE, REFUSED = 0, 3, 4, 5
#: The command that lists the files that make cloud-init rewrite /etc/hosts at each boot.
_CLOUD_INIT = shell("grep -rlsE '^[[:space:]]*manage_etc_hosts:[[:space:]]*([Tt]rue|localhost)' /etc/cloud")

Ask: TypeAlias = Callable[[str], bool | None]


def fix(asked: Asked, rules: Iterable[str], *, apply: bool, ask: Ask | None, output_format: str = "text") -> int:
    """Show or make the changes, and return the exit code; `ask` is None for --yes. Raises `UserError`."""
    as_playbook = output_format == "ansible"
    if apply and as_playbook:
        raise UserError("--apply and --format ansible are mutually exclusive: give one of them")
    known = load(asked.site.rules)
    only = tuple(find(known, rule).name for rule in rules)
    able = {rule.name for rule in known if rule.may_ask_for_a_change}
    with open_hosts(asked) as opened:
        checked = check(opened)
        visits = _live(checked)
        changes, unfixable = plan(checked, lambda role, path: visits[role].read(path), only)
        results = [one for one in checked.report.results if not only or one.rule.name in only]
        text = render("fix", output_format, [_shown(one, visits[one.role]) for one in changes])
        failed = {(one.role, one.path): one.why for one in unfixable}
        names = {role: visit.name for role, visit in visits.items()}
        left = unmended(results, able, failed, names)
        unknown = undecided(results, able)
        if changes:
            deliver(text)
        listed = "".join(map(_listed, left))
        if as_playbook:
            print(listed, end="", file=sys.stderr)
        else:
            deliver(listed)
        _complain(unfixable, unknown)
        code = NOT_IN_FORCE if unfixable else UNDECIDED if unknown or left else DONE
        if not changes:
            deliver(f"{_nothing(bool(unfixable), bool(left), bool(unknown))}\n")
            return code
        if as_playbook:
            return code
        if not apply:
            deliver("Nothing was changed. --apply makes these changes.\n")
            return code
        if ask is not None and not (agreed := ask(f"change {many(len(changes), 'file')}?")):
            if agreed is None:
                print(
                    "preflight: refused: there is no terminal on which to ask for confirmation; use --yes",
                    file=sys.stderr,
                )
            return REFUSED
        made = [_apply(change, visits[change.role]) for change in changes]
    return code if all(made) else NOT_IN_FORCE


def _listed(error: Unmended) -> str:
    """Return an error that remains, with the step for a person."""
    wide = width()
    lines = [
        *wrapped(one_line(f"{error.subject}: not fixed: {error.rule}: {error.message}"), width=wide),
        *labelled("why", one_line(error.why), width=wide, column=6),
        *labelled("do", one_line(error.step), width=wide, column=6),
    ]
    return "".join(f"{line}\n" for line in lines) + "\n"


def _complain(unfixable: Iterable[Unfixable], unknown: Mapping[str, Sequence[Result]]) -> None:
    """Print to standard error which changes cannot be computed, and what is not known."""
    wide = width()
    lines = [f"preflight: {one_line(f'{one.host}: {one.path}: {one.why}')}" for one in unfixable]
    for reason, results in unknown.items():
        lines += wrapped(f"preflight: unknown: {one_line(reason)}", width=wide)
        lines += labelled("left open", rules_of(results), width=wide, column=11)
    if unknown:
        lines.append("preflight: unknown facts may hide errors: make them readable, and run `preflight fix` again")
    print("".join(f"{line}\n" for line in lines), end="", file=sys.stderr)


def _nothing(unfixable: bool, left: bool, unknown: bool) -> str:
    if unfixable or left:
        return "nothing that preflight can change"
    return "nothing to change, as far as preflight can tell" if unknown else "nothing to change"


def _live(checked: Checked) -> dict[Role, LiveVisit]:
    found = {}
    for role, visit in zip(Role, checked.visits, strict=True):
        if not isinstance(visit, LiveVisit):
            raise UserError(f"{visit.name}: a snapshot cannot be fixed: name the host itself")
        found[role] = visit
    return found


def _shown(change: FileChange, visit: LiveVisit) -> Shown:
    by_cloud_init = visit.run(_CLOUD_INIT).out.split() if change.path == HOSTS else []
    return Shown(change, tuple(by_cloud_init))


def _apply(change: FileChange, visit: LiveVisit) -> bool:
    date = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%S")
    text = script(change.path, change.before, change.after, change.service, date)
    # not as an argument, since an argument has at most 128 KiB (MAX_ARG_STRLEN)
    answer = visit.run(
        shell("printf %s @text@ | as_root sh -c 's=$(cat); exec </dev/null; eval \"$s\"'", text=str(text))
    )
    said = [line for line in answer.out.splitlines() if line] or [_silence(answer)]
    for line in said:
        print(f"{one_line(change.host)}: {one_line(line)}", flush=True)
    return answer.code == 0


def _silence(answer: Record) -> str:
    why = answer.complaint or "the host did not answer"
    return f"it is unknown whether the file was changed: {why}; run `preflight check`"
