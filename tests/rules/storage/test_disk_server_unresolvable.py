"""Names of the servers that network disks are on."""

from preflight.facts.fact import Record
from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "disk-server-unresolvable"


def on_server(name: str = "san.example.com") -> Case:
    """Return the sound pair, whose network disk is on this server."""
    return Case().xml("<host name='192.0.2.254' port='10809'/>", f"<host name='{name}' port='10809'/>")


def test_catches_a_name_that_the_destination_does_not_know() -> None:
    result = on_server().destination("disk-servers", "2 san.example.com\n").result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert finding.message == "the destination cannot resolve san.example.com, the server of the disk vda"
    assert finding.predicted_error == "san.example.com"


def test_passes_a_name_that_has_an_address() -> None:
    case = on_server().destination("disk-servers", "0 san.example.com\n")
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_addresses_which_nobody_asks_for() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED
    assert on_server("[2001:db8::1]").result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_to_a_guest_that_is_moved_offline() -> None:
    case = on_server().destination("disk-servers", "2 san.example.com\n").asking(offline=True, guests=("web",))
    assert case.result(RULE).outcome is Outcome.NOT_APPLICABLE


def test_is_unknown_when_the_destination_was_not_asked() -> None:
    result = on_server().destination("disk-servers", Record("", 1, "timed out")).result(RULE)
    assert (result.outcome, result.reason) == (
        Outcome.UNKNOWN,
        "it is unknown whether san.example.com can be resolved: timed out",
    )


def test_is_unknown_when_the_resolver_itself_failed() -> None:
    result = on_server().destination("disk-servers", "127 san.example.com\n").result(RULE)
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, "the host was not asked to resolve san.example.com")
