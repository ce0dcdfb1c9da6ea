"""The records that a fact is made from, by the signature of its `parse`."""

from typing import Annotated, Self

import pytest

from preflight.collect import questions
from preflight.collect.sources import FACTS, made_of
from preflight.connection.libvirt import RECORDS
from preflight.facts import HostsFile, Kernel, PeerName
from preflight.facts.fact import OPTIONAL, Fact, Record


class Several(Fact, frozen=True, kw_only=True):
    """A fact with every kind of parameter."""

    @classmethod
    def parse(
        cls,
        os_release: Record,
        hosts: Annotated[Record, "etc.hosts"],
        units: Annotated[Record, OPTIONAL],
        server: Annotated[Record, "tls.server", OPTIONAL],
        kernel_hostname: Annotated[Record | None, "kernel.hostname"] = None,
    ) -> Self:
        return cls()


class Wrong(Fact, frozen=True, kw_only=True):
    """A fact with a parameter that is not a record."""

    @classmethod
    def parse(cls, kernel: Record, hosts: HostsFile) -> Self:
        return cls()


def test_a_parameter_is_the_record_of_its_name_or_of_its_annotations() -> None:
    source = made_of(Several)
    assert source.records == ("os-release", "etc.hosts", "units", "tls.server", "kernel.hostname")
    assert source.optional == ("units", "tls.server")
    assert source.parse(*(Record(""),) * 5) == Several()


def test_a_parameter_that_is_not_a_record_is_refused_when_the_fact_is_loaded() -> None:
    with pytest.raises(TypeError, match=r"Wrong\.parse: hosts is not a record"):
        made_of(Wrong)


def test_facts_for_rules_are_made_from_the_records_of_their_signatures() -> None:
    assert FACTS[Kernel].records == ("kernel",)
    assert FACTS[PeerName].records[:3] == ("peer.name", "peer.resolve", "etc.hosts")


#: Records that are made from several answers, by preflight itself, or from the needs of the guests.
FURTHER = frozenset(
    (
        "access", "accounts", "asked-at", "block-devices", "block-drivers", "came-from", "disk-ports", "disk-servers",
        "disks.name", "disks.resolve", "images", "login", "own.clients", "paths", "peer.connect", "peer.keys",
        "peer.name", "peer.resolve", "rdma", "resident", "tls.client", "tls.data", "tls.server",
    )
)  # fmt: skip


def test_every_record_that_a_fact_takes_is_asked_for() -> None:
    asked = {*questions.STANDING, *questions.AFTER_LIBVIRT, *questions.LAST, *questions.WHEN_CLOSED, *RECORDS}
    assert {name for source in FACTS.values() for name in source.records} <= asked | FURTHER
