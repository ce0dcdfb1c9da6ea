"""The setting of the process that aborts a rehearsal if preflight dies."""

import subprocess
import time

from preflight.shell_text import ShellText, of_file
from tests.shell.host import Host
from tests.shell.test_switch import SCRIPTS, SENDS, UUID, Guarded

SCRIPT = of_file(SCRIPTS / "switch_set.sh")


def setting(host: Host, longest_call: int, sh: str = "true") -> subprocess.CompletedProcess[str]:
    """Set a switch that is another script, for the run "key"."""
    return host.run(
        "sh -c @script@ sh @root@ key @uuid@ @longest@ 150 1200 @sh@",
        functions="",
        script=str(SCRIPT),
        root=str(host.root),
        uuid=UUID,
        longest=longest_call,
        sh=sh,
    )


def test_it_is_set_only_under_the_runs_lock_on_a_guest_without_a_job_and_where_virsh_is_quick(host: Host) -> None:
    guest = Guarded(host)
    assert setting(host, 2000).returncode == 0
    assert (host.root / f"key.abort.{UUID}").exists()
    guest.has_job(SENDS)
    assert "a job is running on the guest" in setting(host, 2000).stderr
    host.has_program("virsh", "sleep 0.3; echo 'Job type: None'")
    assert "ms there, and may take 200 ms" in setting(host, 20).stderr
    host.has_program("virsh", "echo 'error: no daemon' >&2; exit 1")
    assert "virsh failed: error: no daemon" in setting(host, 2000).stderr
    guest.die()
    assert "the lock is not held" in setting(host, 2000).stderr


def test_now_is_in_hundredths_of_a_second(host: Host) -> None:
    before = time.clock_gettime(time.CLOCK_BOOTTIME)
    function = next(line for line in SCRIPT.splitlines() if line.startswith("now()"))
    now = int(host.run("now", functions=ShellText(function)).stdout) / 100
    assert before - 0.02 <= now <= time.clock_gettime(time.CLOCK_BOOTTIME)
