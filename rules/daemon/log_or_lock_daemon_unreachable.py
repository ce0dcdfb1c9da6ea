"""On the destination, virtlogd or virtlockd cannot be reached.

Why it matters
    libvirt connects to virtlogd when it starts a guest, unless stdio_handler in qemu.conf is "file", and to virtlockd
    if lock_manager is "lockd". Without the daemon the guest does not start: "can't connect to virtlogd: ...", or
    "Process exited prior to exec: ... Failed to connect socket to '/run/libvirt/virtlockd-sock': No such file or
    directory". A stopped daemon whose socket unit listens is not a problem: the connection starts it.

How to fix
    Enable the daemon's socket unit on the destination: systemctl enable --now virtlogd.socket (virtlockd.socket). Run
    systemctl unmask first if it is masked, and correct its configuration file if it does not start.
"""

from preflight.facts import LogAndLock, QemuConf
from preflight.rule import Findings, Severity, on_destination, rule, unless_live


@rule(
    Severity.ERROR,
    skip=unless_live,
    errors=(
        "can't connect to virtlogd: Failed to connect socket to '...': No such file or directory",
        "can't connect to virtlogd: Failed to connect socket to '...': Connection refused",
        "can't connect to virtlogd: Cannot recv data: Connection reset by peer",
        "Failed to connect socket to '.../virtlockd-sock': No such file or directory",
        "Failed to connect socket to '.../virtlogd-sock': No such file or directory",
        "Process exited prior to exec: libvirt: XML-RPC error : Cannot recv data: Connection reset by peer",
    ),
)
def check(destination: LogAndLock, destination_conf: QemuConf) -> Findings:
    if destination_conf.stdio_handler.value == "logd" and (found := destination.obstacle("virtlogd")):
        yield on_destination(found.why, at=found.at, error="can't connect to virtlogd")
    if destination_conf.lock_manager.value == "lockd" and (found := destination.obstacle("virtlockd")):
        # the process that would become QEMU connects; libvirt does not always read in time what it says
        yield on_destination(found.why, at=found.at, error="Process exited prior to exec")
