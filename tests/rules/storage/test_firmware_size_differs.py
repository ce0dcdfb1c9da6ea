"""Sizes of the guest's firmware on either host."""

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case
from tests.rules.pools import gone, there

RULE = "firmware-size-differs"
CODE, VARS, TEMPLATE, ROM = "/srv/code.fd", "/srv/vars.fd", "/srv/template.fd", "/srv/card.rom"
TYPE = "hvm</type>"
PFLASH = f"{TYPE}<loader type='pflash'>{CODE}</loader><nvram template='{TEMPLATE}'>{VARS}</nvram>"


def case(loader: str, here: str, away: str) -> Case:
    return Case().xml(TYPE, loader).source("paths", here).destination("paths", away)


def files(code: int, variables: int) -> str:
    return there(CODE, size=code) + there(VARS, size=variables) + there(TEMPLATE, size=variables)


def test_catches_a_bios_of_another_size() -> None:
    loader = f"{TYPE}<loader type='rom'>{CODE}</loader>"
    result = case(loader, there(CODE, size=262144), there(CODE, size=131072)).result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert finding.message == f"{CODE} has 131072 bytes on the destination, and the guest's firmware has 262144"
    assert finding.predicted_error == "Size mismatch: pc.bios"


@pytest.mark.parametrize(("code", "variables", "block"), [(1024, 4096, "system.flash0"), (2048, 1024, "system.flash1")])
def test_catches_flash_of_another_size(code: int, variables: int, block: str) -> None:
    [finding] = case(PFLASH, files(2048, 4096), files(code, variables)).result(RULE).findings
    assert finding.predicted_error == f"Size mismatch: {block}"


def test_catches_variables_that_are_named_by_a_source() -> None:
    loader = f"{TYPE}<loader type='pflash'>{CODE}</loader><nvram type='file'><source file='{VARS}'/></nvram>"
    [finding] = case(loader, files(2048, 4096), files(2048, 1024)).result(RULE).findings
    assert finding.predicted_error == "Size mismatch: system.flash1"


def test_catches_a_template_of_another_size() -> None:
    away = there(CODE, size=2048) + gone(VARS) + there(TEMPLATE, size=1024)
    [finding] = case(PFLASH, files(2048, 4096), away).result(RULE).findings
    assert finding.message.startswith(TEMPLATE)


def card(here: int, away: int) -> Case:
    made = Case().xml("</devices>", f"<interface type='user'><rom file='{ROM}'/></interface></devices>")
    return made.source("paths", there(ROM, size=here)).destination("paths", there(ROM, size=away))


def test_catches_an_option_rom_of_another_size() -> None:
    [finding] = card(60000, 70000).result(RULE).findings
    assert finding.predicted_error == "Size mismatch: "


def test_passes_an_option_rom_that_is_rounded_to_the_same_size() -> None:
    assert card(40000, 65536).result(RULE).outcome is Outcome.PASSED


def test_passes_files_of_the_same_size() -> None:
    assert case(PFLASH, files(2048, 4096), files(2048, 4096)).result(RULE).outcome is Outcome.PASSED


def test_passes_images_whose_files_have_no_fixed_size() -> None:
    loader = PFLASH.replace("type='pflash'", "type='pflash' format='qcow2'").replace("<nvram", "<nvram format='qcow2'")
    assert case(loader, files(2048, 4096), files(1024, 1024)).result(RULE).outcome is Outcome.PASSED


def test_is_unknown_when_a_host_did_not_answer() -> None:
    asked = case(PFLASH, files(2048, 4096), files(2048, 4096)).source("paths", None)
    assert asked.result(RULE).outcome is Outcome.UNKNOWN
