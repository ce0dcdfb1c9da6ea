"""The lock of a process on the file or directory of its run; the kernel releases it when the process ends."""

import fcntl
import time

#: Seconds to wait for the lock: whoever only looks whether it is held holds it for an instant.
_INSTANT = 0.3


def hold(descriptor: int) -> None:
    """Hold the lock until the descriptor is closed.

    Raises `BlockingIOError` if another process holds it, and `OSError` on a file system without locks.
    """
    until = time.monotonic() + _INSTANT
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                raise
            time.sleep(_INSTANT / 10)
        else:
            return


def is_held(descriptor: int) -> bool:
    """Report whether another process holds the lock; on a file system without locks nobody can."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
