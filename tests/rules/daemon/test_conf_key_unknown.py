"""conf-key-unknown: keys that libvirt ignores in the files that a host's daemons read."""

import pytest

from preflight.facts.daemon.conf_keys import newest
from preflight.facts.fact import Record
from preflight.judge.report import Outcome, Result
from preflight.request.migration import Role
from preflight.rule import Finding, Location, Severity
from tests.case import Case

RULE = "conf-key-unknown"


def modular(text: str) -> str:
    """Return the list of daemons of a host whose guests belong to virtqemud."""
    return text.replace("process libvirtd ", "process virtqemud ") + "socket virtqemud-sock\n"


def side(*lines: str) -> Record:
    """Return the answer about the daemons beside the one that manages guests, with lines of their files."""
    return Record("listens /run/libvirt/virtlogd-sock\n\x1f\n" + "".join(f"{line}\n" for line in lines))


def versioned(libvirt: int) -> Case:
    """Return the sound pair, with this release of libvirt on the destination, as its API writes it."""
    return Case().destination("libvirt.versions", f'{{"libvirt": {libvirt}, "hypervisor": 7002000, "type": "QEMU"}}')


def messages(result: Result) -> list[str]:
    return [finding.message for finding in result.findings]


def test_catches_a_misspelt_key_and_names_the_one_that_is_meant() -> None:
    result = Case().destination("libvirtd.conf", "# workers\n  max_worker = 44\n").result(RULE, "destination")
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.WARNING)
    assert result.findings == (
        Finding(
            "libvirt ignores max_worker, which is not a key of libvirtd.conf; did you mean max_workers?",
            host=Role.DESTINATION,
            location=Location("/etc/libvirt/libvirtd.conf", 2, 3, 13, "  max_worker = 44"),
        ),
    )


@pytest.mark.parametrize(
    ("record", "text", "said"),
    [
        ("qemu.conf", "migration_prot_min = 1\n", "not a key of qemu.conf; did you mean migration_port_min?"),
        ("qemu.conf", "listen_tls = 0\n", "ignores listen_tls in qemu.conf: it is a key of libvirtd.conf"),
        ("libvirtd.conf", 'user = "root"\n', "ignores user in libvirtd.conf: it is a key of qemu.conf"),
        ("libvirtd.conf", "unheard_of = 1\n", "ignores unheard_of, which is not a key of libvirtd.conf"),
        ("libvirtd.conf", "Max_Workers = 1\n", "not a key of libvirtd.conf; did you mean max_workers?"),
    ],
)
def test_catches_a_key_of_no_file_or_of_another_one(record: str, text: str, said: str) -> None:
    (message,) = messages(Case().source(record, text).result(RULE, "source"))
    assert message.endswith(said)


def test_catches_keys_in_the_files_of_modular_daemons_and_those_of_the_network_in_virtqemuds() -> None:
    case = Case().destination("daemons", modular).destination("virtqemud.conf", "listen_tls = 0\nmax_client = 3\n")
    case.destination("virtproxyd.conf", "listen_tls = 0\nlisten_tsl = 1\n")
    case.destination("side-daemons", side('/etc/libvirt/virtnetworkd.conf:7:log_filter = "1:qemu"'))
    assert messages(case.result(RULE, "destination")) == [
        "libvirt ignores listen_tls in virtqemud.conf: it is a key of virtproxyd.conf",
        "libvirt ignores max_client, which is not a key of virtqemud.conf; did you mean max_clients?",
        "libvirt ignores listen_tsl, which is not a key of virtproxyd.conf; did you mean listen_tls?",
        "libvirt ignores log_filter, which is not a key of virtnetworkd.conf; did you mean log_filters?",
    ]


def test_catches_a_key_of_virtlogd_at_its_line() -> None:
    case = Case().source("side-daemons", side("/etc/libvirt/virtlogd.conf:12:max_sizes = 7"))
    (finding,) = case.result(RULE, "source").findings
    assert finding.message == "libvirt ignores max_sizes, which is not a key of virtlogd.conf; did you mean max_size?"
    assert finding.location == Location("/etc/libvirt/virtlogd.conf", 12, 1, 10, "max_sizes = 7")


def test_catches_a_key_that_this_release_does_not_know_yet() -> None:
    case = Case().destination("qemu.conf", 'migrate_tls_priority = "NORMAL"\n')
    (message,) = messages(case.result(RULE, "destination"))
    assert message == "this libvirt ignores migrate_tls_priority, which libvirt 12.9.0 reads"


def test_passes_keys_that_came_between_two_known_releases() -> None:
    case = versioned(10_001_000).destination("qemu.conf", "shared_filesystems = []\n")
    assert case.result(RULE, "destination").outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("record", "text"),
    [
        ("libvirtd.conf", "# max_worker = 44\n"),
        ("libvirtd.conf", "max_workers = 44\nlisten_tls = 0\nkeepalive_required = 1\n"),
        ("libvirtd.conf", "max_requests = 20\nmdns_adv = 0\n"),  # obsolete-setting
        ("libvirtd.conf", "max_workers = \nmax_worker = 3\n"),  # daemon-conf-invalid
        ("virtqemud.conf", "max_worker = 44\n"),  # nobody reads it here
        ("qemu.conf", 'lock_manager = "lockd"\nvxhs_tls = 0\nmax_core = "unlimited"\n'),
    ],
)
def test_passes_known_keys_and_files_that_nobody_reads(record: str, text: str) -> None:
    assert Case().source(record, text).result(RULE, "source").outcome is Outcome.PASSED


def test_passes_the_files_of_modular_daemons_where_libvirtd_serves() -> None:
    case = Case().source("side-daemons", side("/etc/libvirt/virtnetworkd.conf:7:log_filter = 1"))
    assert case.result(RULE, "source").outcome is Outcome.PASSED


def test_is_unknown_when_libvirt_is_newer_than_the_known_keys() -> None:
    later = newest().major + 1
    case = versioned(later * 1_000_000).destination("libvirtd.conf", "unheard_of = 1\n")
    result = case.result(RULE, "destination")
    assert (result.outcome, result.reason) == (
        Outcome.UNKNOWN,
        f"libvirt {later}.0.0 is newer than {newest()}, and may know unheard_of",
    )


@pytest.mark.parametrize("record", ["daemons", "qemu.conf", "libvirtd.conf"])
def test_is_unknown_when_the_host_did_not_answer(record: str) -> None:
    result = Case().destination(record, None).result(RULE, "destination")
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, f"{record} was not answered")
    assert not result.obscures
