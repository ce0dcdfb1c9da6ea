"""What `preflight fix` would write: the changes that findings ask for, a file at a time. Nothing is changed here."""

from collections.abc import Callable, Collection, Iterable
from typing import TypeAlias

from msgspec import Struct

from preflight import grammar
from preflight.apply import Service
from preflight.check import Checked
from preflight.edit import HOSTS, difference, edited
from preflight.facts.conf_problems import problems
from preflight.facts.daemon import Daemons
from preflight.facts.libvirt_conf import parse_conf
from preflight.facts.qemu_conf import problems as qemu_problems
from preflight.facts.record import Record, Unreadable
from preflight.facts.versions import Version, Versions
from preflight.host import Host
from preflight.migration import Role
from preflight.report import Outcome, Result
from preflight.rule import Change
from preflight.shell_text import shell

#: What virt-admin calls a setting of a daemon's file.
_TOLD = {"max_clients": "nclients_max", "max_workers": "maxWorkers", "min_workers": "minWorkers"}
_TOLD["max_anonymous_clients"] = "nclients_unauth_max"
_RISKS = {
    "maxstartups": "MaxStartups guards sshd against floods of logins; migrations started a second apart need no change",
    "migration_port_max": "the firewall must let the added ports through too",
}
#: How the listener says what it takes; its title is new once it has read its files again.
_LISTENER = shell(r"grep -sah '^sshd:.*listener' /proc/[0-9]*/cmdline | tr -d '\000'")
_NOTHING = shell(":")


class FileChange(Struct, frozen=True):
    """One file of one host as it is and as it should be; `before` is None for one that does not exist."""

    role: Role
    host: str
    path: str
    before: str | None
    after: str
    service: Service
    settings: tuple[Change, ...]
    rules: tuple[str, ...]

    @property
    def is_for_hosts(self) -> bool:
        """Whether it is /etc/hosts, which no program has to be told of."""
        return self.path == HOSTS

    @property
    def is_for_sshd(self) -> bool:
        """Whether sshd reads it; it is told to read it anew, so that no connection ends."""
        return self.path.startswith("/etc/ssh/")

    @property
    def unit(self) -> str | None:
        """The systemd unit that reads it; sshd's is called ssh on Debian and sshd elsewhere."""
        return None if self.is_for_hosts else "ssh" if self.is_for_sshd else self.service.name

    @property
    def verb(self) -> str:
        """What is done to the unit: reload or restart."""
        return "reload" if self.is_for_sshd else "restart"

    @property
    def diff(self) -> str:
        """The unified difference, without passwords."""
        return difference(self.path, self.before or "", self.after)

    @property
    def risks(self) -> tuple[str, ...]:
        """What the change puts at risk."""
        found = [_RISKS[key] for key in (change.key.lower() for change in self.settings) if key in _RISKS]
        if self.path.startswith("/etc/libvirt/"):
            found.append(f"open connections to {self.service.name} end with its restart; guests run on")
        return tuple(found)


Read: TypeAlias = Callable[[Role, str], Record]
#: By key what is to be set, and the rule that asks for it.
Settings: TypeAlias = dict[str, tuple[Change, str]]


class Unfixable(Struct, frozen=True):
    """A change that cannot be computed, and why."""

    host: str
    path: str
    why: str


def wanted(results: Iterable[Result], rules: Iterable[str] = ()) -> dict[tuple[Role, str], Settings]:
    """The changes that findings ask for, by host and file, then by key; the largest where several ask for one."""
    only = set(rules)
    found: dict[tuple[Role, str], Settings] = {}
    for result in results:
        for finding in result.findings:
            change, role = finding.change, finding.host
            if change is None or role is None or (only and result.rule.name not in only):
                continue
            settings = found.setdefault((role, change.path), {})
            known = settings.get(change.key)
            if known is None or (isinstance(change.value, int) and change.value > int(known[0].value)):
                settings[change.key] = (change, result.rule.name)
    return found


def undecided(results: Iterable[Result], rules: Collection[str]) -> dict[str, list[str]]:
    """Those of these rules that could not be judged, or not wholly: what they would change is not known. By reason."""
    found: dict[str, list[str]] = {}
    for result in results:
        if result.rule.name in rules and result.reason and result.outcome in (Outcome.UNKNOWN, Outcome.FAILED):
            found.setdefault(result.reason, []).append(f"{result.rule.name} ({result.subject})")
    return found


