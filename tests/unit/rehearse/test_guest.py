"""One guest's rehearsal on two hosts in memory: it comes back, whatever befalls them."""

import threading
import time
from pathlib import Path

import libvirt
import pytest
from msgspec import structs

from preflight.facts.fact import Unreadable
from preflight.migrate.lane import Lane
from preflight.migrate.observation import Place
from preflight.migrate.transfer import Transfer
from preflight.rehearse import guest as rehearsing
from preflight.rehearse import reading
from preflight.rehearse.answer import Answer
from preflight.rehearse.limits import LARGE
from preflight.rehearse.memory import Memory
from preflight.rehearse.traces import Copy, Seen, Status
from preflight.request.method import Method
from preflight.request.migration import CopyStorage, Mode
from preflight.units import MIB
from tests.fakes.hypervisor import Disk, refusal
from tests.unit.migrate.plans import WEB
from tests.unit.rehearse.hosts import FakeSwitch, Hosts, marks

MODES = pytest.mark.parametrize("mode", Mode)


@MODES
def test_a_guest_that_is_taken_comes_back_and_runs_on(tmp_path: Path, mode: Mode) -> None:
    hosts = Hosts(tmp_path, Method(mode=mode))
    answer = hosts.rehearse()
    assert (answer.answer, answer.error, answer.why, answer.left) == (Answer.ACCEPTED, None, "", ())
    assert (answer.source, answer.destination) == (Place.RUNNING, Place.ABSENT)
    assert hosts.is_as_before()
    assert hosts.destination.called == []
    assert list(hosts.steps()) == ["begin", "ended"]
    assert hosts.switch.told == ["arm", "disarm"]


@MODES
def test_a_refusal_is_told_in_libvirts_words(tmp_path: Path, mode: Mode) -> None:
    hosts = Hosts(tmp_path, Method(mode=mode))
    hosts.source.migrations.fails = "prepare"
    answer = hosts.rehearse()
    assert (answer.answer, answer.error, answer.rule) == (Answer.REFUSED, "prepare failed", None)
    assert hosts.is_as_before()


def test_a_refusal_names_the_rule_that_explains_it(tmp_path: Path) -> None:
    hosts = Hosts(tmp_path)

    def refuse() -> None:
        raise refusal(libvirt.VIR_ERR_NO_NETWORK, "Network not found: no network with matching name 'lan'")

    hosts.source.migrations.at["prepare"] = refuse
    answer = hosts.rehearse()
    assert (answer.answer, answer.rule) == (Answer.REFUSED, "network-missing")


def test_the_destination_that_refuses_the_memory_refuses(tmp_path: Path) -> None:
    hosts = Hosts(tmp_path)

    def refuse() -> None:
        hosts.send()
        raise refusal(libvirt.VIR_ERR_OPERATION_FAILED, "job: unexpectedly failed")

    hosts.source.migrations.at["perform"] = refuse
    answer = hosts.rehearse()
    assert (answer.answer, answer.error) == (Answer.REFUSED, "job: unexpectedly failed")
    assert hosts.is_as_before()


