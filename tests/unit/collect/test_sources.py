"""The records and the other facts that a fact is made of, by the signature of its `parse`."""

from typing import Annotated, Any, Self

import pytest

from preflight.collect import questions
from preflight.collect.sources import FACTS, made_of, records_for
from preflight.connection.libvirt import BUILT, RECORDS
from preflight.facts import HostsFile, Kernel, NameService, OwnAddresses, PeerName
from preflight.facts.fact import OPTIONAL, Fact, Record, Unreadable
from preflight.host import Part


class Several(Fact, frozen=True, kw_only=True):
    """A fact with every kind of parameter."""

    @classmethod
    def parse(
        cls,
        os_release: Record,
        hosts: Annotated[Record, "etc.hosts"],
        units: Annotated[Record, OPTIONAL],
        server: Annotated[Record, "tls.server", OPTIONAL],
    ) -> Self:
        return cls()


class Composed(Fact, frozen=True, kw_only=True):
    """A fact of a record and of other facts."""

    @classmethod
    def parse(cls, several: Several, kernel: Record, names: NameService | Unreadable, hosts: HostsFile) -> Self:
        return cls()


def test_a_parameter_is_the_record_of_its_name_or_of_its_annotations() -> None:
    source = made_of([Several])[Several]
    assert source.parts == (
        Part("os-release"), Part("etc.hosts"), Part("units", optional=True), Part("tls.server", optional=True),
    )  # fmt: skip
    assert source.records == ("os-release", "etc.hosts", "units", "tls.server")
    assert source.parse(*(Record(""),) * 4) == Several()


def test_a_parameter_of_another_type_is_that_fact_and_needs_its_records() -> None:
    found = made_of([Composed])
    assert found.keys() == {Composed, Several, NameService, HostsFile}
    assert found[Composed].parts == (
        Part(Several), Part("kernel"), Part(NameService, optional=True), Part(HostsFile),
    )  # fmt: skip
    assert found[Composed].records == (
        "os-release", "etc.hosts", "units", "tls.server", "kernel", "nsswitch", "resolv", "udp-sockets",
    )  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        str, "HostsFile", Any, None, Unreadable, Several | None, Record | None, HostsFile | NameService,
        HostsFile | NameService | Unreadable, Annotated[HostsFile, OPTIONAL], list[HostsFile],
    ],
)  # fmt: skip
def test_a_parameter_that_is_neither_a_record_nor_a_fact_is_refused_when_the_fact_is_loaded(wrong: object) -> None:
    class Wrong(Fact, frozen=True, kw_only=True):
        @classmethod
        def parse(cls, kernel: Record, other: Any) -> Self:
            return cls()

    Wrong.parse.__func__.__annotations__["other"] = wrong  # type: ignore[attr-defined] # mypy knows no __func__
    with pytest.raises(TypeError, match=r"Wrong\.parse: other is neither a record nor a fact"):
        made_of([Wrong])


def test_a_fact_that_is_made_of_itself_is_refused_when_it_is_loaded() -> None:
    class Inner(Fact, frozen=True, kw_only=True):
        @classmethod
        def parse(cls, kernel: Record, other: HostsFile) -> Self:
            return cls()

    class Outer(Fact, frozen=True, kw_only=True):
        @classmethod
        def parse(cls, inner: Inner) -> Self:
            return cls()

    Inner.parse.__func__.__annotations__["other"] = Outer  # type: ignore[attr-defined] # mypy knows no __func__
    with pytest.raises(TypeError, match="Outer is made of itself, through Outer, Inner"):
        made_of([Outer])


def test_facts_for_rules_are_made_from_the_records_of_their_signatures() -> None:
    assert FACTS[Kernel].records == ("kernel",)
    assert FACTS[PeerName].records[:3] == ("peer.name", "peer.resolve", "etc.hosts")
    assert records_for([PeerName]) > records_for([HostsFile, NameService, OwnAddresses])


#: Records that are made from several answers, by preflight itself, or from the needs of the guests.
FURTHER = frozenset(
    (
        "access", "accounts", "asked-at", "block-devices", "block-drivers", "disk-ports", "disk-servers",
        "disks.name", "disks.resolve", "images", "key-slots", "login", "own.clients", "paths", "peer.connect",
        "peer.keys", "peer.name", "peer.resolve", "rdma", "resident", "secret-digests", "ssh.client", "started-with",
        "tasks", "tls.client", "tls.data", "tls.server", "usage", "usb-devices", "way.disks", "way.memory", BUILT,
    )
)  # fmt: skip
#: Records that only a directory of files has.
OF_FILES = frozenset(("etc.group", "etc.passwd", "files"))


def test_every_record_that_a_fact_takes_is_asked_for() -> None:
    asked = {
        *questions.STANDING,
        *questions.AFTER_LIBVIRT,
        *questions.LAST,
        *questions.WHEN_CLOSED,
        *RECORDS,
    }
    assert {name for source in FACTS.values() for name in source.records} <= asked | FURTHER | OF_FILES
