"""A guest that is off moves with its state files, and nothing of it is lost or started twice, whatever fails."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from preflight.migrate.events import Event
from preflight.migrate.journal import read
from preflight.migrate.lane import Lane
from preflight.migrate.ledger import rows
from preflight.migrate.offline import move_off
from preflight.migrate.outcome import Result
from preflight.migrate.past import of, past
from preflight.migrate.run import Ended, Run
from preflight.migrate.state_files import NVRAM, TPM

from .off_hosts import Libvirt, run_of
from .plans import PLAN, altered
from .shells import Host

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the scripts run as root's: as_root would ask sudo")

GUEST = altered(PLAN.guests[2], autostart=True)
OTHER = "11111111-9b9c-476e-bb6d-379ee4f7650c"
XML = (
    f"<domain><name>old</name><uuid>{{uuid}}</uuid><os><nvram>{NVRAM}/old_VARS.fd</nvram></os>"
    "<devices>{tpm}</devices></domain>"
)
VAULT = XML.format(uuid=GUEST.uuid, tpm="<tpm><backend type='emulator'/></tpm>")


class Pair:
    """Two hosts, the first of which has the guest with its NVRAM and its TPM's state."""

    def __init__(self, at: Path) -> None:
        self.log: list[str] = []
        self.libvirts = Libvirt("source", self.log), Libvirt("destination", self.log)
        self.shells = Host(at / "one"), Host(at / "two")
        for host in self.shells:
            host.file("qemu/nvram").mkdir(parents=True)
            host.file("swtpm").mkdir()
        self.source, self.destination = self.libvirts
        self.source.defineXML(VAULT)
        self.source.domains[GUEST.uuid].autostart = True
        one = self.shells[0]
        one.file("qemu/nvram/old_VARS.fd").write_bytes(b"variables")
        one.file(f"swtpm/{GUEST.uuid}/tpm2").mkdir(parents=True)
        one.file(f"swtpm/{GUEST.uuid}/tpm2/tpm2-00.permall").write_bytes(b"keys")
        self.log.clear()
        self.run: Run
        self.journal = at / "journal"

    def move(self, **options: Any) -> Ended:
        self.journal.unlink(missing_ok=True)
        self.run = run_of(*self.libvirts, self.journal, **options)
        return move_off(self.run, GUEST, Lane(self.run), *self.shells, known=None)

    def defined(self) -> tuple[bool, bool]:
        return GUEST.uuid in self.source.domains, GUEST.uuid in self.destination.domains


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    made = Pair(tmp_path)
    yield made
    for host in made.shells:
        host.channel.close()


def test_the_sources_state_files_stay_and_the_ledger_says_where(pair: Pair) -> None:
    ended = pair.move()
    assert ended.arrived
    assert pair.defined() == (False, True)
    for host in pair.shells:
        assert host.file("qemu/nvram/old_VARS.fd").read_bytes() == b"variables"
        assert host.file(f"swtpm/{GUEST.uuid}/tpm2/tpm2-00.permall").read_bytes() == b"keys"
    kept = (f"{NVRAM}/old_VARS.fd", f"{TPM}/{GUEST.uuid}")
    assert ended.kept == kept
    assert past(read(pair.journal)[1], GUEST.uuid).kept == kept
    (row,) = [row for row in rows(pair.run, {GUEST.uuid: of(ended)}) if row.uuid == GUEST.uuid]
    assert row.kept == kept


def test_the_destination_starts_it_with_itself_only_once_the_source_no_longer_does(pair: Pair) -> None:
    pair.move()
    assert pair.log == ["destination: define", "source: undefine 72", "destination: autostart 1"]
    assert pair.destination.domains[GUEST.uuid].autostart


def test_a_source_that_keeps_the_definition_no_longer_starts_it_before_the_destination_does(pair: Pair) -> None:
    assert pair.move(undefinesource=False).arrived
    assert pair.log == ["destination: define", "source: autostart 0", "destination: autostart 1"]


def test_an_autostart_that_cannot_be_set_is_no_complete_arrival(pair: Pair) -> None:
    pair.destination.fails.add("autostart 1")
    ended = pair.move()
    assert ended.result is Result.ARRIVED
    assert not ended.arrived
    assert ended.why == "autostart could not be enabled on the destination (virsh autostart old): cannot autostart 1"
    (row,) = [row for row in rows(pair.run, {GUEST.uuid: of(ended)}) if row.uuid == GUEST.uuid]
    assert row.why == ended.why
    assert not past(read(pair.journal)[1], GUEST.uuid).is_done


