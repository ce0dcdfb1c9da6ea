"""Error messages that the lab recorded, with other names and numbers, and the rules that `preflight explain` names.

`python -m tests.golden.explained` prints how often the row's rule is named first, and lists the rows where it is not.
"""

import random
import re
import string
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from functools import cache, partial

from msgspec import Struct

from preflight.judge.explain import Explained, explain
from tests.lab.truth.record import read
from tests.lab.truth.row import Row, rows

#: Rows whose rule is not among the rules that are named for the message, and the reason.
MISSED: Mapping[str, str] = {
    "daemon/cannot-write-status-full-peer-to-peer": "virsh lost the reason: the log of the source's daemon has it",
    "network/tls-forced-at-the-destination-p2p": "virsh lost the reason: the log of the source's daemon has it",
    "storage/firmware-variables-smaller": "libvirt lost QEMU's words",
    "daemon/modular-qemu-conf-broken": "virsh says the same of a daemon that does not run, which is named",
    "daemon/modular-qemu-conf-broken-and-idle": "virsh says the same of a daemon that does not run, which is named",
    "guests/vnc-tls-in-an-empty-directory": "libvirt lost QEMU's words",
    "login/installed-session-fails": "libvirt takes what PAM printed for a packet, which libvirt-unreachable names",
    "limits/socket-triggered-twice-and-five": "ssh says the same of MaxStartups, which is named",
    "limits/socket-two-connections-and-five": "ssh says the same of MaxStartups, which is named",
    "limits/socket-two-of-each-address-and-five": "ssh says the same of MaxStartups, which is named",
    "network/way-disks-rejected-between": "QEMU says the same of a wrong address, whose rule is named",
    "login/sshd-not-reloaded-but-in-force": "sshd refuses by a MaxStartups that it still uses, which is named",
    "network/tls-data-secret-missing": "libvirt says the same of a disk's secret, whose rule is named",
    "network/tls-data-secret-missing-at-the-source": "libvirt says the same of a disk's secret, whose rule is named",
    "network/tls-data-secret-missing-debian-13": "libvirt says the same of a disk's secret, whose rule is named",
    "guests/vnc-tls-without-its-secret": "libvirt says the same of a disk's secret, whose rule is named",
    "network/tls-data-server-for-clients-debian-13": "libvirt lost QEMU's words",
    "storage/firmware-rom-smaller-debian-13": "libvirt lost QEMU's words",
    "guests/hugepages-for-one-of-two": "libvirt lost QEMU's words",
    "guests/hugepages-too-few": "libvirt lost QEMU's words",
    "network/listens-elsewhere-p2p": "virsh lost the reason: the log of the source's daemon has it",
    "network/listens-elsewhere-p2p-debian-13": "virsh lost the reason: the log of the source's daemon has it",
    "login/penalties-of-failed-logins": "ssh says the same of MaxStartups, which is named; this rule is named after it",
}

_UUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_ADDRESS = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b")
_HOST = re.compile(r"\b[\w-]+\.example\.com\b")
_PATH = re.compile(r"(?<![\w/:.])(?:/[\w.-]+)+")
_NUMBER = re.compile(r"\b(?:0x[0-9a-f]+|\d+)\b")
#: Names that the rows give to guests, networks, bridges, interfaces, pools, volumes, filters, users, groups, disks and
#: devices, and those of machine types, models and features of CPUs.
_NAMES = re.compile(
    r"(?<![\w.-])(?:web-moved|web\d?|db|lan|br\d|vnet\d|web0|p|v\.img|mine|vmuser|vmgroup|vd[a-z]|host2-\w+|(?<=')localhost"
    r"|pc-i440fx-[\d.]+|EPYC-v4|overflow-recov|ibrs|pcommit|erms|fsrm|fma|avx2?|f16c|charserial\d|libvirt-\d-\w+)(?![\w.-])"
)


def varied(message: str, seed: int) -> str:
    """Return the message with other UUIDs, addresses, ports, numbers, hosts, paths and names."""
    chance = random.Random(f"{seed} {message}")

    def word(_: str) -> str:
        return "".join(chance.choices(string.ascii_lowercase, k=chance.randint(1, 12)))

    def path(old: str) -> str:
        above = "".join(f"/{word('')}" for _ in range(old.count("/") - 1))
        name = old.rpartition("/")[2]
        # the names of libvirt's sockets are the same on every host
        return f"{above}/{name if name.endswith('-sock') else word('')}"

    def number(old: str) -> str:
        return hex(chance.randrange(1 << 32)) if old.startswith("0x") else str(chance.randrange(2, 65536))

    def address(_: str) -> str:
        return ".".join(str(chance.randrange(256)) for _ in range(4))

    def uuid(_: str) -> str:
        return "-".join("".join(chance.choices("0123456789abcdef", k=size)) for size in (8, 4, 4, 4, 12))

    return _replaced(message, uuid, lambda old: f"{word(old)}.{word(old)}.net", path, word, address, number)