def test_what_never_begins_is_aborted_and_undecided(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LATEST", 0.3)
    hosts = Hosts(tmp_path)
    del hosts.source.migrations.at["perform"]
    answer = hosts.rehearse()
    assert answer.answer is Answer.UNDECIDED
    assert "aborted before libvirt had accepted or refused it" in answer.why
    assert hosts.is_as_before()


def test_a_small_rest_is_aborted_at_once_and_that_is_no_acceptance(tmp_path: Path) -> None:
    hosts = Hosts(tmp_path)
    hosts.source.migrations.at["perform"] = lambda: hosts.send(memory_remaining=63 * MIB)
    answer = hosts.rehearse()
    assert answer.answer is Answer.UNDECIDED
    assert "less than 64 MiB of memory were left" in answer.why
    assert hosts.is_as_before()


def test_a_managed_guest_that_is_handed_over_all_the_same_is_started_there(tmp_path: Path) -> None:
    hosts = Hosts(tmp_path)
    hosts.source.migrations.sends = None  # all is sent at once
    answer = hosts.rehearse()
    assert answer.answer is Answer.MOVED
    assert "MOVED BY THE REHEARSAL" in answer.why
    assert "preflight migrate host2.example.com host1.example.com web" in answer.why
    assert (answer.source, answer.destination) == (Place.OFF, Place.RUNNING)
    assert hosts.here.persistent, "defined on both"
    assert hosts.there is not None
    assert hosts.there.persistent
    assert hosts.destination.called == ["resume"]
    assert list(hosts.steps()) == ["begin", "handed-over", "handed-over", "ended"]


@pytest.mark.parametrize("mode", [Mode.PEER_TO_PEER, Mode.TUNNELLED])
def test_in_the_other_modes_libvirt_starts_it_there(tmp_path: Path, mode: Mode) -> None:
    hosts = Hosts(tmp_path, Method(mode=mode, suspend=True))
    hosts.source.migrations.sends = None
    answer = hosts.rehearse()
    assert (answer.answer, answer.destination) == (Answer.MOVED, Place.RUNNING)
    assert hosts.destination.called == []


def test_autostart_goes_with_a_guest_that_moved(tmp_path: Path) -> None:
    hosts = Hosts(tmp_path, autostart=True)
    hosts.source.migrations.sends = None
    assert hosts.rehearse().answer is Answer.MOVED
    assert not hosts.here.autostart
    assert hosts.there is not None
    assert hosts.there.autostart


@MODES
def test_without_a_switch_nothing_is_begun(tmp_path: Path, mode: Mode) -> None:
    hosts = Hosts(tmp_path, Method(mode=mode))
    hosts.switch = FakeSwitch("virsh is not installed")
    answer = hosts.rehearse()
    assert answer.answer is Answer.NOT_REHEARSED
    assert "virsh is not installed" in answer.why
    assert hosts.source.called == []


def test_the_switch_stays_while_the_migration_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug here must not leave a migration behind that nobody aborts."""
    hosts = Hosts(tmp_path)

    def fail(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(rehearsing._Watch, "follow", fail)
    with pytest.raises(RuntimeError):
        hosts.rehearse()
    assert hosts.switch.told == ["arm"]
    hosts.source.migrations.aborted.set()


def test_a_guest_that_is_busy_paused_or_on_both_is_left_alone(tmp_path: Path) -> None:
    hosts = Hosts(tmp_path)
    hosts.source.suspend(WEB)
    assert "only running guests" in hosts.rehearse().why
    hosts.source.resume(WEB)
    hosts.here.job = {"type": libvirt.VIR_DOMAIN_JOB_UNBOUNDED}
    assert hosts.rehearse().why == "a job is running on the guest"
    hosts.here.job = None
    hosts.destination.add(WEB, Disk()).to(libvirt.VIR_DOMAIN_PAUSED, 1)
    assert "on the destination too" in hosts.rehearse().why
    assert hosts.source.called == []


def test_another_job_is_never_aborted(tmp_path: Path) -> None:
    hosts = Hosts(tmp_path)
    backup = {"type": libvirt.VIR_DOMAIN_JOB_UNBOUNDED, "operation": libvirt.VIR_DOMAIN_JOB_OPERATION_BACKUP}

    def begins() -> None:
        hosts.here.job = backup
        time.sleep(0.3)

    hosts.source.migrations.at["begin"] = begins
    answer = hosts.rehearse()
    assert answer.answer is not Answer.ACCEPTED
    assert "abortJob" not in hosts.source.called


def test_what_is_left_on_the_destination_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rehearsing, "CLEARING", 0.1)
    hosts = Hosts(tmp_path)
    hosts.marks = marks(files=("/var/lib/libvirt/qemu/nvram/web's_VARS.fd",))
    hosts.seen = [
        Seen(),
        Seen(paths=dict.fromkeys(hosts.marks.files, Status("0:0:600", "xfs")), processes=("77",), taps=("vnet3",)),
    ]
    assert hosts.rehearse().left == (
        "a QEMU process of the guest, 77; to look at it, on host2.example.com: ps -fp 77; virsh domstate --reason "
        + WEB,
        "the tap device vnet3",
        """firmware variables; on host2.example.com: rm '/var/lib/libvirt/qemu/nvram/web'"'"'s_VARS.fd'""",
    )


def test_what_goes_in_time_is_not_said(tmp_path: Path) -> None:
    hosts = Hosts(tmp_path)
    hosts.seen = [Seen(), Seen(processes=("77",)), Seen()]
    assert hosts.rehearse().left == ()


def test_a_destination_that_cannot_be_searched_is_said(tmp_path: Path) -> None:
    hosts = Hosts(tmp_path)
    hosts.seen = [Seen(), Unreadable("no answer")]
    answer = hosts.rehearse()
    assert (answer.answer, answer.left) == (Answer.ACCEPTED, ("no answer",))


def test_before_anything_is_begun_the_destination_must_be_searched(tmp_path: Path) -> None:
    hosts = Hosts(tmp_path)
    hosts.seen = [Unreadable("no answer")]
    assert (hosts.rehearse().answer, hosts.source.called) == (Answer.NOT_REHEARSED, [])


def test_a_destination_that_falls_silent_costs_no_guest(tmp_path: Path) -> None:
    hosts = Hosts(tmp_path)

    def falls_silent() -> None:
        hosts.send()
        hosts.destination.is_silent = True

    hosts.source.migrations.at["perform"] = falls_silent
    answer = hosts.rehearse()
    assert answer.answer is Answer.DISTURBED, "nobody can say what is on the destination"
    assert hosts.here.state == libvirt.VIR_DOMAIN_RUNNING


def test_ctrl_c_takes_a_rehearsal_back_and_is_no_acceptance(tmp_path: Path) -> None:
    hosts = Hosts(tmp_path)

    def interrupted() -> None:
        hosts.send()
        hosts.run.interrupt()

    hosts.source.migrations.at["perform"] = interrupted
    answer = hosts.rehearse()
    assert answer.answer is Answer.UNDECIDED
    assert "interrupted" in answer.why
    assert hosts.is_as_before()


@pytest.mark.parametrize("mode", [Mode.PEER_TO_PEER, Mode.TUNNELLED])
def test_a_connection_that_ends_before_the_abort_is_neither_refusal_nor_acceptance(tmp_path: Path, mode: Mode) -> None:
    hosts = Hosts(tmp_path, Method(mode=mode))

    def ends() -> None:
        hosts.send()
        raise refusal(libvirt.VIR_ERR_SYSTEM_ERROR, "End of file while reading data: : Input/output error")

    hosts.source.migrations.at["perform"] = ends
    answer = hosts.rehearse()
    assert answer.answer is Answer.UNDECIDED
    assert "does not say why" in answer.why
    assert hosts.is_as_before()


def test_calls_that_never_return_are_left_and_the_switch_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """libvirt may hold the guest's lock, or the source be gone, for as long as it likes."""
    monkeypatch.setattr(rehearsing, "AFTER_ABORT", 0.3)
    monkeypatch.setattr(reading, "LATEST", 0.2)
    hosts = Hosts(tmp_path)
    free = threading.Event()
    hosts.source.before["jobStats"] = lambda: (free.wait(20), None)[1]
    del hosts.source.migrations.at["perform"]
    began = time.monotonic()
    answer = rehearsing.rehearse(hosts.rehearsal(patience=0.2), hosts.web, hosts.marks, Lane(hosts.run))
    assert time.monotonic() - began < 5
    assert answer.answer is Answer.DISTURBED
    assert hosts.switch.told == ["arm"]
    free.set()
    hosts.source.migrations.aborted.set()


def test_the_switch_stays_if_a_migration_may_still_be_running(tmp_path: Path) -> None:
    """As when the source's link is cut, and its daemon continues a peer-to-peer migration."""
    hosts = Hosts(tmp_path, Method(mode=Mode.PEER_TO_PEER))

    def is_cut_off() -> None:
        hosts.send()
        hosts.source.is_silent = True
        raise refusal(libvirt.VIR_ERR_RPC, "client socket is closed")

    hosts.source.migrations.at["perform"] = is_cut_off
    assert rehearsing.rehearse(hosts.rehearsal(patience=0.2), hosts.web, hosts.marks, Lane(hosts.run)).answer is (
        Answer.DISTURBED
    )
    assert hosts.switch.told == ["arm"]


def test_disks_are_taken_once_each_has_a_mirror(tmp_path: Path) -> None:
    hosts = Hosts(tmp_path, Method(copy_storage=CopyStorage.ALL))
    del hosts.source.migrations.at["perform"]
    hosts.marks = marks(copies=(Copy("vda", "/srv/a"), Copy("vdb", "/srv/b")))
    hosts.seen = [Seen(room={"/srv/a": 100 * MIB, "/srv/b": 100 * MIB}), Seen()]
    hosts.here.disks = {"vda": MIB, "vdb": MIB}

    def begin() -> None:
        hosts.here.mirrors = {"vda"}
        threading.Timer(0.2, lambda: hosts.here.mirrors.add("vdb")).start()

    hosts.source.migrations.at["perform"] = begin
    answer = hosts.rehearse()
    assert answer.answer is Answer.ACCEPTED
    assert answer.begun_after is not None
    assert answer.begun_after > 0.15
    assert hosts.is_as_before()


def test_a_transfer_is_made_with_the_flags_of_the_rehearsal(tmp_path: Path) -> None:
    hosts = Hosts(tmp_path)
    moving = Transfer(hosts.run, hosts.web, hosts.run.intent(hosts.web), Lane(hosts.run), resume_postcopy=False)
    assert moving._flags & libvirt.VIR_MIGRATE_PERSIST_DEST
    assert not moving._flags & libvirt.VIR_MIGRATE_UNDEFINE_SOURCE
    assert moving._parameters == {"bandwidth": 1}


def test_a_smaller_guest_is_rehearsed_if_enough_of_its_memory_is_touched_and_not_zero(tmp_path: Path) -> None:
    hosts = Hosts(tmp_path)
    hosts.marks = structs.replace(hosts.marks, memory=LARGE - MIB)
    hosts.memory = Memory(LARGE, 128, 0)
    answer = hosts.rehearse()
    assert (answer.answer, hosts.switch.told) == (Answer.NOT_REHEARSED, [])
    assert "only 0 of 128 sampled pages of the guest's 2047 MiB of memory are not zero" in answer.why
    hosts.memory = Memory(LARGE, 128, 128)
    assert hosts.rehearse().answer is Answer.ACCEPTED
    # a guest of another size is rehearsed whatever its memory contains
    hosts.marks, hosts.memory = structs.replace(hosts.marks, memory=LARGE), Memory(0, 128, 0)
    assert hosts.rehearse().answer is Answer.ACCEPTED