def test_an_autostart_of_the_source_that_cannot_be_cleared_is_never_set_on_the_destination(pair: Pair) -> None:
    pair.source.fails.add("autostart 0")
    ended = pair.move(undefinesource=False)
    assert not ended.arrived
    assert pair.log == ["destination: define"]
    assert not past(read(pair.journal)[1], GUEST.uuid).handed_over


def _saved_here(pair: Pair) -> None:
    pair.source.domains[GUEST.uuid].saved = True


def _saved_there(pair: Pair) -> None:
    pair.destination.defineXML(VAULT)
    pair.destination.domains[GUEST.uuid].saved = True
    pair.log.clear()


def _of_another(pair: Pair) -> None:
    pair.destination.defineXML(XML.format(uuid=OTHER, tpm="").replace("<name>old<", "<name>renamed<"))
    pair.log.clear()


def _of_another_by_a_link(pair: Pair) -> None:
    pair.shells[1].file("link").symlink_to("qemu/nvram")
    other = XML.format(uuid=OTHER, tpm="").replace(NVRAM, "/var/lib/libvirt/link")
    pair.destination.defineXML(other)
    pair.log.clear()


def _tpm_of_another(pair: Pair) -> None:
    tpm = f"<tpm><backend type='emulator'><source type='dir' path='{TPM}/{GUEST.uuid}/tpm2/'/></backend></tpm>"
    pair.destination.defineXML(XML.format(uuid=OTHER, tpm=tpm).replace("old_VARS", "other"))
    pair.log.clear()


def _link_for_nvram(pair: Pair) -> None:
    path = pair.shells[0].file("qemu/nvram/old_VARS.fd")
    path.rename(path.with_name("real"))
    path.symlink_to("real")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (_saved_here, "its saved state"),
        (_saved_there, "the destination has a saved state of this guest"),
        (_of_another, "belongs to the guest old on the destination too|belongs to the guest renamed"),
        (_of_another_by_a_link, "belongs to the guest old on the destination too"),
        (_tpm_of_another, "its TPM state, belongs to the guest old on the destination too"),
        (_link_for_nvram, "is a symbolic link: only regular files and directories are moved"),
    ],
)
def test_what_would_be_lost_or_written_over_keeps_the_guest_here_and_all_as_it_was(
    pair: Pair, make: Callable[[Pair], None], said: str
) -> None:
    make(pair)
    before = sorted(path for path in pair.shells[1].root.rglob("*"))
    ended = pair.move()
    assert ended.result is Result.STAYED
    assert ended.error is not None
    assert re.search(said, ended.error), ended.error
    assert pair.log == []
    assert sorted(path for path in pair.shells[1].root.rglob("*")) == before
    assert not any("mkdir" in command for command in pair.shells[1].asked)


def test_a_guest_of_another_path_is_in_nobodys_way(pair: Pair) -> None:
    other = XML.format(uuid=OTHER, tpm="<tpm><backend type='emulator'/></tpm>").replace("old_VARS", "other_VARS")
    pair.destination.defineXML(other)
    assert pair.move().arrived


def test_a_definition_that_its_owner_took_elsewhere_is_not_defined_again(pair: Pair) -> None:
    run = run_of(*pair.libvirts, pair.journal)
    pair.source.domains.clear()
    ended = move_off(run, GUEST, Lane(run), *pair.shells, known=VAULT)
    assert ended.result is Result.LOST
    assert "neither host knows the guest any more" in (ended.error or "")
    assert pair.log == []


def test_what_has_moved_already_is_only_given_its_autostart(pair: Pair) -> None:
    pair.destination.fails.add("autostart 1")
    pair.move()
    pair.destination.fails.clear()
    pair.log.clear()
    assert pair.move().arrived
    assert pair.log == ["destination: autostart 1"]


def test_the_job_of_a_client_that_was_killed_is_waited_for(pair: Pair) -> None:
    """libvirt keeps it until it has noticed that the connection is closed, and refuses every other migration."""
    told: list[Event] = []
    pair.source.jobs_of_others = 2
    ended = pair.move(dumpxml=False, told=told.append)
    assert ended.arrived
    assert pair.defined() == (False, True)
    assert ended.kept == (f"{NVRAM}/old_VARS.fd", f"{TPM}/{GUEST.uuid}")
    assert [event.kind for event in told].count("waiting") == 1


def test_a_migration_that_does_not_end_is_not_waited_for_longer_than_the_settle_timeout(pair: Pair) -> None:
    pair.source.jobs_of_others = 1000
    ended = pair.move(dumpxml=False, patience=0.1)
    assert ended.result is Result.STAYED
    assert "another migration job is already running for domain 'old'" in (ended.error or "")
    assert pair.defined() == (True, False)