def plan(checked: Checked, read: Read, rules: Iterable[str] = ()) -> tuple[list[FileChange], list[Unfixable]]:
    """Work out every file; `read` gives a file's text as it is on a host, passwords and all."""
    changes: list[FileChange] = []
    unfixable: list[Unfixable] = []
    for (role, path), settings in wanted(checked.report.results, rules).items():
        host = checked.source if role is Role.SOURCE else checked.destination
        try:
            changes.append(_file_change(host, path, read(role, path), settings))
        except Unreadable as why:
            unfixable.append(Unfixable(host.name, path, str(why)))
    return changes, unfixable


def _file_change(host: Host, path: str, record: Record, settings: Settings) -> FileChange:
    before = None if record.missing else record.required()
    if "\\x" in (before or "") and _is_escaped(before or ""):
        raise Unreadable(f"{path} is not UTF-8")
    _typed(path, settings)
    after = edited(path, before or "", {key: change.value for key, (change, _) in settings.items()})
    changes = tuple(change for change, _ in settings.values())
    service = _service(host, path, changes)
    _judge(host, path, after)
    names = tuple(dict.fromkeys(rule for _, rule in settings.values()))
    return FileChange(host.role, host.name, path, before, after, service, changes, names)


def _typed(path: str, settings: Settings) -> None:
    """Hold what is to be written against its grammar: a rule may have it from the other host. Raises `Unreadable`."""
    for change, _ in settings.values():
        if path == HOSTS:
            grammar.HOST_NAME.of(change.key)
            grammar.address(str(change.value))
        else:
            grammar.KEYWORD.of(change.key)
            if not isinstance(change.value, int):
                grammar.NUMBERS.of(change.value)


def _is_escaped(text: str) -> bool:
    """Whether bytes that are no UTF-8 were shown as escapes: such a text cannot be written back."""
    return any(part[:2].lower() in _HIGH for part in text.split("\\x")[1:])


_HIGH = {f"{byte:02x}" for byte in range(0x80, 0x100)}


def _judge(host: Host, path: str, text: str) -> None:
    """What the daemons cannot be asked of a file, since none has a mode that only parses; raises `Unreadable`."""
    if not path.startswith("/etc/libvirt/"):
        return
    conf = parse_conf(path, Record(text))
    if path.endswith("/qemu.conf"):
        found = list(qemu_problems(conf))
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


def _service(host: Host, path: str, changes: tuple[Change, ...]) -> Service:
    if path == HOSTS:
        shown = shell(
            "for n in @names@; do getent ahosts -- \"$n\"; done | cut -d ' ' -f 1 | sort -u",
            names=[change.key for change in changes],
        )
        expected = tuple(str(change.value) for change in changes)
        return Service("the resolver", _NOTHING, _NOTHING, _NOTHING, shown, expected)
    if path.startswith("/etc/ssh/"):
        return _sshd(changes)
    daemon = host.fact(Daemons).intended
    if daemon is None:
        raise Unreadable("no libvirt daemon runs that would read it")
    asked = f"srv-clients-info {daemon}; srv-threadpool-info {daemon}"
    ask = shell("virt-admin -c @uri@ @asked@", uri=f"{daemon}:///system", asked=asked)
    told = tuple(f"{_TOLD[change.key]}:{change.value}" for change in changes if change.key in _TOLD)
    restart = shell("systemctl restart @unit@", unit=f"{daemon}.service")
    answers = shell("virsh -q -c qemu:///system version && @ask@", ask=ask)
    return Service(daemon, _NOTHING, restart, answers, shell("@ask@ | tr -d ' '", ask=ask), told)


def _sshd(changes: tuple[Change, ...]) -> Service:
    parts = [str(change.value).split(":") for change in changes if change.key.lower() == "maxstartups"]
    reload = shell(
        "for u in ssh.service sshd.service; do systemctl is-active -q $u && { systemctl reload $u; return; }; done;"
        " echo 'no unit of sshd is active'; return 1"
    )
    shown = shell(r"@listener@ | sed -n 's/.* of \([0-9]*-[0-9]*\) startups.*/\1/p'", listener=_LISTENER)
    expected = tuple(f"{start}-{full}" for start, _, full in parts)
    answers = shell("@listener@ | grep -q .", listener=_LISTENER)
    return Service("sshd", shell('sshd -t -f "$1"'), reload, answers, shown, expected)


def commands(change: FileChange) -> tuple[str, ...]:
    """What a person would type to put it in force."""
    if change.is_for_hosts:
        return ()
    if change.is_for_sshd:
        return ("sshd -t", "systemctl reload ssh    # sshd, where the unit is called that")
    return (f"systemctl restart {change.service.name}",)
