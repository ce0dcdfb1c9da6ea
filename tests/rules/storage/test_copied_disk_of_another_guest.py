"""Disks that are copied onto the image of another guest of the destination's."""

import json
import time
from typing import Any

import pytest

from preflight.collect.sources import FACTS
from preflight.facts.fact import Record
from preflight.facts.storage.image_owners import ImageOwners
from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case
from tests.fact_of import fact_of
from tests.rules.pools import pools, vms
from tests.rules.storage.test_disk_not_shared import disk

RULE = "copied-disk-of-another-guest"
PATH = "/srv/vms/web.img"
OFF: dict[str, Any] = {"id": None, "state": 5, "name": "db", "uuid": "0b6d7c1e-2a4f-4d5c-9b8e-6a1f3c2d4e5f"}
SOURCE = f"<source file='{PATH}'/>"


def there(path: str, *, inode: int = 12, mode: str = "81a4", device: str = "0:0") -> str:
    return f"path {path}\nstat {mode} 1048576 2049 {inode} {device}\nfs ef53 4096 100\n"


def copied(source: str = SOURCE, *, kind: str = "file", paths: str = "", more: str = "", **other: Any) -> Case:
    """Return the sound pair, whose guest's disk is copied to PATH; the destination has a guest with this disk."""
    case = disk(SOURCE, more=more)
    web = json.loads(case.hosts[0].answers.records["libvirt.domains"].out)["domains"][0]
    xml = web["xml"].replace(SOURCE, source).replace("<disk type='file'", f"<disk type='{kind}'", 1)
    assert source == SOURCE or xml != web["xml"]
    case.destination("libvirt.domains", json.dumps({"domains": [web | OFF | {"xml": xml} | other]}))
    return case.destination("paths", there(PATH) + paths).asking(copy_storage="all")


def test_catches_an_image_that_another_guest_has() -> None:
    result = copied().result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert finding.message == f"{PATH}, to which vda would be copied, belongs to the guest db"


def test_catches_it_also_where_the_other_guest_runs() -> None:
    assert copied(id=3, state=1).result(RULE).outcome is Outcome.FAILED


def test_catches_an_image_that_the_other_guest_only_reads() -> None:
    iso = f"<disk type='file' device='cdrom'>{SOURCE}<target dev='sda'/><readonly/></disk></devices>"
    case = copied("<source file='/srv/db.img'/>")
    case.destination("libvirt.domains", lambda text: text.replace("</devices>", json.dumps(iso)[1:-1], 1))
    assert case.result(RULE).outcome is Outcome.FAILED


def test_catches_an_image_that_lies_below_the_others() -> None:
    below = f"<source file='/srv/top.img'/><backingStore type='file'>{SOURCE}</backingStore>"
    assert copied(below).result(RULE).outcome is Outcome.FAILED


def test_catches_an_image_that_the_other_names_by_a_link() -> None:
    linked = "/srv/link/web.img"
    assert copied(f"<source file='{linked}'/>", paths=there(linked)).result(RULE).outcome is Outcome.FAILED


def test_catches_a_device_that_the_other_names_otherwise() -> None:
    paths = there("/dev/vg/db", mode="61b0", device="fd:1")
    case = copied("<source dev='/dev/vg/db'/>", kind="block", paths=paths)
    case.destination("paths", paths + there(PATH, mode="61b0", device="fd:1", inode=99))
    assert case.result(RULE).outcome is Outcome.FAILED


def test_catches_a_volume_of_the_others() -> None:
    case = copied("<source pool='vms' volume='web.img'/>", kind="volume")
    assert case.destination("libvirt.pools", pools(vms())).result(RULE).outcome is Outcome.FAILED


@pytest.mark.parametrize("paths", ["", there("/srv/vms/db.img", inode=13)], ids=["not asked about", "another file"])
def test_passes_another_image(paths: str) -> None:
    assert copied("<source file='/srv/vms/db.img'/>", paths=paths).result(RULE).outcome is Outcome.PASSED


def test_passes_the_guests_own_definition() -> None:
    web = json.loads(Case().hosts[0].answers.records["libvirt.domains"].out)["domains"][0]
    assert copied(uuid=web["uuid"], name=web["name"]).result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("more", ["<readonly/>", "<shareable/>"])
def test_passes_a_disk_that_is_not_copied(more: str) -> None:
    assert copied(more=more).result(RULE).outcome is Outcome.PASSED


def test_passes_a_copy_onto_a_network() -> None:
    assert Case().asking(copy_storage="all").result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_where_nothing_is_copied() -> None:
    assert copied().asking(copy_storage="none").result(RULE).outcome is Outcome.NOT_APPLICABLE


def test_is_unknown_when_a_definition_cannot_be_read() -> None:
    result = copied(error="gone").result(RULE)
    assert result.outcome is Outcome.UNKNOWN
    assert result.reason == f"it is unknown whether {PATH} belongs to the guest db: gone"


def test_is_unknown_when_the_destination_does_not_tell_of_its_guests() -> None:
    assert copied().destination("libvirt.domains", Record("", 1, "no")).result(RULE).outcome is Outcome.UNKNOWN


def test_asks_the_destination_alone_about_images_of_its_other_guests() -> None:
    from preflight.collect.follow_up import further_questions

    checked = copied("<source file='/srv/vms/db.img'/>").checked()
    here, there_ = further_questions(
        checked.source, checked.destination, checked.report.migration, list(checked.guests)
    )
    assert "/srv/vms/db.img" in there_.commands["paths"]
    assert "/srv/vms/db.img" not in here.commands["paths"]


def test_a_thousand_guests_there_take_twice_as_long_as_five_hundred() -> None:
    def seconds(count: int) -> float:
        case = copied("<source file='/srv/vms/db.img'/>")
        (db,) = json.loads(case.hosts[1].answers.records["libvirt.domains"].out)["domains"]
        each = [
            db
            | {"name": f"g{n}", "uuid": f"{n:08x}-0000-4000-8000-000000000000"}
            | {"xml": db["xml"].replace("db.img", f"{n}.img")}
            for n in range(count)
        ]
        case.destination("libvirt.domains", json.dumps({"domains": each}))
        answers = case.hosts[1].answers.records
        wanted = {name: answers.get(name, Record("", 1)) for name in FACTS[ImageOwners].records}
        began = time.process_time()
        made = fact_of(ImageOwners, wanted)
        for n in range(count):
            assert [owner.name for owner in made.of(f"/srv/vms/{n}.img")] == [f"g{n}"]
        return time.process_time() - began

    seconds(100)
    few, many = seconds(500), seconds(1000)
    assert many < 3 * few
