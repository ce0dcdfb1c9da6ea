"""The files and the words that `preflight fix` may write at all. Rules take both from what hosts report."""

from collections.abc import Mapping

from preflight import grammar
from preflight.connection.target import parse_target
from preflight.facts.fact import Unreadable
from preflight.facts.names.hosts_file import PATH as HOSTS
from preflight.facts.names.hosts_file import same_name
from preflight.grammar import Grammar
from preflight.host import Host
from preflight.rule import AnyChange, Change, HostsLine

#: No other files, because the command line of a daemon may name any file, and anybody with a login on a host can run a
#: program with the name of the daemon.
_FILE = Grammar(
    "a file that preflight changes (/etc/hosts, /etc/libvirt/*.conf, /etc/ssh/sshd_config and sshd_config.d/*.conf)",
    r"/etc/hosts|/etc/libvirt/[a-z][a-z0-9_-]*\.conf|/etc/ssh/sshd_config(?:\.d/[A-Za-z0-9][A-Za-z0-9_.-]*\.conf)?",
    255,
)


def typed(host: Host, other: Host, path: str, settings: Mapping[tuple[str, ...], tuple[AnyChange, str]]) -> None:
    """Check all that is to be written against its grammar; `other` is the host to which a name belongs.

    Raises `Unreadable`.
    """
    _FILE.of(path)
    for change, _ in settings.values():
        if isinstance(change, HostsLine):
            _line(host, other, change)
        elif path == HOSTS:
            raise Unreadable(f"{path} has no settings")
        else:
            _setting(change)


def _setting(change: Change) -> None:
    grammar.KEYWORD.of(change.key)
    if not isinstance(change.value, int) and not grammar.NUMBERS.takes(change.value):
        grammar.address(change.value)


def _line(host: Host, other: Host, change: HostsLine) -> None:
    """Check a line of /etc/hosts: a host that could choose any name would receive what is sent to its real owner."""
    last = grammar.HOST_NAME.of(change.name).rstrip(".").rpartition(".")[2]
    if last.isdigit() or last[:2] in ("0x", "0X"):  # inet_aton(3)
        raise Unreadable(f"{change.name} is parsed as an address and never looked up")
    grammar.address(change.address)
    own = host.records["kernel.hostname"].required().strip() if "kernel.hostname" in host.records else None
    if own is None:
        raise Unreadable(f"the host's own name is unknown, and may be {change.name}")
    if _first(change.name) == "localhost" or same_name(change.name, own) or same_name(change.name, _first(own)):
        raise Unreadable(f"{change.name} is a name of this host itself: give the other host a different name")
    if change.replaces is not None:
        grammar.address(change.replaces)
        named = parse_target(other.name).host
        if grammar.is_address(named) or not same_name(_first(change.name), _first(named)):
            raise Unreadable(
                f"only the other host reports that it is {change.name}, which resolves to {change.replaces} here:"
                " preflight moves a name to another address only if you gave that name on the command line"
            )


def _first(name: str) -> str:
    return name.partition(".")[0]
