"""Whose sshd answers at an address."""

from preflight.facts.fact import Record
from preflight.facts.ssh.host_keys import HostKeys, PeerKeys

OWN = HostKeys.parse(Record("ssh-rsa AAAAr\nssh-ed25519 AAAAe\n"))


def test_one_key_of_the_hosts_own_proves_that_the_address_leads_there() -> None:
    # as ssh-keyscan of OpenSSH 9.2 prints them
    met = PeerKeys.parse(Record("# 198.51.100.12:22 SSH-2.0-OpenSSH_9.2p1\n198.51.100.12 ssh-ed25519 AAAAe\n"))
    assert met.lead_to(OWN, "198.51.100.12")
    assert not met.lead_to(OWN, "198.51.100.13")


def test_no_key_of_another_kind_or_machine_proves_it() -> None:
    met = PeerKeys.parse(Record("198.51.100.12 ssh-rsa AAAAe\n198.51.100.12 ssh-ed25519 AAAAx\nstrange\n\n"))
    assert not met.lead_to(OWN, "198.51.100.12")


def test_only_other_keys_prove_that_the_address_leads_to_another_machine() -> None:
    met = PeerKeys.parse(Record("198.51.100.12 ssh-ed25519 AAAAx\n198.51.100.13 ssh-rsa AAAAr\n"))
    assert met.lead_elsewhere(OWN, "198.51.100.12")
    assert not met.lead_elsewhere(OWN, "198.51.100.13")
    assert not met.lead_elsewhere(OWN, "198.51.100.14")
    assert not met.lead_elsewhere(HostKeys.parse(Record("", 1)), "198.51.100.12")


def test_what_was_not_answered_proves_nothing() -> None:
    failed = Record("198.51.100.12 ssh-ed25519 AAAAe\n", 1)
    assert not PeerKeys.parse(failed).lead_to(OWN, "198.51.100.12")
    assert HostKeys.parse(Record("ssh-rsa AAAAr\n", 1)).keys == frozenset()
    assert HostKeys.parse(Record("\nstrange\n")).keys == frozenset()


def test_an_ipv6_address_is_found_in_its_short_form() -> None:
    met = PeerKeys.parse(Record("2001:0db8:0::12 ssh-rsa AAAAr\n"))
    assert met.lead_to(OWN, "2001:db8::12")
