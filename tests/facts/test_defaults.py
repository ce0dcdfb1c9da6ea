"""The table of defaults, held against what real daemons say elsewhere; here that it is whole and knows its limits."""

import pytest

from preflight.facts.defaults import DAEMON_DEFAULTS, DAEMONS, DEFAULTS, DROPPED, default, known_settings
from preflight.facts.fact import Unreadable
from preflight.facts.version import Version


@pytest.mark.parametrize(
    ("program", "key", "version", "value"),
    [
        ("libvirtd", "max_clients", Version(1, 2, 2), 20),
        ("libvirtd", "max_clients", Version(1, 2, 3), 5000),
        ("virtqemud", "max_queued_clients", Version(1, 3, 2), 0),
        ("virtqemud", "max_queued_clients", Version(1, 3, 3), 1000),
        ("libvirtd", "listen_tls", Version(9), 1),
        ("virtproxyd", "listen_tls", Version(9), 0),
        ("qemu", "migration_port_min", Version(9), 49152),
        ("sshd", "maxstartups", Version(6, 1), "10"),
        ("sshd", "maxstartups", Version(6, 2), "10:30:100"),
        ("sshd", "persourcepenalties", Version(9, 7), None),
        ("sshd", "persourcepenalties", Version(9, 8), "yes"),
    ],
)
def test_a_default_is_that_of_the_release(program: str, key: str, version: Version, value: object) -> None:
    assert default(program, key, version) == value


@pytest.mark.parametrize(
    ("program", "key", "version"),
    [
        ("libvirtd", "no_such_key", Version(9)),
        ("nginx", "max_clients", Version(9)),
        ("libvirtd", "max_anonymous_clients", Version(1, 0)),
        ("virtqemud", "listen_tls", Version(9)),
    ],
)
def test_what_is_not_known_has_no_default(program: str, key: str, version: Version) -> None:
    with pytest.raises(Unreadable, match=f"the default of {key} in {program} {version} is unknown"):
        default(program, key, version)


def test_every_history_runs_from_the_newest_release_to_the_oldest() -> None:
    for settings in DEFAULTS.values():
        for history in settings.values():
            releases = [since for since, _ in history]
            assert releases == sorted(set(releases), reverse=True)


def test_only_daemons_that_listen_on_the_network_read_its_settings() -> None:
    assert "listen_tcp" in known_settings("libvirtd", None)
    assert "listen_tcp" in known_settings("virtproxyd", None)
    assert "listen_tcp" not in known_settings("virtqemud", None)


def test_what_has_a_default_is_a_setting_that_is_known_and_not_dropped() -> None:
    for daemon in DAEMONS:
        known = known_settings(daemon, None)
        assert set(DEFAULTS[daemon]) <= set(known)
        assert not set(DROPPED) & set(known)
    assert set(DAEMON_DEFAULTS) <= set(known_settings("virtqemud", None))
