"""The changes of `preflight fix` as an Ansible playbook, for those who change hosts by Ansible only."""

import json
from collections.abc import Iterable, Iterator

from preflight.fix import FileChange
from preflight.rule import Change


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
        yield from _place(change)
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


def _place(change: FileChange) -> Iterator[str]:
    if change.before is None:
        yield "        create: true"
    if change.is_for_sshd:
        yield "        firstmatch: true"
        yield '        insertbefore: "^[Mm]atch "'


def _pattern(change: FileChange, setting: Change) -> str:
    if change.is_for_hosts:
        return f"^{setting.value}\\s.*\\b{setting.key}\\b".replace(".", "\\.").replace("\\s\\.*", "\\s.*")
    flags = "(?i)" if change.is_for_sshd else ""
    return f"{flags}^\\s*{setting.key}\\b"


def _line(change: FileChange, setting: Change) -> str:
    if change.is_for_hosts:
        return f"{setting.value} {setting.key}"
    if change.is_for_sshd:
        return f"{setting.key} {setting.value}"
    return f"{setting.key} = {setting.value if isinstance(setting.value, int) else json.dumps(setting.value)}"


def _quoted(text: str) -> str:
    return json.dumps(text)
