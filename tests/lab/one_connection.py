"""Starts several migrations over one connection to each host, as a program does that drives them all.

python -m tests.lab.one_connection SOURCE_URI DESTINATION_URI MIB_PER_S GUEST...
"""

import sys
import threading

import libvirt


def main(source_uri: str, destination_uri: str, bandwidth: str, *guests: str) -> int:
    """Migrate these guests, managed and live, all at the same time; prints a line for each that ends."""
    libvirt.virEventRegisterDefaultImpl()
    threading.Thread(target=_answer_keepalives, daemon=True).start()
    libvirt.registerErrorHandler(lambda *_: None, None)
    source, destination = libvirt.open(source_uri), libvirt.open(destination_uri)
    running = [
        threading.Thread(target=_move, args=(source.lookupByName(guest), destination, int(bandwidth)))
        for guest in guests
    ]
    for one in running:
        one.start()
    for one in running:
        one.join()
    return 0


def _answer_keepalives() -> None:
    while True:
        libvirt.virEventRunDefaultImpl()


def _move(domain: "libvirt.virDomain", destination: "libvirt.virConnect", bandwidth: int) -> None:
    try:
        domain.migrate3(destination, {libvirt.VIR_MIGRATE_PARAM_BANDWIDTH: bandwidth}, libvirt.VIR_MIGRATE_LIVE)
        print("moved", flush=True)
    except libvirt.libvirtError as why:
        print(f"error: {why}", flush=True)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
