"""The process on the source that aborts a rehearsal if preflight dies, or does not answer."""

import fcntl
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import preflight
from preflight.rehearse.limits import AFTER, SENDING
from preflight.shell_text import ShellText, of_file, shell
from tests.shell.host import Host

UUID = "f1d015bd-14ec-4fe8-8cdc-f32b8929b5e0"
SCRIPTS = Path(preflight.__file__).parent / "rehearse/scripts"
SCRIPT = of_file(SCRIPTS / "switch.sh")
#: The script up to its loop.
FUNCTIONS = ShellText(SCRIPT.partition("\nbegan=")[0])
OUTGOING = "Job type: Unbounded\nOperation: Outgoing migration\nTime elapsed: 1200 ms\n"
SENDS = f"{OUTGOING}Data processed:   104.132 KiB\n"
#: What virsh is in place of libvirt: the file "job" and a guest's UUID is its job, and an abort ends it.
VIRSH = """for guest; do :; done
case "$*" in
*domjobabort*) rm -f "@root@/job.$guest"; echo >> @root@/aborted;;
*domjobinfo*) cat "@root@/job.$guest" 2>/dev/null || echo 'Job type:         None';;
esac"""


def call(host: Host, what: str) -> subprocess.CompletedProcess[str]:
    """Call a function for the run "key", whose file is in the host's directory."""
    (host.root / "key.run").touch()
    begin = shell("set -- @root@ key @uuid@ 150 1200\n", root=str(host.root), uuid=UUID)
    return host.run(what, functions=ShellText(begin + FUNCTIONS))


def test_is_set_while_its_file_is_there(host: Host) -> None:
    assert call(host, "is_set").returncode != 0
    (host.root / f"key.abort.{UUID}").touch()
    assert call(host, "is_set").returncode == 0


@pytest.mark.parametrize(
    ("virsh", "said"),
    [
        (f"printf '%s' '{SENDS}'", "sends"),
        (f"printf '%s' '{OUTGOING}'", "waits"),
        (f"printf '%s' '{OUTGOING}Data processed:   0.000 B'", "waits"),
        (f"printf '%s' '{SENDS}' | sed 's/104.132 KiB/9.000 B/'", "sends"),
        # however old the job is: none was running when the switch was set
        (f"printf '%s' '{SENDS}' | sed s/1200/90000/", "sends"),
        ("printf 'Job type: Unbounded\\nOperation: Backup\\nTime elapsed: 1200 ms\\n'", "other"),
        ("echo 'Job type:         None'", "none"),
        ("echo \"error: failed to get domain 'web'\" >&2; exit 1", "none"),
        ("echo 'error: cannot acquire state change lock' >&2; exit 1", "busy"),
    ],
)
def test_job_as_virsh_says(host: Host, virsh: str, said: str) -> None:
    host.has_program("virsh", virsh)
    assert call(host, "job").stdout.strip() == said


def test_now_is_in_hundredths_of_a_second(host: Host) -> None:
    before = time.clock_gettime(time.CLOCK_BOOTTIME)
    now = int(call(host, "now").stdout) / 100
    assert before - 0.02 <= now <= time.clock_gettime(time.CLOCK_BOOTTIME)


def test_is_there_while_preflight_holds_its_lock_and_touches_its_file(host: Host) -> None:
    """Another switch of the run that looks for the lock must not be taken for preflight."""
    assert call(host, "is_there").returncode != 0
    with (host.root / "key.run").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        assert call(host, "is_there").returncode != 0
        fcntl.flock(file, fcntl.LOCK_EX)
        assert call(host, "is_there").returncode == 0
    assert call(host, "is_there").returncode != 0


def test_abort_asks_libvirt_to_abort_the_job(host: Host) -> None:
    host.has_program("virsh", f'echo "$*" > {host.root}/called')
    call(host, "abort")
    assert (host.root / "called").read_text().split() == ["-q", "-c", "qemu:///system", "domjobabort", UUID]


