"""Counts the processes that hosts of the lab start, as the kernel reports each one (its process events connector)."""

import socket
import struct
import threading
import time
from types import TracebackType
from typing import Self

from . import cgroup
from .lab import Lab
from .machine import LabUnavailable

# include/uapi/linux: netlink.h, connector.h and cn_proc.h; SO_RCVBUFFORCE of asm-generic/socket.h
_NETLINK_CONNECTOR, _CN_IDX_PROC, _CN_VAL_PROC, _NLMSG_DONE = 11, 1, 1, 3
_LISTEN, _IGNORE, _FORK = 1, 2, 1
_SO_RCVBUFFORCE = 33
_HEADERS, _EVENT, _OPERATION = struct.Struct("=IHHIIIIIIHH"), struct.Struct("=IIQiiii"), struct.Struct("=I")
#: Bytes of events that the kernel keeps until they are read.
_KEPT = 16 << 20
#: Seconds in which the processes that a command leaves behind end, such as those of its login.
_AFTERMATH = 0.3


class Started:
    """Counts the processes (not threads) that each host starts while this is entered.

    A process belongs to the host of the process that started it, be that sshd, libvirtd or systemd. The hosts are not
    asked, which would start processes there itself.
    """

    def __init__(self, lab: Lab) -> None:
        self._host_of = {pid: name for name in lab.hosts for pid in cgroup.processes(f"{lab.instance.group}/{name}")}
        #: The number by the name of the host, complete when this is left.
        self.processes = dict.fromkeys(lab.hosts, 0)
        self._events = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, _NETLINK_CONNECTOR)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._ending = threading.Event()
        self._why_incomplete: OSError | None = None

    def __enter__(self) -> Self:
        """Begin to count; raises LabUnavailable where the kernel does not report processes."""
        try:
            self._events.bind((0, _CN_IDX_PROC))
            self._events.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _KEPT)
            self._events.settimeout(_AFTERMATH)
            self._tell(_LISTEN)
        except OSError as why:
            self._events.close()
            raise LabUnavailable(f"the kernel does not report processes here: {why}") from None
        self._reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait for the aftermath of what was counted, and stop; raises OSError if the kernel dropped events."""
        time.sleep(_AFTERMATH)
        self._ending.set()
        self._tell(_IGNORE)
        self._reader.join()
        self._events.close()
        if self._why_incomplete is not None and error is None:
            raise self._why_incomplete

    def _tell(self, operation: int) -> None:
        size = _HEADERS.size + _OPERATION.size
        netlink, connector = (size, _NLMSG_DONE, 0, 0, 0), (_CN_IDX_PROC, _CN_VAL_PROC, 0, 0, _OPERATION.size, 0)
        self._events.send(_HEADERS.pack(*netlink, *connector) + _OPERATION.pack(operation))

    def _read(self) -> None:
        """Read events until the end: of a fork, the thread and process that forked, and those that began."""
        while not self._ending.is_set():
            try:
                message = self._events.recv(4096)
            except TimeoutError:
                continue
            except OSError as why:  # ENOBUFS
                self._why_incomplete = why
                return
            if len(message) < _HEADERS.size + _EVENT.size:
                continue
            what, _, _, _, parent, thread, process = _EVENT.unpack_from(message, _HEADERS.size)
            host = self._host_of.get(parent)
            if what == _FORK and thread == process and host is not None:
                self._host_of[process] = host
                self.processes[host] += 1
