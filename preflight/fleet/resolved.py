"""What ssh makes of a name: it alone reads ~/.ssh/config, with all its patterns and included files."""

import subprocess
import threading
from collections.abc import Iterable, Mapping

from msgspec import Struct

from preflight.connection.target import Kind, parse_target

#: Seconds that ssh may take for one name: Match exec runs a command, and CanonicalizeHostname asks DNS.
PATIENCE = 10.0
#: Number of names that ssh is asked for at a time.
_WIDTH = 8
#: The value that ssh prints if nothing is configured.
_NONE = "none"


class Resolved(Struct, frozen=True):
    """The address, user and port that ssh would use; `failure` says why ssh does not know them."""

    hostname: str = ""
    user: str = ""
    port: str = ""
    jump: str = ""
    failure: str = ""


def resolved(texts: Iterable[str]) -> Mapping[str, Resolved]:
    """Return what ssh makes of each host, by its text; hosts that are not reached by ssh are left out."""
    found: dict[str, Resolved] = {}
    left = list(dict.fromkeys(texts))

    def work() -> None:
        while True:
            try:
                text = left.pop()
            except IndexError:
                return
            one = _of(text)
            if one is not None:
                found[text] = one

    threads = [threading.Thread(target=work, daemon=True) for _ in range(min(_WIDTH, len(left)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def _of(text: str) -> Resolved | None:
    target = parse_target(text)
    if target.kind is not Kind.SSH or target.ssh is None:
        return None
    port = ["-p", str(target.port)] if target.port else []
    try:
        done = subprocess.run(
            ["ssh", "-G", *port, "--", target.ssh],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="backslashreplace",
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Resolved(failure=f"ssh -G did not end within {PATIENCE:g} s")
    except OSError as why:
        return Resolved(failure=f"ssh: {why.strerror}")
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        return Resolved(failure=lines[-1] if lines else f"ssh -G: exit code {done.returncode}")
    said = dict(line.partition(" ")[::2] for line in reversed(done.stdout.splitlines()))
    jump = said.get("proxyjump", _NONE)
    return Resolved(said.get("hostname", ""), said.get("user", ""), said.get("port", ""), "" if jump == _NONE else jump)