def masked(message: str) -> str:
    """Return what is left of a message without all that varies."""
    return _replaced(message, *[lambda _: "*"] * 6)


def _replaced(message: str, *makers: Callable[[str], str]) -> str:
    given: dict[str, str] = {}
    for pattern, make in zip((_UUID, _HOST, _PATH, _NAMES, _ADDRESS, _NUMBER), makers, strict=True):
        message = pattern.sub(lambda match, make=make: given.setdefault(match[0], make(match[0])), message)  # type: ignore[misc]
    return message


class Named(Struct, frozen=True):
    """A recorded message, and what is named for it."""

    row: str
    rule: str
    message: str
    explained: Explained

    @property
    def is_first(self) -> bool:
        """Report whether the row's rule is the one that is explained."""
        return [one.rule.name for one in self.explained.candidates[:1]] == [self.rule]

    @property
    def is_among_first(self) -> bool:
        """Report whether the row's rule is explained, or is named as another cause of the same message."""
        return self.rule in {one.rule.name for one in self.explained.first}

    @property
    def is_shared(self) -> bool:
        """Report whether several rules declare this message."""
        return len(self.explained.first) > 1


def _message(name: str, row: Row) -> str | None:
    """Return what virsh said; None where it said nothing: it succeeded, hung, or lost something of the guest's."""
    recorded = read(name)
    if recorded is None or recorded[0].outcome != "fails" or recorded[0].message in (row.no_end, row.damaged):
        return None
    return recorded[0].message


@cache
def recorded() -> tuple[tuple[str, str, str], ...]:
    """Return each row that recorded a message, its rule, and the message."""
    return tuple((name, row.rule, said) for name, row in rows().items() if (said := _message(name, row)) is not None)


def named(change: Callable[[str], str] = str) -> list[Named]:
    """Explain each recorded message, after a change."""
    return [Named(name, rule, message, explain(change(message))) for name, rule, message in recorded()]


class Figures(Struct, frozen=True):
    """The number of messages for which the row's rule is named, and the number of all messages."""

    messages: int
    #: Messages for which it is the rule that is explained, and those for which it is that or shares the message.
    first: int
    among: int
    #: Messages that one rule alone declares, and those of them for which it is the row's.
    unshared: int
    unshared_first: int
    #: The most that `first` could be: rows of several rules recorded the same text, but for what varies.
    possible: int
    #: The most rules that share a message.
    most: int

    def __str__(self) -> str:
        return (
            f"{self.messages} messages: the row's rule is first for {self.first} ({self.first / self.messages:.1%}), "
            f"where {self.possible} are possible; it is first or shares the message with the first, of {self.most} "
            f"rules at most, for {self.among} ({self.among / self.messages:.1%}); of the {self.unshared} messages of "
            f"one rule it is first for {self.unshared_first} ({self.unshared_first / self.unshared:.1%})"
        )


def figures(all_named: list[Named]) -> Figures:
    """Count them."""
    alike: dict[str, Counter[str]] = defaultdict(Counter)
    for one in all_named:
        alike[masked(one.message)][one.rule] += 1
    unshared = [one for one in all_named if not one.is_shared]
    return Figures(
        messages=len(all_named),
        first=sum(one.is_first for one in all_named),
        among=sum(one.is_among_first for one in all_named),
        unshared=len(unshared),
        unshared_first=sum(one.is_first for one in unshared),
        possible=sum(max(counts.values()) for counts in alike.values()),
        most=max(len(one.explained.first) for one in all_named),
    )


def main() -> None:
    """Print the figures as recorded and with three seeds, and the rows whose rule is not first."""
    plain = named()
    print(f"as recorded: {figures(plain)}")
    for seed in (1, 2, 3):
        print(f"varied by {seed}: {figures(named(partial(varied, seed=seed)))}")
    for one in plain:
        if not one.is_first:
            names = ", ".join(each.rule.name for each in one.explained.first)
            print(f"{one.row}: {one.rule}: {MISSED.get(one.row, f'the same message has {names}')}")


if __name__ == "__main__":
    main()
