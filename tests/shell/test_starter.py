"""The functions of the process that starts guests if preflight dies; unit/migrate/test_starter.py runs it whole."""

import os
import subprocess
import time

import pytest

from preflight.migrate.root_shell import script
from preflight.shell_text import ShellText, shell
from tests.shell.host import Host

UUID = "f1d015bd-14ec-4fe8-8cdc-f32b8929b5e0"
#: The script up to its loop.
FUNCTIONS = ShellText(script("starter").partition("\nend=$((")[0])


def call(host: Host, what: str) -> subprocess.CompletedProcess[str]:
    """Call a function for the run "key", whose file is in the host's directory, as are the logs."""
    (host.root / "key.run").touch()
    begin = shell("set -- @root@ key qemu+ssh://host2/system @root@\n", root=str(host.root))
    return host.run(what, functions=ShellText(begin + FUNCTIONS))


def test_unchanged_tells_another_file_of_that_name(host: Host) -> None:
    assert call(host, "unchanged").returncode == 0
    assert call(host, "rm key.run; unchanged").returncode != 0
    assert call(host, "echo >new; mv new key.run; unchanged").returncode != 0


def test_is_there_by_the_lock_and_by_signs_of_life(host: Host) -> None:
    lock = "flock key.run sleep 9 >/dev/null 2>&1 & sleep 0.3; "
    assert call(host, "is_there").returncode != 0, "nobody holds the lock"
    assert call(host, f"{lock} touch key.run; is_there; r=$?; kill $!; exit $r").returncode == 0
    then = time.time() - 60
    os.utime(host.root / "key.run", (then, then))
    assert call(host, f"touch -d @{int(then)} key.run; {lock} is_there; r=$?; kill $!; exit $r").returncode != 0


@pytest.mark.parametrize(
    ("virsh", "has"),
    [
        ("echo 'Job type:         Unbounded'", True),
        ("echo 'Job type:         None'", False),
        ("echo 'error: failed to connect to the hypervisor' >&2; exit 1", True),
        ("echo \"error: failed to get domain 'web'\" >&2; exit 1", False),
        ("echo 'error: Requested operation is not valid: domain is not running' >&2; exit 1", False),
    ],
)
def test_has_job_as_virsh_says(host: Host, virsh: str, *, has: bool) -> None:
    host.has_program("virsh", virsh)
    assert (call(host, f"has_job {UUID}").returncode == 0) is has


@pytest.mark.parametrize(
    ("state", "stats", "code", "is_started"),
    [
        ("echo 'paused (user)'", "echo '  vcpu.0.time=0'", 0, True),
        ("echo 'paused (user)'", "echo '  vcpu.0.time=0'; echo '  vcpu.1.time=5'", 0, False),
        ("echo 'paused (user)'", "exit 1", 1, False),
        ("echo 'paused (migrating)'", "echo '  vcpu.0.time=0'", 0, False),
        ("echo 'running (migrated)'", "echo '  vcpu.0.time=0'", 0, False),
        ("echo \"error: failed to get domain 'web'\" >&2; exit 1", "exit 1", 0, False),
        ("echo 'error: Cannot recv data' >&2; exit 1", "exit 1", 1, False),
    ],
)
def test_start_only_as_it_arrived(host: Host, state: str, stats: str, code: int, *, is_started: bool) -> None:
    started = host.root / "started"
    cases = f"*domstate*) {state};; *domstats*) {stats};; *resume*) echo >{started};;"
    host.has_program("virsh", f'case "$*" in {cases} esac')
    assert call(host, f"start {UUID}").returncode == code
    assert started.exists() is is_started
