"""The changes of `preflight fix`: what findings ask for, file by file. Nothing is changed here."""

from collections.abc import Callable, Collection, Iterable
from typing import TypeAlias

from msgspec import Struct

from preflight.facts.daemon.conf_problems import problems
from preflight.facts.daemon.qemu_conf import problems as qemu_problems
from preflight.facts.fact import Record, Unreadable
from preflight.facts.libvirt.versions import Versions
from preflight.facts.names.hosts_file import PATH as HOSTS
from preflight.facts.text.libvirt_conf import parse_conf
from preflight.facts.version import Version
from preflight.fix.apply import Service
from preflight.fix.files import difference, edited, led
from preflight.fix.services import service
from preflight.fix.writable import typed
from preflight.host import Host
from preflight.judge.check import Checked
from preflight.judge.report import Outcome, Result
from preflight.request.migration import Role
from preflight.rule import AnyChange, Change, HostsLine, Severity

_RISKS = {
    "maxstartups": "MaxStartups guards sshd against floods of logins; migrations a second apart need no change",
    "migration_port_max": "the firewall must allow the additional ports too",
}


class FileChange(Struct, frozen=True):
    """One file of one host as it is and as it should be; `before` is None for a file that does not exist."""

    role: Role
    host: str
    path: str
    before: str | None
    after: str
    service: Service
    settings: tuple[AnyChange, ...]
    rules: tuple[str, ...]

    @property
    def is_for_hosts(self) -> bool:
        """Report whether the file is /etc/hosts, for which no program has to be reloaded."""
        return self.path == HOSTS

    @property
    def is_for_sshd(self) -> bool:
        """Report whether sshd reads the file; sshd is reloaded, so that no connection ends."""
        return self.path.startswith("/etc/ssh/")

    @property
    def unit(self) -> str | None:
        """Return the systemd unit that reads the file; sshd's is called ssh on Debian and sshd elsewhere."""
        return None if self.is_for_hosts else "ssh" if self.is_for_sshd else self.service.name

    @property
    def verb(self) -> str:
        """Return what is done to the unit: reload or restart."""
        return "reload" if self.is_for_sshd else "restart"

    @property
    def diff(self) -> str:
        """Return the unified diff, without passwords."""
        return difference(self.path, self.before or "", self.after)

    @property
    def risks(self) -> tuple[str, ...]:
        """Return the risks of the change."""
        keys = [change.key.lower() for change in self.settings if isinstance(change, Change)]
        found = [_RISKS[key] for key in keys if key in _RISKS]
        found += [
            f"programs on the host no longer resolve {change.name} to {change.replaces}"
            for change in self.settings
            if isinstance(change, HostsLine) and change.replaces
        ]
        if self.path.startswith("/etc/libvirt/"):
            found.append(
                f"restarting {self.service.name} closes its open connections; guests keep running,"
                " and nothing is changed while a guest has a job"
            )
        return tuple(found)

    @property
    def commands(self) -> tuple[str, ...]:
        """Return the commands with which a person would apply the change."""
        if self.is_for_hosts:
            return ()
        if self.is_for_sshd:
            return ("sshd -t", "systemctl reload ssh    # or sshd, if that is the unit's name")
        return (f"systemctl restart {self.service.name}",)


Read: TypeAlias = Callable[[Role, str], Record]
#: Each change and the rule that asks for it, by the subject of the change.
Settings: TypeAlias = dict[tuple[str, ...], tuple[AnyChange, str]]


class Shown(Struct, frozen=True):
    """A change for display, and the files by which cloud-init would revert it at the next boot."""

    change: FileChange
    by_cloud_init: tuple[str, ...] = ()


class Unfixable(Struct, frozen=True):
    """A change that cannot be computed, with the reason."""

    role: Role
    host: str
    path: str
    why: str


