"""Limits in effect and in use. virt-admin 9.0.0 and 11.3.0 both print this text."""

import pytest

from preflight.facts.daemon.limits import DaemonLimits
from preflight.facts.fact import MISSING, Record, Unreadable
from tests.fact_of import fact_of
from tests.facts.noise import answers

VIRT_ADMIN = """daemon libvirtd
nclients_max        : 4000
nclients            : 3
nclients_unauth_max : 20
nclients_unauth     : 1

minWorkers     : 5
maxWorkers     : 20
nWorkers       : 9
freeWorkers    : 5
prioWorkers    : 5
jobQueueDepth  : 2

"""
VERSIONS = Record('{"libvirt": 9000000, "hypervisor": 7002022, "type": "QEMU"}')
NO_FILE = Record("", MISSING)
DAEMONS = "clock 1500.0 500.0 100\nprocess libvirtd 42 25000\nsocket libvirt-sock\nconf libvirtd 1200\n"
CHANGED = DAEMONS.replace("conf libvirtd 1200", "conf libvirtd 1300")
NOT_ROOT = "daemon libvirtd\nfailed 1\n"


def limits(
    text: str | Record = VIRT_ADMIN,
    conf: str = "",
    daemons: str = DAEMONS,
    versions: Record = VERSIONS,
    own: str | Record = "1",
) -> DaemonLimits:
    answers = {"limits": text, "daemons": daemons, "libvirt.versions": versions, "own.clients": own}
    return fact_of(DaemonLimits, answers | {"libvirtd.conf": conf, "virtqemud.conf": NO_FILE})


def test_what_runs_beats_what_the_file_says() -> None:
    found = limits(conf="max_clients = 30\n")
    assert (found.live, found.max_clients.value, found.max_clients.at) == (True, 4000, None)
    [drift] = found.drift
    assert (drift.key, drift.configured.value, drift.in_force) == ("max_clients", 30, 4000)
    assert drift.configured.at is not None


def test_a_limit_that_the_file_sets_too_has_its_place() -> None:
    found = limits(conf="\nmax_clients = 4000\n")
    assert found.max_clients.at is not None
    assert found.max_clients.at.line == 2
    assert found.drift == ()


def test_a_default_that_is_not_in_force_is_no_drift() -> None:
    assert limits(conf="").drift == ()  # max_clients is 4000, by virt-admin at run time


def test_more_workers_at_least_than_at_most_are_as_many_as_at_most() -> None:
    assert limits(conf="min_workers = 5\n").drift == ()
    assert [drift.key for drift in limits(conf="min_workers = 30\n").drift] == ["min_workers"]
    twenty = VIRT_ADMIN.replace("minWorkers     : 5", "minWorkers     : 20")
    assert limits(twenty, conf="min_workers = 30\n").drift == ()


def test_what_is_in_use_leaves_preflight_itself_out() -> None:
    found = limits(own="1")
    assert (found.clients, found.anonymous_clients, found.busy_workers, found.queued_jobs) == (2, 1, 4, 2)
    assert found.room_for_clients() == 3998
    assert limits(own="0").clients == 3


def test_two_workers_are_kept_for_progress_and_abort() -> None:
    assert limits().room_for_migrations() == 20 - 4 - 2
    full = VIRT_ADMIN.replace("nWorkers       : 9", "nWorkers       : 20").replace(
        "freeWorkers    : 5", "freeWorkers    : 0"
    )
    assert limits(full).room_for_migrations() == 0


def test_of_several_daemons_the_one_that_serves_counts() -> None:
    proxy = VIRT_ADMIN.replace("daemon libvirtd", "daemon virtproxyd").replace("4000", "7")
    assert limits(proxy + VIRT_ADMIN + proxy).max_clients.value == 4000


@pytest.mark.parametrize("text", [NOT_ROOT, "", VIRT_ADMIN.partition("minWorkers")[0]])
def test_without_virt_admin_the_file_and_the_defaults_stand_in(text: str) -> None:
    found = limits(text, conf="max_clients = 30\n")
    assert (found.live, found.max_clients.value, found.max_workers.value) == (False, 30, 20)
    assert (found.clients, found.busy_workers, found.drift) == (None, None, ())
    with pytest.raises(Unreadable, match="the number of clients of libvirtd is unknown"):
        found.room_for_clients()
    with pytest.raises(Unreadable, match="the number of busy workers of libvirtd is unknown"):
        found.room_for_migrations()


def test_without_virt_admin_a_changed_file_tells_nothing() -> None:
    with pytest.raises(Unreadable, match=r"libvirtd\.conf was changed after libvirtd started"):
        limits(NOT_ROOT, conf="max_clients = 30\n", daemons=CHANGED)


def test_only_what_virt_admin_does_not_tell_suffers_from_a_changed_file() -> None:
    found = limits(conf="max_client_requests = 9\n", daemons=CHANGED)
    assert found.max_clients.value == 4000
    with pytest.raises(Unreadable, match="max_client_requests cannot be known before a restart"):
        _ = found.max_client_requests
    assert limits(conf="max_client_requests = 9\n").max_client_requests.value == 9
    assert limits().max_client_requests.value == 5


def test_a_file_that_libvirt_cannot_parse_does_not_hide_what_is_in_force() -> None:
    assert limits(conf="what?\n").max_clients.value == 4000


def test_hostile_answers_are_unreadable_and_nothing_else() -> None:
    for record in answers(VIRT_ADMIN):
        try:
            limits(record)
            limits(own=record)
        except Unreadable:
            continue
