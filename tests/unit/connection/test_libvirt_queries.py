"""libvirt's answers as records, from the driver in libvirt's own library that plays a host (test:///)."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import libvirt
import pytest

from preflight.connection import libvirt_queries
from preflight.connection.libvirt import LibvirtSession
from preflight.request.migration import Role

_GUEST = "<domain type='test'><name>{name}</name><memory>1024</memory><os><type>hvm</type></os></domain>"
_POOL = "<pool type='dir'><name>{name}</name><target><path>/{name}</path></target></pool>"
_NETWORK = "<network><name>{name}</name></network>"


def _host(tmp_path: Path, *guests: str) -> str:
    """Return the URI of a host of its own, with these guests, which run, and a network and a pool in use."""
    texts = [*(_GUEST.format(name=name) for name in guests), _NETWORK.format(name="on"), _POOL.format(name="on")]
    (tmp_path / "host.xml").write_text(f"<node>{''.join(texts)}</node>")
    return f"test://{tmp_path}/host.xml"


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Any]:
    libvirt.registerErrorHandler(lambda *_: None, None)
    opened = libvirt.open(_host(tmp_path, "b-marked", "a-plain"))
    yield opened
    opened.close()


@pytest.fixture
def guests(connection: Any) -> Any:
    """Guests that are off, one of which has all that the lists tell apart."""
    for guest in connection.listAllDomains():
        guest.destroy()
    marked = connection.lookupByName("b-marked")
    marked.setAutostart(1)
    for name in ("one", "two"):
        marked.snapshotCreateXML(f"<domainsnapshot><name>{name}</name></domainsnapshot>")
    return connection


def _domains(connection: Any, *, sent: bool = False) -> list[dict[str, Any]]:
    answer = json.loads(libvirt_queries.domains(libvirt_queries.listed(connection, sent=sent)))
    return list(answer["domains"])


def test_each_guest_has_what_the_lists_say_of_it_and_no_other(guests: Any) -> None:
    plain, marked = _domains(guests)
    names = ("name", "id", "state", "persistent", "autostart", "snapshots", "saved", "job", "error")
    assert [plain[name] for name in names] == ["a-plain", None, 5, True, False, 0, False, 0, None]
    assert [marked[name] for name in names] == ["b-marked", None, 5, True, True, 2, False, 0, None]
    assert all(f"<name>{guest['name']}</name>" in guest["xml"] for guest in (plain, marked))


def test_a_saved_guest_is_reported(guests: Any) -> None:
    domain = guests.lookupByName("a-plain")
    domain.create()
    domain.managedSave()
    assert [guest["saved"] for guest in _domains(guests)] == [True, False]


def test_a_guest_that_disappears_during_the_query_is_left_out(guests: Any) -> None:
    class Leaving:
        """Connection whose first list is from before a guest was undefined."""

        def listAllDomains(self, flags: int) -> list[Any]:  # noqa: N802 # libvirt calls it so
            listed: list[Any] = guests.listAllDomains(flags)
            if flags == 0:
                guests.lookupByName("a-plain").undefine()
            return listed

    assert [guest["name"] for guest in _domains(Leaving())] == ["b-marked"]


def test_a_guest_that_libvirt_does_not_report_on_keeps_its_name_and_the_reason(connection: Any) -> None:
    # this driver knows no jobs of active guests
    plain, marked = _domains(connection)
    assert (plain["name"], marked["name"]) == ("a-plain", "b-marked")
    assert "virDomainGetJobInfo" in plain["error"]


class Arriving:
    """Guest of the test driver whose state is that of one that arrives; its description waits for `arrived`."""

    def __init__(self, domain: Any, arrived: threading.Event) -> None:
        self._domain, self._arrived, self.asked = domain, arrived, 0

    def state(self) -> list[int]:
        return [libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_MIGRATION]

    def XMLDesc(self, flags: int = 0) -> str:  # noqa: N802 # libvirt calls it so
        self.asked += 1
        self._arrived.wait(30)
        return str(self._domain.XMLDesc(flags))

    def jobInfo(self) -> list[int]:  # noqa: N802 # libvirt calls it so
        return [libvirt.VIR_DOMAIN_JOB_NONE] * 12

    def __getattr__(self, name: str) -> Any:
        return getattr(self._domain, name)


class Receiving:
    """Connection to a host at which every guest arrives."""

    def __init__(self, connection: Any, arrived: threading.Event) -> None:
        self.guests = [Arriving(domain, arrived) for domain in connection.listAllDomains()]

    def listAllDomains(self, flags: int) -> list[Any]:  # noqa: N802 # libvirt calls it so
        return self.guests if flags in (0, libvirt.VIR_CONNECT_LIST_DOMAINS_PAUSED) else []


def test_guests_that_libvirt_does_not_describe_before_they_have_arrived_cost_one_short_wait(
    connection: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libvirt_queries, "_DESCRIBES", 0.2)
    arrived = threading.Event()
    host, began = Receiving(connection, arrived), time.monotonic()
    found = _domains(host, sent=True)
    assert time.monotonic() - began < 5
    assert [(one["name"], one["error"]) for one in found] == [
        (name, "it is arriving in a migration, and libvirt does not describe it before that has ended")
        for name in ("a-plain", "b-marked")
    ]
    assert sum(guest.asked for guest in host.guests) == 1
    arrived.set()


def test_guests_that_arrive_are_described_where_libvirt_does(connection: Any) -> None:
    arrived = threading.Event()
    arrived.set()
    found = _domains(Receiving(connection, arrived))
    assert [(one["name"], one["error"], one["state"]) for one in found] == [("a-plain", None, 3), ("b-marked", None, 3)]


def test_networks_and_pools_say_which_are_active(connection: Any) -> None:
    connection.networkDefineXML(_NETWORK.format(name="off"))
    connection.storagePoolDefineXML(_POOL.format(name="off"))
    networks = json.loads(libvirt_queries.networks(connection))
    assert networks["error"] is None
    assert [(one["name"], one["active"], "<network" in one["xml"]) for one in networks["networks"]] == [
        ("off", False, True),
        ("on", True, True),
    ]
    pools = json.loads(libvirt_queries.pools(connection))
    assert [(one["name"], one["active"], one["volumes"], one["error"]) for one in pools["pools"]] == [
        ("off", False, [], None),
        ("on", True, [], None),
    ]


def test_a_driver_without_secrets_or_filters_says_so(connection: Any) -> None:
    assert "virConnectListAllSecrets" in json.loads(libvirt_queries.secrets(connection))["error"]
    assert "virConnectListAllNWFilters" in json.loads(libvirt_queries.filters(connection))["error"]


def test_a_session_answers_what_is_wanted_and_nothing_else(tmp_path: Path) -> None:
    wanted = ("libvirt.hostname", "libvirt.versions", "libvirt.domains", "libvirt.domain-capabilities")
    uri = _host(tmp_path)
    session = LibvirtSession(uri, shown=uri, deadline=time.monotonic() + 30, limit=30, wanted=wanted, role=Role.SOURCE)
    answers = session.receive()
    session.close()
    assert answers.records.keys() == {"libvirt.connect", "libvirt.hostname", "libvirt.versions", "libvirt.domains"}
    assert json.loads(answers.records["libvirt.versions"].out)["type"] == "TEST"
    assert "virConnectGetDomainCapabilities" in answers.absent["libvirt.domain-capabilities"]


@pytest.mark.parametrize("ready", [True, False])
def test_a_session_opens_its_connection_only_when_it_is_ready(tmp_path: Path, *, ready: bool) -> None:
    uri, asked = _host(tmp_path), threading.Event()
    session = LibvirtSession(
        uri, shown=uri, deadline=time.monotonic() + 30, limit=30, wanted=(), ready=lambda: asked.wait(30) and ready
    )
    assert not session.wait_until_open(0.1)
    asked.set()
    assert session.wait_until_open(30 if ready else 0.1) == ready
    session.close()


def test_an_abandoned_session_keeps_no_connection(tmp_path: Path) -> None:
    uri, asked = _host(tmp_path), threading.Event()
    session = LibvirtSession(
        uri, shown=uri, deadline=time.monotonic() + 30, limit=30, wanted=(), ready=lambda: asked.wait(30)
    )
    session.abandon()
    asked.set()
    assert session.wait_until_open(30)
    session._thread.join(30)
    assert not session.open


def test_no_guest_is_waited_for_that_is_busy_when_memory_is_read() -> None:
    """libvirt's test driver knows no such guest: one that arrives took 30 s with libvirt 9.0."""

    class Busy:
        """Connection that answers about guests that are not busy, if it is told not to wait."""

        def getAllDomainStats(self, _stats: int, flags: int) -> list[Any]:  # noqa: N802 # libvirt calls it so
            assert flags & libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT
            return []

    assert json.loads(libvirt_queries.memory(Busy())) == {"rss": {}}