class Guarded:
    """A guest on the host that a switch guards, and preflight, which holds the lock."""

    def __init__(self, host: Host) -> None:
        self.root = host.root
        self._path = os.pathsep.join((str(host.root / "programs"), os.environ["PATH"]))
        host.has_program("virsh", VIRSH.replace("@root@", str(self.root)))
        self._lock = (self.root / "key.run").open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self.running: list[subprocess.Popen[bytes]] = []

    def has_job(self, text: str, *, uuid: str = UUID) -> None:
        """Have libvirt report this job of the guest."""
        (self.root / "new").write_text(text)
        (self.root / "new").rename(self.root / f"job.{uuid}")

    @property
    def aborts(self) -> int:
        """Return the number of aborts."""
        aborted = self.root / "aborted"
        return aborted.read_text().count("\n") if aborted.exists() else 0

    def set(self, *, sending: float = SENDING, after: float = AFTER, uuid: str = UUID) -> None:
        """Set a switch, with these times in seconds."""
        (self.root / f"key.abort.{uuid}").touch()
        times = (f"{sending * 100:.0f}", f"{after * 100:.0f}")
        words = ["sh", "-c", str(SCRIPT), "sh", str(self.root), "key", uuid, *times]
        self.running.append(subprocess.Popen(words, env={"PATH": self._path}))

    def die(self) -> None:
        """Have preflight die."""
        self._lock.close()

    def end(self) -> None:
        """Have preflight disarm every switch, which then end by themselves."""
        for file in self.root.glob("key.abort.*"):
            file.unlink()
        for each in self.running:
            assert each.wait(20) == 0
        self._lock.close()


@pytest.fixture
def guarded(host: Host) -> Iterator[Guarded]:
    guest = Guarded(host)
    yield guest
    guest.end()


def until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_memory_that_was_sent_for_too_long_is_aborted_though_preflight_is_there(guarded: Guarded) -> None:
    guarded.has_job(SENDS)
    began = time.monotonic()
    guarded.set(sending=0.5)
    until(lambda: guarded.aborts == 1)
    assert time.monotonic() - began >= 0.49


def test_a_job_that_begins_long_after_the_switch_was_set_is_aborted_too(guarded: Guarded) -> None:
    """The guest could move otherwise: preflight was stopped between the two, or the call had to wait."""
    guarded.set(after=0.2)
    time.sleep(0.6)
    assert guarded.aborts == 0
    guarded.has_job(OUTGOING)
    until(lambda: guarded.aborts == 1)


def test_a_job_that_sends_nothing_is_left_to_preflight_for_a_while(guarded: Guarded) -> None:
    guarded.has_job(OUTGOING)
    guarded.set()
    time.sleep(1)
    assert guarded.aborts == 0


def test_another_job_is_never_aborted(guarded: Guarded) -> None:
    guarded.has_job("Job type: Unbounded\nOperation: Backup\nTime elapsed: 1200 ms\nData processed: 1.000 GiB\n")
    guarded.set(sending=0, after=0)
    guarded.die()
    time.sleep(0.7)
    assert guarded.aborts == 0


def test_a_dead_preflight_is_noticed_at_once_by_the_switch_of_each_guest(guarded: Guarded) -> None:
    """Two switches must not take each other's lock for preflight."""
    other = UUID.replace("f1", "f2")
    for uuid in (UUID, other):
        guarded.set(uuid=uuid)
        guarded.has_job(OUTGOING, uuid=uuid)
    time.sleep(0.3)
    assert guarded.aborts == 0
    guarded.die()
    until(lambda: guarded.aborts >= 2)
    # and once their rehearsals are over they go, with their files
    until(lambda: all(each.poll() == 0 for each in guarded.running))
    assert not list(guarded.root.glob("job.*"))
    assert not list(guarded.root.glob("key.abort.*"))
