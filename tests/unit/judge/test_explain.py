"""An error message is explained by the rules that declare it, and by no others."""

import time

import pytest

from preflight.judge.explain import explain, explaining, messages, plain

RESOLVE = "Unable to resolve address 'host2' service '49152': Name or service not known"


def names(message: str) -> list[str]:
    return [one.rule.name for one in explain(message).candidates]


@pytest.mark.parametrize(
    ("error", "rule"),
    [
        ("Unsafe migration: Migration without shared storage is unsafe", "disk-not-shared"),
        (RESOLVE, "announced-name-unresolvable"),
        ("Unable to find an unused port in range 'migration' (49152-49215)", "migration-ports-exhausted"),
        ("unsupported flags (0x100000) in function qemuDomainMigrateBegin3Params", "flag-unsupported"),
    ],
)
def test_an_error_that_one_rule_declares_is_explained_by_it(error: str, rule: str) -> None:
    assert explaining(error) == rule


@pytest.mark.parametrize(
    "error",
    [
        "",
        "End of file while reading data: Input/output error",
        "unable to connect to server at 'host2:49152': Connection refused",
        "operation failed: job canceled",
        "not supported by tunnelled migration",
        "x" * 500,
    ],
)
def test_a_run_names_no_rule_for_an_error_of_several_causes_or_of_none(error: str) -> None:
    assert explaining(error) is None


@pytest.mark.parametrize(
    "error",
    [
        "Domain not found: no domain with matching name 'web'",
        "operation aborted: migration out job: canceled by client",
        "Failed to start domain 'web'",
        "unknown command: 'migrat'",
        "Permission denied",
        "Connection refused",
        "No such file or directory",
        "Requested operation is not valid: domain is already running",
        "cannot migrate domain with 3 host devices",
        "Cannot get interface MTU on 'br0': Operation not permitted",
        "command 'migrate' requires <desturi> option",
        "Timed out during operation: cannot acquire job mutex",
        "web2: giving up",
    ],
)
def test_other_errors_are_explained_by_no_rule(error: str) -> None:
    assert names(error) == []


@pytest.mark.parametrize(
    "before",
    [
        "error: ",
        "error: internal error: ",
        "libvirt: QEMU Driver error : ",
        "libvirt:  error : ",
        "Fehler: ",
        "erreur\xa0: ",
        "エラー: ",
        "错误\uff1a",
        "\tMigration: [ 64 %]error: ",
        "Migration: [99.20 %]Fehler: ",
    ],
)
def test_what_virsh_writes_before_an_error_is_left_off(before: str) -> None:
    assert plain(f"{before}{RESOLVE}\n") == RESOLVE
    assert names(f"{before}{RESOLVE}") == ["announced-name-unresolvable"]


def test_quotation_marks_and_line_ends_of_a_page_are_no_difference() -> None:
    assert names("Unable to resolve\n  address \u2018host2\u2019 service \u201849152\u2019") == [
        "announced-name-unresolvable"
    ]


def test_a_piece_of_a_message_is_enough() -> None:
    assert names("Unable to resolve address") == ["announced-name-unresolvable"]
    assert "migration-ports-filtered" in names("unable to connect to server")


def test_of_one_message_the_rule_that_needs_no_option_is_first() -> None:
    found = names("Cannot recv data: Host key verification failed.: Connection reset by peer")
    assert found[:2] == ["ssh-login-refused", "peer-connection-refused"]


def test_the_rule_of_one_guest_is_before_that_of_all_together() -> None:
    found = names("unable to map backing store for guest RAM: Cannot allocate memory")
    assert found == ["hugepages-missing", "guests-do-not-fit-together"]


def test_the_longest_error_wins_over_one_within_it() -> None:
    found = explain("'migrate-incoming': Failed to bind socket: Cannot assign requested address")
    assert [one.rule.name for one in found.first] == ["migration-address-mismatch"]
    assert len(found.candidates) > 1


@pytest.mark.parametrize("port", ["49152", "1", "65535", "16514"])
def test_any_port_is_taken(port: str) -> None:
    found = names(f"unable to connect to server at '[2001:db8::1]:{port}': Connection refused")
    assert {"migration-ports-filtered", "transport-not-listening"} <= set(found)


def test_output_is_split_into_messages() -> None:
    output = (
        "\n\rMigration: [  1 %]\rMigration: [ 64 %]error: internal error: process exited: qemu: first\r\nsecond line\n"
        "third line\n\nanother program says this\nand this\nerror: one\nerror: two\n  its end\n"
    )
    assert list(messages(output)) == [
        "error: internal error: process exited: qemu: first\nsecond line\nthird line",
        "another program says this",
        "and this",
        "error: one",
        "error: two\nits end",
    ]


@pytest.mark.parametrize("output", ["", "\n\n", "\rMigration: [100 %]\n", "  \t\r\n"])
def test_output_without_an_error_has_no_message(output: str) -> None:
    assert list(messages(output)) == []


@pytest.mark.parametrize(
    "piece",
    [
        "unable to connect to server at '",
        "-blockdev ",
        "error: ",
        "Migration: [ 1 %]",
        "Permission denied (",
        "\n",
        "a\n",
    ],
)
def test_sixty_four_kib_of_anything_are_explained_in_seconds(piece: str) -> None:
    text = piece * (64 * 1024 // len(piece))
    began = time.process_time()
    for message in dict.fromkeys(messages(text)):
        explain(message)
    explain(text)
    assert time.process_time() - began < 5


def test_the_reason_counts_and_not_that_virsh_could_not_connect() -> None:
    said = "error: failed to connect to the hypervisor\nerror: Cannot recv data: Host key verification failed."
    assert list(messages(said)) == ["error: Cannot recv data: Host key verification failed."]
    assert plain(said) == "Cannot recv data: Host key verification failed."
    assert plain("error: failed to connect to the hypervisor") == "failed to connect to the hypervisor"
    assert list(messages("error: failed to connect to the hypervisor\n\nweb: x")) == [
        "error: failed to connect to the hypervisor",
        "web: x",
    ]
