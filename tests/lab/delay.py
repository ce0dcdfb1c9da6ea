"""A ProxyCommand for ssh to a far host: passes on what each side sends after half of a round trip.

    ProxyCommand python3 tests/lab/delay.py SECONDS HOST PORT

It delays without slowing down: any number of bytes may be under way. SECONDS is the time of a round trip.
"""

import os
import queue
import socket
import sys
import threading
import time
from collections.abc import Callable

_PIECE = 1 << 16


def main() -> None:
    """Connect, which takes a round trip too, and pass on both directions until the host has ended its own."""
    seconds, host, port = float(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    time.sleep(seconds)
    with socket.create_connection((host, port)) as far:
        far.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _pass_on(lambda: os.read(0, _PIECE), far.sendall, lambda: far.shutdown(socket.SHUT_WR), seconds / 2)
        # ssh may keep its own end open
        _pass_on(lambda: far.recv(_PIECE), _write_all, lambda: os.close(1), seconds / 2).join()


def _write_all(piece: bytes) -> None:
    left = memoryview(piece)
    while left:
        left = left[os.write(1, left) :]


def _pass_on(
    read: Callable[[], bytes], write: Callable[[bytes], object], end: Callable[[], object], delay: float
) -> threading.Thread:
    """Start to write each piece `delay` seconds after it was read; return the thread that writes."""
    under_way: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()

    def take() -> None:
        piece = b"-"
        while piece:
            try:
                piece = read()
            except OSError:
                piece = b""
            under_way.put((time.monotonic() + delay, piece))

    def give() -> None:
        while True:
            due, piece = under_way.get()
            time.sleep(max(0.0, due - time.monotonic()))
            try:
                if not piece:
                    end()
                    return
                write(piece)
            except OSError:
                return

    threading.Thread(target=take, daemon=True).start()
    giving = threading.Thread(target=give, daemon=True)
    giving.start()
    return giving


if __name__ == "__main__":
    main()
