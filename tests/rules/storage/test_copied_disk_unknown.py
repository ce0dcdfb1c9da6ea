"""copied-disk-unknown: a disk of --migrate-disks, or of another list of disks, that the guest does not have."""

import json

from preflight.judge.report import Outcome, Verdict
from preflight.rule import Severity
from tests.case import Case

RULE = "copied-disk-unknown"


def naming(*disks: str, case: Case | None = None, option: str = "migrate_disks") -> Case:
    return (case or Case()).asking(copy_storage="all", **{option: disks})


def two(case: Case) -> Case:
    """Return the case with "web", which has vda, and "db", which has vdb."""

    def double(text: str) -> str:
        listed = json.loads(text)
        (web,) = listed["domains"]
        other = {"name": "db", "uuid": "19522740-9b9c-476e-bb6d-379ee4f7650c", "id": 7}
        listed["domains"].append(web | other | {"xml": web["xml"].replace("dev='vda'", "dev='vdb'")})
        return json.dumps(listed)

    return case.source("libvirt.domains", double)


def test_catches_a_disk_that_the_guest_does_not_have() -> None:
    result = naming("vda", "vdz").result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.ERROR)
    (finding,) = result.findings
    assert finding.message == "--migrate-disks names vdz, but the guest has vda"
    assert finding.predicted_error == "disk target vdz not found"


def test_catches_one_whose_zeroes_are_looked_for() -> None:
    (finding,) = naming("vdz", option="migrate_disks_detect_zeroes").result(RULE).findings
    assert finding.message == "--migrate-disks-detect-zeroes names vdz, but the guest has vda"


def test_catches_it_for_the_guest_that_lacks_the_disk_alone() -> None:
    report = naming("vda", case=two(Case())).asking(select=(RULE,)).report()
    assert {guest.name: guest.verdict for guest in report.guests} == {"web": Verdict.READY, "db": Verdict.NOT_READY}


def test_passes_a_disk_of_the_guests() -> None:
    assert naming("vda").result(RULE).outcome is Outcome.PASSED


def test_passes_over_what_names_no_disk() -> None:
    assert naming().result(RULE).outcome is Outcome.NOT_APPLICABLE
    assert Case().result(RULE).outcome is Outcome.NOT_APPLICABLE


def test_is_unknown_when_libvirt_did_not_tell_of_the_guest() -> None:
    assert naming("vda", case=Case().source("libvirt.domains", None)).result(RULE).outcome is Outcome.UNKNOWN
