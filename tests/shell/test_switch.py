"""The functions of the process on the source that aborts a rehearsal if preflight dies."""

import subprocess
from pathlib import Path

import pytest

import preflight
from preflight.shell_text import ShellText, of_file, shell
from tests.shell.host import Host

UUID = "f1d015bd-14ec-4fe8-8cdc-f32b8929b5e0"
SCRIPT = of_file(Path(preflight.__file__).parent / "rehearse/scripts/switch.sh")
#: The script up to its loop.
FUNCTIONS = ShellText(SCRIPT.partition("\nwhile is_set")[0])
OWN = "Job type: Unbounded\\nOperation: Outgoing migration\\nTime elapsed: 1200 ms"


def call(host: Host, what: str) -> subprocess.CompletedProcess[str]:
    """Call a function for the run "key", whose file is in the host's directory."""
    (host.root / "key.run").touch()
    begin = shell("set -- @root@ key @uuid@ 30\n", root=str(host.root), uuid=UUID)
    return host.run(what, functions=ShellText(begin + FUNCTIONS))


def test_is_set_while_its_file_is_there(host: Host) -> None:
    assert call(host, "is_set").returncode != 0
    (host.root / f"key.abort.{UUID}").touch()
    assert call(host, "is_set").returncode == 0


@pytest.mark.parametrize(
    ("virsh", "said"),
    [
        (f"printf '{OWN}\\n'", "own"),
        (f"printf '{OWN}\\n' | sed s/1200/90000/", "other"),
        ("printf 'Job type: Unbounded\\nOperation: Backup\\nTime elapsed: 1200 ms\\n'", "other"),
        ("echo 'Job type:         None'", "none"),
        ("echo \"error: failed to get domain 'web'\" >&2; exit 1", "none"),
        ("echo 'error: cannot acquire state change lock' >&2; exit 1", "busy"),
    ],
)
def test_job_as_virsh_says(host: Host, virsh: str, said: str) -> None:
    host.has_program("virsh", virsh)
    assert call(host, "job").stdout.strip() == said