def wanted(results: Iterable[Result], rules: Iterable[str] = ()) -> dict[tuple[Role, str], Settings]:
    """Return the changes that findings ask for, by host and file, then by subject; of several, the largest."""
    only = set(rules)
    found: dict[tuple[Role, str], Settings] = {}
    for result in results:
        for finding in result.findings if result.outcome is Outcome.FAILED else ():
            change, role = finding.change, finding.host
            if change is None or role is None or (only and result.rule.name not in only):
                continue
            settings = found.setdefault((role, change.path), {})
            known = settings.get(_subject(change))
            if known is None or _size(change) > _size(known[0]):
                settings[_subject(change)] = (change, result.rule.name)
    return found


def _subject(change: AnyChange) -> tuple[str, ...]:
    return (change.name, change.replaces or "") if isinstance(change, HostsLine) else (change.key,)


def _size(change: AnyChange) -> int:
    """Return the number to be set; 0 if the value is not a number, so that any of several may be used."""
    return change.value if isinstance(change, Change) and isinstance(change.value, int) else 0


def undecided(results: Iterable[Result], able: Collection[str]) -> dict[str, list[Result]]:
    """Return the results that could not be fully reached and may hide an error or ask for a change, by reason.

    `able` are the rules that may ask for a change.
    """
    found: dict[str, list[Result]] = {}
    for result in results:
        hides = result.severity is Severity.ERROR or result.rule.name in able
        if hides and result.reason and result.outcome in (Outcome.UNKNOWN, Outcome.FAILED):
            found.setdefault(result.reason, []).append(result)
    return found


def plan(checked: Checked, read: Read, rules: Iterable[str] = ()) -> tuple[list[FileChange], list[Unfixable]]:
    """Compute every changed file; `read` returns the text of a file as it is on a host, including passwords."""
    changes: list[FileChange] = []
    unfixable: list[Unfixable] = []
    for (role, path), settings in wanted(checked.report.results, rules).items():
        host, other = checked.source, checked.destination
        if role is Role.DESTINATION:
            host, other = other, host
        try:
            typed(host, other, path, settings)
            changes.append(_file_change(host, path, read(role, path), settings))
        except Unreadable as why:
            unfixable.append(Unfixable(role, host.name, path, str(why)))
    return changes, unfixable


def _file_change(host: Host, path: str, record: Record, settings: Settings) -> FileChange:
    before = None if record.missing else record.required()
    if "\\x" in (before or "") and _is_escaped(before or ""):
        raise Unreadable(f"{path} is not UTF-8")
    changes = tuple(change for change, _ in settings.values())
    after = _after(path, before or "", changes)
    _judge(host, path, after)
    names = tuple(dict.fromkeys(rule for _, rule in settings.values()))
    return FileChange(host.role, host.name, path, before, after, service(host, path, changes), changes, names)


def _after(path: str, text: str, changes: tuple[AnyChange, ...]) -> str:
    if path == HOSTS:
        return led(text, (change for change in changes if isinstance(change, HostsLine)))
    return edited(path, text, {change.key: change.value for change in changes if isinstance(change, Change)})


def _is_escaped(text: str) -> bool:
    """Report whether bytes that are not UTF-8 were replaced by escapes: such a text cannot be written back."""
    return any(part[:2].lower() in _HIGH for part in text.split("\\x")[1:])


_HIGH = {f"{byte:02x}" for byte in range(0x80, 0x100)}


def _judge(host: Host, path: str, text: str) -> None:
    """Check a file as the daemons would, since none of them has a mode that only parses; raises `Unreadable`."""
    if not path.startswith("/etc/libvirt/"):
        return
    conf = parse_conf(path, Record(text))
    if path.endswith("/qemu.conf"):
        found = list(qemu_problems(conf, _version(host)))
    else:
        daemon = "virtqemud" if path.endswith("/virtqemud.conf") else "libvirtd"
        found = list(problems(daemon, conf, _version(host)))
    for problem in found:
        raise Unreadable(f"the changed file would be refused: {problem.message}")


def _version(host: Host) -> Version | None:
    try:
        return host.fact(Versions).libvirt
    except Unreadable:
        return None
