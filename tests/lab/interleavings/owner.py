"""Does what the guest's owner does during the move, and breaks its disk and the links."""

from tests.lab import network
from tests.lab.host import LabHost
from tests.lab.interleavings.stage import GUEST, NotReached, Stage
from tests.lab.machine import LabError


def virsh(host: LabHost, verb: str) -> None:
    """Run what the guest's owner types on a host; raises `NotReached` if libvirt refuses."""
    try:
        host.run("virsh", "-q", verb, GUEST.name)
    except LabError as why:
        raise NotReached(str(why)) from None


def shut_down(stage: Stage, host: LabHost) -> None:
    """Shut the guest down as its owner does, and wait until it is off."""
    virsh(host, "shutdown")
    stage.until(lambda: stage.seen(host).startswith("shut off"), "it did not shut down")


def break_disk(stage: Stage, host: LabHost) -> None:
    """Every further access to the guest's disk is an I/O error on this host, for good."""
    network.refuse(stage.lab.instance, host.name, network.SWITCH_ADDRESS)


def lose_source(stage: Stage) -> None:
    """Lose preflight's connection to the source, and let none be made, until `find_source`."""
    network.refuse(stage.lab.instance, "client", stage.source.address)


def find_source(stage: Stage) -> None:
    """Let connections to the source be made again."""
    network.connect_again(stage.lab.instance, "client")


def move_on(stage: Stage) -> None:
    """Move the guest from the source to the third host, as its owner does with virsh."""
    here, there = (f"qemu+ssh://root@{stage.lab.hosts[name].fqdn}/system" for name in ("host1", "host3"))
    words = ["virsh", "-q", "-c", here, "migrate", "--live", "--persistent", "--undefinesource", GUEST.name, there]
    done = stage.lab.client.run(words)
    if done.returncode:
        raise NotReached(done.stderr)
