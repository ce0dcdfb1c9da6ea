"""virtlogd and virtlockd, and what would keep them from starting."""

from typing import Literal

import pytest

from preflight.facts.daemon import LogAndLock
from preflight.facts.daemon.daemons import Daemons
from preflight.facts.daemon.side_daemons import SideDaemons
from preflight.facts.fact import Record, Unreadable
from preflight.facts.libvirt import Version, Versions

RUNNING = "clock 1795396000.0 100.00 100\nprocess libvirtd 71 500\n"
STATES = ("LoadState", "ActiveState", "SubState", "UnitFileState", "Result")


def shown(**units: str) -> str:
    """Return what `systemctl show` prints of units of virtlogd, given by kind, as "loaded inactive"."""
    blocks = []
    for kind, states in units.items():
        fields = dict(zip(STATES, states.split(), strict=False))
        blocks.append(f"Id=virtlogd.{kind}\n" + "".join(f"{name}={state}\n" for name, state in fields.items()))
    return "\n".join(blocks)


LISTENING = shown(service="loaded inactive dead", socket="loaded active listening")


def fact(
    told: str | Record, daemons: str = RUNNING, side: str | None = None, libvirt: Version | None = None
) -> LogAndLock:
    record = Record(told) if isinstance(told, str) else told
    sockets = Unreadable("not asked") if side is None else SideDaemons.parse(Record(side))
    versions = Unreadable("not asked") if libvirt is None else Versions(libvirt=libvirt, qemu=Version(10, 0, 0))
    return LogAndLock.parse(Daemons.parse(Record(daemons), Record("", 1, "not asked")), record, sockets, versions)


def why(told: str, daemons: str = RUNNING) -> str | None:
    found = fact(told, daemons).obstacle("virtlogd")
    return None if found is None else found.why


def test_one_that_runs_is_there() -> None:
    assert why("", f"{RUNNING}process virtlogd 80 600\n") is None


def test_one_whose_socket_listens_is_there() -> None:
    assert why(LISTENING) is None


@pytest.mark.parametrize(
    ("units", "reason"),
    [
        ({"service": "loaded inactive", "socket": "loaded inactive"}, "virtlogd.socket is inactive"),
        ({"service": "loaded failed", "socket": "loaded failed"}, "virtlogd.socket is failed"),
        ({"service": "masked inactive", "socket": "masked inactive"}, "virtlogd.socket is inactive"),
    ],
)
def test_one_without_a_listening_socket_is_not(units: dict[str, str], reason: str) -> None:
    assert why(shown(**units)) == f"virtlogd is not running, and {reason}"


def test_one_whose_service_is_masked_is_not() -> None:
    found = why(shown(service="masked inactive", socket="loaded active"))
    assert found == "virtlogd.service cannot be started: systemd calls it masked"


def test_one_that_refuses_its_file_is_not() -> None:
    found = fact(f'{LISTENING}\x1f/etc/libvirt/virtlogd.conf\n\nmax_clients = "many"\n').obstacle("virtlogd")
    assert found is not None
    assert found.why == (
        "virtlogd will not start with this max_clients: "
        "/etc/libvirt/virtlogd.conf: expected an unsigned integer for 'max_clients' parameter"
    )
    assert found.at is not None
    assert (found.at.path, found.at.line) == ("/etc/libvirt/virtlogd.conf", 2)


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ('max_size = "2 MB"', "an unsigned integer for 'max_size'"),
        ("max_backups = -1", "an unsigned integer for 'max_backups'"),
        ('max_age_days = "3"', "an unsigned integer for 'max_age_days'"),
        ("log_root = 3", "a string for 'log_root'"),
    ],
)
def test_a_setting_of_virtlogd_alone_with_a_wrong_type_is_an_obstacle(setting: str, expected: str) -> None:
    told = f"listens virtlogd\nlistens virtlockd\n\x1f/etc/libvirt/virtlogd.conf\n{setting}\n"
    found = fact(told, libvirt=Version(11, 3, 0)).obstacle("virtlogd")
    assert found is not None
    assert found.why.endswith(f"/etc/libvirt/virtlogd.conf: expected {expected} parameter")
    assert fact(told.replace("virtlogd.conf", "virtlockd.conf")).obstacle("virtlockd") is None


@pytest.mark.parametrize("setting", ['max_age_days = "3"', "log_root = 3"])
def test_a_setting_that_an_older_virtlogd_ignores_is_no_obstacle(setting: str) -> None:
    told = f"listens virtlogd\n\x1f/etc/libvirt/virtlogd.conf\n{setting}\n"
    assert fact(told, libvirt=Version(9, 0, 0)).obstacle("virtlogd") is None


def test_a_size_may_exceed_32_bits() -> None:
    assert why(f"{LISTENING}\x1f/etc/libvirt/virtlogd.conf\nmax_size = 99999999999\n") is None


def test_one_that_cannot_parse_its_file_is_not() -> None:
    found = fact(f"{LISTENING}\x1f/etc/libvirt/virtlogd.conf\nmax_clients 5\n").obstacle("virtlogd")
    assert found is not None
    assert found.why.startswith("virtlogd will not start: /etc/libvirt/virtlogd.conf cannot be parsed")


def test_a_sound_file_is_no_obstacle() -> None:
    assert why(f"{LISTENING}\x1f/etc/libvirt/virtlogd.conf\nmax_clients = 5\nmax_size = 2097152\n") is None


def test_without_systemd_only_virtlogd_is_known_since_the_daemons_require_its_socket() -> None:
    for told in ("", Record("", 1, "not collected")):
        assert fact(told).obstacle("virtlogd") is None
        with pytest.raises(Unreadable, match="virtlockd is not running, and systemd did not say"):
            fact(told).obstacle("virtlockd")


@pytest.mark.parametrize("name", ["virtlogd", "virtlockd"])
def test_without_systemd_the_sockets_decide(name: Literal["virtlogd", "virtlockd"]) -> None:
    found = fact("", side="\x1f\n").obstacle(name)
    assert found is not None
    assert found.why == f"{name} is not running, and nothing listens at /run/libvirt/{name}-sock"
    assert fact("", side=f"listens /run/libvirt/{name}-sock\n\x1f\n").obstacle(name) is None


def test_one_that_systemd_would_start_needs_no_word_of_systemd() -> None:
    assert fact("listens virtlockd\n").obstacle("virtlockd") is None
    broken = fact("listens virtlockd\n\x1f/etc/libvirt/virtlockd.conf\nmax_clients 5\n").obstacle("virtlockd")
    assert broken is not None
    assert broken.why.startswith("virtlockd will not start: /etc/libvirt/virtlockd.conf cannot be parsed")
