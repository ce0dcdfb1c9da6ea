"""The keys that the user's ssh agent holds: fingerprints and comments, as `ssh-add -l` lists them."""

import os
import subprocess

from preflight.doctor.diagnosis import Item, State
from preflight.visible import many

#: Seconds for the agent, which may ask a person first.
_PATIENCE = 10.0
#: The exit code of ssh-add if the agent holds no key.
_NO_KEYS = 1


def examined() -> Item:
    """Return what the agent holds. To have none is no fault: keys in files work without one."""
    if "SSH_AUTH_SOCK" not in os.environ:
        return Item("ssh agent", State.OK, "none (SSH_AUTH_SOCK is not set): ssh uses the keys in ~/.ssh")
    try:
        done = subprocess.run(
            ["ssh-add", "-l"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="backslashreplace",
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return _silent(f"no answer within {_PATIENCE:g} s")
    except OSError as why:
        return _silent(f"ssh-add: {why.strerror}")
    keys = done.stdout.splitlines()
    if done.returncode == 0:
        return Item("ssh agent", State.OK, f"{many(len(keys), 'key')}: {'; '.join(keys)}")
    if done.returncode == _NO_KEYS:
        return Item("ssh agent", State.OK, "holds no key: ssh uses the keys in ~/.ssh")
    return _silent((done.stderr.strip().splitlines() or [f"ssh-add: exit code {done.returncode}"])[-1])


def _silent(why: str) -> Item:
    return Item("ssh agent", State.LIMITED, f"SSH_AUTH_SOCK is set, and the agent does not answer: {why}", _START)


_START = 'eval "$(ssh-agent)" && ssh-add'
