"""The changes of `preflight fix` as an Ansible playbook, for those who change hosts by Ansible only."""

import json
import re
from collections.abc import Iterable, Iterator

from preflight.facts.libvirt_conf import parse_conf
from preflight.facts.record import Record
from preflight.facts.sshd_config import own_directives
from preflight.fix import FileChange
from preflight.rule import Change

_MATCH = r"(?i)^[ \t]*match\b"


def playbook(changes: Iterable[FileChange]) -> str:
    """YAML: a play a host and file; the same lines as the diff shows, and the same restarts."""
    return "\n".join(["---", *(line for change in changes for line in _play(change))]) + "\n"


def _play(change: FileChange) -> Iterator[str]:
    service = change.service.name
    yield f"- name: {_quoted(change.path + ', for ' + ', '.join(change.rules))}"
    yield f"  hosts: {_quoted(change.host.rpartition('@')[2])}"
    yield "  become: true"
    yield "  tasks:"
    for setting in change.settings:
        yield f"    - name: {_quoted(f'{setting.key} = {setting.value}')}"
        yield "      ansible.builtin.lineinfile:"
        yield f"        path: {_quoted(change.path)}"
        yield f"        regexp: {_quoted(_pattern(change, setting))}"
        yield f"        line: {_quoted(_line(change, setting))}"
        yield from _place(change, setting)
        yield "        backup: true"
        if change.is_for_sshd:
            yield '        validate: "sshd -t -f %s"'
        if change.unit:
            yield f"      notify: {_quoted(f'{change.verb} {service}')}"
    if change.unit:
        yield "  handlers:"
        yield f"    - name: {_quoted(f'{change.verb} {service}')}"
        yield "      ansible.builtin.service:"
        yield f"        name: {_quoted(change.unit)}"
        yield f"        state: {change.verb}ed"


def _place(change: FileChange, setting: Change) -> Iterator[str]:
    """Where `lineinfile` puts a line that is new: where the diff has it."""
    if change.before is None:
        yield "        create: true"
    if change.is_for_hosts:
        return
    yield "        firstmatch: true"
    text, flags = change.before or "", "(?i)" if change.is_for_sshd else ""
    remark = rf"{flags}^[ \t]*#[ \t]*{setting.key}" + (r"\b" if change.is_for_sshd else r"[ \t]*=")
    above = re.split(_MATCH, text, maxsplit=1, flags=re.MULTILINE) if change.is_for_sshd else [text]
    if re.search(remark, above[0], re.MULTILINE):
        yield f"        insertafter: {_quoted(remark)}"
    elif len(above) > 1:
        yield f"        insertbefore: {_quoted(_MATCH)}"


def _pattern(change: FileChange, setting: Change) -> str:
    if change.is_for_hosts:
        return f"^{setting.value}\\s.*\\b{setting.key}\\b".replace(".", "\\.").replace("\\s\\.*", "\\s.*")
    flags = "(?i)" if change.is_for_sshd else ""
    return f"{flags}^\\s*{setting.key}\\b"


def _line(change: FileChange, setting: Change) -> str:
    if change.is_for_hosts:
        return f"{setting.value} {setting.key}"
    if change.is_for_sshd:
        found = (one for one in own_directives(change.path, change.after) if one.keyword == setting.key.lower())
        return next(one.at.text for one in found if not one.conditional)
    written = parse_conf(change.path, Record(change.after)).settings[setting.key].at
    assert written is not None
    return written.text


def _quoted(text: str) -> str:
    return json.dumps(text)
