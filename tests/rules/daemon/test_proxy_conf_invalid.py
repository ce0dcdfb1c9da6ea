"""virtproxyd's file, on a destination with modular daemons."""

from preflight.facts.fact import Record
from preflight.judge.report import Outcome
from preflight.request.migration import Role, Transport
from preflight.rule import Severity
from tests.case import Case

RULE = "proxy-conf-invalid"
CLOCK = "clock 1795396100.0 100.00 100\n"
MODULAR = f"{CLOCK}process virtqemud 71 500\nsocket virtqemud-sock\nsocket libvirt-sock\n"
BROKEN = 'max_clients = "many"\n'


def case(conf: str, daemons: str = MODULAR, transport: Transport = Transport.TCP) -> Case:
    """Return the sound pair, whose destination has these daemons and this virtproxyd.conf."""
    asked = Case().asking(transport=transport).destination("daemons", daemons)
    return asked.destination("virtproxyd.conf", Record(conf))


def test_catches_a_value_of_the_wrong_type() -> None:
    result = case(BROKEN).result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.ERROR)
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert finding.message == (
        "virtproxyd will not start with this max_clients: "
        "/etc/libvirt/virtproxyd.conf: expected an unsigned integer for 'max_clients' parameter"
    )
    assert finding.predicted_error == "unable to connect to server at"


def test_catches_it_as_a_warning_while_virtproxyd_runs() -> None:
    [finding] = case(BROKEN, f"{MODULAR}process virtproxyd 72 600\n").result(RULE).findings
    assert (finding.severity, finding.predicted_error) == (Severity.WARNING, None)


def test_passes_a_sound_file() -> None:
    assert case("max_clients = 5000\n").result(RULE).outcome is Outcome.PASSED


def test_passes_a_host_with_libvirtd_that_does_not_read_the_file() -> None:
    monolithic = f"{CLOCK}process libvirtd 71 500\nsocket libvirt-sock\n"
    assert case(BROKEN, monolithic).result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_over_ssh() -> None:
    assert case(BROKEN, transport=Transport.SSH).result(RULE).outcome is Outcome.NOT_APPLICABLE


def test_is_unknown_when_the_file_could_not_be_read() -> None:
    result = case("").destination("virtproxyd.conf", Record("", 1, "denied")).result(RULE)
    assert result.outcome is Outcome.UNKNOWN
