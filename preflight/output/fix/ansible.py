"""The changes of `preflight fix` as an Ansible playbook, for sites that change hosts only with Ansible.

Text of a host is tagged `!unsafe` everywhere, so that Ansible evaluates no template in it. The values that Ansible
itself acts on (`hosts`, the names of tasks and handlers) are preflight's own words, or a name as the user typed it.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from preflight import grammar
from preflight.connection.target import parse_target
from preflight.errors import UserError
from preflight.facts.fact import Record
from preflight.facts.ssh.sshd_config import own_directives
from preflight.facts.text.libvirt_conf import parse_conf
from preflight.fix.changes import FileChange, Shown
from preflight.rule import Change

_MATCH = r"(?i)^[ \t]*match\b"
#: The names of Ansible's own groups.
_GROUPS = ("all", "ungrouped")


def render(shown: Sequence[Shown], _colour: bool) -> str:
    """Return the changes as a playbook; raises `UserError` as `playbook` does."""
    return playbook(one.change for one in shown)


def playbook(changes: Iterable[FileChange]) -> str:
    """Return YAML: a play for each host and file, with the same lines as the diff and the same restarts.

    Raises `UserError` if a host is named in a way that no inventory allows.
    """
    return "\n".join(["---", *(line for change in changes for line in _play(change))]) + "\n"


def _play(change: FileChange) -> Iterator[str]:
    handler = _quoted(f"{change.verb} {change.service.name}")
    yield f"- name: {_quoted('changes by preflight for ' + ', '.join(change.rules))}"
    yield f"  hosts: {_quoted(_inventoried(change.host))}"
    yield "  become: true"
    yield "  tasks:"
    for task in _names(change) if change.is_for_hosts else _settings(change):
        yield from task
        yield "        backup: true"
        if change.is_for_sshd:
            yield '        validate: "sshd -t -f %s"'
        if change.unit:
            yield f"      notify: {handler}"
    if change.unit:
        yield "  handlers:"
        yield f"    - name: {handler}"
        yield "      ansible.builtin.service:"
        yield f"        name: {_quoted(change.unit)}"
        yield f"        state: {change.verb}ed"


def _inventoried(host: str) -> str:
    """Return the host's name in an inventory, which must not be a pattern."""
    name = parse_target(host).host or "localhost"
    if not (grammar.is_address(name) or grammar.HOST_NAME.takes(name)) or name in _GROUPS:
        raise UserError(
            f"{name!r}: Ansible does not accept this as the name of one host; use another name for the host"
        )
    return name


def _names(change: FileChange) -> Iterator[list[str]]:
    """Yield tasks for the lines of /etc/hosts: changed lines, unless the file has changed, then new lines."""
    before, after = (text.removesuffix("\n").split("\n") for text in (change.before or "", change.after))
    for old, new in zip(before, after, strict=False):
        if old != new:
            yield [
                "    - name: correct a line",
                "      ansible.builtin.replace:",
                f"        path: {_unsafe(change.path)}",
                f"        regexp: {_unsafe(f'^{re.escape(old)}$')}",
                "        replace: " + _unsafe(new.replace("\\", "\\\\")),
            ]
    for line in after[len(before) if change.before else 0 :]:
        yield [
            "    - name: add a line",
            "      ansible.builtin.lineinfile:",
            f"        path: {_unsafe(change.path)}",
            f"        regexp: {_unsafe(f'^{re.escape(line)}$')}",
            f"        line: {_unsafe(line)}",
            *_created(change),
        ]


def _settings(change: FileChange) -> Iterator[list[str]]:
    for setting in change.settings:
        if isinstance(setting, Change):
            flags = "(?i)" if change.is_for_sshd else ""
            yield [
                f"    - name: {_quoted(f'set {setting.key}')}",
                "      ansible.builtin.lineinfile:",
                f"        path: {_unsafe(change.path)}",
                "        regexp: " + _unsafe(rf"{flags}^\s*{re.escape(setting.key)}\b"),
                f"        line: {_unsafe(_line(change, setting))}",
                *_created(change),
                *_place(change, setting),
            ]


def _created(change: FileChange) -> tuple[str, ...]:
    return ("        create: true",) if change.before is None else ()


def _place(change: FileChange, setting: Change) -> Iterator[str]:
    """Yield the options that make `lineinfile` put a new line where the diff has it."""
    yield "        firstmatch: true"
    text, flags = change.before or "", "(?i)" if change.is_for_sshd else ""
    ends = r"\b" if change.is_for_sshd else r"[ \t]*="
    remark = rf"{flags}^[ \t]*#[ \t]*{re.escape(setting.key)}{ends}"
    above = re.split(_MATCH, text, maxsplit=1, flags=re.MULTILINE) if change.is_for_sshd else [text]
    if re.search(remark, above[0], re.MULTILINE):
        yield f"        insertafter: {_unsafe(remark)}"
    elif len(above) > 1:
        yield f"        insertbefore: {_quoted(_MATCH)}"


def _line(change: FileChange, setting: Change) -> str:
    """Return the line of the changed file that has the setting, with its comment."""
    if change.is_for_sshd:
        found = (one for one in own_directives(change.path, change.after) if one.keyword == setting.key.lower())
        return next(one.at.text for one in found if not one.conditional)
    written = parse_conf(change.path, Record(change.after)).settings[setting.key].at
    assert written is not None
    return written.text


def _unsafe(text: str) -> str:
    """Return a scalar that Ansible uses verbatim."""
    return f"!unsafe {_quoted(text)}"


def _quoted(text: str) -> str:
    """Return a YAML scalar in double quotes, the only style with escapes; YAML does not join JSON's surrogate pairs."""
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    code = ord(character)
    if character in '"\\':
        return f"\\{character}"
    return character if " " <= character <= "~" else f"\\U{code:08x}"
