"""The errors of recorded hosts that `preflight fix` fixes, and its report about those that remain."""

import re

from preflight.facts.text.xml import parse_xml
from preflight.fix.changes import plan
from preflight.fix.unmended import Unmended, unmended
from preflight.judge.ruleset import load
from preflight.request.migration import Role
from preflight.rule import Change, HostsLine
from tests.case import Case

NAME, RIGHT = "host2.example.com", "192.0.2.12"
RECORDS = {"/etc/hosts": "etc.hosts", "/etc/libvirt/qemu.conf": "qemu.conf"}


def judged(case: Case, *rules: str) -> tuple[list[Change | HostsLine], dict[str, Unmended]]:
    """Return the changes that are offered for what these rules find, and by rule the errors that stay."""
    found = case.asking(select=rules).checked()
    hosts = {Role.SOURCE: found.source, Role.DESTINATION: found.destination}
    changes, unfixable = plan(found, lambda role, path: hosts[role].records[RECORDS[path]])
    able = {rule.name for rule in load() if rule.may_ask_for_a_change}
    failed = {(one.role, one.path): one.why for one in unfixable}
    left = unmended(found.report.results, able, failed, {role: host.name for role, host in hosts.items()})
    return [setting for change in changes for setting in change.settings], {one.rule: one for one in left}


def with_line(line: str) -> Case:
    """Return the sound pair with this line for the destination in the source's /etc/hosts."""
    return Case().source(
        "etc.hosts", lambda text: "".join(one for one in text.splitlines(keepends=True) if NAME not in one) + line
    )


def test_a_wrong_address_in_a_line_is_mended() -> None:
    case = with_line(f"192.0.2.99 {NAME}\n")
    assert judged(case, "hosts-entry-address-wrong") == ([HostsLine(NAME, RIGHT, "192.0.2.99")], {})


def test_a_loopback_alias_is_mended() -> None:
    case = with_line(f"127.0.1.1 {NAME}\n")
    assert judged(case, "announced-name-is-loopback-or-self") == ([HostsLine(NAME, RIGHT, "127.0.1.1")], {})


def test_a_line_that_is_commented_out_is_mended() -> None:
    assert judged(with_line(f"# {RIGHT} {NAME}\n"), "announced-name-unresolvable") == ([HostsLine(NAME, RIGHT)], {})


def test_a_destination_that_announces_localhost_is_mended_by_an_address_on_the_sources_network() -> None:
    case = Case().destination("libvirt.hostname", "localhost")
    change = Change("/etc/libvirt/qemu.conf", "migration_host", RIGHT)
    assert judged(case, "destination-hostname-localhost") == ([change], {})


def test_localhost_stays_and_is_listed_where_no_address_is_certain() -> None:
    case = Case().destination("libvirt.hostname", "localhost")
    case.source("addresses", lambda text: text.replace("192.0.2.11", "198.51.100.11"))
    changes, left = judged(case, "destination-hostname-localhost")
    assert changes == []
    [one] = left.values()
    assert (one.subject, one.message) == (NAME, "the host announces itself as localhost")
    assert "certain" in one.why
    assert "hostnamectl set-hostname" in one.step


def test_an_error_of_a_rule_that_never_asks_for_a_change_is_listed() -> None:
    uuid = parse_xml(Case().hosts[0].answers.records["libvirt.capabilities"].out).findtext("./host/uuid", "")
    case = Case().destination(
        "libvirt.capabilities", lambda text: re.sub("<uuid>[^<]*</uuid>", f"<uuid>{uuid}</uuid>", text)
    )
    changes, left = judged(case, "shared-host-uuid")
    assert changes == []
    assert "this problem is elsewhere" in left["shared-host-uuid"].why
    assert "host_uuid" in left["shared-host-uuid"].step


def test_an_error_whose_file_cannot_be_changed_is_listed_with_that_reason() -> None:
    case = Case("ready/host1", "ready/host2").destination("qemu.conf", lambda text: text + 'migration_host = "vault"\n')
    case.source("etc.hosts", lambda text: text + "192.0.2.77 vault\n")
    changes, left = judged(case, "hosts-entry-address-wrong")
    assert changes == []
    assert left["hosts-entry-address-wrong"].why.startswith("only the other host reports that it is vault")


def test_warnings_are_not_listed() -> None:
    """A right address is tried too."""
    case = with_line(f"{RIGHT} {NAME}\n").source("etc.hosts", lambda text: text + f"192.0.2.99 x {NAME}\n")
    assert judged(case, "hosts-entry-address-wrong") == ([HostsLine(NAME, RIGHT, "192.0.2.99")], {})
    assert judged(Case().source("limits", None), "workers-limit") == ([], {})


def test_a_sound_pair_has_nothing_left() -> None:
    assert judged(Case())[1] == {}
